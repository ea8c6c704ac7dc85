/** Declares VolumeAttachment (storage/v1). */

import { PersistentVolumeSpec } from '#api/core/v1/persistent-volume.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, map, message, opt, req, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class VolumeAttachmentSource extends message('k8s.io.api.storage.v1.VolumeAttachmentSource', {
  persistentVolumeName: opt(1, string, { keepsZero: true }),
  inlineVolumeSpec: opt(2, PersistentVolumeSpec),
}) {}

export class VolumeAttachmentSpec extends message('k8s.io.api.storage.v1.VolumeAttachmentSpec', {
  attacher: req(1, string),
  source: req(2, VolumeAttachmentSource),
  nodeName: req(3, string, { keepsZero: true }),
}) {}

export class VolumeError extends message('k8s.io.api.storage.v1.VolumeError', {
  time: opt(1, time),
  message: opt(2, string),
  errorCode: opt(3, int32(), { keepsZero: true }),
}) {}

export class VolumeAttachmentStatus extends message('k8s.io.api.storage.v1.VolumeAttachmentStatus', {
  attached: req(1, bool),
  attachmentMetadata: opt(2, map(string)),
  attachError: opt(3, VolumeError),
  detachError: opt(4, VolumeError),
}) {}

export class VolumeAttachment extends object('k8s.io.api.storage.v1.VolumeAttachment', {
  metadata: val(1, ObjectMeta),
  spec: req(2, VolumeAttachmentSpec),
  status: val(3, VolumeAttachmentStatus),
}) {}

export const volumeAttachments = resource(VolumeAttachment, {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  scope: 'Cluster',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
})
