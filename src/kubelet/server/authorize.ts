/** Who may use the kubelet's server: callers are known by certificate or token, and the API server says what they may do. */

import { subjectAccessReviews } from '#api/authorization/v1/subject-access-review.ts'
import { tokenReviews, type UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Clock } from '#base/clock.ts'
import type { Client } from '#client/client.ts'

export interface Caller {
  /** The verified client certificate's subject. */
  readonly certificate: { readonly commonName: string; readonly organizations: readonly string[] } | undefined
  readonly token: string | undefined
}

export interface Authorizer {
  /** Undefined when the caller is nobody known. */
  identify(caller: Caller): Promise<UserInfo | undefined>
  allowed(user: UserInfo, method: string, path: string): Promise<boolean>
}

const TOKEN_MS = 120_000 // upstream's cache times for the kubelet's webhooks
const ALLOWED_MS = 300_000
const DENIED_MS = 30_000
const KEPT_MAX = 1024

export function createAuthorizer({
  client,
  clock,
  nodeName,
}: {
  readonly client: Client
  readonly clock: Clock
  readonly nodeName: string
}): Authorizer {
  const answers = new Map<string, { readonly until: number; readonly value: unknown }>()
  async function cached<T>(key: string, ask: () => Promise<T>, lives: (value: T) => number): Promise<T> {
    const now = clock.monotonic()
    const known = answers.get(key)
    if (known !== undefined && known.until > now) return known.value as T
    const value = await ask()
    answers.set(key, { until: now + lives(value), value })
    if (answers.size > KEPT_MAX) answers.delete(answers.keys().next().value!)
    return value
  }
  return {
    async identify({ certificate, token }) {
      if (certificate !== undefined)
        return { username: certificate.commonName, groups: [...certificate.organizations, 'system:authenticated'] }
      if (token === undefined) return undefined
      return cached(
        `token ${token}`,
        async () => {
          const review = await client.create(tokenReviews, { metadata: {}, spec: { token } } as never)
          return review.status.authenticated === true ? review.status.user : undefined
        },
        (user) => (user === undefined ? DENIED_MS : TOKEN_MS),
      )
    },
    async allowed(user, method, path) {
      for (const subresource of subresourcesOf(path)) if (await permitted(user, method, subresource)) return true
      return false
    },
  }

  async function permitted(user: UserInfo, method: string, subresource: string): Promise<boolean> {
    const attributes = { verb: verbOf(method), version: 'v1', resource: 'nodes', subresource, name: nodeName }
    return cached(
      `access ${JSON.stringify([user, attributes])}`,
      async () => {
        const { username = '', groups = [], uid, extra } = user
        const review = await client.create(subjectAccessReviews, {
          metadata: {},
          spec: { resourceAttributes: attributes, user: username, groups, ...(uid && { uid }), ...(extra && { extra }) },
        } as never)
        return review.status.allowed === true
      },
      (allowed) => (allowed ? ALLOWED_MS : DENIED_MS),
    )
  }
}

function verbOf(method: string): string {
  const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
  return verbs[method] ?? 'get'
}

/** https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/ */
/** Any of them is enough: who may use all of a node's server may use each part of it. */
export function subresourcesOf(path: string): readonly string[] {
  const under = (prefix: string) => path === prefix || path.startsWith(`${prefix}/`)
  if (under('/stats')) return ['stats']
  if (under('/metrics')) return ['metrics']
  if (under('/logs')) return ['log']
  if (under('/checkpoint')) return ['checkpoint']
  if (under('/configz')) return ['configz', 'proxy']
  if (under('/healthz')) return ['healthz', 'proxy']
  if (under('/pods') || under('/runningpods')) return ['pods', 'proxy']
  return ['proxy']
}
