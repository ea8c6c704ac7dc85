/** Service accounts of pods: which secrets they may use, and what mirror pods may not. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi } from '#apiserver/endpoints/test-api.ts'

const NAMESPACE = '/api/v1/namespaces/default'
const PODS = `${NAMESPACE}/pods`
const pod = (name: string, more: object = {}, container: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i:1', ...container }], ...more },
})

async function opened(account: object) {
  const api = await openTestApi()
  await api.call('POST', `${NAMESPACE}/serviceaccounts`, {
    ...account,
    metadata: { name: 'default', ...(account as { metadata?: object }).metadata },
  })
  return api
}

test('an account that says so binds its pods to the secrets that it names', async () => {
  await using api = await opened({
    metadata: { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
    secrets: [{ name: 'mine' }],
    imagePullSecrets: [{ name: 'pull' }],
  })
  const env = (name: string) => ({ env: [{ name: 'V', valueFrom: { secretKeyRef: { name, key: 'k' } } }] })
  const volume = (secretName: string) => ({ volumes: [{ name: 'v', secret: { secretName } }] })
  assert.equal((await api.call('POST', PODS, pod('a', volume('mine'), env('mine')))).status, 201)
  const refused = async (more: object, container?: object) => {
    const { object } = await api.call('POST', PODS, pod('b', more, container))
    return (object.message as string).replace('pods "b" is forbidden: ', '')
  }
  const no = 'is not allowed because service account default does not reference that'
  assert.deepEqual(
    [
      await refused(volume('x')),
      await refused({}, env('x')),
      await refused({ initContainers: [{ name: 'i', image: 'i:1', envFrom: [{ secretRef: { name: 'x' } }] }] }),
      await refused({ imagePullSecrets: [{ name: 'pull' }, { name: 'x' }] }),
    ],
    [
      `volume with secret.secretName="x" ${no} secret`,
      `container c with envVar V referencing secret.secretName="x" ${no} secret`,
      `init container i with envFrom referencing secret.secretName="x" ${no} secret`,
      `imagePullSecrets[1].name="x" ${no} imagePullSecret`,
    ],
  )
  const debug = { spec: { ephemeralContainers: [{ name: 'd', image: 'i:1', envFrom: [{ secretRef: { name: 'x' } }] }] } }
  const later = await api.call('PATCH', `${PODS}/a/ephemeralcontainers`, debug, { contentType: 'application/strategic-merge-patch+json' })
  assert.equal(
    later.object.message,
    `pods "a" is forbidden: ephemeral container d with envFrom referencing secret.secretName="x" ${no} secret`,
  )
})

test('mirror pods use neither accounts nor secrets', async () => {
  await using api = await opened({})
  const mirror = (more: object) => ({
    ...pod('m', { nodeName: 'n', ...more }),
    metadata: { name: 'm', annotations: { 'kubernetes.io/config.mirror': 'x' } },
  })
  const message = async (more: object) => (await api.call('POST', PODS, mirror(more))).object.message
  assert.deepEqual(
    [await message({ serviceAccountName: 'default' }), await message({ volumes: [{ name: 'v', secret: { secretName: 's' } }] })],
    [
      'pods "m" is forbidden: a mirror pod may not reference service accounts',
      'pods "m" is forbidden: a mirror pod may not reference secrets',
    ],
  )
})
