import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { decidePodGc } from './pod-gc.ts'

function pod(name: string, { node = 'up', phase = 'Running', leaving = false, created = '2026-01-01T00:00:00Z' } = {}): Pod {
  return {
    metadata: { name, creationTimestamp: created, ...(leaving && { deletionTimestamp: created }) },
    spec: { ...(node && { nodeName: node }) },
    status: { phase },
  } as unknown as Pod
}

function node(name: string, ready: boolean, ...taints: readonly string[]): Node {
  return {
    metadata: { name },
    spec: { taints: taints.map((key) => ({ key, effect: 'NoExecute' })) },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
  } as unknown as Node
}

const nodes = new Map(
  [node('up', true), node('out', false, 'node.kubernetes.io/out-of-service'), node('liar', true, 'node.kubernetes.io/out-of-service')].map(
    (n) => [n.metadata.name, n],
  ),
)
const collect = (pods: readonly Pod[], terminatedPodsMax = 0) =>
  decidePodGc({ pods, nodes, gone: new Set(['gone']), terminatedPodsMax }).map(({ pod: p, why }) => `${p.metadata.name}: ${why}`)

test('pods that no kubelet will end are collected, and no others', () => {
  const pods = [
    pod('fine'),
    pod('lost', { node: 'gone' }),
    pod('unconfirmed', { node: 'missing' }),
    pod('stuck', { node: 'out', leaving: true }),
    pod('staying', { node: 'out' }),
    pod('node-is-ready', { node: 'liar', leaving: true }),
    pod('never-placed', { node: '', leaving: true }),
    pod('waiting', { node: '' }),
  ]
  deepEqual(collect(pods), ['lost: orphaned', 'stuck: out of service', 'never-placed: never scheduled'])
})

test('of finished pods the oldest beyond the limit go', () => {
  const pods = [
    pod('c', { phase: 'Failed', created: '2026-01-01T00:00:03Z' }),
    pod('a', { phase: 'Succeeded', created: '2026-01-01T00:00:01Z' }),
    pod('b', { phase: 'Succeeded', created: '2026-01-01T00:00:02Z' }),
    pod('running'),
  ]
  deepEqual(collect(pods, 1), ['a: terminated', 'b: terminated'])
  deepEqual(collect(pods, 0), [])
})
