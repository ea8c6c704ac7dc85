import { deepEqual, equal } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { configMaps } from '#api/core/v1/config-map.ts'
import { Published } from '#apiserver/cache/published.ts'
import type { PublishedEvent } from '#apiserver/answer.ts'
import { encodeWatchFrame } from '#schema/protobuf.ts'
import { encodeAnswer } from './encode.ts'
import { publishedBytes } from './object-bytes.ts'

const resource = configMaps as never
const map = (name: string) =>
  new Published(resource, `/registry/configmaps/ns/${name}`, 7, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'ns', resourceVersion: '7' },
  } as never)
const [one, two] = [map('one'), map('two')]

let ended: (() => void) | undefined

/** Two events at once, then one, then the end; or no end, which the client brings about. */
async function* events(goesOn: boolean, signal: AbortSignal): AsyncGenerator<readonly PublishedEvent[]> {
  yield [
    { type: 'ADDED', published: one },
    { type: 'ADDED', published: two },
  ]
  yield [{ type: 'DELETED', published: one }]
  if (goesOn) await once(signal, 'abort')
  ended?.()
}

const server = createServer()
server.on('upgrade', async (request, socket, head) => {
  const life = new AbortController()
  socket.once('close', () => life.abort())
  const query = new URL(request.url!, 'http://h').searchParams
  const asked = { headers: request.headers as Record<string, string>, query, received: 0, cbor: false }
  const encoded = await encodeAnswer({ type: 'watch', resource, events: events(query.has('goesOn'), life.signal) }, asked)
  if (encoded.type === 'upgrade') await encoded.connect(socket, head)
  else socket.end(`HTTP/1.1 ${encoded.status} Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/configmaps?watch=1`
after(() => server.close())

type Options = { readonly headers?: Record<string, string>; readonly protocols?: readonly string[] }

function open(path: string, options: Options = {}): WebSocket {
  const socket = new WebSocket(path, options as never)
  socket.binaryType = 'arraybuffer'
  return socket
}

async function messagesOf(socket: WebSocket): Promise<{ readonly messages: readonly unknown[]; readonly code: number }> {
  const messages: unknown[] = []
  socket.addEventListener('message', (e: MessageEvent) => messages.push(e.data))
  const { promise, resolve } = Promise.withResolvers<number>()
  socket.addEventListener('close', (e) => resolve(e.code))
  return { code: await promise, messages }
}

test('events in JSON come as text, one a message, and the end is a normal one', async () => {
  const { messages, code } = await messagesOf(open(url))
  const shown = (type: string, { object }: Published) => ({ type, object })
  deepEqual(
    messages.map((m) => JSON.parse(m as string)),
    [shown('ADDED', one), shown('ADDED', two), shown('DELETED', one)],
  )
  equal(code, 1000)
})

test('events in protobuf come as bytes, without the length that streams put before them', async () => {
  const { messages } = await messagesOf(open(url, { headers: { accept: 'application/vnd.kubernetes.protobuf' } }))
  const expected = encodeWatchFrame('ADDED', publishedBytes(one, 'application/vnd.kubernetes.protobuf', false)).subarray(4)
  deepEqual(Buffer.from(messages[0] as ArrayBuffer), Buffer.from(expected))
  equal(messages.length, 3)
})

test('the one protocol a client offers is taken, but of several none', async () => {
  const socket = open(url, { protocols: ['watch.k8s.io'] })
  await once(socket, 'open')
  equal(socket.protocol, 'watch.k8s.io')
  const refused = open(url, { protocols: ['a', 'b'] })
  const { code } = await messagesOf(refused)
  equal(code, 1006)
})

test('what a client sends is ignored, and its leaving ends the watch', async () => {
  const end = new Promise<void>((resolve) => (ended = resolve))
  const socket = open(`${url}&goesOn`)
  await once(socket, 'open')
  socket.send('anything')
  await once(socket, 'message')
  socket.close()
  await end
})
