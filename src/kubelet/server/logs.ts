/** Container logs: reads the files runtimes write in the CRI's format, from any point, to the end or for as long as it runs. */

import { open, stat } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { sleep, type Clock, type Instant } from '#base/clock.ts'

export interface LogOptions {
  readonly follow: boolean
  readonly tailLines?: number
  readonly sinceTime?: Instant
  readonly timestamps: boolean
  readonly limitBytes?: number
  readonly stream: 'All' | 'Stdout' | 'Stderr'
}

export interface LogLine {
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  /** The line goes on in the next record. */
  readonly partial: boolean
  readonly text: Buffer
}

/** One record: `2026-01-01T00:00:00.000000000Z stdout F text`. Undefined for what is none. */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const first = line.indexOf(0x20)
  const second = line.indexOf(0x20, first + 1)
  const third = line.indexOf(0x20, second + 1)
  if (first < 0 || second < 0 || third < 0) return undefined
  const stream = line.toString('latin1', first + 1, second)
  if (stream !== 'stdout' && stream !== 'stderr') return undefined
  const tags = line.toString('latin1', second + 1, third).split(':')
  return { time: line.toString('latin1', 0, first), stream, partial: tags[0] === 'P', text: line.subarray(third + 1) }
}

export interface LogSource {
  readonly path: string
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Whether the container may still write. */
  readonly alive: () => Promise<boolean>
}

const CHUNK_BYTES = 64 * 1024
const POLL_MS = 200 // how often a followed file is looked at; a person reads along
const ALIVE_EVERY = 5 // polls between asking the runtime whether the container still runs

/** The log's bytes as the API gives them. */
export async function* readLog(source: LogSource, options: LogOptions): AsyncGenerator<Uint8Array> {
  let { limitBytes } = options
  let fresh = true // at the start of a line of text, where a timestamp belongs
  const shown = (line: LogLine): Buffer | undefined => {
    if (options.stream !== 'All' && options.stream.toLowerCase() !== line.stream) return undefined
    if (options.sinceTime !== undefined && Date.parse(line.time) < options.sinceTime) return undefined
    const parts = [
      ...(options.timestamps && fresh ? [Buffer.from(`${line.time} `)] : []),
      line.text,
      ...(line.partial ? [] : [Buffer.from('\n')]),
    ]
    fresh = !line.partial
    return Buffer.concat(parts)
  }
  let position = options.tailLines === undefined ? 0 : await tailPosition(source.path, options.tailLines)
  let file = await open(source.path, 'r')
  let inode = (await file.stat()).ino
  let rest: Buffer = Buffer.alloc(0)
  let quiet = 0
  let moved = false
  try {
    while (!source.signal.aborted) {
      const chunk = Buffer.alloc(CHUNK_BYTES)
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, position)
      if (bytesRead > 0) {
        quiet = 0
        position += bytesRead
        rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
        const out: Buffer[] = []
        for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
          const line = parseLogLine(rest.subarray(0, end))
          rest = rest.subarray(end + 1)
          const text = line && shown(line)
          if (text !== undefined) out.push(text)
        }
        if (out.length > 0) {
          const bytes = Buffer.concat(out)
          if (limitBytes !== undefined && bytes.length >= limitBytes) {
            yield bytes.subarray(0, limitBytes)
            return
          }
          if (limitBytes !== undefined) limitBytes -= bytes.length
          yield bytes
        }
        continue
      }
      if (!options.follow) return
      if (existsSync(source.path) && (await stat(source.path)).ino !== inode) {
        // rotated: what was written since lies in the new file, but something may have come to the old one after the last look
        moved = !moved
        if (moved) continue
        await file.close()
        file = await open(source.path, 'r')
        inode = (await file.stat()).ino
        position = 0
        continue
      }
      if (quiet++ % ALIVE_EVERY === ALIVE_EVERY - 1 && !(await source.alive())) {
        const { size } = await file.stat()
        if (size <= position) return
      }
      await sleep(source.clock, POLL_MS, source.signal).catch(() => undefined)
    }
  } finally {
    await file.close()
  }
}

/** Where the last `lines` lines begin, found from the end. */
async function tailPosition(path: string, lines: number): Promise<number> {
  const file = await open(path, 'r')
  try {
    let end = (await file.stat()).size
    if (lines <= 0) return end
    let found = 0
    const chunk = Buffer.alloc(CHUNK_BYTES)
    let last = true
    while (end > 0) {
      const begin = Math.max(0, end - CHUNK_BYTES)
      await file.read(chunk, 0, end - begin, begin)
      for (let i = end - begin - 1; i >= 0; i--) {
        if (chunk[i] !== 0x0a) {
          last = false
          continue
        }
        if (last) {
          last = false // the newline that ends the file begins no line
          continue
        }
        if (++found === lines) return begin + i + 1
      }
      end = begin
    }
    return 0
  } finally {
    await file.close()
  }
}
