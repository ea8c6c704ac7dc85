/* oxlint-disable typescript/no-explicit-any -- tests look into answers of every kind, and a wrong path fails there anyway */
/** For tests of the API: one over a memory store on a virtual clock, and calls of its handler as short as a request line. */

import { openApi, type Api, type ApiParts } from '../api.ts'
import type { Answer, PublishedEvent } from '../answer.ts'
import { encodeAnswer, encodeFailure, listValue } from '../encode/encode.ts'
import { parseRequestInfo } from '../filters/request-info.ts'
import type { RequestBody, RequestContext } from '../request-context.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { StatusError } from '#client/client.ts'
import { openMemoryStore } from '#store/memory/memory-store.ts'
import type { Store } from '#store/store.ts'

export interface Reply {
  readonly status: number
  readonly object: any
  readonly warnings: readonly string[]
}

export interface CallOptions {
  readonly user?: UserInfo
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** The body as bytes rather than as a value. */
  readonly text?: string | Uint8Array
  /** Whether CBOR is spoken. */
  readonly cbor?: boolean
}

export interface TestApi extends AsyncDisposable {
  readonly api: Api
  readonly clock: VirtualClock
  readonly store: Store
  /** `call('GET', '/api/v1/pods?limit=1')`. */
  call(method: string, url: string, body?: unknown, options?: CallOptions): Promise<Reply>
  /** The answer's bytes as the wire carries them. */
  wire(
    method: string,
    url: string,
    options?: CallOptions,
  ): Promise<{
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly text: string
    readonly bytes: Uint8Array
  }>
  watch(url: string, options?: CallOptions): Promise<AsyncIterator<readonly PublishedEvent[]>>
}

const ADMIN: UserInfo = { username: 'admin', groups: ['system:masters', 'system:authenticated'] }

export async function openTestApi(parts: Partial<ApiParts> = {}): Promise<TestApi> {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const store = parts.store ?? openMemoryStore({ clock })
  const api = await openApi({ store, clock, random, log: silentLog, ...parts })

  function context(method: string, url: string, body: unknown, options: CallOptions): RequestContext {
    const { pathname: path, searchParams: query } = new URL(url, 'https://localhost')
    return {
      method,
      path,
      query,
      headers: { ...options.headers },
      body: bodyOf(body, options),
      peer: { type: 'network', address: '127.0.0.1' },
      info: parseRequestInfo(method, path, query),
      user: options.user ?? ADMIN,
      received: clock.now(),
      signal: options.signal ?? new AbortController().signal,
      cbor: options.cbor === true,
      warnings: [],
    }
  }

  async function answer(ctx: RequestContext): Promise<Answer> {
    try {
      return await api.handle(ctx)
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      return { type: 'object', status: error.code, object: error.status }
    }
  }

  return {
    api,
    clock,
    store,
    async call(method, url, body, options = {}) {
      const ctx = context(method, url, body, options)
      const got = await answer(ctx)
      const object = got.type === 'object' ? got.object : got.type === 'list' ? listValue(got) : got.type === 'bytes' ? got.body : undefined
      return { status: got.type === 'object' || got.type === 'bytes' ? got.status : 200, object, warnings: ctx.warnings }
    },
    async wire(method, url, options = {}) {
      const ctx = context(method, url, undefined, options)
      const encoded = await encodeAnswer(await answer(ctx), ctx).catch((error: unknown) => encodeFailure(error, ctx))
      if (encoded.type === 'upgrade') throw new Error('an upgrade has no body')
      const chunks: Buffer[] = []
      if (encoded.body instanceof Uint8Array) chunks.push(Buffer.from(encoded.body))
      else for await (const chunk of encoded.body as AsyncIterable<Uint8Array>) chunks.push(Buffer.from(chunk))
      const bytes = Buffer.concat(chunks)
      return { status: encoded.status, headers: encoded.headers, text: bytes.toString('utf8'), bytes }
    },
    async watch(url, options = {}) {
      const got = await api.handle(context('GET', url, undefined, options))
      if (got.type !== 'watch') throw new Error(`not a watch: ${JSON.stringify(got)}`)
      return got.events[Symbol.asyncIterator]()
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

function bodyOf(body: unknown, { contentType = 'application/json', text }: CallOptions): RequestBody {
  if (text === undefined && body === undefined) return { type: 'none' }
  const bytes = typeof text === 'object' ? text : Buffer.from(text ?? JSON.stringify(body))
  return { type: 'bytes', contentType, read: async () => bytes }
}
