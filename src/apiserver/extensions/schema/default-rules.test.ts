/** Defaults held to their schemas. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { defaultErrors } from './default-rules.ts'
import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'

function said(spec: JsonSchema): readonly string[] {
  return defaultErrors({ type: 'object', properties: { spec } }, 'schema').map(({ message }) => message)
}

const KEEP = { 'x-kubernetes-preserve-unknown-fields': true } as const

test('a default is what an object may have there', () => {
  deepEqual(said({ type: 'integer', default: 5, minimum: 5 }), [])
  deepEqual(said({ type: 'integer', default: 'x' }), [
    'schema.properties[spec].default: Invalid value: "string":  in body must be of type integer: "string"',
  ])
  deepEqual(said({ type: 'array', items: { type: 'object', properties: { a: { minimum: 5 } }, default: { a: 1 } } }), [
    'schema.properties[spec].items.default.a: Invalid value: 1: a in body should be greater than or equal to 5',
  ])
})

test('a default has nothing that pruning would take', () => {
  const schema: JsonSchema = { type: 'object', properties: { a: { type: 'string' } }, default: { a: 'x', b: 1 } }
  deepEqual(said(schema), ['schema.properties[spec].default: Invalid value: {"a":"x","b":1}: must not have unknown fields'])
  deepEqual(said({ ...schema, ...KEEP }), [])
})

test('a default of an embedded object is one, and of its metadata gives good metadata', () => {
  const embedded: JsonSchema = { type: 'object', 'x-kubernetes-embedded-resource': true, ...KEEP }
  deepEqual(said({ ...embedded, default: { apiVersion: 'v1' } }), ['schema.properties[spec].default.kind: Required value'])
  const named = (name: string): JsonSchema => ({
    ...embedded,
    properties: { metadata: { type: 'object', properties: { name: { type: 'string', default: name } } } },
  })
  deepEqual(said(named('a')), [])
  deepEqual(said(named('a/b')), [
    `schema.properties[spec].properties[metadata].properties[name].default: Invalid value: "a/b": must result in valid metadata: metadata.name: Invalid value: "a/b": may not contain '/'`,
  ])
})

test('a default keeps the rules', () => {
  const rules = [{ rule: 'self.a > 1' }]
  const schema: JsonSchema = { type: 'object', properties: { a: { type: 'integer' } }, 'x-kubernetes-validations': rules }
  deepEqual(said({ ...schema, default: { a: 1 } }), ['schema.properties[spec].default: Invalid value: failed rule: self.a > 1'])
  deepEqual(said({ ...schema, default: { a: 2 } }), [])
})
