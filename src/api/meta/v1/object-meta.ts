/** Declares object meta (meta/v1). */

import { bool, fieldsV1, int64, list, map, message, opt, req, set, string, time } from '#schema/message.ts'

export class OwnerReference extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.OwnerReference',
  {
    apiVersion: req(5, string, { doc: 'Group and version of the owner, such as apps/v1.' }),
    kind: req(1, string, { doc: 'Kind of the owner.' }),
    name: req(3, string, { doc: 'Name of the owner, in the same namespace or cluster-scoped.' }),
    uid: req(4, string, { doc: 'UID of the owner, so that a namesake is not taken for it.' }),
    controller: opt(6, bool, { doc: 'True for the one owner that manages this object.', keepsZero: true }),
    blockOwnerDeletion: opt(7, bool, {
      doc: 'When true, foreground deletion of the owner waits until this object is gone.',
      keepsZero: true,
    }),
  },
  { doc: 'Points to an object this one belongs to; when all owners are gone, the garbage collector deletes it.', mapType: 'atomic' },
) {}

export class ManagedFieldsEntry extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry',
  {
    manager: opt(1, string, { doc: 'Name of the program or workflow that set the fields.' }),
    operation: opt(2, string, { doc: 'How it set them: Apply or Update.' }),
    apiVersion: opt(3, string, { doc: 'Group and version the field paths are written in.' }),
    time: opt(4, time, { doc: 'When the manager last added, changed or dropped fields here.' }),
    fieldsType: opt(6, string, { doc: 'Format of the field set; only FieldsV1 exists.' }),
    fieldsV1: opt(7, fieldsV1, { doc: 'The set of field paths, as a tree in JSON.' }),
    subresource: opt(8, string, { doc: 'Subresource the change went through; empty for the object itself.' }),
  },
  { doc: 'The fields one manager set with one operation, for server-side apply.' },
) {}

export class ObjectMeta extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  {
    name: set(1, string, { doc: 'Name, unique among objects of its kind in the namespace; cannot be changed.' }),
    generateName: opt(2, string, { doc: 'Prefix from which the server makes a unique name when name is empty.' }),
    namespace: opt(3, string, { doc: 'Namespace the object lies in; empty for cluster-scoped kinds. Cannot be changed.' }),
    selfLink: opt(4, string, { doc: 'No longer filled in; once the path of the object. Deprecated.', deprecated: true }),
    uid: set(5, string, { doc: 'Set by the server; tells this object from all others over time, also from namesakes.' }),
    resourceVersion: set(6, string, {
      doc: 'Opaque version of the stored object, set by the server; send it back to detect concurrent changes.',
    }),
    generation: opt(7, int64(), { doc: 'Counts changes to the desired state; set by the server.' }),
    creationTimestamp: set(8, time, { doc: 'CreationTimestamp is a timestamp, RFC 3339 in UTC: when the server created the object.' }),
    deletionTimestamp: opt(9, time, {
      doc: 'When the object is due to be gone; set by the server once deletion is asked for, never taken back.',
    }),
    deletionGracePeriodSeconds: opt(10, int64(), {
      doc: 'Seconds of grace granted when deletion was asked for; can only be shortened.',
      keepsZero: true,
    }),
    labels: opt(11, map(string), { doc: 'Key-value pairs to group and select objects by.' }),
    annotations: opt(12, map(string), { doc: 'Key-value pairs for tools to keep data in; not for selecting.' }),
    ownerReferences: opt(13, list(OwnerReference, { listType: 'map', keys: ['uid'], patch: { strategy: 'merge', mergeKey: 'uid' } }), {
      doc: 'Objects this one belongs to; at most one is its controller.',
    }),
    finalizers: opt(14, list(string, { listType: 'set', patch: { strategy: 'merge' } }), {
      doc: 'Names that must all be removed before a deleted object really goes.',
    }),
    managedFields: opt(17, list(ManagedFieldsEntry, { listType: 'atomic' }), {
      doc: 'Which manager set which fields; kept by the server for apply.',
    }),
  },
  { doc: 'Metadata that every stored object carries.' },
) {}
