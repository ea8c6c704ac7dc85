/** Calls to a cluster of etcd members: one connection each, taken in turn, leaving out those that do not answer. */

import { isIP } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import { Client, Metadata, credentials, type ClientDuplexStream, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { StoreUnavailable } from '../store.ts'
import { judge, unavailable, type Verdict } from './failures.ts'
import { authenticate, type Call } from './messages.ts'
import { decode, encode, type MessageTable, type Read, type Written } from './protobuf.ts'

/** PEM. Without an authority the system's are believed. */
export interface EtcdTls {
  readonly ca?: string
  readonly certificate?: string
  readonly key?: string
}

export interface EtcdAddress {
  /** `https://host:2379`, `http://host:2379`, `unix:///path`; a bare `host:port` is plain. */
  readonly endpoints: readonly string[]
  /** Asked again after a member has failed, so that renewed certificates are taken up. */
  readonly tls?: () => EtcdTls
  readonly login?: { readonly user: string; readonly password: string }
}

export interface ConnectionParts extends EtcdAddress {
  readonly clock: Clock
  readonly log: Log
}

interface Member {
  readonly endpoint: string
  client: Client
  tls: EtcdTls | undefined
  downUntil: number
}

/** `write` must not be asked twice once it may have happened. */
type Effect = 'read' | 'write'

const CALL_MS_MAX = 10_000 // in all, whatever members are tried
const ATTEMPT_MS_MAX = 4_000 // then a frozen member is left for another; elections take about 2 s
const PAUSE_MS = 100 // after every member has been tried in vain
const DOWN_MS = 2_000
const MESSAGE_BYTES_MAX = 2 ** 31 - 1 // a list of a large resource comes in one message

export class EtcdConnection implements Disposable {
  readonly clock: Clock
  readonly #parts: ConnectionParts
  readonly #members: readonly Member[]
  /** Calls may still be under way on them. */
  readonly #replaced: Client[] = []
  #next = 0
  #token: Promise<string> | undefined

  constructor(parts: ConnectionParts) {
    this.clock = parts.clock
    this.#parts = parts
    const tls = parts.tls?.()
    this.#members = parts.endpoints.map((endpoint) => ({ endpoint, client: clientOf(endpoint, tls), tls, downUntil: 0 }))
    if (this.#members.length === 0) throw new TypeError('etcd needs an endpoint')
  }

  get endpoints(): readonly string[] {
    return this.#parts.endpoints
  }

  /** Asks one member after another until one answers. Throws `StoreUnavailable` when none does, or the outcome is in doubt. */
  async call<Q extends MessageTable, R extends MessageTable>(call: Call<Q, R>, request: Written<Q>, effect: Effect): Promise<Read<R>> {
    const started = this.clock.monotonic()
    const bytes = encode(call.request, request)
    let tokens = 0
    for (let tried = 1; ; tried++) {
      const left = CALL_MS_MAX - (this.clock.monotonic() - started)
      const member = this.#pick()
      const verdict = await this.#attempt(member, call, bytes, Math.min(left, ATTEMPT_MS_MAX))
      if ('response' in verdict) return verdict.response
      if (verdict.type === 'final') throw verdict.error
      if (verdict.type === 'token') {
        this.#token = undefined
        if (++tokens > 1) throw unavailable('unreachable', `etcd at ${member.endpoint} refuses the token it has just given`, verdict.cause)
        continue
      }
      if (verdict.type !== 'later') this.#leave(member, verdict.cause)
      if (verdict.type === 'doubt' && effect === 'write')
        throw unavailable(
          'unreachable',
          `etcd at ${member.endpoint} did not answer, the write may have happened: ${plain(verdict.cause)}`,
          verdict.cause,
        )
      if (this.clock.monotonic() - started > CALL_MS_MAX - PAUSE_MS)
        throw unavailable('unreachable', `no etcd member answers (${this.endpoints.join(', ')}): ${plain(verdict.cause)}`, verdict.cause)
      if (verdict.type === 'later' || tried % this.#members.length === 0) await sleep(this.clock, PAUSE_MS)
    }
  }

  /** Asks just this member, for what only it can tell. */
  async ask<Q extends MessageTable, R extends MessageTable>(endpoint: string, call: Call<Q, R>, request: Written<Q>): Promise<Read<R>> {
    const member = this.#members.find((m) => m.endpoint === endpoint)!
    const verdict = await this.#attempt(member, call, encode(call.request, request), ATTEMPT_MS_MAX)
    if ('response' in verdict) return verdict.response
    throw verdict.type === 'final'
      ? verdict.error
      : unavailable('unreachable', `etcd at ${endpoint} does not answer: ${plain(verdict.cause)}`)
  }

  /** Opens a stream to the next member; `failed` says what a stream's end means and leaves the member. */
  async open<Q extends MessageTable, R extends MessageTable>(
    { path, request, response }: Call<Q, R>,
    requireLeader: boolean,
  ): Promise<{ readonly stream: ClientDuplexStream<Written<Q>, Read<R>>; readonly failed: (error: ServiceError) => Verdict }> {
    const metadata = await this.#metadata(requireLeader)
    const member = this.#pick()
    const stream = member.client.makeBidiStreamRequest<Written<Q>, Read<R>>(
      path,
      (value) => encode(request, value),
      (bytes) => decode(response, bytes),
      metadata,
    )
    return { stream, failed: (error) => this.#failed(member, error) }
  }

  /** One request, many answers. */
  async stream<Q extends MessageTable, R extends MessageTable>(
    { path, request, response }: Call<Q, R>,
    value: Written<Q>,
  ): Promise<ClientReadableStream<Read<R>>> {
    const metadata = await this.#metadata(false)
    return this.#pick().client.makeServerStreamRequest(
      path,
      (v: Written<Q>) => encode(request, v),
      (bytes): Read<R> => decode(response, bytes),
      value,
      metadata,
    )
  }

  [Symbol.dispose](): void {
    for (const client of [...this.#replaced, ...this.#members.map((m) => m.client)]) client.close()
  }

  async #attempt<Q extends MessageTable, R extends MessageTable>(
    member: Member,
    call: Call<Q, R>,
    bytes: Buffer,
    timeoutMs: number,
  ): Promise<{ readonly response: Read<R> } | (Verdict & { readonly cause: ServiceError })> {
    let metadata: Metadata
    try {
      metadata = await this.#metadata(true)
    } catch (error) {
      if (error instanceof StoreUnavailable || !('code' in (error as Error))) throw error
      return { ...withoutEffect(judge(error as ServiceError, member.endpoint)), cause: error as ServiceError }
    }
    return this.#unary(member, call, bytes, metadata, timeoutMs)
  }

  #unary<Q extends MessageTable, R extends MessageTable>(
    { client, endpoint }: Member,
    { path, response }: Call<Q, R>,
    bytes: Buffer,
    metadata: Metadata,
    timeoutMs: number,
  ): Promise<{ readonly response: Read<R> } | (Verdict & { readonly cause: ServiceError })> {
    return new Promise((resolve) => {
      client.makeUnaryRequest<Buffer, Read<R>>(
        path,
        (value) => value,
        (received) => decode(response, received),
        bytes,
        metadata,
        { deadline: this.clock.now() + timeoutMs },
        (error, answer) => resolve(error === null ? { response: answer! } : { ...judge(error, endpoint), cause: error }),
      )
    })
  }

  async #metadata(requireLeader: boolean): Promise<Metadata> {
    const metadata = new Metadata()
    // a member cut off from the others says so instead of keeping the caller waiting
    if (requireLeader) metadata.set('hasleader', 'true')
    if (this.#parts.login === undefined) return metadata
    const token = (this.#token ??= this.#authenticate(this.#parts.login))
    try {
      metadata.set('token', await token)
    } catch (error) {
      if (this.#token === token) this.#token = undefined
      throw error
    }
    return metadata
  }

  async #authenticate({ user, password }: NonNullable<EtcdAddress['login']>): Promise<string> {
    const bytes = encode(authenticate.request, { name: user, password })
    let last: ServiceError | undefined
    for (let tried = 0; tried < this.#members.length; tried++) {
      const member = this.#pick()
      const verdict = await this.#unary(member, authenticate, bytes, new Metadata(), ATTEMPT_MS_MAX)
      if ('response' in verdict) return verdict.response.token
      if (verdict.type === 'final') throw verdict.error
      last = verdict.cause
      this.#leave(member, verdict.cause)
    }
    throw last!
  }

  #failed(member: Member, error: ServiceError): Verdict {
    const verdict = judge(error, member.endpoint)
    if (verdict.type === 'token') this.#token = undefined
    else if (verdict.type !== 'final') this.#leave(member, error)
    return verdict
  }

  /** The members in turn, but only those thought well of unless there are none. */
  #pick(): Member {
    const now = this.clock.monotonic()
    const well = this.#members.filter((m) => m.downUntil <= now)
    const among = well.length > 0 ? well : this.#members
    return among[this.#next++ % among.length]!
  }

  #leave(member: Member, error: ServiceError): void {
    const now = this.clock.monotonic()
    if (member.downUntil <= now) this.#parts.log.warn('an etcd member does not answer', { endpoint: member.endpoint, error: plain(error) })
    member.downUntil = now + DOWN_MS
    this.#renew(member)
  }

  #renew(member: Member): void {
    if (this.#parts.tls === undefined) return
    try {
      const tls = this.#parts.tls()
      if (sameTls(tls, member.tls)) return
      const client = clientOf(member.endpoint, tls)
      this.#replaced.push(member.client)
      member.client = client
      member.tls = tls
      member.downUntil = 0
      this.#parts.log.info('certificates for etcd have changed', { endpoint: member.endpoint })
    } catch (error) {
      this.#parts.log.warn('certificates for etcd cannot be read', { error })
    }
  }
}

function sameTls(a: EtcdTls | undefined, b: EtcdTls | undefined): boolean {
  return a?.ca === b?.ca && a?.certificate === b?.certificate && a?.key === b?.key
}

/** Without what the channel says about itself. */
function plain({ details }: ServiceError): string {
  return details.replace(/^No connection established\. Last error: (Error: )?/, '').replace(/\.? Resolution note: .*$/, '')
}

function withoutEffect(verdict: Verdict): Verdict {
  return verdict.type === 'doubt' ? { type: 'elsewhere' } : verdict
}

function clientOf(endpoint: string, tls: EtcdTls | undefined): Client {
  const [, scheme, rest] = /^(?:([a-z]+):\/\/)?(.+?)\/?$/.exec(endpoint) ?? []
  if (rest === undefined || (scheme !== undefined && !['http', 'https', 'unix', 'unixs'].includes(scheme)))
    throw new TypeError(`not an etcd endpoint: ${endpoint}`)
  const secure = scheme === 'https' || scheme === 'unixs'
  const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text))
  const host = /^\[(.*)\](?::\d+)?$/.exec(rest)?.[1] ?? rest.replace(/:\d+$/, '')
  // TLS has no way to ask for an address, so some name is asked for, and the certificate still held against the address
  const byAddress = secure && isIP(host) !== 0
  return new Client(
    scheme?.startsWith('unix') ? `unix:${rest}` : rest,
    secure
      ? credentials.createSsl(
          pem(tls?.ca),
          pem(tls?.key),
          pem(tls?.certificate),
          byAddress ? { checkServerIdentity: (_, shown) => checkServerIdentity(host, shown) } : {},
        )
      : credentials.createInsecure(),
    {
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
      // a machine that vanishes sends no FIN; etcd takes a ping every 5 s at most
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5_000,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.min_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2_000,
      'grpc.enable_retries': 0,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_http_proxy': 0,
      ...(byAddress && { 'grpc.ssl_target_name_override': 'etcd' }),
      ...(scheme?.startsWith('unix') && { 'grpc.default_authority': 'localhost' }),
    },
  )
}
