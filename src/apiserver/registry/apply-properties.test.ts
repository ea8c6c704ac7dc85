/** What must hold of applying whatever configurations, tried with random ones of real kinds. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterFirstApply, apply, type ManagedWrite } from './managed-fields.ts'
import { resetFieldsOf } from './reset-fields.ts'
import { deployments } from '#api/apps/v1/deployment.ts'
import { cronJobs } from '#api/batch/v1/cron-job.ts'
import { pods } from '#api/core/v1/pod.ts'
import { services } from '#api/core/v1/service.ts'
import type { ManagedFieldsEntry } from '#api/meta/v1/object-meta.ts'
import { seededRandom, type Random } from '#base/random.ts'
import { sameSet } from '#schema/apply/field-set.ts'
import { asObject, keyedElement, structOf, type Json, type Shape } from '#schema/apply/shape.ts'
import type { Resource } from '#schema/resource.ts'
import { pick, someObject } from '#schema/test-values.ts'

const SEEDS = 60
const KINDS = [pods, deployments, services, cronJobs] as unknown as readonly Resource[]
const TIME = '2026-01-01T00:00:00Z'

function each(property: (kind: Resource, random: Random, about: string) => void): void {
  for (const kind of KINDS) for (let seed = 1; seed <= SEEDS; seed++) property(kind, seededRandom(seed), `${kind.kind}, seed ${seed}`)
}

function by(manager: string, kind: Resource): ManagedWrite {
  return { message: kind.type.schema, manager, apiVersion: 'v1', subresource: '', time: TIME, reset: resetFieldsOf(kind, '') }
}

function configOf(kind: Resource, random: Random): Json {
  return { metadata: { name: 'n', labels: { [pick(random, ['a', 'b'])]: 'x' } }, ...someObject(kind.type.schema, random) }
}

function first(config: Json, write: ManagedWrite): Json {
  return owned(config, afterFirstApply(config, write))
}

function then(live: Json, config: Json, write: ManagedWrite, force = true): Json {
  const applied = apply(live, config, write, force)
  assert.ok(applied.type === 'applied')
  return owned(applied.object, applied.managed)
}

function owned(object: Json, managedFields: readonly ManagedFieldsEntry[]): Json {
  return { ...object, metadata: { uid: 'u', ...asObject(object['metadata']), managedFields } }
}

/**
 * The object without its owners, with keyed lists and sets in an order of their own, as apply leaves theirs to whoever came first, and
 * without empty objects: one that lost its last member is gone, whether or not the configuration has it empty.
 */
function content({ metadata, ...object }: Json, kind: Resource): unknown {
  const { managedFields: _, ...rest } = metadata as Json
  return sorted(structOf(kind.type.schema), { metadata: rest, ...object })
}

function sorted(shape: Shape | undefined, value: unknown): unknown {
  if (Array.isArray(value)) {
    if (shape?.type === 'set') return value.toSorted()
    if (shape?.type !== 'keyed') return value
    const items = value.map((item): [string, unknown] => [keyedElement(shape, item), sorted(shape.of, item)])
    return items.toSorted(([a], [b]) => (a < b ? -1 : 1))
  }
  const members = asObject(value)
  if (members === undefined || (shape?.type !== 'struct' && shape?.type !== 'map')) return value
  const said = Object.entries(members).map(([name, member]) => [name, sorted(below(shape, name), member)] as const)
  return Object.fromEntries(said.filter(([, member]) => asObject(member) === undefined || Object.keys(member as Json).length > 0))
}

function below(shape: Shape | undefined, name: string): Shape | undefined {
  return shape?.type === 'struct' ? shape.members().get(name)?.shape : shape?.type === 'map' ? shape.of : undefined
}

const managersOf = (object: Json) =>
  new Map(
    ((object['metadata'] as Json)['managedFields'] as readonly ManagedFieldsEntry[]).map((m) => [m.manager, m.fieldsV1 as never] as const),
  )

test('what is applied again changes nothing', () => {
  each((kind, random, about) => {
    const live = then(first(configOf(kind, random), by('one', kind)), configOf(kind, random), by('two', kind))
    const config = configOf(kind, random)
    const once = then(live, config, by('three', kind))
    const again = apply(once, config, { ...by('three', kind), time: '2027-01-01T00:00:00Z' }, false)
    assert.ok(again.type === 'applied' && again.object === once, about)
    assert.equal(again.managed, (once['metadata'] as Json)['managedFields'], about)
  })
})

test('of what one manager applied before, and alone, only what it applies now is left', () => {
  each((kind, random, about) => {
    const [before, now] = [configOf(kind, random), configOf(kind, random)]
    const live = then(first(before, by('one', kind)), now, by('one', kind), false)
    assert.deepEqual(content(live, kind), content(owned(now, []), kind), about)
  })
})

test('the order does not matter in which managers apply fields of their own', () => {
  each((kind, random, about) => {
    const whole = configOf(kind, random)
    const parts = split(structOf(kind.type.schema), whole, random)
    const named = parts.map((part, i) => [`m${i}`, { ...part, metadata: { ...asObject(part['metadata']), name: 'n' } }] as const)
    const run = (order: typeof named): Json => {
      const [[manager, config], ...rest] = order as [(typeof named)[number], ...typeof named]
      return rest.reduce((live, [m, c]) => then(live, c, by(m, kind), false), first(config, by(manager, kind)))
    }
    const [one, other] = [run(named), run(named.toReversed())]
    assert.deepEqual(content(one, kind), content(other, kind), about)
    const [mine, theirs] = [managersOf(one), managersOf(other)]
    assert.deepEqual([...mine.keys()].toSorted(), [...theirs.keys()].toSorted(), about)
    for (const [manager, fields] of mine) assert.ok(sameSet(fields, theirs.get(manager)!), `${about}, ${manager}`)
  })
})

/** One configuration as the parts of three managers: each leaf and each item of a keyed list goes to one of them. */
function split(shape: Shape | undefined, value: Json, random: Random): readonly Record<string, unknown>[] {
  const parts: Record<string, unknown>[] = [{}, {}, {}]
  for (const [name, member] of Object.entries(value)) {
    const of = below(shape, name)
    const object = asObject(member)
    if (object && of?.type === 'struct' && Object.keys(object).length > 0) {
      for (const [i, part] of split(of, object, random).entries()) if (Object.keys(part).length > 0) parts[i]![name] = part
    } else if (Array.isArray(member) && of?.type === 'keyed') {
      for (const item of member) {
        const part = pick(random, parts)
        part[name] = [...((part[name] as readonly unknown[] | undefined) ?? []), item]
      }
    } else pick(random, parts)[name] = member
  }
  return parts
}
