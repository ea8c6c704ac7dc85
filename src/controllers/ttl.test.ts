import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { nodes, type Node } from '#api/core/v1/node.ts'
import { stepFor, ttlController } from './ttl.ts'

const node = (annotations?: Readonly<Record<string, string>>) => ({ metadata: { name: 'n', ...(annotations && { annotations }) } }) as Node

test('a cluster goes to the next step above its largest size and back only below the smallest of that step', () => {
  deepEqual([stepFor(100, 0), stepFor(101, 0), stepFor(95, 1), stepFor(89, 1), stepFor(3000, 0), stepFor(1, 5)], [0, 1, 1, 0, 4, 0])
})

test('a node is told once how long what it read stays good', () => {
  const { decide } = ttlController()
  deepEqual(decide({ node: node({ other: 'x' }), seconds: 15 }, 0), {
    actions: [
      {
        type: 'patch',
        resource: nodes,
        ref: { name: 'n' },
        patchType: 'application/strategic-merge-patch+json',
        patch: { metadata: { annotations: { 'node.alpha.kubernetes.io/ttl': '15' } } },
      },
    ],
  })
  deepEqual(decide({ node: node({ 'node.alpha.kubernetes.io/ttl': '15' }), seconds: 15 }, 0), { actions: [] })
})
