import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Action } from './controller.ts'
import { endpointSliceController } from './endpointslice.ts'
import { endpointsController } from './endpoints.ts'
import { reachedPods } from './service-endpoints.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')

function service(spec: Partial<Service['spec']> = {}): Service {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'svc', labels: { team: 'a' } },
    spec: {
      selector: { app: 'web' },
      clusterIP: '10.96.0.9',
      ipFamilies: ['IPv4'],
      ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 'http' }],
      ...spec,
    },
  } as unknown as Service
}

interface State {
  readonly ready?: boolean
  readonly leaving?: boolean
  readonly phase?: string
  readonly port?: number
}

function pod(index: number, { ready = true, leaving = false, phase = 'Running', port = 8080 }: State = {}): Pod {
  const name = `web-${String(index).padStart(4, '0')}`
  return {
    metadata: { name, namespace: 'default', uid: name, labels: { app: 'web' }, ...(leaving && { deletionTimestamp: 'soon' }) },
    spec: { nodeName: 'n1', containers: [{ name: 'main', ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }] }] },
    status: { phase, podIP: `10.244.${index >> 8}.${index & 255}`, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  } as unknown as Pod
}

const node = { metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'a' } } }
const reached = (of: Service, pods: readonly Pod[]) => reachedPods(of, { of: () => ({ by: () => pods }), get: () => node } as never)

/** What the slices are after the plan, as the server would keep them. */
function apply(slices: readonly EndpointSlice[], actions: readonly Action[]): readonly EndpointSlice[] {
  const kept = new Map(slices.map((s) => [s.metadata.uid, s]))
  for (const action of actions) {
    if (action.type === 'delete') kept.delete(action.uid)
    if (action.type === 'update') kept.set(action.object.metadata.uid, action.object as EndpointSlice)
    if (action.type === 'create') {
      const uid = `s${kept.size}-${action.resource.plural}`
      kept.set(uid, { ...action.object, metadata: { ...action.object.metadata, name: uid, uid } } as unknown as EndpointSlice)
    }
  }
  return [...kept.values()]
}

const decide = (of: Service, pods: readonly Pod[], slices: readonly EndpointSlice[] = []) =>
  endpointSliceController.decide({ service: of, reached: reached(of, pods), slices }, NOW).actions

const pods = (count: number) => Array.from({ length: count }, (_, i) => pod(i))

test('a slice tells where a pod is and in what state', () => {
  const of = service()
  const [slice] = apply([], decide(of, [pod(1), pod(2, { ready: false }), pod(3, { leaving: true }), pod(4, { phase: 'Failed' })]))
  deepEqual(slice?.metadata.labels, {
    team: 'a',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  })
  deepEqual(slice?.ports, [{ name: 'http', protocol: 'TCP', port: 8080 }])
  deepEqual(slice?.endpoints?.[0], {
    addresses: ['10.244.0.1'],
    conditions: { ready: true, serving: true, terminating: false },
    targetRef: { kind: 'Pod', namespace: 'default', name: 'web-0001', uid: 'web-0001' },
    nodeName: 'n1',
    zone: 'a',
  })
  deepEqual(
    slice?.endpoints?.slice(1).map((e) => e.conditions),
    [
      { ready: false, serving: false, terminating: false },
      { ready: false, serving: true, terminating: true },
    ],
  )
})

test('pods whose named port differs are told apart', () => {
  const slices = apply([], decide(service(), [pod(1), pod(2, { port: 9090 })]))
  deepEqual(slices.map((s) => [s.ports?.[0]?.port, s.endpoints?.length]).toSorted(), [
    [8080, 1],
    [9090, 1],
  ])
})

test('no slice holds more than a hundred, and nothing is written when nothing changed', () => {
  const of = service()
  const slices = apply([], decide(of, pods(250)))
  deepEqual(
    slices.map((s) => s.endpoints?.length),
    [100, 100, 50],
  )
  deepEqual(decide(of, pods(250), slices), [])
})

test('a change of one pod rewrites its slice alone; a new pod fills the room there is', () => {
  const of = service()
  const slices = apply([], decide(of, pods(250)))
  const oneNotReady = decide(of, [...pods(249), pod(249, { ready: false })], slices)
  deepEqual(
    oneNotReady.map((a) => a.type === 'update' && a.object.metadata.uid),
    [slices[2]!.metadata.uid],
  )
  const oneMore = decide(of, pods(251), slices)
  deepEqual(
    oneMore.map((a) => a.type === 'update' && (a.object as EndpointSlice).endpoints?.length),
    [51],
  )
  deepEqual(
    apply(slices, decide(of, pods(100), slices)).map((s) => s.endpoints?.length),
    [100],
  )
})

test('a Service without pods keeps one empty slice', () => {
  const of = service()
  const empty = apply([], decide(of, []))
  deepEqual(
    empty.map((s) => s.endpoints),
    [[]],
  )
  deepEqual(decide(of, [], empty), [])
  deepEqual(
    apply(empty, decide(of, pods(1), empty)).map((s) => s.endpoints?.length),
    [1],
  )
  const emptied = apply(apply([], decide(of, pods(3))), decide(of, [], apply([], decide(of, pods(3)))))
  deepEqual(
    emptied.map((s) => s.endpoints?.length),
    [0],
  )
})

test('published before ready, all pods count as ready; headless Services say that they are', () => {
  const of = service({ publishNotReadyAddresses: true, clusterIP: 'None' })
  const [slice] = apply([], decide(of, [pod(1, { ready: false }), pod(2, { leaving: true })]))
  deepEqual(
    slice?.endpoints?.map((e) => e.conditions.ready),
    [true, true],
  )
  equal(slice?.metadata.labels?.['service.kubernetes.io/headless'], '')
})

test('Endpoints hold the ready apart from those that are not, and leave out those on their way out', () => {
  const of = service()
  const { actions } = endpointsController.decide(
    { service: of, reached: reached(of, [pod(1), pod(2, { ready: false }), pod(3, { leaving: true })]), current: undefined },
    NOW,
  )
  const made = actions[0]
  const subsets =
    made?.type === 'create'
      ? (
          made.object as unknown as {
            subsets: readonly { addresses: readonly { ip: string }[]; notReadyAddresses: readonly { ip: string }[]; ports: unknown }[]
          }
        ).subsets
      : []
  deepEqual(
    subsets.map((s) => [s.addresses.map((a) => a.ip), s.notReadyAddresses.map((a) => a.ip), s.ports]),
    [[['10.244.0.1'], ['10.244.0.2'], [{ name: 'http', port: 8080, protocol: 'TCP' }]]],
  )
})
