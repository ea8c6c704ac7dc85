/** What a definition's schemas must hold to beyond their form. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { definitionSchemaErrors, formatWarnings } from './definition-rules.ts'
import { definitionErrors } from '#api/apiextensions/v1/custom-resource-definition-rules.ts'
import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'

function definitionOf(...schemas: readonly JsonSchema[]): CustomResourceDefinition {
  const versions = schemas.map((openAPIV3Schema, i) => ({ name: `v${i + 1}`, served: true, storage: i === 0, schema: { openAPIV3Schema } }))
  const names = { plural: 'things', kind: 'Thing' }
  return { metadata: { name: 'things.a.example' }, spec: { group: 'a.example', scope: 'Cluster', names, versions }, status: {} } as never
}

const BAD: JsonSchema = { type: 'object', properties: { spec: { type: 'integer', default: 'x' } } }

function fields(definition: CustomResourceDefinition, old?: CustomResourceDefinition): readonly string[] {
  return definitionSchemaErrors(definition, old).map(({ field }) => field)
}

test('a schema that all versions share is blamed once', () => {
  deepEqual(fields(definitionOf(BAD, BAD)), ['spec.validation.openAPIV3Schema.properties[spec].default'])
  deepEqual(fields(definitionOf({ type: 'object' }, BAD)), ['spec.versions[1].schema.openAPIV3Schema.properties[spec].default'])
})

test('a schema that was there before, or whose form is wrong, is not looked into', () => {
  deepEqual(fields(definitionOf(BAD), definitionOf(BAD)), [])
  deepEqual(fields(definitionOf({ ...BAD, nullable: true })), [])
})

test('a format that is ignored is told of once', () => {
  const schema = (format: string): JsonSchema => ({
    type: 'object',
    properties: { a: { type: 'integer', format: 'int32' }, b: { type: 'string', format } },
  })
  deepEqual(formatWarnings(definitionOf(schema('flowers'))), ['unrecognized format "flowers"'])
  deepEqual(formatWarnings(definitionOf(schema('flowers')), definitionOf(schema('flowers'))), [])
  deepEqual(formatWarnings(definitionOf(schema('date-time'))), [])
})

test('a definition as large as a request may be is judged in time that grows with it', () => {
  const properties = (count: number, schema: JsonSchema) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, schema]))
  const wrong = definitionOf({ type: 'object', properties: properties(130_000, {}) })
  deepEqual(definitionErrors(wrong).length >= 130_000, true)
  const rules = Array.from({ length: 2000 }, (_, i) => ({ rule: `self.p${i} != ''`, fieldPath: '.p1' }))
  const spec: JsonSchema = { type: 'object', properties: properties(20_000, { type: 'string' }), 'x-kubernetes-validations': rules }
  const ruled = definitionOf({ type: 'object', properties: { spec } })
  deepEqual([...definitionErrors(ruled).filter(({ field }) => field.includes('schema')), ...fields(ruled)], [])
})
