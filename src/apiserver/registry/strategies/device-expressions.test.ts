/** Expressions that choose devices, judged as they are written. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi } from '#apiserver/endpoints/test-api.ts'

const GROUP = '/apis/resource.k8s.io/v1'
const selectors = (...sources: readonly string[]) => sources.map((expression) => ({ cel: { expression } }))
const GOOD = [
  'device.driver == "gpu.example.com"',
  'device.attributes["gpu.example.com"].memory > 3 && device.capacity["gpu.example.com"].memory.compareTo(quantity("10Gi")) >= 0',
]

test('a device class and a claim may choose by what devices have', async () => {
  await using t = await openTestApi()
  const spec = { selectors: selectors(...GOOD) }
  assert.equal((await t.call('POST', `${GROUP}/deviceclasses`, { metadata: { name: 'c' }, spec })).status, 201)
  const devices = { requests: [{ name: 'r', exactly: { deviceClassName: 'c', selectors: selectors(...GOOD) } }] }
  const claim = { metadata: { name: 'c' }, spec: { devices } }
  assert.equal((await t.call('POST', `${GROUP}/namespaces/default/resourceclaims`, claim)).status, 201)
})

test('what does not compile, or says neither yes nor no, is refused where it stands', async () => {
  await using t = await openTestApi()
  const made = await t.call('POST', `${GROUP}/deviceclasses`, {
    metadata: { name: 'c' },
    spec: { selectors: selectors('device.driver ==', 'device.driver', 'device.vendor == "a"') },
  })
  assert.deepEqual(
    [made.status, ...made.object.details.causes.map((c: { field: string; message: string }) => [c.field, c.message.split('\n')[0]])],
    [
      422,
      [
        'spec.selectors[0].cel.expression',
        `Invalid value: "device.driver ==": compilation failed: ERROR: <input>:1:17: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}`,
      ],
      ['spec.selectors[1].cel.expression', 'Invalid value: "device.driver": must evaluate to bool or the unknown type, not string'],
      [
        'spec.selectors[2].cel.expression',
        'Invalid value: "device.vendor == \\"a\\"": compilation failed: ERROR: <input>:1:7: undefined field \'vendor\'',
      ],
    ],
  )
  const exactly = { deviceClassName: 'c', selectors: selectors('1') }
  const template = { metadata: { name: 't' }, spec: { spec: { devices: { requests: [{ name: 'r', exactly }] } } } }
  const refused = await t.call('POST', `${GROUP}/namespaces/default/resourceclaimtemplates`, template)
  assert.equal(refused.object.details.causes[0].field, 'spec.spec.devices.requests[0].exactly.selectors[0].cel.expression')
})
