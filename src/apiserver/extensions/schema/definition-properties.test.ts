/** Definitions as nobody should write them: each is judged, and what is let through can be worked with. */

import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { customSchema } from './custom-schema.ts'
import { definitionSchemaErrors, formatWarnings } from './definition-rules.ts'
import { definitionErrors } from '#api/apiextensions/v1/custom-resource-definition-rules.ts'
import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { seededRandom, type Random } from '#base/random.ts'
import { decode } from '#schema/decode.ts'

const SEEDS = 1500
const OBJECTS = 10 // of each definition that is let through

type Words = Record<string, unknown>

const RULES = ['self == self', 'self == oldSelf', 'has(self.a)', 'self.size() > 0', 'self.', '', 'self.all(x, x == x)', 'true', '"a"']
const MEMBERS = ['a', 'b', 'metadata', 'kind', 'constructor', 'x-y']

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random.next() * from.length)]!
}

function someValue(random: Random, depth: number): unknown {
  const deeper = () => (depth > 0 ? someValue(random, depth - 1) : 0)
  return pick(random, [null, 1, -1, 1.5, '', 'a', true, [], {}, [deeper()], { a: deeper() }])
}

function someSchema(random: Random, depth: number): Words {
  const maybe = (chance: number, words: () => Words): Words => (random.next() < chance ? words() : {})
  const below = () => someSchema(random, depth - 1)
  const type = pick(random, ['object', 'object', 'array', 'string', 'integer', 'number', 'boolean', undefined])
  const deeper: Words =
    depth <= 0
      ? {}
      : {
          ...maybe(0.1, () => ({ items: random.next() < 0.8 ? below() : [below()] })),
          ...(type === 'array' && { items: below() }),
          ...maybe(0.1, () => ({ additionalProperties: random.next() < 0.7 ? below() : random.next() < 0.5 })),
          ...maybe(0.1, () => ({ [pick(random, ['anyOf', 'allOf', 'oneOf'])]: [below(), below()] })),
          ...maybe(0.05, () => ({ not: below() })),
          ...(type === 'object' && {
            properties: Object.fromEntries(MEMBERS.filter(() => random.next() < 0.35).map((name) => [name, below()])),
          }),
        }
  return {
    ...(type !== undefined && { type }),
    ...deeper,
    ...maybe(0.1, () => ({ default: someValue(random, 2) })),
    ...maybe(0.1, () => ({ enum: [someValue(random, 1), someValue(random, 1)] })),
    ...maybe(0.1, () => ({ format: pick(random, ['ipv4', 'date-time', 'duration', 'byte', 'int32', 'flowers']) })),
    ...maybe(0.1, () => ({ required: [pick(random, MEMBERS)] })),
    ...maybe(0.05, () => ({ pattern: pick(random, ['^a$', '(', '[a-z]+']) })),
    ...maybe(0.1, () => ({
      [pick(random, ['maximum', 'minimum', 'multipleOf'])]: pick(random, [0, 1, -1, 0.5, 1e300]),
    })),
    ...maybe(0.1, () => ({ [pick(random, ['maxLength', 'minLength', 'maxItems', 'maxProperties'])]: pick(random, [0, 1, -1, 100]) })),
    ...maybe(0.1, () => ({ 'x-kubernetes-list-type': pick(random, ['map', 'set', 'odd']), 'x-kubernetes-list-map-keys': ['a'] })),
    ...maybe(0.1, () => ({ [pick(random, ['nullable', 'x-kubernetes-int-or-string', 'x-kubernetes-embedded-resource'])]: true })),
    ...maybe(0.1, () => ({ 'x-kubernetes-preserve-unknown-fields': true })),
    ...maybe(0.2, () => ({ 'x-kubernetes-validations': [someRule(random)] })),
  }
}

function someRule(random: Random): Words {
  return {
    rule: pick(random, RULES),
    ...(random.next() < 0.3 && { messageExpression: pick(random, ['"x"', 'self', 'string(self)', '']) }),
    ...(random.next() < 0.2 && { fieldPath: pick(random, ['.a', 'a', '.a.b', "['a']"]) }),
    ...(random.next() < 0.2 && { optionalOldSelf: true }),
    ...(random.next() < 0.2 && { reason: pick(random, ['FieldValueRequired', 'Odd']) }),
  }
}

function definitionOf(openAPIV3Schema: Words): CustomResourceDefinition {
  const names = { plural: 'things', kind: 'Thing', singular: 'thing', listKind: 'ThingList' }
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }]
  const spec = { group: 'a.example', scope: 'Cluster', names, versions }
  return decode(CustomResourceDefinition.schema, { metadata: { name: 'things.a.example' }, spec }).value as never
}

test('every definition is judged, and objects of those that are let through', () => {
  let accepted = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed)
    const definition = definitionOf({ ...someSchema(random, 3), type: 'object' })
    const errors = [...definitionErrors(definition), ...definitionSchemaErrors(definition)]
    for (const error of errors) equal(typeof error.message, 'string', `seed ${seed}`)
    formatWarnings(definition)
    if (errors.length > 0) continue
    accepted++
    const schema = customSchema(definition.spec.versions![0]!.schema?.openAPIV3Schema, { kind: 'Thing' })
    for (let i = 0; i < OBJECTS; i++) {
      const object = { apiVersion: 'a.example/v1', kind: 'Thing', metadata: {}, a: someValue(random, 3), b: someValue(random, 2) }
      const sound = schema.fillDefaults(schema.coerce(schema.prune(object).object, { dropInvalid: true }).object)
      for (const error of schema.validate(sound, i % 2 === 0 ? {} : { old: { ...sound, a: someValue(random, 3) } }))
        equal(typeof error.message, 'string', `seed ${seed}`)
    }
  }
  equal(accepted > 50, true)
})
