/** Declares PodCertificateRequest (certificates/v1). */

import { podRequestUpdateErrors } from './pod-certificate-request-rules.ts'
import { Condition } from '#api/meta/v1/condition.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bytes, int32, list, map, message, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { nameColumn } from '#schema/table.ts'

export class PodCertificateRequestSpec extends message(
  'k8s.io.api.certificates.v1.PodCertificateRequestSpec',
  {
    signerName: req(1, string, { doc: 'Signer to ask, such as example.com/my-signer.', mayBeEmpty: true }),
    podName: req(2, string, { doc: 'Pod that gets the certificate.', mayBeEmpty: true }),
    podUID: req(3, string, { doc: 'UID of that pod.', mayBeEmpty: true }),
    serviceAccountName: req(4, string, { doc: 'Service account the pod runs as.', mayBeEmpty: true }),
    serviceAccountUID: req(5, string, { doc: 'UID of that service account.', mayBeEmpty: true }),
    nodeName: req(6, string, { doc: 'Node the pod is on.', mayBeEmpty: true }),
    nodeUID: req(7, string, { doc: 'UID of that node.', mayBeEmpty: true }),
    maxExpirationSeconds: opt(8, int32(), {
      doc: 'Longest time the certificate may hold, from 3600 to 7862400 seconds. 86400 by default.',
      default: 86_400,
      keepsZero: true,
    }),
    stubPKCS10Request: req(12, bytes, {
      doc: 'PKCS#10 request in DER, as base64, signed by the private key; only its public key counts.',
      mayBeEmpty: true,
    }),
    unverifiedUserAnnotations: opt(11, map(string), { doc: 'Wishes of the owner of the pod for the signer to judge.' }),
  },
  { doc: 'What is asked for, and for which pod; cannot be changed.' },
) {}

export class PodCertificateRequestStatus extends message(
  'k8s.io.api.certificates.v1.PodCertificateRequestStatus',
  {
    conditions: opt(1, list(Condition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'Issued, Denied or Failed, of which only one may hold.',
    }),
    certificateChain: opt(2, string, { doc: 'The certificate in PEM, then those between it and the trust anchor.' }),
    notBefore: opt(4, time, { doc: 'When the certificate starts to hold.' }),
    beginRefreshAt: opt(5, time, { doc: 'When to ask for the next one.' }),
    notAfter: opt(6, time, { doc: 'When the certificate ends.' }),
  },
  { doc: 'What became of a request.' },
) {}

export class PodCertificateRequest extends object(
  'k8s.io.api.certificates.v1.PodCertificateRequest',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, PodCertificateRequestSpec, { doc: 'What is asked for, and for which pod; cannot be changed.' }),
    status: val(3, PodCertificateRequestStatus, { doc: 'What became of it.' }),
  },
  { doc: 'Asks a signer for a certificate for a pod.' },
) {}

export const podCertificateRequests = resource(PodCertificateRequest, {
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'PodCertificateRequest',
  plural: 'podcertificaterequests',
  scope: 'Namespaced',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    nameColumn,
    { name: 'PodName', type: 'string', description: 'Pod that gets the certificate.', cell: (r) => r.spec?.podName ?? '' },
    { name: 'ServiceAccountName', type: 'string', description: 'Whom the pod runs as.', cell: (r) => r.spec?.serviceAccountName ?? '' },
    { name: 'NodeName', type: 'string', description: 'Where the pod is.', cell: (r) => r.spec?.nodeName ?? '' },
    { name: 'SignerName', type: 'string', description: 'Who shall sign.', cell: (r) => r.spec?.signerName ?? '' },
    { name: 'State', type: 'string', description: 'What became of it.', cell: stateOf },
  ],
  selectable: {
    'spec.signerName': (r) => r.spec?.signerName ?? '',
    'spec.podName': (r) => r.spec?.podName ?? '',
    'spec.nodeName': (r) => r.spec?.nodeName ?? '',
  },
})

function stateOf({ status }: PodCertificateRequest): string {
  return status?.conditions?.find((c) => ['Denied', 'Failed', 'Issued'].includes(c.type))?.type ?? 'Pending'
}

rulesFor(PodCertificateRequest, { checkUpdate: podRequestUpdateErrors })
