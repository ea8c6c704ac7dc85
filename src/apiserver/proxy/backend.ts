/** One proxied request: dials the backend, passes the caller's request on, and answers with what came back. */

import type { Answer } from '#apiserver/answer.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'

/** What the API server shows to backends, in PEM. */
export interface ClientTls {
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
}

export interface Backend {
  readonly protocol: 'http' | 'https'
  readonly host: string
  readonly port: number
  /** Percent-encoded as it goes over the wire. */
  readonly path: string
  readonly query: URLSearchParams
  /** Absent on https: any certificate is accepted and none is shown. */
  readonly tls?: ClientTls
}

export interface Dialing {
  readonly clock: Clock
  readonly log: Log
}

export async function proxyRequest(backend: Backend, ctx: RequestContext, dialing: Dialing): Promise<Answer> {
  throw new Error('not yet')
}
