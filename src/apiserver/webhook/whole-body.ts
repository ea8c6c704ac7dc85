/** An answer's body in whole, or not at all. */

import type { IncomingMessage } from 'node:http'

/** Undefined when it is longer than `bytesMax`: the rest is not read. Throws when the connection ends first. */
export async function wholeBody(message: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  // leaving the loop destroys the message
  for await (const chunk of message as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > bytesMax) return undefined
    chunks.push(chunk)
  }
  if (!message.complete) throw new Error('unexpected EOF')
  return Buffer.concat(chunks)
}
