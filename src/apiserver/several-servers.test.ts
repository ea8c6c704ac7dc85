/** Several servers on one store: the kubernetes service names all of them, and none gives what another has given. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi } from './endpoints/test-api.ts'

const SLICE = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes'
const SERVICES = '/api/v1/namespaces/default/services'

test('the kubernetes service names the servers there are', async () => {
  await using first = await openTestApi({ advertised: { address: '10.0.0.1', port: 6443 }, sharedStore: true })
  const addresses = async () => (await first.call('GET', SLICE)).object.endpoints.map((e: { addresses: string[] }) => e.addresses[0])
  const second = await openTestApi({ store: first.store, advertised: { address: '10.0.0.2', port: 6443 }, sharedStore: true })
  deepEqual(await addresses(), ['10.0.0.1', '10.0.0.2'])
  await second.api[Symbol.asyncDispose]()
  deepEqual(await addresses(), ['10.0.0.1'])
})

test('addresses and ports that another server has given are taken, until it takes them back', async () => {
  await using first = await openTestApi({ advertised: { address: '10.0.0.1', port: 6443 }, sharedStore: true })
  await using second = await openTestApi({
    store: first.store,

    advertised: { address: '10.0.0.2', port: 6443 },
    sharedStore: true,
  })
  const service = (name: string) => ({
    metadata: { name },
    spec: { type: 'NodePort', clusterIP: '10.96.0.77', ports: [{ port: 80, nodePort: 30_077 }] },
  })
  const made = await first.call('POST', SERVICES, service('a'))
  const refused = await second.call('POST', SERVICES, service('b'))
  await first.call('DELETE', `${SERVICES}/a`)
  const again = await second.call('POST', SERVICES, service('b'))
  deepEqual([made.status, refused.status, again.status], [201, 422, 201])
})

test('servers that allocate at the same time never give the same', async () => {
  const parts = { sharedStore: true, nodePortRange: [30_000, 30_019] as const }
  await using first = await openTestApi({ ...parts, advertised: { address: '10.0.0.1', port: 6443 } })
  await using second = await openTestApi({ ...parts, store: first.store, advertised: { address: '10.0.0.2', port: 6443 } })
  const create = (i: number, spec: object) =>
    (i % 2 === 0 ? first : second).call('POST', SERVICES, { metadata: { name: `s${i}` }, spec: { type: 'NodePort', ...spec } })
  const same = await Promise.all([0, 1, 2, 3].map((i) => create(i, { clusterIP: '10.96.0.78', ports: [{ port: 80, nodePort: 30_001 }] })))
  deepEqual(same.map((answer) => answer.status).toSorted(), [201, 422, 422, 422])
  const any = await Promise.all(Array.from({ length: 19 }, (_, i) => create(10 + i, { ports: [{ port: 80 }] })))
  const given = any.map(({ object }) => object.spec?.ports[0].nodePort)
  deepEqual(
    given.toSorted(),
    Array.from({ length: 20 }, (_, i) => 30_000 + i).filter((port) => port !== 30_001),
  )
})
