/** Small real servers over TLS, with a cluster's certificates, for tests of what the API server calls. */

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPki, type Pki } from '#apiserver/pki/pki.ts'
import { systemClock } from '#base/clock.ts'
import { systemRandom } from '#base/random.ts'

export interface TestPki extends Disposable {
  readonly pki: Pki
  /** The authority as objects of the API carry it. */
  readonly caBundle: string
}

export function openTestPki(): TestPki {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-pki-'))
  const pki = openPki({ directory, clock: systemClock, random: systemRandom })
  return {
    pki,
    caBundle: Buffer.from(pki.ca.cert).toString('base64'),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  }
}

export interface TlsServer extends AsyncDisposable {
  readonly server: Server
  readonly port: number
}

/** Serves on 127.0.0.1; asks for client certificates of `clientCa` where that is given. */
export async function serveTls(
  { pki }: TestPki,
  hosts: readonly string[],
  handle: (request: IncomingMessage, body: string, response: ServerResponse) => void,
  clientCa?: string,
): Promise<TlsServer> {
  const options = { ...pki.issue({ commonName: 'server', hosts, usage: 'serving' }), ...(clientCa && { ca: clientCa, requestCert: true }) }
  const server = createServer({ ...options, rejectUnauthorized: false }, (request, response) => {
    const chunks: Uint8Array[] = []
    request.on('data', (chunk: Uint8Array) => chunks.push(chunk))
    request.on('end', () => handle(request, Buffer.concat(chunks).toString(), response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    server,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
