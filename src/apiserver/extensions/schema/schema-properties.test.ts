/** What must be true of every schema and every object, tried on random ones. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { customSchema } from './custom-schema.ts'
import { defaultErrors } from './default-rules.ts'
import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { seededRandom, type Random } from '#base/random.ts'
import { fieldsOf } from '#schema/apply/fields-of.ts'

const SEEDS = 1000
const NAMES = ['a', 'b', 'c', 'constructor', 'toString', 'metadata', 'kind', 'x y']
const KEEP = { 'x-kubernetes-preserve-unknown-fields': true } as const

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random.next() * from.length)]!
}

function some<T>(random: Random, most: number, make: () => T): T[] {
  return Array.from({ length: Math.floor(random.next() * (most + 1)) }, make)
}

function members<T>(random: Random, make: () => T): Record<string, T> {
  return Object.fromEntries(some(random, 4, () => [pick(random, NAMES), make()] as const))
}

function someValue(random: Random, depth: number): unknown {
  const kinds = depth <= 0 ? 5 : 8
  switch (Math.floor(random.next() * kinds)) {
    case 0:
      return null
    case 1:
      return Math.floor(random.next() * 20) - 5
    case 2:
      return random.next() * 10
    case 3:
      return pick(random, ['', 'a', 'b', 'long text 𝒳', '1.2.3.4'])
    case 4:
      return random.next() < 0.5
    case 5:
      return some(random, 4, () => someValue(random, depth - 1))
    default:
      return members(random, () => someValue(random, depth - 1))
  }
}

function someRules(random: Random): JsonSchema {
  return {
    ...(random.next() < 0.2 && { enum: some(random, 3, () => someValue(random, 1)) }),
    ...(random.next() < 0.2 && { anyOf: [{ minimum: 3 }, { maxLength: 2 }, { required: ['a'] }] }),
    ...(random.next() < 0.2 && { oneOf: [{ minimum: 3 }, { maxItems: 2 }] }),
    ...(random.next() < 0.2 && { not: { required: ['b'] } }),
    ...(random.next() < 0.2 && { required: ['a', 'constructor'] }),
  }
}

function someSchema(random: Random, depth: number): JsonSchema {
  const type = pick(random, depth <= 0 ? ['string', 'integer', 'number', 'boolean'] : ['string', 'integer', 'array', 'object', 'object'])
  const common: JsonSchema = {
    type,
    ...someRules(random),
    ...(random.next() < 0.2 && { nullable: true }),
    ...(random.next() < 0.3 && { default: someValue(random, depth) }),
    ...(random.next() < 0.2 && KEEP),
    ...(random.next() < 0.3 && { 'x-kubernetes-validations': [{ rule: 'self == self' }] }),
  }
  if (random.next() < 0.1) return { 'x-kubernetes-int-or-string': true }
  if (type === 'array') return { ...common, ...someListType(random), items: someSchema(random, depth - 1) }
  if (type !== 'object') return { ...common, ...(type === 'string' && { pattern: '^[a-z]*$', format: 'ipv4' }), maximum: 5, maxLength: 3 }
  if (random.next() < 0.2) return { ...common, additionalProperties: someSchema(random, depth - 1) }
  const isEmbedded = random.next() < 0.1
  return {
    ...common,
    properties: members(random, () => someSchema(random, depth - 1)),
    ...(isEmbedded && { ...KEEP, 'x-kubernetes-embedded-resource': true }),
  }
}

function someListType(random: Random): JsonSchema {
  const listType = pick(random, ['atomic', 'set', 'map'])
  return { 'x-kubernetes-list-type': listType, ...(listType === 'map' && { 'x-kubernetes-list-map-keys': ['a'] }) }
}

function each(run: (schema: JsonSchema, object: Readonly<Record<string, unknown>>, random: Random, seed: string) => void): void {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed)
    const schema: JsonSchema = { type: 'object', properties: { spec: someSchema(random, 4), status: someSchema(random, 2) } }
    const object = { apiVersion: 'a.example/v1', kind: 'Thing', metadata: { name: 'x' }, spec: someValue(random, 5), more: 1 }
    run(schema, object, random, `seed ${seed}`)
  }
}

test('what was pruned, coerced and filled in once is the same the next time', () => {
  each((definition, object, _, seed) => {
    const schema = customSchema(definition, { kind: 'Thing' })
    const pruned = schema.prune(object)
    const again = schema.prune(pruned.object)
    equal(again.object, pruned.object, seed)
    deepEqual(again.pruned, [], seed)
    const coerced = schema.coerce(pruned.object, { dropInvalid: true })
    equal(schema.coerce(coerced.object, { dropInvalid: true }).object, coerced.object, seed)
    const filled = schema.fillDefaults(coerced.object)
    equal(schema.fillDefaults(filled), filled, seed)
  })
})

test('no object is changed in place', () => {
  each((definition, object, _, seed) => {
    const before = structuredClone(object)
    const schema = customSchema(definition, { kind: 'Thing' })
    schema.fillDefaults(schema.coerce(schema.prune(object).object, { dropInvalid: true }).object)
    deepEqual(object, before, seed)
  })
})

test('every object is judged, and what is as it was may stay so', () => {
  each((definition, object, random, seed) => {
    const schema = customSchema(definition, { kind: 'Thing' })
    const filled = schema.fillDefaults(schema.prune(object).object)
    schema.validate(filled, { old: { ...filled, spec: someValue(random, 5) } })
    // what no schema names is never taken for equal, nor are items that share their keys
    const said = JSON.stringify(definition)
    if (said.includes('preserve') || said.includes('"map"')) return
    const sound = schema.prune(filled).object
    // a rule cannot be run on what is of another type, however long it has been
    const left = schema.validate(sound, { old: structuredClone(sound) }).filter(({ detail }) => !detail.includes('self == self'))
    deepEqual(
      left.map(({ message }) => message),
      [],
      seed,
    )
  })
})

test('rules can be run on every object that is sound otherwise', () => {
  let runs = 0
  each((definition, object, _, seed) => {
    const schema = customSchema(definition, { kind: 'Thing' })
    const sound = schema.fillDefaults(schema.prune(object).object)
    const errors = schema.validate(sound)
    const rules = errors.filter(({ detail }) => detail.includes('self == self'))
    deepEqual(
      rules.map(({ message }) => message),
      [],
      seed,
    )
    if (errors.length === 0 && JSON.stringify(definition).includes('self == self')) runs++
  })
  equal(runs > 50, true)
})

test('every schema is judged', () => {
  each((definition) => void defaultErrors(definition, ''))
})

test('what is left of an object is what its declaration takes', () => {
  each((definition, object, _, seed) => {
    const schema = customSchema(definition, { kind: 'Thing' })
    const sound = schema.prune(object).object
    if (schema.validate(sound).length > 0 || JSON.stringify(definition).includes('embedded')) return
    try {
      fieldsOf(schema.declaration, sound)
    } catch (error) {
      throw new Error(seed, { cause: error })
    }
  })
})
