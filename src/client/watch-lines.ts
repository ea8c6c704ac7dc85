/** Watch events as they come over a wire: one JSON document a line. */

import type { RawWatchEvent } from './transport.ts'

const NEWLINE = 10

/** A batch is what came in one piece. */
export async function* watchLines(chunks: AsyncIterable<Uint8Array>): AsyncIterable<readonly RawWatchEvent[]> {
  let rest: Uint8Array[] = []
  for await (const chunk of chunks) {
    const batch: RawWatchEvent[] = []
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([...rest, chunk.subarray(from, at)]).toString()
      rest = []
      from = at + 1
      if (line.trim() !== '') batch.push(JSON.parse(line) as RawWatchEvent)
    }
    if (from < chunk.length) rest.push(Buffer.from(chunk.subarray(from)))
    if (batch.length > 0) yield batch
  }
}
