/** Declares CertificateSigningRequest (certificates/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bytes, int32, list, map, message, opt, req, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class CertificateSigningRequestSpec extends message('k8s.io.api.certificates.v1.CertificateSigningRequestSpec', {
  request: req(1, bytes),
  signerName: req(7, string),
  expirationSeconds: opt(8, int32(), { keepsZero: true }),
  usages: opt(5, list(string, { listType: 'atomic' })),
  username: opt(2, string),
  uid: opt(3, string),
  groups: opt(4, list(string, { listType: 'atomic' })),
  extra: opt(6, map(list(string, { wrapped: true }))),
}) {}

export class CertificateSigningRequestCondition extends message('k8s.io.api.certificates.v1.CertificateSigningRequestCondition', {
  type: req(1, string),
  status: req(6, string),
  reason: opt(2, string),
  message: opt(3, string),
  lastUpdateTime: opt(4, time),
  lastTransitionTime: opt(5, time),
}) {}

export class CertificateSigningRequestStatus extends message('k8s.io.api.certificates.v1.CertificateSigningRequestStatus', {
  conditions: opt(1, list(CertificateSigningRequestCondition, { listType: 'map', keys: ['type'] })),
  certificate: opt(2, bytes),
}) {}

export class CertificateSigningRequest extends object('k8s.io.api.certificates.v1.CertificateSigningRequest', {
  metadata: val(1, ObjectMeta),
  spec: req(2, CertificateSigningRequestSpec),
  status: val(3, CertificateSigningRequestStatus),
}) {}

export const certificateSigningRequests = resource(CertificateSigningRequest, {
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  scope: 'Cluster',
  shortNames: ['csr'],
  subresources: [
    { name: 'approval', verbs: ['get', 'patch', 'update'] },
    { name: 'status', verbs: ['get', 'patch', 'update'] },
  ],
})
