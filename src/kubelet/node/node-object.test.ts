import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeStatus } from '#api/core/v1/node.ts'
import { simulatedMachine } from './machine.ts'
import { allocatableOf, nodeEvents, nodeStatus, roomForPods, type NodeParts, type NodeState } from './node-object.ts'

const parts: NodeParts = {
  nodeName: 'n1',
  addresses: ['192.0.2.1'],
  machine: { ...simulatedMachine('n1', { cpus: 2, memoryBytes: 2 ** 31 }), pids: 1000, hugepages: { 'hugepages-2Mi': 2 ** 29 } },
  maxPods: 110,
  labels: {},
  taints: [],
  reserved: { milliCpu: 500, memoryBytes: 2 ** 20 },
  serverPort: 10250,
  providerId: undefined,
}
const state: NodeState = {
  now: 0,
  runtimeVersion: { name: 'r', version: '1' },
  conditions: [],
  runtimeError: undefined,
  images: [],
  pressure: { memory: false, disk: false },
  volumesInUse: [],
}
const types = (status: NodeStatus) => status.conditions?.map((c) => `${c.type}=${c.status}`)
const reasons = (before: NodeStatus | undefined, after: NodeStatus) => nodeEvents('n1', before, after).map((e) => e.reason)

test('huge pages are memory that pods are not promised, and pods are held to what is not reserved', () => {
  const { cpu, memory, ...rest } = allocatableOf(parts)
  deepEqual(
    { cpu, memory, hugepages: rest['hugepages-2Mi'] },
    { cpu: '1500m', memory: `${(2 ** 31 - 2 ** 20 - 2 ** 29) / 1024 - 100 * 1024}Ki`, hugepages: '512Mi' },
  )
  deepEqual(roomForPods(parts), {
    milliCpu: 1500,
    memoryBytes: 2 ** 31 - 2 ** 20 - 2 ** 29,
    pids: 1000,
    hugepages: { 'hugepages-2Mi': 2 ** 29 },
  })
})

test('conditions keep their places when the node is heard of again', () => {
  const first = nodeStatus(parts, state, undefined)
  deepEqual(types(first), ['MemoryPressure=False', 'DiskPressure=False', 'PIDPressure=False', 'Ready=True'])
  const lost = {
    ...first,
    conditions: [{ type: 'NetworkUnavailable', status: 'False' }, ...first.conditions!.map((c) => ({ ...c, status: 'Unknown' }))],
  }
  deepEqual(types(nodeStatus(parts, state, lost as NodeStatus)), [
    'NetworkUnavailable=False',
    'MemoryPressure=False',
    'DiskPressure=False',
    'PIDPressure=False',
    'Ready=True',
  ])
})

test('what changed in a status is told; the first word on being ready is not', () => {
  const good = nodeStatus(parts, state, undefined)
  deepEqual(reasons(undefined, good), ['NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID'])
  deepEqual(reasons(good, good), [])
  const bad = nodeStatus(parts, { ...state, runtimeError: 'gone', pressure: { memory: true, disk: true } }, good)
  deepEqual(nodeEvents('n1', good, bad), [
    { type: 'Normal', reason: 'NodeHasInsufficientMemory', message: 'Node n1 status is now: NodeHasInsufficientMemory' },
    { type: 'Normal', reason: 'NodeHasDiskPressure', message: 'Node n1 status is now: NodeHasDiskPressure' },
    { type: 'Normal', reason: 'NodeNotReady', message: 'Node n1 status is now: NodeNotReady' },
  ])
  deepEqual(reasons(bad, good), ['NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeReady'])
  const again = { ...good, nodeInfo: { ...good.nodeInfo!, bootID: 'b2' } }
  deepEqual(nodeEvents('n1', good, again), [{ type: 'Warning', reason: 'Rebooted', message: 'Node n1 has been rebooted, boot id: b2' }])
})
