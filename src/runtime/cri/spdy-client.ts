/**
 * The client's half of SPDY/3.1 as container runtimes' streaming servers speak it: enough to open streams and half-close them.
 * WebSocket's v4 protocol, the runtimes' other choice, cannot say that standard input has ended.
 */

import { request } from 'node:http'
import type { Socket } from 'node:net'

export interface SpdyStream {
  readonly onData: (chunk: Uint8Array) => void
  /** The server will send no more on it. */
  readonly onEnd: () => void
}

export interface SpdySession {
  /** Opens a stream; frames go out in the order of the calls. */
  open(headers: Readonly<Record<string, string>>, stream: SpdyStream): SpdyWriter
  close(): void
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>
}

export interface SpdyWriter {
  write(chunk: Uint8Array): void
  /** Half-closes: this side sends no more. */
  end(): void
}

/** Upgrades to SPDY at `url`, offering `protocols`. */
export function connectSpdy(url: string, protocols: readonly string[]): Promise<SpdySession> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: 'POST',
      headers: { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': [...protocols], 'Content-Length': '0' },
      agent: false,
    })
    outgoing.on('upgrade', (_answer, socket: Socket, head) => resolve(session(socket, head)))
    outgoing.on('response', (answer) => {
      answer.resume()
      reject(new Error(`the runtime's streaming server answered ${answer.statusCode} instead of upgrading`))
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

const VERSION = 0x8003
const SYN_STREAM = 1
const RST_STREAM = 3
const PING = 6
const GOAWAY = 7
const FIN = 1
const FRAME_BYTES_MAX = 1 << 16 // of data we send at once, so that streams share the connection

function session(socket: Socket, head: Buffer): SpdySession {
  const streams = new Map<number, SpdyStream>()
  let nextId = 1
  let first = true
  let pending: Buffer = head
  const { promise: closed, resolve: gone } = Promise.withResolvers<void>()

  socket.setNoDelay(true)
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    take()
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    for (const stream of streams.values()) stream.onEnd()
    streams.clear()
    gone()
  })
  if (head.length > 0) queueMicrotask(take)

  function take(): void {
    while (pending.length >= 8) {
      const length = pending.readUIntBE(5, 3)
      if (pending.length < 8 + length) return
      const frame = pending.subarray(0, 8 + length)
      pending = pending.subarray(8 + length)
      receive(frame)
    }
  }

  function receive(frame: Buffer): void {
    const body = frame.subarray(8)
    if ((frame[0]! & 0x80) === 0) {
      const id = frame.readUInt32BE(0)
      const stream = streams.get(id)
      if (body.length > 0) stream?.onData(body)
      if ((frame[4]! & FIN) !== 0) finish(id)
      return
    }
    const type = frame.readUInt16BE(2)
    if (type === RST_STREAM) finish(body.readUInt32BE(0) & 0x7fffffff)
    else if (type === PING && body.readUInt32BE(0) % 2 === 0) socket.write(frame)
    else if (type === GOAWAY) socket.end()
    else if ((frame[4]! & FIN) !== 0 && body.length >= 4) finish(body.readUInt32BE(0) & 0x7fffffff)
  }

  function finish(id: number): void {
    const stream = streams.get(id)
    streams.delete(id)
    stream?.onEnd()
  }

  return {
    closed,
    open(headers, stream) {
      const id = nextId
      nextId += 2
      streams.set(id, stream)
      const block = headerBlock(headers, first)
      first = false
      const payload = Buffer.alloc(10)
      payload.writeUInt32BE(id, 0)
      socket.write(control(SYN_STREAM, Buffer.concat([payload, block])))
      let ended = false
      return {
        write(chunk) {
          if (ended) return
          for (let at = 0; at < chunk.length; at += FRAME_BYTES_MAX) socket.write(data(id, 0, chunk.subarray(at, at + FRAME_BYTES_MAX)))
        },
        end() {
          if (!ended) socket.write(data(id, FIN, new Uint8Array()))
          ended = true
        },
      }
    },
    close: () => void socket.end(),
  }
}

function control(type: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt16BE(VERSION, 0)
  head.writeUInt16BE(type, 2)
  head.writeUIntBE(body.length, 5, 3)
  return Buffer.concat([head, body])
}

function data(id: number, flags: number, chunk: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(id, 0)
  head[4] = flags
  head.writeUIntBE(chunk.length, 5, 3)
  return Buffer.concat([head, chunk])
}

// zlib's header for a stream that names SPDY/3's dictionary (by its checksum). Stored blocks then never refer to it.
const ZLIB_HEADER = Buffer.from([0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2])

// An empty stored block: readers hand out what they have when they see it, as after a sync flush.
const FLUSH = Buffer.from([0, 0, 0, 0xff, 0xff])

/** Headers as SPDY writes them, "compressed" as one stored block: they are few and sent once. */
function headerBlock(headers: Readonly<Record<string, string>>, first: boolean): Buffer {
  const entries = Object.entries(headers)
  const count = Buffer.alloc(4)
  count.writeUInt32BE(entries.length)
  const text = (value: string) => {
    const bytes = Buffer.from(value)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const plain = Buffer.concat([count, ...entries.flatMap(([k, v]) => [text(k.toLowerCase()), text(v)])])
  const stored = Buffer.alloc(5)
  stored.writeUInt16LE(plain.length, 1)
  stored.writeUInt16LE(plain.length ^ 0xffff, 3)
  return Buffer.concat([...(first ? [ZLIB_HEADER] : []), stored, plain, FLUSH])
}
