/** Pods: what is added, what is refused, what may change. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod, pods } from './pod.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { tableOf } from '#schema/table.ts'
import { validate, validateUpdate } from '#schema/validate.ts'

function pod(spec: object, status: object = {}): Pod {
  const input = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec,
    status,
  }
  return withDefaults(Pod.schema, decode(Pod.schema, input).value) as unknown as Pod
}

const messages = (errors: readonly { readonly message: string }[]) => errors.map((e) => e.message)
const plain = { containers: [{ name: 'c', image: 'nginx' }] }

test("a pod of one container gets upstream's defaults", () => {
  assert.deepEqual(pod(plain).spec, {
    containers: [
      {
        name: 'c',
        image: 'nginx',
        imagePullPolicy: 'Always',
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    dnsPolicy: 'ClusterFirst',
    enableServiceLinks: true,
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  })
})

test('only a moving tag is always pulled', () => {
  const policy = (image: string) => pod({ containers: [{ name: 'c', image }] }).spec.containers[0]!.imagePullPolicy
  assert.deepEqual(
    ['nginx', 'nginx:latest', 'nginx:1', 'host:5000/nginx', 'host:5000/nginx:2', `nginx@sha256:${'a'.repeat(64)}`].map(policy),
    ['Always', 'Always', 'IfNotPresent', 'Always', 'IfNotPresent', 'IfNotPresent'],
  )
})

test("limits become requests, canonical, and host network ports are the host's", () => {
  const { containers } = pod({
    hostNetwork: true,
    containers: [
      {
        name: 'c',
        image: 'a:1',
        ports: [{ containerPort: 80 }],
        resources: { limits: { cpu: '0.5', memory: '1024Ki' }, requests: { cpu: '100m' } },
      },
    ],
  }).spec
  assert.deepEqual(containers[0]!.resources, { limits: { cpu: '500m', memory: '1Mi' }, requests: { cpu: '100m', memory: '1Mi' } })
  assert.deepEqual(containers[0]!.ports, [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }])
})

test('a pod without containers and one with bad ones are refused as upstream does', () => {
  assert.deepEqual(messages(validate(Pod.schema, pod({}))), ['spec.containers: Required value'])
  const bad = pod({
    restartPolicy: 'always',
    containers: [
      { name: 'c', volumeMounts: [{ name: 'q', mountPath: '/x' }], resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } },
      { name: 'c', image: 'a:1', readinessProbe: {} },
    ],
  })
  assert.deepEqual(messages(validate(Pod.schema, bad)), [
    'spec.restartPolicy: Unsupported value: "always": supported values: "Always", "OnFailure", "Never"',
    'spec.containers[0].image: Required value',
    'spec.containers[0].volumeMounts[0].name: Not found: "q"',
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    'spec.containers[1].readinessProbe: Required value: must specify a handler type',
    'spec.containers[1].name: Duplicate value: "c"',
  ])
})

test('of a pod, an update may change the image and little else', () => {
  const old = pod(plain)
  const image = { ...old, spec: { ...old.spec, containers: [{ ...old.spec.containers[0]!, image: 'nginx:2' }] } }
  assert.deepEqual(validateUpdate(Pod.schema, image, old, ''), [])
  const [error] = validateUpdate(Pod.schema, { ...old, spec: { ...old.spec, hostname: 'x' } }, old, '')
  assert.equal(
    error!.message,
    'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n+ spec.hostname: "x"\n',
  )
  assert.equal(validateUpdate(Pod.schema, { ...old, spec: { ...old.spec, nodeName: 'n' } }, old, '').length, 1)
  assert.deepEqual(validateUpdate(Pod.schema, { ...old, spec: { ...old.spec, nodeName: 'n' } }, old, 'binding'), [])
})

test('the status column tells what the containers, taken together, are doing', () => {
  const now = Date.parse('2026-01-01T00:10:00Z')
  const cells = (status: object, spec: object = plain) => tableOf(pods, [pod(spec, status)], now).rows[0]!.cells.slice(1, 4)
  const waiting = (reason: string, more: object = {}) => ({
    name: 'c',
    ready: false,
    restartCount: 0,
    image: '',
    imageID: '',
    state: { waiting: { reason } },
    ...more,
  })
  assert.deepEqual(cells({ phase: 'Pending' }), ['0/1', 'Pending', '0'])
  const crashed = waiting('CrashLoopBackOff', {
    restartCount: 3,
    lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:08:00Z' } },
  })
  assert.deepEqual(cells({ phase: 'Running', containerStatuses: [crashed] }), ['0/1', 'CrashLoopBackOff', '3 (2m ago)'])
  const init = {
    ...plain,
    initContainers: [
      { name: 'i', image: 'a:1' },
      { name: 'j', image: 'a:1' },
    ],
  }
  assert.deepEqual(cells({ phase: 'Pending', initContainerStatuses: [{ ...waiting('PodInitializing'), name: 'i' }] }, init), [
    '0/1',
    'Init:0/2',
    '0',
  ])
  assert.deepEqual(
    cells({ phase: 'Pending', initContainerStatuses: [{ ...waiting(''), name: 'i', state: { terminated: { exitCode: 2 } } }] }, init),
    ['0/1', 'Init:ExitCode:2', '0'],
  )
  const running = {
    name: 'c',
    ready: true,
    restartCount: 0,
    image: '',
    imageID: '',
    state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
  }
  assert.deepEqual(cells({ phase: 'Running', containerStatuses: [running] }), ['1/1', 'Running', '0'])
})
