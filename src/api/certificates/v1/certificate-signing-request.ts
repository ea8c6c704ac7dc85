/** Declares CertificateSigningRequest (certificates/v1). */

import { requestSpecErrors, requestStatusErrors, requestUpdateErrors } from './certificate-signing-request-rules.ts'
import { humanDuration } from '#schema/duration.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bytes, int32, list, map, message, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource, segmentName } from '#schema/resource.ts'

export class CertificateSigningRequestSpec extends message(
  'k8s.io.api.certificates.v1.CertificateSigningRequestSpec',
  {
    request: req(1, bytes, { doc: 'PKCS#10 request in PEM, as base64.' }),
    signerName: req(7, string, { doc: 'Signer to ask, such as kubernetes.io/kube-apiserver-client.' }),
    expirationSeconds: opt(8, int32(), { doc: 'Seconds it should last, at least 600; the signer may choose otherwise.', keepsZero: true }),
    usages: opt(5, list(string, { listType: 'atomic' }), { doc: 'What the key may be used for, such as client auth.' }),
    username: opt(2, string, { doc: 'Who asked; filled in by the server.' }),
    uid: opt(3, string, { doc: 'UID of who asked; filled in by the server.' }),
    groups: opt(4, list(string, { listType: 'atomic' }), { doc: 'Groups of who asked; filled in by the server.' }),
    extra: opt(6, map(list(string, { wrapped: true })), { doc: 'More about who asked; filled in by the server.' }),
  },
  { doc: 'What is asked for, and by whom.' },
) {}

export class CertificateSigningRequestCondition extends message(
  'k8s.io.api.certificates.v1.CertificateSigningRequestCondition',
  {
    type: req(1, string, { doc: 'Approved, Denied or Failed; the first two exclude each other.' }),
    status: req(6, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    reason: opt(2, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(3, string, { doc: 'Why it has this status, in words for people.' }),
    lastUpdateTime: opt(4, time, { doc: 'When the condition was last written.' }),
    lastTransitionTime: opt(5, time, { doc: 'When the status last changed.' }),
  },
  { doc: 'A decision about a request.' },
) {}

export class CertificateSigningRequestStatus extends message(
  'k8s.io.api.certificates.v1.CertificateSigningRequestStatus',
  {
    conditions: opt(1, list(CertificateSigningRequestCondition, { listType: 'map', keys: ['type'] }), {
      doc: 'Decisions about the request.',
    }),
    certificate: opt(2, bytes, { doc: "Issued certificates in PEM, as base64; the request's own first." }),
  },
  { doc: 'What became of a request.' },
) {}

export class CertificateSigningRequest extends object(
  'k8s.io.api.certificates.v1.CertificateSigningRequest',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, CertificateSigningRequestSpec, { doc: 'The request; cannot be changed.' }),
    status: val(3, CertificateSigningRequestStatus, { doc: 'What became of it.' }),
  },
  { doc: 'Asks a signer for an X.509 certificate.' },
) {}

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
  columns: [
    nameColumn,
    ageColumn,
    { name: 'SignerName', type: 'string', description: 'Who shall sign.', cell: (c) => c.spec?.signerName || '<none>' },
    { name: 'Requestor', type: 'string', description: 'Who asks.', cell: (c) => c.spec?.username ?? '' },
    {
      name: 'RequestedDuration',
      type: 'string',
      description: 'How long it should hold.',
      cell: (c) => (c.spec?.expirationSeconds === undefined ? '<none>' : humanDuration(c.spec.expirationSeconds * 1000)),
    },
    { name: 'Condition', type: 'string', description: 'What became of it.', cell: conditionText },
  ],
  nameProblems: segmentName,
  selectable: { 'spec.signerName': (c) => c.spec.signerName },
})

function conditionText({ status }: CertificateSigningRequest): string {
  const types = new Set((status.conditions ?? []).map((c) => c.type))
  const words = types.has('Denied') ? ['Denied'] : types.has('Approved') ? ['Approved'] : ['Pending']
  if (types.has('Failed')) words.push('Failed')
  if (status.certificate) words.push('Issued')
  return words.join(',')
}

rulesFor(CertificateSigningRequestSpec, { check: requestSpecErrors })
rulesFor(CertificateSigningRequestStatus, { check: requestStatusErrors })
rulesFor(CertificateSigningRequest, { checkUpdate: requestUpdateErrors })
