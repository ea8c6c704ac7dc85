import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openPki } from '#apiserver/pki/pki.ts'
import { systemClock, VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import { openJwtProvider } from './jwt-provider.ts'

const directory = mkdtempSync(join(tmpdir(), 'provider-'))
const pki = openPki({ directory, clock: systemClock, random: systemRandom, hosts: ['127.0.0.1'] })
after(() => rmSync(directory, { recursive: true }))

type Handle = (request: IncomingMessage, response: ServerResponse, url: string) => void

const answer = (response: ServerResponse, body: unknown, status = 200, headers: object = {}) =>
  void response.writeHead(status, { ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body))

/** A provider's server that does as it is told, and a provider on a clock of its own that has to make do with it. */
async function against(handle: Handle, ca = pki.ca.cert) {
  const clock = new VirtualClock()
  const complaints: string[] = []
  const server = createServer(pki.pair('serving'), (request, response) => handle(request, response, url))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const complained = Promise.withResolvers<void>()
  const log = {
    ...silentLog,
    error: (_: string, fields?: { readonly error?: unknown }) => {
      complaints.push(String(fields?.error))
      complained.resolve()
    },
  }
  const provider = openJwtProvider({ clock, log: log as never, issuer: url, ca })
  return {
    clock,
    url,
    complaints,
    complained: complained.promise,
    provider,
    async [Symbol.asyncDispose]() {
      await provider[Symbol.asyncDispose]()
      server.closeAllConnections()
      server.close()
    },
  }
}

test('a provider that is not there yet is asked again until it is', async () => {
  let calls = 0
  await using t = await against((_, response, url) =>
    ++calls < 2 ? answer(response, 'not yet', 503) : answer(response, { issuer: url, jwks_uri: `${url}/keys` }),
  )
  await t.complained
  equal(t.provider.keys(), undefined)
  await t.clock.advance(10_000)
  await t.provider.ready
  deepEqual([t.complaints, calls, t.provider.keys() !== undefined], [['503: not yet'], 2, true])
})

test('a provider that answers nonsense is not trusted', async () => {
  const complaint = async (handle: Handle, ca?: string) => {
    await using t = await against(handle, ca)
    await t.complained
    equal(t.provider.keys(), undefined)
    return t.complaints[0]!
  }
  match(
    await complaint((_, response) => answer(response, { issuer: 'https://evil', jwks_uri: 'https://evil/keys' })),
    /^oidc: issuer URL provided to client \("https:\/\/127.0.0.1:\d+"\) did not match the issuer URL returned by provider \("https:\/\/evil"\)$/,
  )
  match(await complaint((_, response) => answer(response, '<html>')), /Unexpected token/)
  match(await complaint((_, response) => answer(response, 'x'.repeat(2 ** 21))), /the answer is too large/)
  match(await complaint((_, response) => answer(response, '', 302, { location: 'http://127.0.0.1/' })), /unsupported protocol scheme/)
  match(await complaint((_, response, url) => answer(response, '', 302, { location: url })), /stopped after 3 redirects/)
  match(await complaint((_, response) => answer(response, {}), pki.frontProxyCa.cert), /self-signed|unable to|certificate/)
  match(await complaint((request) => void request.socket.destroy()), /socket hang up|ECONNRESET/)
})

test('a provider that hangs is given up after half a minute', async () => {
  const asked = Promise.withResolvers<void>()
  await using t = await against(() => asked.resolve())
  await asked.promise
  await t.clock.advance(30_000)
  await t.complained
  match(t.complaints[0]!, /context deadline exceeded/)
})

test('keys are fetched when they are needed, and again at most once a second', async () => {
  const asked: string[] = []
  await using t = await against((request, response, url) => {
    asked.push(request.url ?? '')
    answer(response, request.url === '/keys' ? { keys: [] } : { issuer: url, jwks_uri: `${url}/keys` })
  })
  await t.provider.ready
  const keys = t.provider.keys()!
  const find = async () => keys.find({ alg: 'RS256', kid: 'x' }, {} as never)
  await rejects(Promise.all([find(), find()]))
  equal(await keys.refetch(), false)
  await t.clock.advance(1000)
  deepEqual(await Promise.all([keys.refetch(), keys.refetch()]), [true, true])
  deepEqual(asked, ['/.well-known/openid-configuration', '/keys', '/keys'])
})

test('a token for one address does not go to where that leads', async () => {
  const seen: unknown[] = []
  await using t = await against((request, response, url) => {
    if (request.url === '/groups') return answer(response, '', 302, { location: '/elsewhere' })
    if (request.url === '/elsewhere') seen.push(request.headers.authorization)
    answer(response, { issuer: url, jwks_uri: `${url}/keys` })
  })
  await t.provider.fetch(`${t.url}/groups`, 'secret')
  deepEqual(seen, [undefined])
})
