import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Node } from '#api/core/v1/node.ts'
import { seededRandom } from '#base/random.ts'
import { milli, whole } from './amounts.ts'
import { decide, feasibleEnough } from './cycle.ts'
import { fitErrorMessage } from './fit-error.ts'
import { podInfo } from './pod-info.ts'
import { defaultPlugins } from './profile.ts'
import { Snapshot } from './snapshot.ts'
import { node, pod } from './test-cluster.ts'

/** The chosen node, or the message that says why there is none. */
function outcome(incoming: Pod, cluster: readonly Node[], existing: readonly Pod[] = []): string {
  const snapshot = new Snapshot()
  for (const n of cluster) snapshot.setNode(n)
  for (const p of existing) snapshot.setPod(podInfo(p), p.spec.nodeName!)
  const decision = decide(defaultPlugins, podInfo(incoming), snapshot, 0, seededRandom(1))
  if (decision.type === 'place') return decision.node.name
  return decision.type === 'refuse' ? fitErrorMessage(decision.diagnosis) : 'no nodes'
}

const three = [node('a', {}, { zone: 'x' }), node('b', {}, { zone: 'x' }), node('c', {}, { zone: 'y' })]

test('quantities are read as upstream rounds them', () => {
  deepEqual(
    [
      milli('100m'),
      milli('0.1'),
      milli('1.5'),
      milli('1n'),
      whole('1Ki'),
      whole('1.5Gi'),
      whole('1e3'),
      whole('128974848'),
      whole('1500m'),
    ],
    [100, 100, 1500, 1, 1024, 1610612736, 1000, 128974848, 2],
  )
})

test('as many nodes are looked at as upstream would', () => {
  deepEqual([10, 100, 200, 1000, 5000, 15000].map(feasibleEnough), [10, 100, 100, 420, 500, 750])
})

test('a cordoned node takes only pods that tolerate it', () => {
  const cordoned = [node('a', { unschedulable: true })]
  equal(outcome(pod('p'), cordoned), '0/1 nodes are available: 1 node(s) were unschedulable.')
  equal(outcome(pod('p', {}, { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] }), cordoned), 'a')
})

test('a node selector leaves only nodes with the label', () => {
  equal(outcome(pod('p', {}, { nodeSelector: { zone: 'y' } }), three), 'c')
  equal(
    outcome(pod('p', {}, { nodeSelector: { zone: 'z' } }), three),
    "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
  )
})

test('affinity by name looks at the named node only and says so of the others', () => {
  const affinity = (name: string) => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: [name] }] }],
      },
    },
  })
  equal(outcome(pod('p', {}, { affinity: affinity('b') }), three), 'b')
  equal(
    outcome(pod('p', { cpu: '5' }, { affinity: affinity('b') }), three),
    "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
  )
})

test('two pods cannot have one host port', () => {
  const withPort = (name: string, more: Partial<Pod['spec']> = {}) =>
    pod(name, {}, { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }], ...more } as Partial<Pod['spec']>)
  equal(
    outcome(withPort('p'), [node('a')], [withPort('q', { nodeName: 'a' })]),
    "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
  )
})

test('init containers, sidecars, overhead and extended resources count as the kubelet will need them', () => {
  const p = pod('p', {}, {
    initContainers: [
      { name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
      { name: 'big', resources: { requests: { cpu: '3' } } },
    ],
    containers: [{ name: 'c', resources: { requests: { cpu: '2', 'example.com/gpu': '1' } } }],
    overhead: { cpu: '250m' },
  } as Partial<Pod['spec']>)
  const { requests } = podInfo(p)
  deepEqual([requests.milliCpu, [...requests.scalars]], [4250, [['example.com/gpu', 1]]])
  equal(outcome(p, [node('a')]), '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient example.com/gpu.')
})

test('the emptier node wins', () => {
  equal(outcome(pod('p', { cpu: '1' }), [node('a'), node('b')], [pod('q', { cpu: '2' }, { nodeName: 'a' })]), 'b')
})

test('a discouraging taint loses to none', () => {
  const taints = [{ key: 'k', effect: 'PreferNoSchedule' as const }]
  equal(outcome(pod('p'), [node('a', { taints }), node('b')]), 'b')
})

test('a node that has the large image is preferred', () => {
  const withImage = node('b')
  const big = { ...withImage, status: { ...withImage.status, images: [{ names: ['app:latest'], sizeBytes: 900 * 2 ** 20 }] } } as Node
  equal(outcome(pod('p'), [node('a'), big]), 'b')
})

test('topology spread keeps within the skew, across zones', () => {
  const constraint = {
    maxSkew: 1,
    topologyKey: 'zone',
    whenUnsatisfiable: 'DoNotSchedule' as const,
    labelSelector: { matchLabels: { app: 'a' } },
  }
  const p = (name: string, spec: Partial<Pod['spec']> = {}) =>
    pod(name, {}, { topologySpreadConstraints: [constraint], ...spec }, { labels: { app: 'a' } })
  equal(outcome(p('p'), three, [p('q', { nodeName: 'a' })]), 'c')
  equal(
    outcome(p('p', { nodeSelector: { zone: 'x' }, topologySpreadConstraints: [{ ...constraint, nodeAffinityPolicy: 'Ignore' }] }), three, [
      p('q', { nodeName: 'a' }),
    ]),
    "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 2 node(s) didn't match pod topology spread constraints.",
  )
})

test('required anti-affinity holds both ways', () => {
  const affinity = {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchLabels: { app: 'a' } } }],
    },
  }
  const existing = pod('q', {}, { nodeName: 'a', affinity }, { labels: { app: 'a' } })
  equal(outcome(pod('p', {}, { affinity }, { labels: { app: 'a' } }), three, [existing]), 'c')
  equal(
    outcome(pod('p', {}, {}, { labels: { app: 'a' } }), three.slice(0, 2), [existing]),
    "0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules.",
  )
})

test('required affinity follows its pod, and the first of a group goes anywhere', () => {
  const affinity = {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchLabels: { app: 'a' } } }],
    },
  }
  equal(outcome(pod('p', {}, { affinity }), three, [pod('q', {}, { nodeName: 'c' }, { labels: { app: 'a' } })]), 'c')
  equal(outcome(pod('p', {}, { affinity }), three), "0/3 nodes are available: 3 node(s) didn't match pod affinity rules.")
  equal(
    three.some((n) => n.metadata.name === outcome(pod('p', {}, { affinity }, { labels: { app: 'a' } }), three)),
    true,
  )
})

test('pods of one Service spread over nodes and zones without being asked to', () => {
  const metadata = { labels: { app: 'web' } }
  const snapshot = new Snapshot(undefined, () => (labels) => labels['app'] === 'web')
  for (const name of ['a1', 'a2', 'b1']) snapshot.setNode(node(name, {}, { 'topology.kubernetes.io/zone': name[0]! }))
  for (const nodeName of ['a1', 'a2']) snapshot.setPod(podInfo(pod(`on-${nodeName}`, {}, { nodeName }, metadata)), nodeName)
  const decision = decide(defaultPlugins, podInfo(pod('p', {}, {}, metadata)), snapshot, 0, seededRandom(1))
  equal(decision.type === 'place' && decision.node.name, 'b1')
})
