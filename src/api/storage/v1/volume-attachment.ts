/** Declares VolumeAttachment (storage/v1). */

import { PersistentVolumeSpec } from '#api/core/v1/persistent-volume.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { attachmentErrors, attachmentUpdateErrors } from './storage-rules.ts'
import { bool, int32, map, message, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class VolumeAttachmentSource extends message(
  'k8s.io.api.storage.v1.VolumeAttachmentSource',
  {
    persistentVolumeName: opt(1, string, { doc: 'Name of a PersistentVolume.', keepsZero: true }),
    inlineVolumeSpec: opt(2, PersistentVolumeSpec, { doc: 'The volume itself, for volumes of the pod migrated to CSI.' }),
  },
  { doc: 'A volume to attach; exactly one must be set.' },
) {}

export class VolumeAttachmentSpec extends message(
  'k8s.io.api.storage.v1.VolumeAttachmentSpec',
  {
    attacher: req(1, string, { doc: 'CSI driver that does it.' }),
    source: req(2, VolumeAttachmentSource, { doc: 'The volume.', mayBeEmpty: true }),
    nodeName: req(3, string, { doc: 'The node.', keepsZero: true, mayBeEmpty: true }),
  },
  { doc: 'What is to be attached where.' },
) {}

export class VolumeError extends message(
  'k8s.io.api.storage.v1.VolumeError',
  {
    time: opt(1, time, { doc: 'When.' }),
    message: opt(2, string, { doc: 'What, in words; without secrets.' }),
    errorCode: opt(3, int32(), { doc: "gRPC status code of the driver's answer.", keepsZero: true }),
  },
  { doc: 'Something that went wrong with a volume.' },
) {}

export class VolumeAttachmentStatus extends message(
  'k8s.io.api.storage.v1.VolumeAttachmentStatus',
  {
    attached: req(1, bool, { doc: 'Whether it is attached.' }),
    attachmentMetadata: opt(2, map(string), { doc: 'What the driver wants to be told on mounting.' }),
    attachError: opt(3, VolumeError, { doc: 'What went wrong last on attaching.' }),
    detachError: opt(4, VolumeError, { doc: 'What went wrong last on detaching.' }),
  },
  { doc: 'How an attachment goes.' },
) {}

export class VolumeAttachment extends object(
  'k8s.io.api.storage.v1.VolumeAttachment',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, VolumeAttachmentSpec, { doc: 'What is to be attached where; cannot be changed.' }),
    status: val(3, VolumeAttachmentStatus, { doc: 'How it goes.' }),
  },
  { doc: 'Asks for a volume to be attached to a node, and tells how that goes.' },
) {}

export const volumeAttachments = resource(VolumeAttachment, {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  scope: 'Cluster',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    nameColumn,
    { name: 'Attacher', type: 'string', description: 'Who attaches it.', cell: (a) => a.spec?.attacher ?? '' },
    { name: 'PV', type: 'string', description: 'The volume.', cell: (a) => a.spec?.source?.persistentVolumeName ?? '' },
    { name: 'Node', type: 'string', description: 'Where it is to be attached.', cell: (a) => a.spec?.nodeName ?? '' },
    { name: 'Attached', type: 'boolean', description: 'Whether it is.', cell: (a) => a.status?.attached ?? false },
    ageColumn,
  ],
})

rulesFor(VolumeAttachment, { check: attachmentErrors, checkUpdate: attachmentUpdateErrors })
