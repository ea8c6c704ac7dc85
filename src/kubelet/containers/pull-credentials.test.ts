/** Which logins go with which image, and in what shape the runtime gets them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import { pullCredentials } from './pull-credentials.ts'

function credentials(reference: string, auths: Readonly<Record<string, unknown>>, names: readonly string[] = ['login']) {
  const pod = { metadata: { namespace: 'default' }, spec: { imagePullSecrets: names.map((name) => ({ name })) } } as unknown as Pod
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') }
  const secret = { metadata: { name: 'login' }, data } as unknown as Secret
  return pullCredentials(pod, reference, {
    configMap: async () => undefined,
    secret: async (_namespace, name) => (name === 'login' ? secret : undefined),
  })
}

const auth = Buffer.from('u:p:q').toString('base64')

test('a login carries a name and a password, and no address that the runtime would have to read as a URL', async () => {
  assert.deepEqual(await credentials('127.0.0.1:5000/a:1', { '127.0.0.1:5000': { username: 'u', password: 'p:q', auth } }), {
    logins: [{ username: 'u', password: 'p:q' }],
    missing: [],
  })
  assert.deepEqual((await credentials('example.org/a', { 'https://example.org/v2/': { auth } })).logins, [
    { username: 'u', password: 'p:q' },
  ])
})

test('a login is for its registry, port and path, with patterns for parts of the host', async () => {
  const login = { username: 'u', password: 'p' }
  const covers = async (place: string, reference: string) => (await credentials(reference, { [place]: login })).logins.length === 1
  assert.deepEqual(
    await Promise.all([
      covers('https://index.docker.io/v1/', 'team/a:1'),
      covers('https://index.docker.io/v1/', 'docker.io/team/a:1'),
      covers('*.example.org', 'r.example.org/a'),
      covers('*.example.org', 'r.s.example.org/a'),
      covers('example.org', 'example.org:5000/a'),
      covers('example.org/team', 'example.org/team/a'),
      covers('example.org/team', 'example.org/other/a'),
    ]),
    [true, true, true, false, false, true, false],
  )
})

test('the more particular path is tried first', async () => {
  const { logins } = await credentials('example.org/team/a', {
    'example.org': { username: 'general', password: '' },
    'example.org/team': { username: 'team', password: '' },
  })
  assert.deepEqual(
    logins.map((l) => l.username),
    ['team', 'general'],
  )
})

test('secrets that are not there are named', async () => {
  assert.deepEqual(await credentials('example.org/a', {}, ['login', 'gone']), { logins: [], missing: ['gone'] })
})
