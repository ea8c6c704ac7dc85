import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import { VirtualClock } from '#base/clock.ts'
import { NodeZones } from './node-zones.ts'

function node(name: string, ready: boolean, zone = 'a'): Node {
  return {
    metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
  } as unknown as Node
}

test('one node in ten seconds may be evicted, and what was allowed stays so', async () => {
  const clock = new VirtualClock()
  const zones = new NodeZones(clock)
  for (const n of [node('n1', false), node('n2', false), node('n3', true), node('n4', true)]) zones.note(n)
  deepEqual([zones.mayEvict('n1'), zones.mayEvict('n2'), zones.mayEvict('n1')], [true, false, true])
  await clock.advance(10_000)
  equal(zones.mayEvict('n2'), true)
  zones.note(node('n1', true))
  zones.note(node('n1', false))
  equal(zones.mayEvict('n1'), false)
})

test('nobody is evicted while no node anywhere is ready, nor from a small zone of which most is silent', async () => {
  const clock = new VirtualClock()
  const zones = new NodeZones(clock)
  for (const name of ['n1', 'n2', 'n3']) zones.note(node(name, false))
  deepEqual([zones.disruptionOf('n1'), zones.mayEvict('n1')], ['everywhere', false])
  zones.note(node('far', true, 'b'))
  deepEqual([zones.disruptionOf('n1'), zones.mayEvict('n1')], ['full', true])
  zones.note(node('n4', true))
  await clock.advance(60_000)
  deepEqual([zones.disruptionOf('n2'), zones.mayEvict('n2')], ['partial', false])
  zones.note(node('n5', true))
  zones.note(node('n6', true))
  await clock.advance(10_000)
  deepEqual([zones.disruptionOf('n2'), zones.mayEvict('n2')], ['none', true])
  zones.forget('far')
  for (const name of ['n4', 'n5', 'n6']) zones.forget(name)
  equal(zones.disruptionOf('n2'), 'everywhere')
})
