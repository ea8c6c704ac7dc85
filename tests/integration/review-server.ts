/** A webhook over TLS that answers reviews, and the kubeconfig that leads to it. */

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dump } from 'js-yaml'
import { servingPair } from './oidc-provider.ts'

export interface ReviewServer extends AsyncDisposable {
  /** Every review it was asked. */
  readonly asked: readonly Review[]
}

export interface Review {
  readonly apiVersion: string
  readonly kind: string
  readonly spec: Readonly<Record<string, unknown>>
}

/** Answers with the review and the status that `decide` gives; a number is an HTTP status instead. Writes the kubeconfig. */
export async function startReviewServer(kubeconfig: string, decide: (spec: Review['spec']) => object | number): Promise<ReviewServer> {
  const { cert, key, ca } = servingPair()
  const asked: Review[] = []
  const server = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString()) as Review
      asked.push(review)
      const status = request.headers.authorization === 'Bearer hook' ? decide(review.spec) : 401
      if (typeof status === 'number') response.writeHead(status).end()
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ...review, status }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/review`
  writeFileSync(
    kubeconfig,
    dump({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'hook', cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
      users: [{ name: 'me', user: { token: 'hook' } }],
      contexts: [{ name: 'c', context: { cluster: 'hook', user: 'me' } }],
      'current-context': 'c',
    }),
  )
  return {
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
