/** A watch over WebSocket: a message an event, as text where the events are text, until either side ends it. */

import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { JSON_TYPE, PROTOBUF_TYPE, type StreamType } from './negotiate.ts'
import type { Encoded } from './encode.ts'
import type { RequestContext } from '#apiserver/request-context.ts'

type Headers = RequestContext['headers']

const MESSAGE_BYTES_MAX = 64 * 1024 // of what clients send, which nobody reads
const FRAME_LENGTH_BYTES = 4 // what says in a stream of protobuf where an event ends; a message tells that itself

export function wantsWebSocket(headers: Headers): boolean {
  const connection = (headers['connection'] ?? '').toLowerCase().split(',')
  return headers['upgrade']?.toLowerCase() === 'websocket' && connection.some((token) => token.trim() === 'upgrade')
}

/** `events` are frames as an ordinary watch would have them, those of one change together. */
export function watchOverSocket(events: AsyncIterable<readonly Uint8Array[]>, mediaType: StreamType, headers: Headers): Encoded {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').filter((p) => p.trim() !== '')
  // upstream takes whatever it is called, but will not choose
  if (offered.length > 1)
    return { type: 'response', status: 400, headers: { 'content-type': 'text/plain' }, body: Buffer.from('bad WebSocket protocol') }
  return {
    type: 'upgrade',
    connect: (client, head) =>
      new Promise((resolve) => {
        client.once('close', () => resolve())
        // all that the handshake reads of a request
        const request = { method: 'GET', headers, url: '' }
        sockets.handleUpgrade(request as never, client as Duplex, Buffer.from(head), (socket) => void send(socket, events, mediaType))
      }),
  }
}

const sockets = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  maxPayload: MESSAGE_BYTES_MAX,
  handleProtocols: (offered) => [...offered][0] ?? false,
})

async function send(socket: WebSocket, events: AsyncIterable<readonly Uint8Array[]>, mediaType: StreamType): Promise<void> {
  socket.on('error', () => socket.terminate())
  const binary = mediaType !== JSON_TYPE
  try {
    for await (const frames of events) {
      for (const frame of frames) {
        const message = mediaType === PROTOBUF_TYPE ? frame.subarray(FRAME_LENGTH_BYTES) : frame
        // the next event waits until this one is out, so that a slow client is noticed where events are kept
        const out = Promise.withResolvers<void>()
        socket.send(message, { binary }, (error) => (error ? out.reject(error) : out.resolve()))
        await out.promise
      }
    }
    socket.close(1000)
  } catch {
    socket.terminate() // the client has gone
  }
}
