/** Paths of fields, held to a schema. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { fieldAt } from './field-path.ts'
import type { JsonSchema } from './json-schema.ts'

const schema: JsonSchema = {
  properties: {
    spec: { properties: { 'a.b': { type: 'string' }, "it's": { type: 'integer' }, map: { additionalProperties: { type: 'boolean' } } } },
    any: { additionalProperties: true },
  },
}

function found(path: string, brackets = true): unknown {
  const field = fieldAt(schema, path, { brackets })
  return typeof field === 'string' ? field : [field.path, field.schema?.type]
}

test('a path leads through names, quoted or not, and through keys', () => {
  deepEqual(found(".spec['a.b']"), ['spec.a.b', 'string'])
  deepEqual(found(".spec['it\\'s']"), ["spec.it's", 'integer'])
  deepEqual(found('.spec.map.x'), ['spec.map[x]', 'boolean'])
  deepEqual(found(".any['x']"), ['any[x]', undefined])
})

test('what leads nowhere is told why', () => {
  deepEqual(
    ['spec', '.spec.x', '.', '.spec[', '.spec[a]', ".spec['a.b'", ".spec['\\x']", ".spec['a.b'x"].map((path) => found(path)),
    [
      'expected [ or . but got: spec',
      'does not refer to a valid field',
      'unexpected end of JSON path',
      'unexpected end of JSON path',
      'expected single quoted string but got a',
      'unexpected end of JSON path',
      'invalid string literal: invalid escape char \\x',
      'expected ] but got x',
    ],
  )
  deepEqual(found(".spec['a.b']", false), 'array notation is not allowed')
})
