/** An OpenID Connect provider over TLS, small and real, for servers to trust. */

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, SignJWT } from 'jose'
import { openPki } from '#apiserver/pki/pki.ts'
import { systemClock } from '#base/clock.ts'
import { systemRandom } from '#base/random.ts'

export interface OidcProvider extends AsyncDisposable {
  readonly url: string
  /** PEM of the authority of its certificate. */
  readonly ca: string
  /** Signs with the newest key, for audience k8s and a minute unless the claims say otherwise. */
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>
  /** Puts another key in place of all it has. */
  rotate(): Promise<void>
  /** Paths asked for so far. */
  readonly asked: readonly string[]
}

/** A pair of keys and certificates for 127.0.0.1, with its authority. */
export function servingPair(): { readonly cert: string; readonly key: string; readonly ca: string } {
  const directory = mkdtempSync(join(tmpdir(), 'pair-'))
  try {
    const pki = openPki({ directory, clock: systemClock, random: systemRandom, hosts: ['127.0.0.1'] })
    return { ...pki.pair('serving'), ca: pki.ca.cert }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

export async function startOidcProvider(): Promise<OidcProvider> {
  const { cert, key, ca } = servingPair()
  let signing: KeyObject
  let id = 0
  let jwks = ''
  const rotate = async () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    signing = pair.privateKey
    jwks = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: String(++id), alg: 'ES256', use: 'sig' }] })
  }
  await rotate()
  const asked: string[] = []
  const server = createServer({ cert, key }, (request, response) => {
    asked.push(request.url ?? '')
    const answer = {
      '/.well-known/openid-configuration': () => JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }),
      '/keys': () => jwks,
    }[request.url ?? '']
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(answer?.() ?? 'none')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    ca,
    asked,
    rotate,
    sign: (claims) =>
      new SignJWT({ iss: url, aud: 'k8s', exp: Math.floor(Date.now() / 1000) + 60, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: String(id) })
        .sign(signing),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
