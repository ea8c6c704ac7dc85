/** Pods by their other paths: resize and status. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { qosClass } from './pod-qos.ts'
import { Pod } from './pod.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { validateUpdate } from '#schema/validate.ts'

function pod(spec: object, status: object = {}): Pod {
  const metadata = { name: 'web', namespace: 'default', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' }
  const input = { apiVersion: 'v1', kind: 'Pod', metadata, spec, status }
  return withDefaults(Pod.schema, decode(Pod.schema, input).value) as unknown as Pod
}

const container = (name: string, requests: object, limits: object = {}) => ({ name, image: 'nginx', resources: { requests, limits } })
const errors = (now: Pod, old: Pod, subresource: string) => validateUpdate(Pod.schema, now, old, subresource).map((e) => e.message)
const refused = (old: readonly object[], now: readonly object[], status: object = {}) =>
  errors(pod({ containers: now }, status), pod({ containers: old }, status), 'resize')

test('a resize changes cpu and memory within the quality of service', () => {
  assert.deepEqual(refused([container('a', { cpu: '1' })], [container('a', { cpu: '2', memory: '1Gi' })]), [])
  assert.deepEqual(refused([container('a', {})], [container('a', { cpu: '1' })], { qosClass: 'BestEffort' }), [
    'spec: Invalid value: "BestEffort": Pod QOS Class may not change as a result of resizing',
  ])
})

test('a resize takes nothing away and touches nothing else', () => {
  assert.deepEqual(refused([container('a', { cpu: '1' }, { cpu: '2' })], [container('a', {})], { qosClass: 'Burstable' }), [
    'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
    'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
    'spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
  ])
  assert.deepEqual(refused([container('a', { cpu: '1' })], [container('a', { cpu: '1', 'ephemeral-storage': '1Gi' })]), [
    'spec: Forbidden: only cpu and memory resources are mutable',
  ])
})

test('a resize names the same containers in the same order', () => {
  const [a, b] = [container('a', { cpu: '1' }), container('b', { cpu: '1' })]
  assert.deepEqual(refused([a, b], [b, a]), [
    'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize',
    'spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize',
  ])
  assert.deepEqual(refused([a, b], [a]), ['spec.containers: Forbidden: containers may not be added or removed on resize'])
})

test('a resize reaches init containers but for those that would have to restart, and needs a node that can do it', () => {
  const init = (cpu: string, policy: object = {}) => ({
    containers: [container('a', { cpu: '1' })],
    initContainers: [{ ...container('i', { cpu }), ...policy }],
  })
  assert.deepEqual(errors(pod(init('2')), pod(init('1')), 'resize'), [])
  const restart = { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }
  assert.deepEqual(errors(pod(init('2', restart)), pod(init('1', restart)), 'resize'), [
    'spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy of RestartContainer cannot be resized',
  ])
  const running = { containerStatuses: [{ name: 'a', state: { running: {} }, ready: true, restartCount: 0, image: 'i', imageID: 'i' }] }
  assert.deepEqual(refused([container('a', { cpu: '1' })], [container('a', { cpu: '2' })], running), [
    'spec: Forbidden: Pod running on node without support for resize',
  ])
})

test('a container that ended for good stays ended', () => {
  const status = (state: object) => ({ containerStatuses: [{ name: 'a', state, ready: false, restartCount: 0, image: 'i', imageID: 'i' }] })
  const spec = (restartPolicy: string) => ({ restartPolicy, containers: [{ name: 'a', image: 'nginx' }] })
  const revived = (policy: string, exitCode: number) =>
    errors(pod(spec(policy), status({ running: {} })), pod(spec(policy), status({ terminated: { exitCode } })), 'status')
  const refusal = ['status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state']
  assert.deepEqual(revived('Never', 1), refusal)
  assert.deepEqual(revived('OnFailure', 0), refusal)
  assert.deepEqual(revived('OnFailure', 1), [])
  assert.deepEqual(revived('Always', 0), [])
})

test('a status holds addresses, one of each family', () => {
  const old = pod({ containers: [{ name: 'a', image: 'nginx' }] })
  const withIps = (...ips: string[]) => ({ ...old, status: { ...old.status, podIPs: ips.map((ip) => ({ ip })) } }) as Pod
  assert.deepEqual(errors(withIps('10.0.0.1', 'fd00::1'), old, 'status'), [])
  assert.deepEqual(errors(withIps('10.0.0.1', '10.0.0.2'), old, 'status'), [
    'status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: may specify no more than one IP for each IP family',
  ])
  assert.deepEqual(errors(withIps('ten'), old, 'status'), [
    'status.podIPs[0]: Invalid value: "ten": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ])
})

test('resources of the pod as a whole give its quality of service', () => {
  const amounts = { cpu: '1', memory: '1Gi' }
  assert.equal(
    qosClass(pod({ containers: [{ name: 'a', image: 'nginx' }], resources: { requests: amounts, limits: amounts } })),
    'Guaranteed',
  )
})
