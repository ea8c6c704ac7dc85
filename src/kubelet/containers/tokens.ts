/** Service account tokens for pods' volumes, renewed before they run out. */

import type { TokenRequest } from '#api/authentication/v1/token-request.ts'
import { serviceAccounts } from '#api/core/v1/service-account.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Clock } from '#base/clock.ts'
import type { Client } from '#client/client.ts'
import type { ProjectionParts } from '../volumes/projections.ts'

const RENEW_SHARE = 0.8 // of a token's life, as upstream renews
const AGE_MS_MAX = 24 * 3600 * 1000
const KEPT_MAX = 1024

export function createTokens({ client, clock }: { readonly client: Client; readonly clock: Clock }): ProjectionParts['token'] {
  const known = new Map<string, { readonly token: string; readonly renewAt: number }>()
  return async (pod, audience, expirationSeconds) => {
    const key = [pod.metadata.uid, audience, expirationSeconds].join('\n')
    const have = known.get(key)
    if (have !== undefined && clock.now() < have.renewAt) return have.token
    const answer = await client.createSubresource<TokenRequest>(serviceAccounts, accountOf(pod), 'token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: audience === '' ? [] : [audience],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid },
      },
    })
    const { token = '', expirationTimestamp } = answer.status
    const now = clock.now()
    const lives = expirationTimestamp === undefined ? expirationSeconds * 1000 : Date.parse(expirationTimestamp) - now
    known.set(key, { token, renewAt: now + Math.min(lives * RENEW_SHARE, AGE_MS_MAX) })
    if (known.size > KEPT_MAX) known.delete(known.keys().next().value!)
    return token
  }
}

function accountOf(pod: Pod) {
  return { namespace: pod.metadata.namespace ?? 'default', name: pod.spec.serviceAccountName || 'default' }
}
