/** Declares reference (core/v1). */

import { message, opt, req, string } from '#schema/message.ts'

export class LocalObjectReference extends message(
  'k8s.io.api.core.v1.LocalObjectReference',
  {
    name: opt(1, string, { doc: 'Name of the object.' }),
  },
  { doc: 'Names an object in the same namespace.', mapType: 'atomic' },
) {}

export class ObjectReference extends message(
  'k8s.io.api.core.v1.ObjectReference',
  {
    kind: opt(1, string, { doc: 'Kind of the object.' }),
    namespace: opt(2, string, { doc: 'Namespace of the object; empty if it is cluster-scoped.' }),
    name: opt(3, string, { doc: 'Name of the object.' }),
    uid: opt(4, string, { doc: 'UID of the object.' }),
    apiVersion: opt(5, string, { doc: 'Group and version of the object, such as apps/v1.' }),
    resourceVersion: opt(6, string, { doc: 'Resource version of the object that was meant.' }),
    fieldPath: opt(7, string, { doc: 'Part of the object that is meant, such as spec.containers{web}.' }),
  },
  { doc: 'Names an object, or a part of one, wherever it is.', mapType: 'atomic' },
) {}

export class SecretReference extends message(
  'k8s.io.api.core.v1.SecretReference',
  {
    name: opt(1, string, { doc: 'Name of the Secret.' }),
    namespace: opt(2, string, { doc: 'Namespace of the Secret.' }),
  },
  { doc: 'Names a Secret in any namespace.', mapType: 'atomic' },
) {}

export class TypedLocalObjectReference extends message(
  'k8s.io.api.core.v1.TypedLocalObjectReference',
  {
    apiGroup: opt(1, string, { doc: 'API group of the object; absent or empty for the core group.', keepsZero: true }),
    kind: req(2, string, { doc: 'Kind of the object.' }),
    name: req(3, string, { doc: 'Name of the object.' }),
  },
  { doc: 'Names an object of some kind in the same namespace.', mapType: 'atomic' },
) {}

export class TypedObjectReference extends message(
  'k8s.io.api.core.v1.TypedObjectReference',
  {
    apiGroup: opt(1, string, { doc: 'API group of the object; absent or empty for the core group.', keepsZero: true }),
    kind: req(2, string, { doc: 'Kind of the object.' }),
    name: req(3, string, { doc: 'Name of the object.' }),
    namespace: opt(4, string, { doc: "Namespace of the object; another than one's own needs a ReferenceGrant there.", keepsZero: true }),
  },
  { doc: 'Names an object of some kind, perhaps in another namespace.' },
) {}
