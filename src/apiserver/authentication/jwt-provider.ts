/** An OpenID Connect provider's keys: found by discovery, fetched again when a token names one that is not known. */

import { Agent, request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { createLocalJWKSet, type CompactVerifyGetKey, type JSONWebKeySet } from 'jose'
import { wholeBody } from '#apiserver/webhook/whole-body.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'

const TIMEOUT_MS = 30_000 // upstream's, for a whole exchange
const RETRY_MS = 10_000 // upstream's, until discovery has worked once
const REFETCH_MS = 1_000 // so that tokens with made-up key ids cannot make a provider's load
const BODY_BYTES_MAX = 1024 * 1024
const REDIRECTS_MAX = 3

export interface JwtProviderParts {
  readonly clock: Clock
  readonly log: Log
  readonly issuer: string
  /** Where the provider's document is, if not below the issuer. */
  readonly discoveryUrl?: string
  /** PEM of the authorities the provider's certificate may be signed by; absent: the system's. */
  readonly ca?: string
}

/** A provider's keys, as they were when they were last fetched. */
export interface ProviderKeys {
  /** Finds the key a token is signed with, for `compactVerify`; fetches the keys first if that has not been done. */
  readonly find: CompactVerifyGetKey
  /** Fetches them again, as a token may be signed with a new one; false when that was done a moment ago. */
  refetch(): Promise<boolean>
}

export interface JwtProvider extends AsyncDisposable {
  /** Undefined until discovery has worked. */
  keys(): ProviderKeys | undefined
  /** Resolves once discovery has worked. */
  readonly ready: Promise<void>
  /** The text at this address, with this bearer token. Throws. */
  fetch(url: string, token?: string): Promise<string>
}

/** Tries discovery at once and then again and again until it works. */
export function openJwtProvider(parts: JwtProviderParts): JwtProvider {
  const { clock, log, issuer } = parts
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 2, ...(parts.ca !== undefined && { ca: parts.ca }) })
  const stopped = new AbortController()
  const get = (url: string, token?: string) => fetchText(url, { agent, clock, signal: stopped.signal, ...(token && { token }) })
  let known: ProviderKeys | undefined
  let retry: Disposable | undefined
  const ready = Promise.withResolvers<void>()

  const discover = async () => {
    try {
      const address = parts.discoveryUrl ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
      const document = JSON.parse(await get(address)) as { readonly issuer?: unknown; readonly jwks_uri?: unknown }
      if (document.issuer !== issuer)
        throw new Error(
          `oidc: issuer URL provided to client (${JSON.stringify(issuer)}) did not match the issuer URL returned by provider (${JSON.stringify(document.issuer ?? '')})`,
        )
      if (typeof document.jwks_uri !== 'string') throw new Error('the provider names no jwks_uri')
      known = remoteKeys(document.jwks_uri, get, clock)
      ready.resolve()
    } catch (error) {
      if (stopped.signal.aborted) return
      log.error('oidc authenticator: initializing plugin', { issuer, error: String((error as Error).message) })
      retry = clock.timer(RETRY_MS, () => void discover())
    }
  }
  void discover()

  return {
    keys: () => known,
    ready: ready.promise,
    fetch: get,
    async [Symbol.asyncDispose]() {
      stopped.abort()
      retry?.[Symbol.dispose]()
      agent.destroy()
    },
  }
}

function remoteKeys(uri: string, get: (url: string) => Promise<string>, clock: Clock): ProviderKeys {
  let current: ReturnType<typeof createLocalJWKSet> | undefined
  let fetching: Promise<void> | undefined
  let fetchedAt = Number.NEGATIVE_INFINITY
  const fetchAll = () =>
    (fetching ??= get(uri)
      .then((text) => void (current = createLocalJWKSet(JSON.parse(text) as JSONWebKeySet)))
      .finally(() => {
        fetchedAt = clock.monotonic()
        fetching = undefined
      }))
  return {
    async find(header, token) {
      if (current === undefined) await fetchAll()
      return current!(header, token)
    },
    async refetch() {
      if (fetching === undefined && clock.monotonic() - fetchedAt < REFETCH_MS) return false
      await fetchAll()
      return true
    },
  }
}

interface Fetch {
  readonly agent: Agent
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly token?: string
}

/** Redirects are followed only to HTTPS, and never with the token. */
async function fetchText(url: string, how: Fetch, redirects = 0): Promise<string> {
  if (new URL(url).protocol !== 'https:') throw new Error(`Get ${JSON.stringify(url)}: unsupported protocol scheme`)
  const answer = await exchange(url, how)
  if (answer.location !== undefined) {
    if (redirects === REDIRECTS_MAX) throw new Error(`Get ${JSON.stringify(url)}: stopped after ${REDIRECTS_MAX} redirects`)
    const { token: _, ...without } = how
    return fetchText(new URL(answer.location, url).href, without, redirects + 1)
  }
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text.slice(0, 200)}`)
  return answer.text
}

function exchange(
  url: string,
  { agent, clock, signal, token }: Fetch,
): Promise<{ readonly status: number; readonly location?: string; readonly text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof exchange>>>()
  const asked = request(url, {
    agent,
    headers: { accept: 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
  })
  const fail = (why: string) => {
    reject(new Error(`Get ${JSON.stringify(url)}: ${why}`))
    asked.destroy()
  }
  const deadline = clock.timer(TIMEOUT_MS, () => fail('context deadline exceeded'))
  const stop = () => fail('context canceled')
  signal.addEventListener('abort', stop, { once: true })
  asked.on('error', (error) => fail(error.message))
  asked.once('response', (message: IncomingMessage) => {
    readAll(message).then(
      (text) => {
        const { location } = message.headers
        const status = message.statusCode ?? 0
        resolve({ status, text, ...(status >= 300 && status < 400 && location !== undefined && { location }) })
      },
      (error: Error) => fail(error.message),
    )
  })
  asked.end()
  return promise.finally(() => {
    deadline[Symbol.dispose]()
    signal.removeEventListener('abort', stop)
  })
}

async function readAll(message: IncomingMessage): Promise<string> {
  const body = await wholeBody(message, BODY_BYTES_MAX)
  if (body === undefined) throw new Error('the answer is too large')
  return body.toString()
}
