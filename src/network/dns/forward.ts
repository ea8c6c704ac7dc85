/** Forwards queries to other resolvers, each tried in turn. */

import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import type { Clock } from '#base/clock.ts'

export interface Address {
  readonly address: string
  readonly port: number
}

const TIMEOUT_MS = 2000 // half of what stub resolvers give up after, so that a second server still gets its chance
const TCP_BYTES_MAX = 65_535 + 2

/** The first answer that comes, as bytes with the query's own number; undefined when none does. */
export async function forward(
  query: Uint8Array,
  upstreams: readonly Address[],
  by: 'udp' | 'tcp',
  clock: Clock,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  for (const upstream of upstreams) {
    if (signal.aborted) return undefined
    const answer = await (by === 'udp' ? askUdp : askTcp)(query, upstream, clock, signal)
    if (answer !== undefined) return answer
  }
  return undefined
}

/** Every query has a socket, and so a port the kernel picks, of its own: answers cannot be guessed or mixed up. */
function askUdp(query: Uint8Array, { address, port }: Address, clock: Clock, signal: AbortSignal): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    const end = (answer?: Uint8Array) => {
      timer[Symbol.dispose]()
      signal.removeEventListener('abort', abort)
      socket.close()
      resolve(answer)
    }
    const abort = () => end()
    const timer = clock.timer(TIMEOUT_MS, abort)
    signal.addEventListener('abort', abort, { once: true })
    socket.once('error', abort)
    socket.on('message', (bytes) => {
      // Connected, so it is from the server asked; the number must fit too.
      if (bytes.length >= 12 && bytes[0] === query[0] && bytes[1] === query[1]) end(bytes)
    })
    socket.connect(port, address, () => socket.send(query))
  })
}

function askTcp(query: Uint8Array, { address, port }: Address, clock: Clock, signal: AbortSignal): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, address)
    let received: Buffer = Buffer.alloc(0)
    const end = (answer?: Uint8Array) => {
      timer[Symbol.dispose]()
      signal.removeEventListener('abort', abort)
      socket.destroy()
      resolve(answer)
    }
    const abort = () => end()
    const timer = clock.timer(TIMEOUT_MS, abort)
    signal.addEventListener('abort', abort, { once: true })
    socket.on('error', abort)
    socket.on('close', abort)
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes])
      if (received.length > TCP_BYTES_MAX) return end()
      if (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) end(received.subarray(2, received.readUInt16BE(0) + 2))
    })
    socket.write(framed(query))
  })
}

/** A message as it goes over TCP: its length first. */
export function framed(bytes: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(bytes.length + 2)
  out.writeUInt16BE(bytes.length, 0)
  out.set(bytes, 2)
  return out
}
