/** Validation by walking declarations: metadata, closed sets, and rules that meet incomplete objects. */

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { decode } from './decode.ts'
import { withDefaults } from './defaults.ts'
import { causes } from './field-error.ts'
import type { Resource } from './resource.ts'
import { tableOf } from './table.ts'
import { validate, validateUpdate } from './validate.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'

const configMap = (metadata: object, more: object = {}) => ({ metadata, ...more })
const messages = (errors: readonly { readonly message: string }[]) => errors.map((e) => e.message)

test('metadata is checked from name to finalizers', () => {
  const bad = configMap({ name: 'A', labels: { 'a b': '-' }, finalizers: ['x'], annotations: { big: 'x'.repeat(256 * 1024) } })
  assert.deepEqual(
    validate(ConfigMap.schema, bad).map((e) => [e.type, e.field]),
    [
      ['Invalid', 'metadata.name'],
      ['Required', 'metadata.namespace'],
      ['Invalid', 'metadata.labels'],
      ['Invalid', 'metadata.labels'],
      ['TooLong', 'metadata.annotations'],
      ['Invalid', 'metadata.finalizers[0]'],
    ],
  )
})

test('causes say what the message says, without the field', () => {
  assert.deepEqual(causes(validate(ConfigMap.schema, configMap({ namespace: 'default' }))), [
    { reason: 'FieldValueRequired', message: 'Required value: name or generateName is required', field: 'metadata.name' },
  ])
})

test('a name does not change, and an object on its way out takes no new finalizers', () => {
  const old = configMap({ name: 'a', namespace: 'd', deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['x/y'] })
  const next = configMap({ name: 'b', namespace: 'd', deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['x/y', 'z/z'] })
  assert.deepEqual(messages(validateUpdate(ConfigMap.schema, next, old)), [
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"z/z"}',
    'metadata.name: Invalid value: "b": field is immutable',
  ])
})

test('what is marked immutable stays', () => {
  const metadata = { name: 'a', namespace: 'd' }
  const old = configMap(metadata, { immutable: true, data: { a: '1' } })
  assert.deepEqual(messages(validateUpdate(ConfigMap.schema, configMap(metadata, { data: { a: '2' } }), old)), [
    'immutable: Forbidden: field is immutable when `immutable` is set',
    'data: Forbidden: field is immutable when `immutable` is set',
  ])
})

test('no kind stumbles over an object that says nothing', async () => {
  const folder = new URL('../api/', import.meta.url)
  const served: Resource[] = []
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue
    const exported = Object.values((await import(new URL(file, folder).href)) as Record<string, unknown>)
    served.push(...exported.filter((value): value is Resource => typeof value === 'object' && value !== null && 'plural' in value))
  }
  assert.ok(served.length > 50)
  for (const resource of served) {
    for (const input of [{ metadata: {} }, { metadata: {}, spec: {} }]) {
      const { schema } = resource.type
      const value = withDefaults(schema, decode(schema, input).value)
      assert.doesNotThrow(() => validate(schema, value), resource.kind)
      assert.doesNotThrow(() => validateUpdate(schema, value, value, ''), resource.kind)
      assert.doesNotThrow(() => tableOf(resource, [value as never], 0), resource.kind)
    }
  }
})
