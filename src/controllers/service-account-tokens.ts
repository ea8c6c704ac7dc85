/** Fills Secrets of type kubernetes.io/service-account-token with a token that never expires, and deletes them with their account. */

import type { Secret } from '#api/core/v1/secret.ts'
import { secrets } from '#api/core/v1/secret.ts'
import { serviceAccounts, type ServiceAccount } from '#api/core/v1/service-account.ts'
import { isReason } from '#client/client.ts'
import { nothing, remove, update, type Controller } from './controller.ts'

const TYPE = 'kubernetes.io/service-account-token'
const ACCOUNT_NAME = 'kubernetes.io/service-account.name'
const ACCOUNT_UID = 'kubernetes.io/service-account.uid'

export interface ServiceAccountTokenParts {
  /** Signs what a token in this Secret says of the account. */
  readonly sign: (secret: Secret, account: ServiceAccount) => Promise<string>
  /** The cluster's authority (PEM), put beside the token; absent: none is. */
  readonly rootCa?: string
}

export interface TokenSecret {
  readonly secret: Secret
  /** Undefined when there is none of that name and uid. */
  readonly account: ServiceAccount | undefined
  /** Signed anew; undefined when the Secret has one. */
  readonly token: string | undefined
}

export function serviceAccountTokenController({ sign, rootCa }: ServiceAccountTokenParts): Controller<TokenSecret> {
  return {
    name: 'serviceaccount-token',
    primary: secrets,
    watches: [
      {
        resource: serviceAccounts,
        keys: ({ metadata: { namespace = '', name } }, cache) =>
          cache
            .of(secrets)
            .list(namespace)
            .filter((s) => s.type === TYPE && s.metadata.annotations?.[ACCOUNT_NAME] === name)
            .map((s) => `${namespace}/${s.metadata.name}`),
      },
    ],
    async read(key, cache, live) {
      const secret = cache.get(secrets, key)
      const { namespace = '', annotations = {}, deletionTimestamp } = secret?.metadata ?? {}
      const name = annotations[ACCOUNT_NAME]
      if (secret?.type !== TYPE || !name || deletionTimestamp !== undefined) return undefined
      const fits = (found: ServiceAccount | undefined) =>
        found && (!annotations[ACCOUNT_UID] || found.metadata.uid === annotations[ACCOUNT_UID]) ? found : undefined
      // a late cache must not cost a Secret its life
      const account =
        fits(cache.get(serviceAccounts, `${namespace}/${name}`)) ?? fits(await orNone(live.get(serviceAccounts, { namespace, name })))
      const token = account && !secret.data?.['token'] ? await sign(secret, account) : undefined
      return { secret, account, token }
    },
    decide({ secret, account, token }) {
      if (account === undefined) return { actions: [remove(secrets, secret)] }
      const { annotations = {}, namespace = '' } = secret.metadata
      const { data = {} } = secret
      const wanted: Readonly<Record<string, string>> = {
        ...data,
        ...(rootCa !== undefined && { 'ca.crt': base64(rootCa) }),
        ...(!data['namespace'] && { namespace: base64(namespace) }),
        ...(token !== undefined && { token: base64(token) }),
      }
      const isSame =
        annotations[ACCOUNT_UID] === account.metadata.uid && ['ca.crt', 'namespace', 'token'].every((key) => wanted[key] === data[key])
      if (isSame) return nothing
      const metadata = { ...secret.metadata, annotations: { ...annotations, [ACCOUNT_UID]: account.metadata.uid } }
      return { actions: [update(secrets, { ...secret, metadata, data: wanted })] }
    },
  }
}

async function orNone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isReason(error, 'NotFound')) return undefined
    throw error
  }
}

const base64 = (text: string) => btoa(text)
