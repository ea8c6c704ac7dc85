/** Definitions of resources: schemas in JSON and protobuf, and what is refused. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { definitionErrors, definitionUpdateErrors } from './custom-resource-definition-rules.ts'
import { CustomResourceDefinition } from './custom-resource-definition.ts'
import { JSONSchemaProps, type JsonSchema } from './json-schema.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import type { FieldError } from '#schema/field-error.ts'
import { decodeMessage, encodeMessage } from '#schema/protobuf.ts'

const SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    a: { type: 'array', items: { type: 'string', default: '' }, maxItems: 0 },
    b: { items: [{ type: 'string' }, { enum: [null, 0, 'x'] }], additionalItems: false },
    c: { type: 'object', additionalProperties: { 'x-kubernetes-int-or-string': true } },
    d: { additionalProperties: true, dependencies: { x: ['y'], z: { not: { type: 'null' } } } },
    e: { 'x-kubernetes-preserve-unknown-fields': true, default: false, example: { deep: [1] } },
  },
}

test('a schema is the same value in JSON and in protobuf', () => {
  const { value, unknown } = decode(JSONSchemaProps.schema, SCHEMA)
  deepEqual({ value, unknown }, { value: SCHEMA, unknown: [] })
  deepEqual(decodeMessage(JSONSchemaProps.schema, encodeMessage(JSONSchemaProps.schema, value as never)), SCHEMA)
})

test('a schema for other members says in protobuf that they are allowed', () => {
  const bytes = (schema: JsonSchema) => Buffer.from(encodeMessage(JSONSchemaProps.schema, schema as never)).toString('hex')
  // Field 30 of two tags; within it allows (field 1), then the schema (field 2).
  deepEqual(bytes({ additionalProperties: { type: 'string' } }), 'f2010c080112082a06737472696e67')
  deepEqual(bytes({ additionalProperties: true }), 'f201020801')
  deepEqual(bytes({ additionalProperties: false }), 'f201020800')
})

interface Given {
  group: string
  scope: string
  names: { plural: string; kind: string }
  versions: { name: string; served: boolean; storage: boolean; schema?: { openAPIV3Schema: JsonSchema } }[]
}
type Change = (spec: Given) => void

function definition(change: Change = () => {}): CustomResourceDefinition {
  const spec: Given = {
    group: 'example.com',
    names: { plural: 'widgets', kind: 'Widget' },
    scope: 'Namespaced',
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  }
  change(spec)
  const given = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.example.com' }, spec }
  return withDefaults(
    CustomResourceDefinition.schema,
    decode(CustomResourceDefinition.schema, given).value as never as CustomResourceDefinition,
  )
}

const messages = (errors: readonly FieldError[]) => errors.map((e) => e.message)
const refusals = (change: Change) => messages(definitionErrors(definition(change)))

test('names and conversion have defaults', () => {
  const { names, conversion } = definition().spec
  deepEqual(names, { plural: 'widgets', kind: 'Widget', singular: 'widget', listKind: 'WidgetList' })
  deepEqual(conversion, { strategy: 'None' })
  deepEqual(
    refusals(() => {}),
    [],
  )
})

test('the name is the plural and the group', () => {
  deepEqual(
    refusals((spec) => (spec.names.plural = 'gadgets')),
    ['metadata.name: Invalid value: "widgets.example.com": must be spec.names.plural+"."+spec.group'],
  )
})

test('exactly one version is stored, and each has a schema', () => {
  deepEqual(
    refusals((spec) => (spec.versions = [{ name: 'v1', served: true, storage: false }])).map((m) =>
      m.replace(/value: \[.*\]:/, 'value: ...:'),
    ),
    [
      'spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required',
      'spec.versions: Invalid value: ...: must have exactly one version marked as storage version',
    ],
  )
})

test('a schema that all versions share is blamed as one of the spec', () => {
  deepEqual(
    refusals((spec) => (spec.versions[0]!.schema!.openAPIV3Schema = { properties: { spec: { items: {} } } })),
    [
      'spec.validation.openAPIV3Schema.properties[spec].items.type: Required value: must not be empty for specified array items',
      'spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields',
      'spec.validation.openAPIV3Schema.type: Required value: must not be empty at the root',
    ],
  )
})

test('what restricts a value names nothing that has no type', () => {
  deepEqual(
    refusals((spec) => (spec.versions[0]!.schema!.openAPIV3Schema = { type: 'object', anyOf: [{ properties: { a: { minimum: 1 } } }] })),
    [
      'spec.validation.openAPIV3Schema.properties[a]: Required value: because it is defined in spec.validation.openAPIV3Schema.anyOf[0].properties[a]',
    ],
  )
})

test('a pattern is a regular expression as Go has them', () => {
  const withPattern = (pattern: string) =>
    refusals((spec) => (spec.versions[0]!.schema!.openAPIV3Schema = { type: 'object', properties: { a: { type: 'string', pattern } } }))
  deepEqual(withPattern('^(?i)[[:alpha:]]+\\z$'), [])
  deepEqual(withPattern('(?=a)'), [
    'spec.validation.openAPIV3Schema.properties[a].pattern: Invalid value: "(?=a)": must be a valid regular expression, but isn\'t: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
  ])
})

test('a group of the community needs a word of approval', () => {
  deepEqual(
    messages(definitionErrors({ ...definition((spec) => (spec.group = 'x.k8s.io')), metadata: { name: 'widgets.x.k8s.io' } as never })),
    [
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    ],
  )
})

test('an established definition keeps its scope and kind, and any its versions that are stored', () => {
  const status = {
    acceptedNames: { plural: 'widgets', kind: 'Widget' },
    conditions: [{ type: 'Established', status: 'True' }],
    storedVersions: ['v0', 'v1'],
  }
  const old = { ...definition(), status }
  const next = { ...definition((spec) => (spec.scope = 'Cluster')), status }
  deepEqual(messages(definitionUpdateErrors(next, old, '', '')), [
    'spec.scope: Invalid value: "Cluster": field is immutable',
    'status.storedVersions[0]: Invalid value: "v0": missing from spec.versions; v0 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v0 and removes v0 from status.storedVersions',
  ])
})
