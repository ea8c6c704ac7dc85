/** Declares object meta (meta/v1). */

import { bool, fieldsV1, int64, list, map, message, opt, req, set, string, time } from '#schema/message.ts'

export class OwnerReference extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.OwnerReference',
  {
    apiVersion: req(5, string),
    kind: req(1, string),
    name: req(3, string),
    uid: req(4, string),
    controller: opt(6, bool, { keepsZero: true }),
    blockOwnerDeletion: opt(7, bool, { keepsZero: true }),
  },
  { mapType: 'atomic' },
) {}

export class ManagedFieldsEntry extends message('k8s.io.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry', {
  manager: opt(1, string),
  operation: opt(2, string),
  apiVersion: opt(3, string),
  time: opt(4, time),
  fieldsType: opt(6, string),
  fieldsV1: opt(7, fieldsV1),
  subresource: opt(8, string),
}) {}

export class ObjectMeta extends message('k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta', {
  name: set(1, string),
  generateName: opt(2, string),
  namespace: opt(3, string),
  selfLink: opt(4, string),
  uid: set(5, string),
  resourceVersion: set(6, string),
  generation: opt(7, int64()),
  creationTimestamp: set(8, time),
  deletionTimestamp: opt(9, time),
  deletionGracePeriodSeconds: opt(10, int64(), { keepsZero: true }),
  labels: opt(11, map(string)),
  annotations: opt(12, map(string)),
  ownerReferences: opt(13, list(OwnerReference, { listType: 'map', keys: ['uid'], patch: { strategy: 'merge', mergeKey: 'uid' } })),
  finalizers: opt(14, list(string, { listType: 'set', patch: { strategy: 'merge' } })),
  managedFields: opt(17, list(ManagedFieldsEntry, { listType: 'atomic' })),
}) {}
