import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { disruptionController } from './disruption.ts'

const NOW = Date.UTC(2026, 0, 1)

function pod(name: string, ready = true): Pod {
  return {
    metadata: { name, namespace: 'a' },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  } as unknown as Pod
}

function allowed(
  spec: PodDisruptionBudget['spec'],
  pods: readonly Pod[],
  scale: number | undefined,
  status: object = {},
): readonly unknown[] {
  const budget = { metadata: { name: 'b', namespace: 'a', generation: 1 }, spec, status } as unknown as PodDisruptionBudget
  const [action] = disruptionController.decide({ budget, pods, scale }, NOW).actions
  if (action?.type !== 'update') return []
  const { disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods } = (action.object as PodDisruptionBudget).status
  return [disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods]
}

const three = [pod('x'), pod('y'), pod('z')]

test('minAvailable leaves the rest to go, by number and by percentage of what is wanted', () => {
  deepEqual(allowed({ minAvailable: 2 }, three, 3), [1, 3, 2, 3])
  deepEqual(allowed({ minAvailable: '50%' }, three, 3), [1, 3, 2, 3])
  deepEqual(allowed({ minAvailable: 2 }, [pod('x'), pod('y', false)], undefined), [0, 1, 2, 2])
})

test('maxUnavailable counts against what the controllers want', () => {
  deepEqual(allowed({ maxUnavailable: 1 }, three, 4), [0, 3, 3, 4])
  deepEqual(allowed({ maxUnavailable: '50%' }, three, 3), [2, 3, 1, 3])
})

test('a percentage of pods without a controller allows nothing', () => {
  deepEqual(allowed({ maxUnavailable: '50%' }, three, undefined), [0, undefined, undefined, undefined])
})

test('a pod whose eviction was granted counts as gone until it has had its time', () => {
  deepEqual(allowed({ minAvailable: 1 }, three, 3, { disruptedPods: { x: '2025-12-31T23:59:30Z' } }), [1, 2, 1, 3])
  deepEqual(allowed({ minAvailable: 1 }, three, 3, { disruptedPods: { x: '2025-12-31T23:50:00Z' } }), [2, 3, 1, 3])
})
