/** What nodes are refused for, and what of them is given only once. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from './node.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { causes } from '#schema/field-error.ts'
import { validate, validateUpdate } from '#schema/validate.ts'

function node(spec: object = {}, status: object = {}, metadata: object = {}): Node {
  const input = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', resourceVersion: '1', ...metadata }, spec, status }
  return withDefaults(Node.schema, decode(Node.schema, input).value) as unknown as Node
}

const text = (errors: Parameters<typeof causes>[0]) => causes(errors).map((c) => `${c.field}: ${c.message}`)
const said = (...parts: Parameters<typeof node>) => text(validate(Node.schema, node(...parts) as never))
const changed = (now: Node, old: Node) => text(validateUpdate(Node.schema, now as never, old as never))

test('taints are blamed beneath the metadata, as upstream has it', () => {
  const taints = [
    { key: 'a', effect: 'NoSchedule' },
    { key: 'a', effect: 'NoSchedule' },
    { key: 'b!', value: '-', effect: '' },
  ]
  assert.deepEqual(
    said({ taints }).map((line) => line.slice(0, line.indexOf(':'))),
    ['metadata.taints[1]', 'metadata.taints[2].key', 'metadata.taints[2].value', 'metadata.taints[2].effect'],
  )
  assert.deepEqual(said({}, {}, { annotations: { 'scheduler.alpha.kubernetes.io/taints': '[{"key":"a"}]' } }), [
    'metadata.annotations.scheduler.alpha.kubernetes.io/taints[0].effect: Required value',
  ])
})

test('one range of pods for each family of addresses', () => {
  assert.deepEqual(said({ podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24', 'fd00::/64'] }), [])
  assert.deepEqual(said({ podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24', '10.0.1.0/24'] }), [
    'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: may specify no more than one CIDR for each IP family',
  ])
})

test('pod ranges and the id at the provider are given once', () => {
  const fresh = node()
  const given = node({ podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'], providerID: 'p://1' })
  assert.deepEqual(changed(given, fresh), [])
  assert.deepEqual(changed(node({ podCIDR: '10.0.1.0/24', podCIDRs: ['10.0.1.0/24'], providerID: 'p://2' }), given), [
    'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
    'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
  ])
})

test('an address is reported once', () => {
  const addresses = [
    { type: 'InternalIP', address: '10.0.0.1' },
    { type: 'InternalIP', address: '10.0.0.1' },
    { type: 'ExternalIP', address: '10.0.0.1' },
  ]
  assert.deepEqual(changed(node({}, { addresses }), node()), [
    'status.addresses[1]: Duplicate value: {"type":"InternalIP","address":"10.0.0.1"}',
  ])
})

test('a source of configuration says which map, and only its status says which version of it', () => {
  const configMap = { name: 'c', namespace: 'kube-system', kubeletConfigKey: 'kubelet', uid: 'u' }
  assert.deepEqual(changed(node({ configSource: { configMap } }), node()), [
    'spec.configSource.configMap.uid: Forbidden: uid must not be set in spec',
  ])
  assert.deepEqual(changed(node({}, { config: { active: { configMap } } }), node()), [
    'status.config.active.configMap.resourceVersion: Required value: resourceVersion must be set in status',
  ])
})
