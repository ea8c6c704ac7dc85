/** What certificate controllers ask of a request: what it says, and where it stands. */

import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'

export const KUBE_API_SERVER_CLIENT = 'kubernetes.io/kube-apiserver-client'
export const KUBE_API_SERVER_CLIENT_KUBELET = 'kubernetes.io/kube-apiserver-client-kubelet'
export const KUBELET_SERVING = 'kubernetes.io/kubelet-serving'
export const LEGACY_UNKNOWN = 'kubernetes.io/legacy-unknown'

/** A certificate request as it was decoded and its signature checked. */
export interface RequestFacts {
  readonly subject: { readonly commonName: string; readonly organizations: readonly string[] }
  readonly names: {
    readonly dnsNames: readonly string[]
    readonly ipAddresses: readonly string[]
    readonly emailAddresses: readonly string[]
    readonly uris: readonly string[]
  }
}

/** Decodes a request (PEM); throws when it cannot be understood or was not signed with its own key. */
export type ReadRequest = (pem: string) => RequestFacts

export type Standing = 'pending' | 'approved' | 'denied' | 'failed' | 'issued'

export function standingOf({ status }: CertificateSigningRequest): Standing {
  const has = (type: string) => status.conditions?.some((c) => c.type === type) ?? false
  if (has('Denied')) return 'denied'
  if (has('Failed')) return 'failed'
  if (status.certificate) return 'issued'
  return has('Approved') ? 'approved' : 'pending'
}

export function pemOf({ spec }: CertificateSigningRequest): string {
  return Buffer.from(spec.request, 'base64').toString('utf8')
}

const NODE_GROUP = 'system:nodes'
const NODE_PREFIX = 'system:node:'

/** Why the signer would not sign this with these usages; undefined when it would. Texts as upstream's. */
export function refusalOf(signerName: string, facts: RequestFacts, usages: readonly string[]): string | undefined {
  switch (signerName) {
    case KUBE_API_SERVER_CLIENT:
      return clientUsages(usages)
    case KUBE_API_SERVER_CLIENT_KUBELET:
      return organization(facts) ?? noNames(facts) ?? commonName(facts) ?? usagesAre(usages, 'client auth')
    case KUBELET_SERVING:
      return organization(facts) ?? servingNames(facts) ?? usagesAre(usages, 'server auth') ?? commonName(facts)
    default:
      return undefined
  }
}

function organization({ subject }: RequestFacts): string | undefined {
  const right = subject.organizations.length === 1 && subject.organizations[0] === NODE_GROUP
  return right ? undefined : 'subject organization is not system:nodes'
}

function commonName({ subject }: RequestFacts): string | undefined {
  return subject.commonName.startsWith(NODE_PREFIX) ? undefined : 'subject common name does not begin with system:node:'
}

function noNames({ names }: RequestFacts): string | undefined {
  if (names.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed'
  if (names.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed'
  if (names.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed'
  if (names.uris.length > 0) return 'URI subjectAltNames are not allowed'
  return undefined
}

function servingNames({ names }: RequestFacts): string | undefined {
  if (names.dnsNames.length + names.ipAddresses.length === 0) return 'DNS or IP subjectAltName is required'
  if (names.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed'
  if (names.uris.length > 0) return 'URI subjectAltNames are not allowed'
  return undefined
}

// Keys other than RSA's have no use for encipherment, so it may be left out
function usagesAre(usages: readonly string[], purpose: 'client auth' | 'server auth'): string | undefined {
  const given = new Set(usages)
  const right = given.has('digital signature') && given.has(purpose) && given.size === (given.has('key encipherment') ? 3 : 2)
  if (right) return undefined
  return `usages did not match [${[purpose, 'digital signature', 'key encipherment'].toSorted().join(' ')}]`
}

function clientUsages(usages: readonly string[]): string | undefined {
  const other = usages.find((u) => !CLIENT_USAGES.has(u))
  if (other !== undefined) return `invalid usage for client certificate: ${other}`
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth'
}

const CLIENT_USAGES: ReadonlySet<string> = new Set(['client auth', 'digital signature', 'key encipherment'])
