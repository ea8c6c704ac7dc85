import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Secret } from '#api/core/v1/secret.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import { StatusError } from '#client/client.ts'
import { serviceAccountTokenController } from './service-account-tokens.ts'

const meta = (name: string) => ({ name, namespace: 'ns', uid: `uid-of-${name}`, resourceVersion: '1', creationTimestamp: '' })
const joe: ServiceAccount = { metadata: meta('joe') }
const secret = (uid?: string, data?: Secret['data'], type = 'kubernetes.io/service-account-token'): Secret => ({
  metadata: {
    ...meta('t'),
    annotations: { 'kubernetes.io/service-account.name': 'joe', ...(uid && { 'kubernetes.io/service-account.uid': uid }) },
  },
  type,
  ...(data && { data }),
})

/** What the controller does about a Secret, given the account its cache knows and the one there really is. */
async function plan(kept: Secret, cached?: ServiceAccount, real = cached) {
  const signed: string[] = []
  const controller = serviceAccountTokenController({
    sign: async ({ metadata }, account) => {
      signed.push(`${metadata.name} of ${account.metadata.name}`)
      return 'token'
    },
    rootCa: 'ca',
  })
  const get = (_: object, key: string) => (key === 'ns/t' ? kept : cached)
  const live = {
    async get() {
      if (real === undefined) throw new StatusError({ status: 'Failure', code: 404, reason: 'NotFound' })
      return real
    },
  }
  const snapshot = await controller.read('ns/t', { get } as never, live as never)
  return { signed, actions: snapshot === undefined ? undefined : controller.decide(snapshot, 0).actions }
}

const FULL = { 'ca.crt': btoa('ca'), namespace: btoa('ns'), token: btoa('token') }

test('a Secret without a token gets one, with the authority and the namespace', async () => {
  const { signed, actions } = await plan(secret(), joe)
  deepEqual(signed, ['t of joe'])
  deepEqual(
    actions?.map((a) => a.type === 'update' && a.object),
    [secret('uid-of-joe', FULL)],
  )
})

test('a Secret that has all is left alone, and one whose authority is an old one gets the new one', async () => {
  deepEqual(await plan(secret('uid-of-joe', FULL), joe), { signed: [], actions: [] })
  const { signed, actions } = await plan(secret('uid-of-joe', { ...FULL, 'ca.crt': btoa('old') }), joe)
  deepEqual([signed, actions?.map((a) => a.type === 'update' && a.object)], [[], [secret('uid-of-joe', FULL)]])
})

test('a Secret goes with its account, but not for a cache that is late', async () => {
  const types = async (...args: Parameters<typeof plan>) => (await plan(...args)).actions?.map((a) => a.type)
  deepEqual(await types(secret('uid-of-joe', FULL)), ['delete'])
  deepEqual(await types(secret('another', FULL), joe), ['delete'])
  deepEqual(await types(secret('uid-of-joe', FULL), undefined, joe), [])
  equal(await types(secret('uid-of-joe', FULL, 'Opaque')), undefined)
})
