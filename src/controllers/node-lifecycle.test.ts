import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { nodes, type Node } from '#api/core/v1/node.ts'
import { VirtualClock } from '#base/clock.ts'
import { nodeLifecycleController } from './node-lifecycle.ts'

test('the conditions of a node that fell silent become unknown, each in its place', () => {
  const condition = (type: string, status: string) => ({
    type,
    status,
    reason: 'Told',
    message: 'told',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  })
  const conditions = [
    condition('NetworkUnavailable', 'False'),
    ...['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => condition(type, 'False')),
    condition('Ready', 'True'),
  ]
  const node = { metadata: { name: 'n1' }, spec: {}, status: { conditions } } as unknown as Node
  const { decide } = nodeLifecycleController(new VirtualClock(0))
  const { actions } = decide({ node, heardAt: 0, pods: [], registered: false, eviction: 'now' }, 60_000)
  const unknown = (type: string) => ({
    type,
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
    lastTransitionTime: '1970-01-01T00:01:00Z',
  })
  deepEqual(actions, [
    {
      type: 'patch',
      resource: nodes,
      ref: { name: 'n1' },
      patchType: 'application/strategic-merge-patch+json',
      patch: {
        status: {
          conditions: [conditions[0], unknown('MemoryPressure'), unknown('DiskPressure'), unknown('PIDPressure'), unknown('Ready')],
        },
      },
      subresource: 'status',
    },
    {
      type: 'event',
      about: node,
      event: { type: 'Normal', reason: 'NodeNotReady', message: 'Node n1 status is now: NodeNotReady' },
    },
  ])
})
