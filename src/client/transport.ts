/** What carries a client's calls: HTTPS between processes, a direct call of the API server's handler within one. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'

/**
 * One call. Within a process `body.object` is handed over as it is (the receiver must not modify it); over HTTPS it is
 * encoded. `stream: true` asks for the answer as it comes (watch, log follow).
 */
export interface ApiRequest {
  readonly method: string
  /** Path without the query. */
  readonly path: string
  readonly query?: URLSearchParams
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: { readonly object: unknown } | { readonly bytes: Uint8Array }
  readonly signal?: AbortSignal
}

/**
 * An answer. `object` is a decoded value; `watch` delivers decoded events in batches as they happen, an `ERROR` event's object
 * being a Status; `bytes` is a stream of anything else (logs, metrics).
 */
export interface ApiResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body:
    | { readonly type: 'object'; readonly object: unknown }
    | { readonly type: 'watch'; readonly events: AsyncIterable<readonly RawWatchEvent[]> }
    | { readonly type: 'bytes'; readonly stream: AsyncIterable<Uint8Array> }
    | { readonly type: 'none' }
}

export interface RawWatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: unknown
}

export interface Transport extends AsyncDisposable {
  /** Throws `TransportError` when no answer came. Answers of any status resolve. */
  request(request: ApiRequest): Promise<ApiResponse>
}

/** The identity an in-process caller acts under; over HTTPS its certificate or token says it. */
export type Identity = UserInfo
