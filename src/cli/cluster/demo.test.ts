import { equal, rejects } from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import type { Environment } from '../command.ts'
import { askDemo } from './demo.ts'

const environment = { clock: systemClock, signal: new AbortController().signal } as Partial<Environment> as Environment

/** A Service of two endpoints: the first connection reaches a stranger that answers 404 and keeps it open. */
async function withService<T>(strangers: number, use: (url: string) => Promise<T>): Promise<T> {
  const connections: Socket[] = []
  const server = createServer((request, response) => {
    if (!connections.includes(request.socket)) connections.push(request.socket)
    response.statusCode = connections.indexOf(request.socket) < strangers ? 404 : 200
    response.end('Hello\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

test('the demo is asked over a new connection after a refusal, which may come from an endpoint that is gone', async () => {
  equal(await withService(1, (url) => askDemo(url, environment, 10_000)), 'Hello')
})

test('a Service that answers nothing but refusals is given up on', async () => {
  await withService(Infinity, (url) =>
    rejects(askDemo(url, environment, 0), { name: 'OperatorError', message: `the demo's Service did not answer at ${url}: status 404` }),
  )
})
