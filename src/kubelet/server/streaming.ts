/** exec, attach and port-forward: joins a client's upgraded connection to the container runtime's streaming server. */

import { connect } from 'node:net'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import { connectSpdy, type SpdyWriter } from '#runtime/cri/spdy-client.ts'
import type { Streams } from '#runtime/runtime.ts'

const EXEC_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
const TUNNEL = 'SPDY/3.1+portforward.k8s.io'
const STDIN = 0
const ERROR = 3
const RESIZE = 4
const CLOSE = 255

const sockets = new WebSocketServer({
  noServer: true,
  handleProtocols: (offered) => [...EXEC_PROTOCOLS, TUNNEL].find((p) => offered.has(p)) ?? false,
})

export function isWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket'
}

/** An exec or attach over WebSocket, spoken as SPDY to the runtime, which can be told that the input has ended. */
export function serveRemoteCommand(request: IncomingMessage, socket: Duplex, head: Buffer, url: string, streams: Streams): void {
  sockets.handleUpgrade(request, socket, head, (client) => {
    if (!EXEC_PROTOCOLS.includes(client.protocol)) return client.close(1002, 'no common subprotocol')
    joinCommand(client, url, streams).catch((error: unknown) => failCommand(client, error as Error))
  })
}

async function joinCommand(client: WebSocket, url: string, streams: Streams): Promise<void> {
  const early: RawData[] = []
  const keep = (message: RawData) => early.push(message)
  client.on('message', keep)
  const session = await connectSpdy(url, ['v4.channel.k8s.io'])
  client.on('close', () => session.close())
  let open = 0
  const finished = () => {
    if (--open === 0) {
      session.close()
      client.close(1000)
    }
  }
  const toClient = (channel: number) => {
    open++
    return {
      onData: (chunk: Uint8Array) => client.send(Buffer.concat([Buffer.from([channel]), chunk])),
      onEnd: finished,
    }
  }
  const nothing = { onData() {}, onEnd() {} }
  session.open({ streamtype: 'error' }, toClient(ERROR)).end()
  const stdin = streams.stdin ? session.open({ streamtype: 'stdin' }, nothing) : undefined
  if (streams.stdout) session.open({ streamtype: 'stdout' }, toClient(1)).end()
  if (streams.stderr && !streams.tty) session.open({ streamtype: 'stderr' }, toClient(2)).end()
  const resize = streams.tty ? session.open({ streamtype: 'resize' }, nothing) : undefined
  const receive = (message: RawData) => fromClient(bytesOf(message), stdin, resize)
  client.off('message', keep)
  for (const message of early) receive(message)
  client.on('message', receive)
}

function fromClient(message: Buffer, stdin: SpdyWriter | undefined, resize: SpdyWriter | undefined): void {
  const rest = message.subarray(1)
  switch (message[0]) {
    case STDIN:
      return stdin?.write(rest)
    case RESIZE:
      return resize?.write(rest)
    case CLOSE:
      if (rest[0] === STDIN) stdin?.end()
      if (rest[0] === RESIZE) resize?.end()
      return
    default:
      return // clients send on no other channel
  }
}

function failCommand(client: WebSocket, error: Error): void {
  const status = { metadata: {}, status: 'Failure', message: error.message, reason: 'InternalError', code: 500 }
  client.send(Buffer.concat([Buffer.from([ERROR]), Buffer.from(JSON.stringify(status))]))
  client.close(1011)
}

/** A port-forward whose SPDY bytes travel in WebSocket messages (KEP-4006). */
export function servePortForwardTunnel(request: IncomingMessage, socket: Duplex, head: Buffer, url: string): void {
  sockets.handleUpgrade(request, socket, head, (client) => {
    if (client.protocol !== TUNNEL) return client.close(1002, 'no common subprotocol')
    const early: Buffer[] = []
    const keep = (message: RawData) => void early.push(bytesOf(message))
    client.on('message', keep)
    rawUpgrade(url, 'portforward.k8s.io').then(
      ({ stream, rest }) => {
        client.off('message', keep)
        for (const bytes of early) stream.write(bytes)
        client.on('message', (message) => stream.write(bytesOf(message)))
        client.on('close', () => stream.destroy())
        if (rest.length > 0) client.send(rest)
        stream.on('data', (chunk: Buffer) => client.send(chunk))
        stream.on('close', () => client.close(1000))
        stream.on('error', () => client.close(1011))
      },
      (error: Error) => client.close(1011, error.message.slice(0, 120)),
    )
  })
}

/** Hands a SPDY connection to the runtime byte by byte: the client's upgrade request is repeated there. */
export function relaySpdy(request: IncomingMessage, socket: Duplex, head: Buffer, url: string): void {
  const target = new URL(url)
  const runtime = connect({ host: target.hostname, port: Number(target.port) }, () => {
    const lines = [`${request.method} ${target.pathname}${target.search} HTTP/1.1`, `Host: ${target.host}`]
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      const name = request.rawHeaders[i]!
      if (!/^(host|authorization|content-length)$/i.test(name)) lines.push(`${name}: ${request.rawHeaders[i + 1]}`)
    }
    runtime.write(`${lines.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`)
    if (head.length > 0) runtime.write(head)
    runtime.pipe(socket)
    socket.pipe(runtime)
  })
  runtime.setNoDelay(true)
  runtime.on('error', () => socket.destroy())
  socket.on('error', () => runtime.destroy())
  socket.on('close', () => runtime.destroy())
  runtime.on('close', () => socket.destroy())
}

function rawUpgrade(url: string, protocol: string): Promise<{ readonly stream: Duplex; readonly rest: Buffer }> {
  const target = new URL(url)
  return new Promise((resolve, reject) => {
    const stream = connect({ host: target.hostname, port: Number(target.port) })
    let answer: Buffer = Buffer.alloc(0)
    const read = (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk])
      const end = answer.indexOf('\r\n\r\n')
      if (end < 0) return
      stream.off('data', read)
      if (!answer.toString('latin1', 0, 16).startsWith('HTTP/1.1 101'))
        return reject(new Error("the runtime's streaming server would not upgrade"))
      resolve({ stream, rest: answer.subarray(end + 4) })
    }
    stream.on('data', read)
    stream.on('error', reject)
    const lines = [
      `POST ${target.pathname}${target.search} HTTP/1.1`,
      `Host: ${target.host}`,
      'Connection: Upgrade',
      'Upgrade: SPDY/3.1',
      `X-Stream-Protocol-Version: ${protocol}`,
      'Content-Length: 0',
    ]
    stream.write(`${lines.join('\r\n')}\r\n\r\n`)
  })
}

function bytesOf(message: RawData): Buffer {
  if (Array.isArray(message)) return Buffer.concat(message)
  return Buffer.isBuffer(message) ? message : Buffer.from(message)
}
