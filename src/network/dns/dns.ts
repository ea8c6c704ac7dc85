/** Cluster DNS: answers for the cluster's own names from informers and forwards the rest. */

import { createSocket, type Socket } from 'node:dgram'
import { createServer, type Server, type Socket as TcpSocket } from 'node:net'
import * as packet from 'dns-packet'
import { namespaces } from '#api/core/v1/namespace.ts'
import { services } from '#api/core/v1/service.ts'
import { endpointSlices } from '#api/discovery/v1/endpoint-slice.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { keyOf, type Informers } from '#client/informer.ts'
import { answerFrom, encodeAnswer, readQuery, refusal, type Query } from './answer.ts'
import { forward, framed, type Address } from './forward.ts'
import { Records } from './records.ts'

export interface DnsParts {
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  /** Where UDP and TCP are answered; port 0 picks one, told to `onReady`. */
  readonly listen: readonly Address[]
  /** Resolvers that other names are forwarded to, tried in order. */
  readonly upstreams: readonly Address[]
  /** `cluster.local` when absent. */
  readonly clusterDomain?: string
  /** Called once all listeners are bound and the informers have synced, with the addresses bound. */
  readonly onReady?: (bound: readonly Address[]) => void
}

const FORWARDS_AT_ONCE_MAX = 1000 // sockets in flight; beyond it clients are told to try again
const CONNECTIONS_MAX = 256 // TCP clients of one listener
const CONNECTION_IDLE_MS = 10_000
const MESSAGE_BYTES_MAX = 65_535

/** Serves until `signal` aborts; rejects when an address cannot be bound. */
export async function runDns(parts: DnsParts, signal: AbortSignal): Promise<void> {
  const { informers, clock, log, upstreams } = parts
  const records = new Records(parts.clusterDomain ?? 'cluster.local', () => parts.listen[0]?.address)
  let forwards = 0

  async function answer(bytes: Uint8Array, by: 'udp' | 'tcp'): Promise<Uint8Array | undefined> {
    const query = readQuery(bytes)
    if ('bad' in query) return query.bad === undefined ? undefined : packet.encode(refusal(query.bad, undefined, 'FORMERR'))
    const bytesMax = by === 'tcp' ? MESSAGE_BYTES_MAX : query.udpBytesMax
    const own = answerFrom(records, query)
    if (own !== undefined) return encodeAnswer(await withAlias(own, query), bytesMax)
    return (await forwarded(bytes, by)) ?? encodeAnswer(refusal(query.id, query, 'SERVFAIL'), bytesMax)
  }

  async function forwarded(bytes: Uint8Array, by: 'udp' | 'tcp'): Promise<Uint8Array | undefined> {
    if (forwards >= FORWARDS_AT_ONCE_MAX) return undefined
    forwards++
    try {
      return await forward(bytes, upstreams, by, clock, signal)
    } finally {
      forwards--
    }
  }

  /** An ExternalName's target is looked up too, so that the client need not ask again. */
  async function withAlias(own: packet.Packet, query: Query): Promise<packet.Packet> {
    const alias = own.answers?.[0]
    if (alias?.type !== 'CNAME' || (query.type !== 'A' && query.type !== 'AAAA')) return own
    const target: Query = { ...query, name: String(alias.data), edns: false }
    const inside = answerFrom(records, target)
    let found = inside?.answers
    if (inside === undefined) {
      const bytes = await forwarded(
        packet.encode({
          id: query.id,
          type: 'query',
          flags: packet.RECURSION_DESIRED,
          questions: [{ name: target.name, type: target.type }],
        }),
        'udp',
      )
      try {
        found = bytes && packet.decode(bytes).answers
      } catch {
        found = undefined // the target's server talks nonsense; the alias alone is still true
      }
    }
    return { ...own, answers: [alias, ...(found ?? [])] }
  }

  using subscriptions = new DisposableStack()
  subscriptions.use(
    informers
      .for(services)
      .subscribe((c) => (c.type === 'deleted' ? records.deleteService(keyOf(c.object)) : records.setService(c.object))),
  )
  subscriptions.use(
    informers.for(endpointSlices).subscribe((c) => {
      if (c.type === 'updated') records.deleteSlice(c.previous)
      if (c.type === 'deleted') records.deleteSlice(c.object)
      else records.setSlice(c.object)
    }),
  )
  subscriptions.use(informers.for(namespaces).subscribe((c) => records.setNamespace(c.object.metadata.name, c.type !== 'deleted')))
  informers.start(signal)
  try {
    await informers.synced(signal)
  } catch (error) {
    if (signal.aborted) return
    throw error
  }

  await using listeners = new AsyncDisposableStack()
  const bound: Address[] = []
  for (const at of parts.listen) {
    const udp = await listenUdp(at, (bytes, reply) => void answer(bytes, 'udp').then((a) => a && reply(a), failed))
    listeners.defer(() => new Promise<void>((resolve) => udp.close(() => resolve())))
    const { port } = udp.address()
    const { server, connections } = await listenTcp({ ...at, port }, (socket) =>
      serveTcp(socket, clock, (bytes) => answer(bytes, 'tcp'), failed),
    )
    listeners.defer(() => {
      for (const c of connections) c.destroy()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    })
    bound.push({ address: at.address, port })
  }
  log.info('cluster DNS is ready', { listen: bound.map((b) => `${b.address}:${b.port}`) })
  parts.onReady?.(bound)
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

  function failed(error: unknown): void {
    log.error('query not answered', { error: String(error) })
  }
}

/** `nameserver` lines of a resolv.conf, without the ones in `except`: forwarding to oneself would go round in circles. */
export function upstreamsOf(resolvConf: string, except: readonly string[] = []): readonly Address[] {
  return [...resolvConf.matchAll(/^\s*nameserver\s+(\S+)/gm)]
    .map((m) => m[1]!)
    .flatMap((address) => (except.includes(address) ? [] : [{ address, port: 53 }]))
}

function listenUdp(at: Address, onMessage: (bytes: Uint8Array, reply: (bytes: Uint8Array) => void) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(at.address.includes(':') ? 'udp6' : 'udp4')
    socket.once('error', (cause) => reject(new Error(`cannot serve DNS on ${at.address}:${at.port} (UDP)`, { cause })))
    socket.on('message', (bytes, from) => onMessage(bytes, (answer) => socket.send(answer, from.port, from.address, () => {})))
    socket.bind(at.port, at.address, () => {
      socket.removeAllListeners('error').on('error', () => {})
      resolve(socket)
    })
  })
}

function listenTcp(at: Address, onConnection: (socket: TcpSocket) => void): Promise<{ server: Server; connections: Set<TcpSocket> }> {
  return new Promise((resolve, reject) => {
    const connections = new Set<TcpSocket>()
    const server = createServer((socket) => {
      connections.add(socket)
      socket.on('close', () => connections.delete(socket))
      onConnection(socket)
    })
    server.maxConnections = CONNECTIONS_MAX
    server.once('error', (cause) => reject(new Error(`cannot serve DNS on ${at.address}:${at.port} (TCP)`, { cause })))
    server.listen(at.port, at.address, () => resolve({ server, connections }))
  })
}

/** Answers messages one after another, as they come; closes when idle. */
function serveTcp(
  socket: TcpSocket,
  clock: Clock,
  answer: (bytes: Uint8Array) => Promise<Uint8Array | undefined>,
  failed: (e: unknown) => void,
): void {
  let received: Buffer = Buffer.alloc(0)
  let busy = Promise.resolve()
  const close = () => socket.destroy()
  let idle = clock.timer(CONNECTION_IDLE_MS, close)
  socket.on('error', close)
  socket.on('close', () => idle[Symbol.dispose]())
  socket.on('data', (bytes: Buffer) => {
    idle[Symbol.dispose]()
    idle = clock.timer(CONNECTION_IDLE_MS, close)
    received = Buffer.concat([received, bytes])
    while (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) {
      const length = received.readUInt16BE(0)
      const message = received.subarray(2, length + 2)
      received = received.subarray(length + 2)
      busy = busy
        .then(() => answer(message))
        .then((a) => void (a && !socket.destroyed && socket.write(framed(a))))
        .catch(failed)
    }
  })
}
