/** Random doings on a cluster: whatever happened, once it is left alone it must come to what its objects ask for. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments } from '#api/apps/v1/deployment.ts'
import { replicaSets } from '#api/apps/v1/replica-set.ts'
import { nodes } from '#api/core/v1/node.ts'
import { pods } from '#api/core/v1/pod.ts'
import { services } from '#api/core/v1/service.ts'
import { endpointSlices } from '#api/discovery/v1/endpoint-slice.ts'
import { seededRandom } from '#base/random.ts'
import { isReason } from '#client/client.ts'
import { startCluster, type TestCluster } from '#testing/cluster.ts'
import { deployment, isReady, podsOf } from './workloads.ts'

const SECOND = 1_000
const NODES = 4
const STEPS = 40
const APPS = ['a', 'b', 'c']
const SEEDS = (process.env['CHAOS_SEEDS'] ?? '1,2,3').split(',').map(Number)

for (const seed of SEEDS)
  test(`left alone after doings of seed ${seed}, everything is as asked for`, async () => {
    await using cluster = await startCluster({ nodes: NODES, seed })
    const doings = await disturb(cluster, seed)
    for (let n = 0; n < NODES; n++) cluster.node(`node-${n}`).start()
    await cluster.advance(900 * SECOND)
    assert.deepEqual(complaints(cluster), [], doings.join('\n'))
  })

async function disturb(cluster: TestCluster, seed: number): Promise<readonly string[]> {
  const random = seededRandom(seed * 7919)
  const below = (n: number) => Math.floor(random.next() * n)
  const { client } = cluster
  const doings: string[] = []
  for (const app of APPS)
    await client.create(services, {
      metadata: { name: app, namespace: 'default' },
      spec: { selector: { app }, ports: [{ port: 80, targetPort: 8080 }] },
    })

  const acts: Readonly<Record<string, (app: string) => Promise<unknown>>> = {
    create: (app) =>
      client.create(deployments, deployment(app, below(12), { annotations: { 'simulated.k8ts.dev/stopSeconds': String(below(40)) } })),
    scale: (app) => client.patch(deployments, named(app), 'application/merge-patch+json', { spec: { replicas: below(12) } }),
    image: (app) =>
      client.patch(deployments, named(app), 'application/json-patch+json', [
        { op: 'replace', path: '/spec/template/spec/containers/0/image', value: `app:${below(4)}` },
      ]),
    delete: (app) =>
      client.delete(deployments, named(app), { propagationPolicy: (['Background', 'Foreground', 'Orphan'] as const)[below(3)]! }),
    kill: async (app) => {
      const all = podsOf(cluster, app)
      const victim = all[below(all.length)]
      if (victim !== undefined) await client.delete(pods, named(victim.metadata.name), { gracePeriodSeconds: [0, 1, 30][below(3)]! })
    },
    crash: async (app) => {
      const all = podsOf(cluster, app)
      const victim = all[below(all.length)]
      const id = victim?.status.containerStatuses?.[0]?.containerID?.split('//')[1]
      if (id !== undefined) cluster.node(victim!.spec.nodeName!).runtime.exit(id, 1)
    },
    stop: async () => cluster.node(`node-${below(NODES)}`).stop(),
    start: async () => cluster.node(`node-${below(NODES)}`).start(),
    cordon: () => client.patch(nodes, { name: `node-${below(NODES)}` }, 'application/merge-patch+json', { spec: { unschedulable: true } }),
    uncordon: () =>
      client.patch(nodes, { name: `node-${below(NODES)}` }, 'application/merge-patch+json', { spec: { unschedulable: null } }),
  }
  // What ends an application is rare, or there would be little to disturb.
  const names = Object.keys(acts).flatMap((name) => Array.from({ length: name === 'delete' ? 1 : 3 }, () => name))
  for (const app of APPS) await acts['create']!(app)
  for (let step = 0; step < STEPS; step++) {
    const act = names[below(names.length)]!
    const app = APPS[below(APPS.length)]!
    doings.push(`${new Date(cluster.clock.now()).toISOString()} ${act} ${app}`)
    await acts[act]!(app).catch((error: unknown) => {
      if (!isReason(error, 'NotFound') && !isReason(error, 'AlreadyExists') && !isReason(error, 'Conflict')) throw error
    })
    await cluster.advance([0, 50, 700, 5 * SECOND, 60 * SECOND, 200 * SECOND][below(6)]!)
  }
  for (let n = 0; n < NODES; n++)
    await client.patch(nodes, { name: `node-${n}` }, 'application/merge-patch+json', { spec: { unschedulable: null } })
  return doings
}

const named = (name: string) => ({ namespace: 'default', name })

/** What is not as it should be in a cluster that has come to rest. */
function complaints(cluster: TestCluster): readonly string[] {
  const found: string[] = []
  const nodeNames = new Set<string>()
  for (const node of cluster.lister(nodes).list()) {
    nodeNames.add(node.metadata.name)
    if (node.spec.taints !== undefined) found.push(`${node.metadata.name} is tainted: ${JSON.stringify(node.spec.taints)}`)
  }
  for (const d of cluster.lister(deployments).list()) {
    const { replicas = 0 } = d.spec
    const { name, generation } = d.metadata
    const { status } = d
    if (status.observedGeneration !== generation) found.push(`${name} is not observed: ${status.observedGeneration} of ${generation}`)
    for (const count of ['replicas', 'readyReplicas', 'updatedReplicas', 'availableReplicas'] as const)
      if ((status[count] ?? 0) !== replicas) found.push(`${name}: ${count} is ${status[count]}, not ${replicas}`)
    const image = d.spec.template.spec.containers[0]!.image
    const own = cluster.lister(replicaSets).by('owner', d.metadata.uid)
    const running = own.flatMap((rs) => cluster.lister(pods).by('owner', rs.metadata.uid))
    if (running.length !== replicas) found.push(`${name} has ${running.length} pods, not ${replicas}`)
    for (const p of running)
      if (p.spec.containers[0]!.image !== image) found.push(`${p.metadata.name} runs ${p.spec.containers[0]!.image}, not ${image}`)
  }
  for (const rs of cluster.lister(replicaSets).list())
    if ((rs.status.replicas ?? 0) !== (rs.spec.replicas ?? 1))
      found.push(`${rs.metadata.name} has ${rs.status.replicas} of ${rs.spec.replicas}`)
  for (const p of cluster.lister(pods).list()) {
    if (p.metadata.deletionTimestamp !== undefined) found.push(`${p.metadata.name} is still being deleted`)
    if (!isReady(p)) found.push(`${p.metadata.name} is not ready: ${JSON.stringify(p.status)}`)
    if (!nodeNames.has(p.spec.nodeName ?? '')) found.push(`${p.metadata.name} is on ${p.spec.nodeName}`)
    for (const owner of p.metadata.ownerReferences ?? [])
      if (
        !cluster
          .lister(replicaSets)
          .list()
          .some((rs) => rs.metadata.uid === owner.uid)
      )
        found.push(`${p.metadata.name} has lost its owner`)
  }
  for (const app of APPS) {
    const addresses = podsOf(cluster, app)
      .filter(isReady)
      .map((p) => p.status.podIP!)
      .toSorted()
    if (new Set(addresses).size !== addresses.length) found.push(`addresses of ${app} are not its own: ${addresses.join()}`)
    const served = cluster
      .lister(endpointSlices)
      .list()
      .filter((s) => s.metadata.labels?.['kubernetes.io/service-name'] === app)
      .flatMap((s) => s.endpoints ?? [])
      .filter((e) => e.conditions?.ready)
      .flatMap((e) => e.addresses)
      .toSorted()
    if (served.join() !== addresses.join()) found.push(`service ${app} reaches ${served.join()}, not ${addresses.join()}`)
  }
  return found
}
