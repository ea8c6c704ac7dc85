/** Turns an answer into what goes over the wire, in the media type the caller asked for. */

import type { Duplex } from 'node:stream'
import type { Answer } from '#apiserver/answer.ts'
import type { RequestContext } from '#apiserver/request-context.ts'

/** Ready to be written: `body` is whole bytes (maybe empty) or a stream to be flushed chunk by chunk. */
export type Encoded =
  | {
      readonly type: 'response'
      readonly status: number
      /** Lower-case names. */
      readonly headers: Readonly<Record<string, string>>
      readonly body: Uint8Array | AsyncIterable<Uint8Array | string>
    }
  | { readonly type: 'upgrade'; readonly connect: (client: Duplex, head: Uint8Array) => Promise<void> }

/** Throws `StatusError` 406 when nothing acceptable can be produced; `encodeFailure` then answers in JSON. */
export async function encodeAnswer(answer: Answer, ctx: RequestContext): Promise<Encoded> {
  throw new Error(`not encoded yet: ${answer.type} ${ctx.path}`)
}
