/** Declares CSIDriver (storage/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int64, list, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class TokenRequest extends message('k8s.io.api.storage.v1.TokenRequest', {
  audience: req(1, string),
  expirationSeconds: opt(2, int64(), { keepsZero: true }),
}) {}

export class CSIDriverSpec extends message('k8s.io.api.storage.v1.CSIDriverSpec', {
  attachRequired: opt(1, bool, { keepsZero: true }),
  podInfoOnMount: opt(2, bool, { keepsZero: true }),
  volumeLifecycleModes: opt(3, list(string, { listType: 'set' })),
  storageCapacity: opt(4, bool, { keepsZero: true }),
  fsGroupPolicy: opt(5, string, { keepsZero: true }),
  tokenRequests: opt(6, list(TokenRequest, { listType: 'atomic' })),
  requiresRepublish: opt(7, bool, { keepsZero: true }),
  seLinuxMount: opt(8, bool, { keepsZero: true }),
  nodeAllocatableUpdatePeriodSeconds: opt(9, int64(), { keepsZero: true }),
  serviceAccountTokenInSecrets: opt(10, bool, { keepsZero: true }),
  preventPodSchedulingIfMissing: opt(11, bool, { keepsZero: true }),
}) {}

export class CSIDriver extends object('k8s.io.api.storage.v1.CSIDriver', {
  metadata: val(1, ObjectMeta),
  spec: req(2, CSIDriverSpec),
}) {}

export const csiDrivers = resource(CSIDriver, {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  scope: 'Cluster',
})
