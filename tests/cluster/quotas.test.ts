/** Quotas in a whole cluster: what is counted when, and workloads that wait until something is left for them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { customResourceDefinitions } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { deployments } from '#api/apps/v1/deployment.ts'
import { configMaps } from '#api/core/v1/config-map.ts'
import { pods } from '#api/core/v1/pod.ts'
import { resourceQuotas } from '#api/core/v1/resource-quota.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { startCluster } from '#testing/cluster.ts'
import { deployment, isReady, pod } from './workloads.ts'

const SECOND = 1_000

test('a quota is counted when it is made, when its limits change, and when what it counts goes', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 51 })
  const { client } = cluster
  const map = (name: string) => client.create(configMaps, { metadata: { name, namespace: 'default' } })
  await map('before')
  await client.create(resourceQuotas, {
    metadata: { name: 'q', namespace: 'default' },
    spec: { hard: { 'count/configmaps': '4', configmaps: '10', pods: '3', 'requests.cpu': '2' } },
  })
  const status = () => cluster.lister(resourceQuotas).get('default/q')!.status
  // the cluster's own authority is published into every namespace
  await cluster.until(() => status().used?.['configmaps'] === '2', 10 * SECOND)
  assert.deepEqual(status(), {
    hard: { 'count/configmaps': '4', configmaps: '10', pods: '3', 'requests.cpu': '2' },
    used: { 'count/configmaps': '2', configmaps: '2', pods: '0', 'requests.cpu': '0' },
  })
  await map('a')
  await map('b')
  await assert.rejects(map('c'), {
    message:
      'configmaps "c" is forbidden: exceeded quota: q, requested: count/configmaps=1, used: count/configmaps=4, limited: count/configmaps=4',
  })
  await client.delete(configMaps, { namespace: 'default', name: 'a' })
  await cluster.until(() => status().used?.['count/configmaps'] === '3', 10 * SECOND)
  await map('c')
  const quota = await client.get(resourceQuotas, { namespace: 'default', name: 'q' })
  await client.update(resourceQuotas, { ...quota, spec: { hard: { secrets: '1' } } })
  await cluster.until(() => status().hard?.['secrets'] === '1', 10 * SECOND)
  assert.deepEqual(status(), { hard: { secrets: '1' }, used: { secrets: '0' } })
})

test('finished pods give back what they took, but for their number in the store', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 52 })
  const { client } = cluster
  await client.create(resourceQuotas, { metadata: { name: 'q', namespace: 'default' }, spec: { hard: { pods: '9', 'count/pods': '9' } } })
  const used = () => cluster.lister(resourceQuotas).get('default/q')!.status.used
  await cluster.until(() => used() !== undefined, 10 * SECOND)
  const once = pod('once', { annotations: { 'simulated.k8ts.dev/exitCode': '0', 'simulated.k8ts.dev/runSeconds': '5' } })
  await client.create(pods, { ...once, spec: { ...once.spec, restartPolicy: 'Never' } } as typeof once)
  assert.deepEqual(used(), { pods: '1', 'count/pods': '1' })
  await cluster.until(() => used()?.['pods'] === '0', 120 * SECOND)
  assert.deepEqual(used(), { pods: '0', 'count/pods': '1' })
})

test('a deployment gets the pods that its quota leaves, and the rest when there is more', async () => {
  await using cluster = await startCluster({ nodes: 2, seed: 53 })
  const { client } = cluster
  await client.create(resourceQuotas, { metadata: { name: 'q', namespace: 'default' }, spec: { hard: { pods: '3' } } })
  const quota = () => cluster.lister(resourceQuotas).get('default/q')!
  await cluster.until(() => quota().status.used !== undefined, 10 * SECOND)
  await client.create(deployments, deployment('web', 5))
  const running = () => cluster.lister(pods).list('default').filter(isReady).length
  await cluster.until(() => running() === 3, 120 * SECOND)
  await cluster.advance(30 * SECOND)
  assert.equal(running(), 3)
  assert.equal(quota().status.used?.['pods'], '3')
  await client.patch(resourceQuotas, { namespace: 'default', name: 'q' }, 'application/merge-patch+json', { spec: { hard: { pods: '8' } } })
  await cluster.until(() => running() === 5, 1200 * SECOND)
  assert.equal(quota().status.used?.['pods'], '5')
})

test('what was charged and never made is found at the latest by the regular count', async () => {
  await using cluster = await startCluster({ nodes: 1, seed: 54 })
  const { client } = cluster
  const ref = { namespace: 'default', name: 'q' }
  await client.create(resourceQuotas, { metadata: ref, spec: { hard: { configmaps: '9' } } })
  const used = () => cluster.lister(resourceQuotas).get('default/q')!.status.used?.['configmaps']
  await cluster.until(() => used() === '1', 10 * SECOND)
  const status = { status: { used: { configmaps: '5' } } }
  await client.patch(resourceQuotas, ref, 'application/merge-patch+json', status, { subresource: 'status' })
  await cluster.advance(10 * SECOND)
  assert.equal(used(), '5')
  await cluster.until(() => used() === '1', 360 * SECOND)
})

test('custom resources are counted as soon as they are defined', async () => {
  await using cluster = await startCluster({ nodes: 0, seed: 55 })
  const { client } = cluster
  class Widget extends object('Widget', { metadata: val(1, ObjectMeta) }) {}
  const names = { group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', scope: 'Namespaced' } as const
  const widgets = resource(Widget, names)
  const make = (name: string) => client.create(widgets, { metadata: { name, namespace: 'default' } })
  await client.create(customResourceDefinitions, {
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: names.group,
      scope: names.scope,
      names: { plural: names.plural, kind: names.kind },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  })
  const hard = { 'count/widgets.example.com': '2' }
  await client.create(resourceQuotas, { metadata: { name: 'q', namespace: 'default' }, spec: { hard } })
  const used = () => cluster.lister(resourceQuotas).get('default/q')!.status.used?.['count/widgets.example.com']
  await cluster.until(() => used() === '0', 30 * SECOND)
  for (const name of ['a', 'b']) await make(name)
  await assert.rejects(make('c'), {
    message: /exceeded quota: q, requested: count\/widgets.example.com=1, used: count\/widgets.example.com=2/,
  })
  await client.delete(widgets, { namespace: 'default', name: 'a' })
  await cluster.until(() => used() === '1', 30 * SECOND)
})

for (const seed of [61, 62, 63])
  test(`however objects come and go there are never more than allowed, and the count is right in the end (seed ${seed})`, async () => {
    await using cluster = await startCluster({ nodes: 0, seed })
    const { client, random } = cluster
    const hard = 12
    await client.create(resourceQuotas, { metadata: { name: 'q', namespace: 'default' }, spec: { hard: { configmaps: String(hard) } } })
    const used = () => Number(cluster.lister(resourceQuotas).get('default/q')!.status.used?.['configmaps'])
    await cluster.until(() => used() === 1, 10 * SECOND)
    const there = () => cluster.lister(configMaps).list('default')
    let [made, refused, most] = [0, 0, 0]
    const calls: Promise<unknown>[] = []
    for (let step = 0; step < 150; step++) {
      for (let i = 0; i < 4; i++) {
        const name = `c-${Math.floor(random.next() * 30)}`
        const call = random.next() < 0.6 ? client.create(configMaps, { metadata: { name, namespace: 'default' } }) : undefined
        calls.push(
          (call ?? client.delete(configMaps, { namespace: 'default', name })).then(
            () => void (call && made++),
            (error: { readonly reason?: string }) => {
              if (error.reason === 'Forbidden') refused++
              else assert.match(error.reason ?? '', /^(AlreadyExists|NotFound)$/)
            },
          ),
        )
      }
      await cluster.advance(Math.floor(random.next() * 200))
      most = Math.max(most, there().length)
    }
    await Promise.all(calls)
    assert.deepEqual([most <= hard, made > hard, refused > 0], [true, true, true])
    await cluster.until(() => used() === there().length, 10 * SECOND)
  })
