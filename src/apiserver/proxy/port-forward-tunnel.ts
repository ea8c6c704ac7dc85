/** Port-forward over WebSocket: the SPDY stream inside binary messages, unwrapped towards the kubelet's SPDY endpoint. */

import { createWebSocketStream, WebSocketServer } from 'ws'
import type { Answer } from '#apiserver/answer.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { dial, forwarded, join, responseAnswer, type Backend, type Dialing } from './backend.ts'

const PREFIX = 'SPDY/3.1+'
const PORT_FORWARD = 'portforward.k8s.io'

export function wantsTunnel(headers: RequestContext['headers']): boolean {
  return (
    (headers['upgrade'] ?? '').toLowerCase() === 'websocket' &&
    (headers['sec-websocket-protocol'] ?? '').split(',').some((p) => p.trim() === PREFIX + PORT_FORWARD)
  )
}

/** The WebSocket ends here; it is agreed to only once the kubelet speaks SPDY. */
export async function tunnelPortForward(backend: Backend, ctx: RequestContext, dialing: Dialing): Promise<Answer> {
  const plain = Object.fromEntries(Object.entries(forwarded(ctx.headers)).filter(([name]) => !name.startsWith('sec-websocket-')))
  const spdy = { ...plain, connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': PORT_FORWARD }
  const dialed = await dial(backend, { method: 'POST', headers: spdy }, ctx.signal, dialing)
  if (dialed.type === 'response') return responseAnswer(dialed.message)
  const { socket, head } = dialed
  ctx.signal.addEventListener('abort', () => socket.destroy(), { once: true })
  return {
    type: 'upgrade',
    connect: (client, sent) =>
      new Promise((resolve) => {
        const server = new WebSocketServer({ noServer: true, perMessageDeflate: false })
        // the library takes no protocol with a slash in its name, which HTTP does not allow but clients send
        server.on('headers', (lines) => lines.push(`Sec-WebSocket-Protocol: ${PREFIX}${PORT_FORWARD}`))
        const { 'sec-websocket-protocol': _, ...headers } = ctx.headers
        client.once('close', () => {
          socket.destroy()
          resolve()
        })
        // all that the handshake reads of a request
        const request = { method: 'GET', headers, url: ctx.path }
        server.handleUpgrade(request as never, client, Buffer.from(sent), (webSocket) => {
          webSocket.on('error', () => socket.destroy())
          void join(createWebSocketStream(webSocket), new Uint8Array(), socket, head).then(() => webSocket.terminate())
        })
      }),
  }
}
