import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Deployment } from '#api/apps/v1/deployment.ts'
import type { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { maxSurge, maxUnavailable, newReplicas, oldReplicas, proportional } from './strategy.ts'

function deployment(replicas: number, maxSurge: number | string, maxUnavailable: number | string, before = replicas): Deployment {
  return {
    spec: { replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } },
    status: { replicas: before },
  } as unknown as Deployment
}

let age = 0
function set(name: string, replicas: number, available = replicas, maxReplicas?: number): ReplicaSet {
  const annotations = maxReplicas === undefined ? {} : { 'deployment.kubernetes.io/max-replicas': String(maxReplicas) }
  const creationTimestamp = new Date(Date.UTC(2026, 0, 1) + age++ * 1000).toISOString()
  return {
    metadata: { name, creationTimestamp, annotations },
    spec: { replicas },
    status: { availableReplicas: available },
  } as unknown as ReplicaSet
}

const sizes = (of: ReadonlyMap<ReplicaSet, number>) => Object.fromEntries([...of].map(([rs, n]) => [rs.metadata.name, n]))

test('percentages round up for surge and down for unavailable, and one pod may go when both come to nothing', () => {
  deepEqual([maxSurge(deployment(10, '25%', '25%')), maxUnavailable(deployment(10, '25%', '25%'))], [3, 2])
  deepEqual([maxSurge(deployment(3, 0, '10%')), maxUnavailable(deployment(3, 0, '10%'))], [0, 1])
  equal(maxUnavailable(deployment(0, 1, 1)), 0)
  equal(maxUnavailable(deployment(2, 0, 5)), 2)
})

test('the new ReplicaSet grows into the room that surge leaves, and no further', () => {
  const d = deployment(10, 3, 2)
  equal(newReplicas(d, undefined, [set('old', 10)]), 3)
  const next = set('new', 3, 0)
  equal(newReplicas(d, next, [set('old', 10), next]), 3)
  equal(newReplicas(d, next, [set('old', 5), next]), 8)
  equal(newReplicas(d, next, [set('old', 0), next]), 10)
})

test('old ReplicaSets give up unhealthy pods first, then only what keeps enough available', () => {
  const d = deployment(10, 3, 2)
  const next = set('new', 3, 0)
  deepEqual(sizes(oldReplicas(d, next, [set('old', 10)])), { old: 8 })
  deepEqual(sizes(oldReplicas(d, next, [set('sick', 4, 0), set('well', 6)])), { sick: 2, well: 6 })
  const ready = set('new', 3)
  deepEqual(sizes(oldReplicas(d, ready, [set('old', 8)])), { old: 5 })
})

test('a Deployment scaled in the middle of a rollout shares the change out by size', () => {
  const d = deployment(15, 3, 2, 13)
  deepEqual(sizes(proportional(d, [set('old', 8, 8, 13), set('new', 5, 5, 13)])), { old: 11, new: 7 })
  const down = deployment(5, 3, 2, 13)
  deepEqual(sizes(proportional(down, [set('old', 8, 8, 13), set('new', 5, 5, 13)])), { old: 5, new: 3 })
  deepEqual(sizes(proportional(deployment(0, 3, 2, 13), [set('old', 8, 8, 13), set('new', 5, 5, 13)])), { old: 0, new: 0 })
})
