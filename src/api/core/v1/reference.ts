/** Declares reference (core/v1). */

import { message, opt, req, string } from '#schema/message.ts'

export class LocalObjectReference extends message(
  'k8s.io.api.core.v1.LocalObjectReference',
  {
    name: opt(1, string),
  },
  { mapType: 'atomic' },
) {}

export class ObjectReference extends message(
  'k8s.io.api.core.v1.ObjectReference',
  {
    kind: opt(1, string),
    namespace: opt(2, string),
    name: opt(3, string),
    uid: opt(4, string),
    apiVersion: opt(5, string),
    resourceVersion: opt(6, string),
    fieldPath: opt(7, string),
  },
  { mapType: 'atomic' },
) {}

export class SecretReference extends message(
  'k8s.io.api.core.v1.SecretReference',
  {
    name: opt(1, string),
    namespace: opt(2, string),
  },
  { mapType: 'atomic' },
) {}

export class TypedLocalObjectReference extends message(
  'k8s.io.api.core.v1.TypedLocalObjectReference',
  {
    apiGroup: opt(1, string, { keepsZero: true }),
    kind: req(2, string),
    name: req(3, string),
  },
  { mapType: 'atomic' },
) {}

export class TypedObjectReference extends message('k8s.io.api.core.v1.TypedObjectReference', {
  apiGroup: opt(1, string, { keepsZero: true }),
  kind: req(2, string),
  name: req(3, string),
  namespace: opt(4, string, { keepsZero: true }),
}) {}
