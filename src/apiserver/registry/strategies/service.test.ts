/** Addresses of services through the API: families, ranges that are added, reservations, and the objects that show them. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi, type TestApi } from '../../endpoints/test-api.ts'

const SERVICES = '/api/v1/namespaces/default/services'
const NETWORKING = '/apis/networking.k8s.io/v1'
const MERGE = { contentType: 'application/merge-patch+json' }
const DUAL = { serviceCidr: '10.96.0.0/16,fd00:10:96::/112' }

const service = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports: [{ port: 80 }], selector: { a: 'b' }, ...spec },
})
const create = (t: TestApi, name: string, spec: object = {}) => t.call('POST', SERVICES, service(name, spec))
const shown = ({ object }: { object: { spec: Record<string, unknown> } }) => [
  object.spec['ipFamilies'],
  object.spec['ipFamilyPolicy'],
  (object.spec['clusterIPs'] as string[]).length,
]

async function names(t: TestApi, url: string): Promise<readonly string[]> {
  return (await t.call('GET', url)).object.items.map((i: { metadata: { name: string } }) => i.metadata.name).toSorted()
}

test('a cluster of two families gives what a service asks for', async () => {
  await using t = await openTestApi(DUAL)
  deepEqual(shown(await create(t, 'single')), [['IPv4'], 'SingleStack', 1])
  deepEqual(shown(await create(t, 'six', { ipFamilies: ['IPv6'] })), [['IPv6'], 'SingleStack', 1])
  deepEqual(shown(await create(t, 'both', { ipFamilyPolicy: 'PreferDualStack' })), [['IPv4', 'IPv6'], 'PreferDualStack', 2])
  deepEqual(shown(await create(t, 'turned', { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] })), [
    ['IPv6', 'IPv4'],
    'RequireDualStack',
    2,
  ])
  deepEqual(shown(await create(t, 'none', { clusterIP: 'None', selector: undefined })), [['IPv4', 'IPv6'], 'RequireDualStack', 1])
})

test('a cluster of one family refuses two, and prefers one', async () => {
  await using t = await openTestApi()
  const refused = async (spec: object) => {
    const { status, object } = await create(t, 's', spec)
    return [status, object.details?.causes?.map((c: { field: string; message: string }) => `${c.field}: ${c.message}`)]
  }
  deepEqual(await refused({ ipFamilyPolicy: 'RequireDualStack' }), [
    422,
    ['spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services'],
  ])
  deepEqual(await refused({ ipFamilies: ['IPv6'] }), [422, ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster']])
  deepEqual(shown(await create(t, 'prefers', { ipFamilyPolicy: 'PreferDualStack' })), [['IPv4'], 'PreferDualStack', 1])
})

test('a service goes to two families and back', async () => {
  await using t = await openTestApi(DUAL)
  const first = (await create(t, 's')).object.spec.clusterIP
  const both = await t.call('PATCH', `${SERVICES}/s`, { spec: { ipFamilyPolicy: 'PreferDualStack' } }, MERGE)
  deepEqual([both.object.spec.clusterIPs.length, both.object.spec.clusterIP], [2, first])
  const back = await t.call('PATCH', `${SERVICES}/s`, { spec: { ipFamilyPolicy: 'SingleStack' } }, MERGE)
  deepEqual([back.object.spec.clusterIPs, back.object.spec.ipFamilies], [[first], ['IPv4']])
})

test('every address that is given is an object, for as long as it is given', async () => {
  await using t = await openTestApi()
  deepEqual(await names(t, `${NETWORKING}/servicecidrs`), ['kubernetes'])
  const { clusterIP } = (await create(t, 's')).object.spec
  await t.clock.advance(1_000)
  deepEqual(await names(t, `${NETWORKING}/ipaddresses`), ['10.96.0.1', clusterIP].toSorted())
  const { object } = await t.call('GET', `${NETWORKING}/ipaddresses/${clusterIP}`)
  deepEqual(object.spec, { parentRef: { resource: 'services', namespace: 'default', name: 's' } })
  await t.call('DELETE', `${SERVICES}/s`)
  await t.clock.advance(1_000)
  deepEqual(await names(t, `${NETWORKING}/ipaddresses`), ['10.96.0.1'])
})

test('another range gives addresses when the first is full', async () => {
  await using t = await openTestApi({ serviceCidr: '10.96.0.0/30' })
  equal((await create(t, 'a')).status, 201)
  const full = await create(t, 'b')
  match(full.object.message, /spec\.clusterIPs: Invalid value: \[""\]: failed to allocate IP: range is full/)
  await t.call('POST', `${NETWORKING}/servicecidrs`, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'more' },
    spec: { cidrs: ['10.97.0.0/30'] },
  })
  deepEqual(await names(t, `${NETWORKING}/servicecidrs`), ['kubernetes', 'more']) // from here on the server itself has seen it
  match((await create(t, 'b')).object.spec.clusterIP, /^10\.97\.0\./)
})

test('an address that somebody keeps back is not given', async () => {
  await using t = await openTestApi()
  const kept = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name: '10.96.7.7' },
    spec: { parentRef: { resource: 'gadgets', name: 'mine' } },
  }
  equal((await t.call('POST', `${NETWORKING}/ipaddresses`, kept)).status, 201)
  deepEqual(await names(t, `${NETWORKING}/ipaddresses`), ['10.96.7.7'])
  const refused = await create(t, 's', { clusterIP: '10.96.7.7' })
  match(refused.object.message, /failed to allocate IP 10\.96\.7\.7: provided IP is already allocated/)
})
