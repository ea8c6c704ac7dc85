import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import type { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import type { Action } from './controller.ts'
import type { Found } from './replicas.ts'
import { replicaSetController } from './replicaset.ts'

const NOW = Date.parse('2026-01-01T00:10:00Z')
const labels = { app: 'web' }

function replicaSet(replicas: number, status: Partial<ReplicaSet['status']> = { replicas: 0 }): ReplicaSet {
  return {
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'rs',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      generation: 1,
    },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [] } } },
    status,
  } as unknown as ReplicaSet
}

function pod(name: string, { ready = true, node = 'n1', phase = 'Running', since = '2026-01-01T00:05:00Z', annotations = {} } = {}): Pod {
  return {
    metadata: { name, namespace: 'default', uid: name, labels, annotations, creationTimestamp: since },
    spec: { containers: [], ...(node && { nodeName: node }) },
    status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: since }] },
  } as unknown as Pod
}

const found = (mine: readonly Pod[], more: Partial<Found> = {}): Found => ({ mine, orphans: [], strays: [], crowd: new Map(), ...more })

const brief = (actions: readonly Action[]) =>
  actions.map(
    (a) =>
      `${a.type} ${'resource' in a ? a.resource.plural : ''}${'subresource' in a ? `/${a.subresource}` : ''}${'ref' in a ? ` ${a.ref.name}` : ''}`,
  )

test('missing pods are made, and the status follows', () => {
  const plan = replicaSetController.decide({ rs: replicaSet(3), found: found([pod('a')]) }, NOW)
  deepEqual(brief(plan.actions), ['create pods', 'create pods', 'update replicasets/status'])
  const status = (plan.actions[2] as Extract<Action, { type: 'update' }>).object as ReplicaSet
  deepEqual(status.status, {
    replicas: 1,
    fullyLabeledReplicas: 1,
    readyReplicas: 1,
    availableReplicas: 1,
    terminatingReplicas: 0,
    observedGeneration: 1,
  })
})

test('surplus pods go: unscheduled, then pending, not ready, cheap, on a crowded node, young', () => {
  const mine = [
    pod('old', { since: '2026-01-01T00:00:01Z' }),
    pod('cheap', { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-5' } }),
    pod('unready', { ready: false }),
    pod('pending', { phase: 'Pending', ready: false }),
    pod('unscheduled', { node: '', phase: 'Pending', ready: false }),
    pod('crowded', { node: 'n2', since: '2026-01-01T00:00:01Z' }),
  ]
  const crowd = new Map([
    ['n1', 1],
    ['n2', 9],
  ])
  const plan = replicaSetController.decide({ rs: replicaSet(1, { replicas: 6 }), found: found(mine, { crowd }) }, NOW)
  deepEqual(brief(plan.actions).slice(0, 5), [
    'delete pods unscheduled',
    'delete pods pending',
    'delete pods unready',
    'delete pods cheap',
    'delete pods crowded',
  ])
})

test('a pod that matches and has no controller is adopted, and counts', () => {
  const orphan = pod('orphan')
  const plan = replicaSetController.decide({ rs: replicaSet(1), found: found([], { orphans: [orphan] }) }, NOW)
  deepEqual(brief(plan.actions), ['patch pods orphan', 'update replicasets/status'])
})

test('pods that cannot be made show in the status, which then does not wait for them; once they can, it is taken back', () => {
  const failure = { action: 'create', resource: pods, message: 'pods "web-" is forbidden: exceeded quota' } as const
  const plan = replicaSetController.decide({ rs: replicaSet(1), found: found([]) }, NOW, failure as never)
  deepEqual(brief(plan.actions), ['update replicasets/status', 'create pods'])
  const written = (plan.actions[0] as Extract<Action, { type: 'update' }>).object as ReplicaSet
  deepEqual(written.status.conditions, [
    {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: failure.message,
      lastTransitionTime: '2026-01-01T00:10:00Z',
    },
  ])
  const healed = replicaSetController.decide({ rs: { ...written, spec: { ...written.spec, replicas: 1 } }, found: found([pod('a')]) }, NOW)
  equal(((healed.actions[0] as Extract<Action, { type: 'update' }>).object as ReplicaSet).status.conditions, undefined)
})

test('a ReplicaSet that is being deleted neither makes nor deletes pods', () => {
  const rs = replicaSet(5, {
    replicas: 1,
    fullyLabeledReplicas: 1,
    readyReplicas: 1,
    availableReplicas: 1,
    terminatingReplicas: 0,
    observedGeneration: 1,
  })
  const leaving = { ...rs, metadata: { ...rs.metadata, deletionTimestamp: '2026-01-01T00:09:00Z' } } as ReplicaSet
  deepEqual(replicaSetController.decide({ rs: leaving, found: found([pod('a')]) }, NOW).actions, [])
})
