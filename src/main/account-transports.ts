/** Calls under service accounts of kube-system, one per controller: upstream's `--use-service-account-credentials`. */

import { serviceAccounts } from '#api/core/v1/service-account.ts'
import type { Clock } from '#base/clock.ts'
import { isReason, type Client } from '#client/client.ts'
import type { Transport } from '#client/transport.ts'

export interface AccountTransportsParts {
  /** May make service accounts and their tokens. */
  readonly client: Client
  /** Carries the calls of all accounts; it must bring no credentials of its own. */
  readonly transport: Transport
  readonly clock: Clock
}

interface Token {
  readonly text: string
  /** On the clock's monotonic scale. */
  readonly renewAt: number
}

const NAMESPACE = 'kube-system'
const LIFETIME_SECONDS = 3600
const RENEW_AFTER = 0.8 // of the lifetime, so that a server that is away for a while does no harm

/** Answers an account's transport. The account is made on the first call, and so is its token. */
export function accountTransports({ client, transport, clock }: AccountTransportsParts): (account: string) => Transport {
  async function newToken(name: string): Promise<Token> {
    try {
      await client.create(serviceAccounts, { metadata: { namespace: NAMESPACE, name } } as never)
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) throw error
    }
    const asked = clock.monotonic()
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: LIFETIME_SECONDS } }
    const { status } = await client.createSubresource<{ readonly status: { readonly token: string } }>(
      serviceAccounts,
      { namespace: NAMESPACE, name },
      'token',
      request,
    )
    return { text: status.token, renewAt: asked + LIFETIME_SECONDS * 1000 * RENEW_AFTER }
  }

  return (account) => {
    let current: Promise<Token> | undefined
    const token = async (): Promise<Token> => {
      const asking = (current ??= newToken(account))
      try {
        const known = await asking
        if (clock.monotonic() < known.renewAt) return known
      } catch (error) {
        if (current === asking) current = undefined
        throw error
      }
      if (current === asking) current = undefined
      return token()
    }
    return {
      async request(request) {
        const send = async () => {
          const { text } = await token()
          return transport.request({ ...request, headers: { ...request.headers, authorization: `Bearer ${text}` } })
        }
        const response = await send()
        if (response.status !== 401) return response
        current = undefined // the account was deleted and made again, or the keys were changed
        return send()
      },
      async [Symbol.asyncDispose]() {},
    }
  }
}
