/** Who may read a component's own endpoints: the API server is asked, as upstream's components do. */

import { subjectAccessReviews } from '#api/authorization/v1/subject-access-review.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import { clientCertificateVerifier } from '#apiserver/authentication/client-certificate.ts'
import type { Clock } from '#base/clock.ts'
import type { Client } from '#client/client.ts'
import { createAuthorizer } from '#kubelet/server/authorize.ts'
import type { WireRequest } from '#wire/https-server.ts'

export interface DelegatedAccess {
  /** Who asks: known by certificate or token, or `system:anonymous`. Undefined for credentials that are worth nothing. */
  identify(request: WireRequest): Promise<UserInfo | undefined>
  allowed(user: UserInfo, verb: string, path: string): Promise<boolean>
}

const ALLOWED_MS = 10_000 // upstream's cache times for delegated authorization
const KEPT_MAX = 256
const ANONYMOUS: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] }

export function delegatedAccess(parts: {
  readonly client: Client
  readonly clock: Clock
  readonly clientCa: readonly string[]
}): DelegatedAccess {
  const { client, clock } = parts
  const verify = clientCertificateVerifier({ authorities: () => parts.clientCa, clock })
  const known = createAuthorizer({ client, clock, nodeName: '' }) // its answers to tokens, kept for a while
  const answers = new Map<string, { readonly until: number; readonly allowed: boolean }>()
  return {
    async identify({ certificate, headers }) {
      const verdict = certificate && verify(certificate)
      const token = /^Bearer (.+)$/i.exec(headers['authorization'] ?? '')?.[1]
      if (verdict?.ok) return known.identify({ certificate: verdict.certificate, token: undefined })
      return token === undefined ? ANONYMOUS : known.identify({ certificate: undefined, token })
    },
    async allowed({ username = '', groups = [], uid, extra }, verb, path) {
      const key = JSON.stringify([username, groups, verb, path])
      const kept = answers.get(key)
      if (kept !== undefined && kept.until > clock.monotonic()) return kept.allowed
      const review = await client.create(subjectAccessReviews, {
        metadata: {},
        spec: { nonResourceAttributes: { path, verb }, user: username, groups, ...(uid && { uid }), ...(extra && { extra }) },
      } as never)
      const allowed = review.status.allowed === true
      answers.set(key, { until: clock.monotonic() + ALLOWED_MS, allowed })
      if (answers.size > KEPT_MAX) answers.delete(answers.keys().next().value!)
      return allowed
    },
  }
}
