import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import type { Lease } from '#api/coordination/v1/lease.ts'
import type { Event } from '#api/core/v1/event.ts'
import type { Node } from '#api/core/v1/node.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { simulatedRuntime, type SimulatedOptions } from '#runtime/simulated/simulated-runtime.ts'
import { runKubelet } from './kubelet.ts'
import { standInApi } from './stand-in-api.ts'

async function node(options: Partial<SimulatedOptions> = {}) {
  const clock = new VirtualClock()
  const api = standInApi(clock)
  const runtime = simulatedRuntime({ clock, podCidr: '10.244.1.0/24', ...options })
  const stop = new AbortController()
  const running = runKubelet(
    {
      client: api.client,
      informers: api.informers,
      runtime,
      clock,
      random: seededRandom(1),
      log: silentLog,
      nodeName: 'n1',
      nodeAddresses: ['192.0.2.1'],
    },
    stop.signal,
  )
  await clock.advance(100)
  return {
    clock,
    api,
    runtime,
    pod: (name = 'web') => api.get<Pod>('pods', `default/${name}`),
    reasons: () => api.list<Event>('events').map((e) => `${e.reason} ${e.count}`),
    messages: () => api.list<Event>('events').map((e) => `${e.type} ${e.reason} ${e.involvedObject.fieldPath ?? '-'} ${e.message}`),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await clock.advance(1000)
      await running
    },
  }
}

function pod(spec: object = {}, metadata: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', uid: 'u1', generation: 1, ...metadata },
    spec: {
      nodeName: 'n1',
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      containers: [{ name: 'app', image: 'busybox:1', imagePullPolicy: 'IfNotPresent', resources: {} }],
      ...spec,
    },
    status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] },
  }
}

const container = (more: object) => ({ name: 'app', image: 'busybox:1', imagePullPolicy: 'IfNotPresent', resources: {}, ...more })

test('a pod is pulled, created and started, and its status says so as upstream does', async () => {
  await using n = await node()
  n.api.put(pods, pod())
  await n.clock.advance(5_000)
  deepEqual(n.pod()!.status, {
    phase: 'Running',
    conditions: [
      { type: 'PodReadyToStartContainers', observedGeneration: 1, status: 'True', lastTransitionTime: '2026-01-01T00:00:01Z' },
      { type: 'Initialized', observedGeneration: 1, status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
      { type: 'Ready', observedGeneration: 1, status: 'True', lastTransitionTime: '2026-01-01T00:00:01Z' },
      { type: 'ContainersReady', observedGeneration: 1, status: 'True', lastTransitionTime: '2026-01-01T00:00:01Z' },
      { type: 'PodScheduled', observedGeneration: 1, status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
    ],
    observedGeneration: 1,
    hostIP: '192.0.2.1',
    hostIPs: [{ ip: '192.0.2.1' }],
    podIP: '10.244.1.2',
    podIPs: [{ ip: '10.244.1.2' }],
    startTime: '2026-01-01T00:00:00Z',
    containerStatuses: [
      {
        name: 'app',
        state: { running: { startedAt: '2026-01-01T00:00:01Z' } },
        lastState: {},
        ready: true,
        restartCount: 0,
        image: 'busybox:1',
        imageID: n.pod()!.status.containerStatuses![0]!.imageID,
        containerID: n.pod()!.status.containerStatuses![0]!.containerID,
        started: true,
        resources: {},
      },
    ],
    qosClass: 'BestEffort',
  })
  deepEqual(n.messages(), [
    'Normal Starting - Starting kubelet.',
    'Normal NodeHasSufficientMemory - Node n1 status is now: NodeHasSufficientMemory',
    'Normal NodeHasNoDiskPressure - Node n1 status is now: NodeHasNoDiskPressure',
    'Normal NodeHasSufficientPID - Node n1 status is now: NodeHasSufficientPID',
    'Normal NodeAllocatableEnforced - Updated Node Allocatable limit across pods',
    'Normal Pulling spec.containers{app} Pulling image "busybox:1"',
    'Normal Pulled spec.containers{app} Successfully pulled image "busybox:1" in 1s (1s including waiting). Image size: 5000000 bytes.',
    'Normal Created spec.containers{app} Container created',
    'Normal Started spec.containers{app} Container started',
  ])
})

test('a deleted pod stops, releases and finishes, in that order', async () => {
  await using n = await node({ behaviour: () => ({ stopMs: 4_000 }) })
  n.api.put(pods, pod())
  await n.clock.advance(5_000)
  n.api.deletePod('default/web')
  await n.clock.advance(3_000)
  equal(n.pod()?.status.phase, 'Running')
  await n.clock.advance(2_000)
  equal(n.pod(), undefined)
  deepEqual(await n.runtime.listSandboxes(), [])
  deepEqual(await n.runtime.listContainers(), [])
  ok(n.messages().includes('Normal Killing spec.containers{app} Stopping container app'))
})

test('a grace period that is cut short takes effect while the pod is ending', async () => {
  await using n = await node({ behaviour: () => ({ stopMs: 1_000_000 }) })
  n.api.put(pods, pod())
  await n.clock.advance(5_000)
  n.api.deletePod('default/web')
  await n.clock.advance(1_000)
  n.api.deletePod('default/web', 2)
  await n.clock.advance(3_000)
  equal(n.pod(), undefined)
})

test('a failing container is restarted after ever longer pauses', async () => {
  await using n = await node()
  n.api.put(pods, pod({}, { annotations: { 'simulated.k8ts.dev/runSeconds': '1', 'simulated.k8ts.dev/exitCode': '3' } }))
  await n.clock.advance(8_000)
  const status = n.pod()!.status.containerStatuses![0]!
  deepEqual(status.state, {
    waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container=app pod=web_default(u1)' },
  })
  equal(status.restartCount, 1)
  equal(status.lastState.terminated?.exitCode, 3)
  equal(status.lastState.terminated?.reason, 'Error')
  equal(n.pod()!.status.phase, 'Running')
  await n.clock.advance(10_000)
  equal(n.pod()!.status.containerStatuses![0]!.restartCount, 2)
  await n.clock.advance(20_000)
  equal(n.pod()!.status.containerStatuses![0]!.restartCount, 3)
  ok(n.messages().includes('Warning BackOff spec.containers{app} Back-off restarting failed container app in pod web_default(u1)'))
})

test('a pod that never restarts succeeds or fails by its exit codes', async () => {
  await using n = await node()
  n.api.put(pods, pod({ restartPolicy: 'Never' }, { annotations: { 'simulated.k8ts.dev/runSeconds': '1' } }))
  n.api.put(
    pods,
    pod(
      { restartPolicy: 'Never' },
      { name: 'bad', uid: 'u2', annotations: { 'simulated.k8ts.dev/runSeconds': '1', 'simulated.k8ts.dev/exitCode': '1' } },
    ),
  )
  await n.clock.advance(10_000)
  equal(n.pod()!.status.phase, 'Succeeded')
  equal(n.pod()!.status.conditions!.find((c) => c.type === 'Ready')?.reason, 'PodCompleted')
  equal(n.pod('bad')!.status.phase, 'Failed')
  equal(n.pod('bad')!.status.containerStatuses![0]!.state.terminated?.reason, 'Error')
})

test('init containers run one after the other, and a sidecar stays while the pod lives', async () => {
  await using n = await node()
  n.api.put(
    pods,
    pod(
      {
        restartPolicy: 'Never',
        initContainers: [container({ name: 'first' }), container({ name: 'side', restartPolicy: 'Always' }), container({ name: 'second' })],
      },
      {
        annotations: {
          'simulated.k8ts.dev/runSeconds.first': '5',
          'simulated.k8ts.dev/runSeconds.second': '5',
          'simulated.k8ts.dev/runSeconds.app': '5',
        },
      },
    ),
  )
  await n.clock.advance(4_000)
  equal(n.pod()!.status.phase, 'Pending')
  deepEqual(n.pod()!.status.containerStatuses![0]!.state, { waiting: { reason: 'PodInitializing' } })
  const initialized = n.pod()!.status.conditions!.find((c) => c.type === 'Initialized')
  equal(initialized?.message, 'containers with incomplete status: [first side second]')
  await n.clock.advance(4_000)
  ok(n.pod()!.status.initContainerStatuses![1]!.state.running)
  await n.clock.advance(6_000)
  equal(n.pod()!.status.phase, 'Running')
  await n.clock.advance(10_000)
  equal(n.pod()!.status.phase, 'Succeeded')
  ok(n.pod()!.status.initContainerStatuses![1]!.state.terminated)
})

test('a container that the runtime lost counts as restarted once', async () => {
  await using n = await node()
  const running = { state: { running: { startedAt: '2025-12-31T00:00:00Z' } }, lastState: {}, ready: true, started: true, restartCount: 4 }
  const status = { name: 'app', image: 'busybox:1', imageID: 'i', containerID: 'containerd://gone', ...running }
  n.api.put(pods, { ...pod(), status: { phase: 'Running', startTime: '2025-12-31T00:00:00Z', containerStatuses: [status] } })
  await n.clock.advance(5_000)
  const { state, restartCount, lastState } = n.pod()!.status.containerStatuses![0]!
  deepEqual(
    { running: state.running !== undefined, restartCount, lost: lastState.terminated?.reason },
    { running: true, restartCount: 5, lost: 'ContainerStatusUnknown' },
  )
})

test('a container that is not ready holds the pod back, and one that is not live is restarted', async () => {
  await using n = await node()
  const probe = { httpGet: { path: '/', port: 80 }, periodSeconds: 1, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 }
  n.api.put(pods, pod({ containers: [container({ readinessProbe: probe })] }, { annotations: { 'simulated.k8ts.dev/ready': 'false' } }))
  n.api.put(
    pods,
    pod(
      { containers: [container({ livenessProbe: probe })] },
      { name: 'dead', uid: 'u2', annotations: { 'simulated.k8ts.dev/live': 'false' } },
    ),
  )
  n.api.put(
    pods,
    pod({ containers: [container({ readinessProbe: probe, livenessProbe: probe, startupProbe: probe })] }, { name: 'good', uid: 'u3' }),
  )
  await n.clock.advance(8_000)
  equal(n.pod()!.status.containerStatuses![0]!.ready, false)
  equal(n.pod()!.status.conditions!.find((c) => c.type === 'Ready')?.message, 'containers with unready status: [app]')
  equal(n.pod('dead')!.status.containerStatuses![0]!.restartCount, 1)
  equal(n.pod('good')!.status.containerStatuses![0]!.ready, true)
  const told = n.messages()
  ok(told.includes('Warning Unhealthy spec.containers{app} Readiness probe failed: the simulated container says no'))
  ok(told.includes('Normal Killing spec.containers{app} Container app failed liveness probe, will be restarted'))
})

test('an image that cannot be pulled says ErrImagePull, then ImagePullBackOff', async () => {
  await using n = await node({ pullFailure: () => 'no such image' })
  n.api.put(pods, pod())
  await n.clock.advance(1_500)
  deepEqual(n.pod()!.status.containerStatuses![0]!.state.waiting, { reason: 'ErrImagePull', message: 'no such image' })
  await n.clock.advance(60_000)
  deepEqual(n.pod()!.status.containerStatuses![0]!.state.waiting?.reason, 'ImagePullBackOff')
  n.api.put(pods, pod({ containers: [container({ imagePullPolicy: 'Never' })] }, { name: 'never', uid: 'u2' }))
  await n.clock.advance(1_000)
  deepEqual(n.pod('never')!.status.containerStatuses![0]!.state.waiting, {
    reason: 'ErrImageNeverPull',
    message: 'Container image "busybox:1" is not present with pull policy of Never',
  })
})

test('a missing ConfigMap keeps a container from being created until it is there', async () => {
  await using n = await node()
  n.api.put(pods, pod({ containers: [container({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'k' } } }] })] }))
  await n.clock.advance(3_000)
  deepEqual(n.pod()!.status.containerStatuses![0]!.state.waiting, {
    reason: 'CreateContainerConfigError',
    message: 'configmap "cm" not found',
  })
  n.api.put({ plural: 'configmaps' }, { metadata: { name: 'cm', namespace: 'default' }, data: { k: 'v' } })
  await n.clock.advance(20_000)
  equal(n.pod()!.status.phase, 'Running')
})

test('a pod that does not fit is rejected', async () => {
  await using n = await node()
  n.api.put(pods, pod({ containers: [container({ resources: { requests: { cpu: '9' } } })] }))
  await n.clock.advance(1_000)
  const { phase, reason, message, containerStatuses } = n.pod()!.status
  deepEqual(
    { phase, reason, message, containerStatuses },
    {
      phase: 'Failed',
      reason: 'OutOfcpu',
      containerStatuses: undefined,
      message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 9000, used: 0, capacity: 8000",
    },
  )
})

test('a pod past its deadline fails', async () => {
  await using n = await node()
  n.api.put(pods, pod({ activeDeadlineSeconds: 10 }))
  await n.clock.advance(15_000)
  deepEqual([n.pod()!.status.phase, n.pod()!.status.reason], ['Failed', 'DeadlineExceeded'])
})

test('a pod past its deadline fails when its containers have ended, not before', async () => {
  await using n = await node({ behaviour: () => ({ stopMs: 8_000 }) })
  n.api.put(pods, pod({ activeDeadlineSeconds: 10 }))
  await n.clock.advance(15_000)
  const { phase, reason, conditions = [] } = n.pod()!.status
  const ready = conditions.find((c) => c.type === 'Ready')
  deepEqual([phase, reason, ready?.status, ready?.reason], ['Running', undefined, 'False', 'PodFailed'])
  await n.clock.advance(10_000)
  deepEqual([n.pod()!.status.phase, n.pod()!.status.reason], ['Failed', 'DeadlineExceeded'])
})

test('the node registers, renews its lease every ten seconds and reports every five minutes', async () => {
  await using n = await node()
  const first = n.api.get<Lease>('leases', 'kube-node-lease/n1')!.spec.renewTime!
  await n.clock.advance(60_000)
  const last = n.api.get<Lease>('leases', 'kube-node-lease/n1')!.spec.renewTime!
  ok(Date.parse(last) - Date.parse(first) >= 49_000)
  const found = n.api.get<Node>('nodes', 'n1')!
  equal(found.status.conditions!.find((c) => c.type === 'Ready')?.reason, 'KubeletReady')
  deepEqual(found.status.capacity, {
    cpu: '8',
    'ephemeral-storage': '104857600Ki',
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: '33554432Ki',
    pods: '110',
  })
})

test('a node that was given up while it was cut off says at its next look that it is ready', async () => {
  await using n = await node()
  await n.clock.advance(60_000)
  const found = n.api.get<Node>('nodes', 'n1')!
  const conditions = found.status.conditions!.map((c) => ({ ...c, status: 'Unknown', reason: 'NodeStatusUnknown' }))
  n.api.put({ plural: 'nodes' }, { ...found, status: { ...found.status, conditions } })
  await n.clock.advance(11_000)
  const ready = n.api.get<Node>('nodes', 'n1')!.status.conditions!.find((c) => c.type === 'Ready')
  deepEqual([ready?.status, ready?.reason], ['True', 'KubeletReady'])
})

test('a node whose state stays the same is not written', async () => {
  await using n = await node()
  await n.clock.advance(60_000)
  const before = n.api.get<Node>('nodes', 'n1')!.metadata.resourceVersion
  await n.clock.advance(120_000)
  equal(n.api.get<Node>('nodes', 'n1')!.metadata.resourceVersion, before)
})

test('a kubelet that starts again finds its pods running and leaves strangers alone', async () => {
  const clock = new VirtualClock()
  const api = standInApi(clock)
  const runtime = simulatedRuntime({ clock })
  const start = () => {
    const stop = new AbortController()
    const parts = {
      client: api.client,
      informers: api.informers,
      runtime,
      clock,
      random: seededRandom(1),
      log: silentLog,
      nodeName: 'n1',
      nodeAddresses: ['192.0.2.1'],
    }
    const running = runKubelet(parts, stop.signal)
    return async () => {
      stop.abort()
      await clock.advance(1_000)
      await running
    }
  }
  const stop = start()
  api.put(pods, pod())
  await clock.advance(5_000)
  const before = api.get<Pod>('pods', 'default/web')!.status.containerStatuses![0]!.containerID
  await stop()
  const strange = runtime.runSandbox(strangeSandbox, '')
  await clock.advance(1_000)
  await strange
  const stopAgain = start()
  await clock.advance(200_000)
  equal(api.get<Pod>('pods', 'default/web')!.status.containerStatuses![0]!.containerID, before)
  equal((await runtime.listSandboxes()).length, 2)
  await stopAgain()
})

const strangeSandbox = {
  identity: { name: 'x', namespace: 'x', uid: 'x', attempt: 0 },
  hostname: 'x',
  logDirectory: '',
  portMappings: [],
  labels: {},
  annotations: {},
  cgroupParent: '',
  sysctls: {},
  namespaces: { network: 'pod', pid: 'container', ipc: 'pod' },
  supplementalGroups: [],
  privileged: false,
  seccomp: { type: 'RuntimeDefault' },
} as const
