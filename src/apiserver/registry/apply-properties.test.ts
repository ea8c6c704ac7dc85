/** What holds of applies to random objects of real kinds, whatever is in them. */

import assert from 'node:assert/strict'
import test from 'node:test'
import { afterUpdate, apply, type ManagedWrite } from './managed-fields.ts'
import { resetFieldsOf } from './reset-fields.ts'
import type { ManagedFieldsEntry } from '#api/meta/v1/object-meta.ts'
import { deployments } from '#api/apps/v1/deployment.ts'
import { horizontalPodAutoscalers } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { cronJobs } from '#api/batch/v1/cron-job.ts'
import { pods } from '#api/core/v1/pod.ts'
import { services } from '#api/core/v1/service.ts'
import { ingresses } from '#api/networking/v1/ingress.ts'
import { seededRandom, type Random } from '#base/random.ts'
import { merge } from '#schema/apply/merge.ts'
import { fieldsOf, NotDeclared } from '#schema/apply/fields-of.ts'
import type { Json } from '#schema/apply/shape.ts'
import type { Resource } from '#schema/resource.ts'
import { someObject } from '#schema/test-values.ts'

const SEEDS = 60
const KINDS = [pods, deployments, services, cronJobs, ingresses, horizontalPodAutoscalers] as unknown as readonly Resource[]

interface Trial {
  readonly resource: Resource
  readonly random: Random
  readonly what: string
}

/** Every kind with every seed. */
function* trials(): Generator<Trial> {
  for (const resource of KINDS)
    for (let seed = 1; seed <= SEEDS; seed++) yield { resource, random: seededRandom(seed), what: `${resource.kind}, seed ${seed}` }
}

function by(manager: string, resource: Resource, second = 0): ManagedWrite {
  const time = `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`
  return {
    message: resource.type.schema,
    manager,
    apiVersion: resource.apiVersion,
    subresource: '',
    time,
    reset: resetFieldsOf(resource, ''),
  }
}

/** A configuration that the declaration takes: a list with two items of the same key is drawn again. */
function someConfig({ resource, random }: Trial): Json {
  const { schema } = resource.type
  for (;;) {
    const { status: _, ...config } = someObject(schema, random)
    const { managedFields: __, ...metadata } = (config['metadata'] ?? {}) as Json
    const sent = { ...config, apiVersion: resource.apiVersion, kind: resource.kind, metadata: { ...metadata, name: 'n', uid: 'u' } }
    try {
      fieldsOf(schema, sent)
      return sent
    } catch (error) {
      if (!(error instanceof NotDeclared)) throw error
    }
  }
}

const managedOf = (object: Json) => (object['metadata'] as { managedFields?: readonly ManagedFieldsEntry[] }).managedFields ?? []
const withManaged = (object: Json, managed: readonly ManagedFieldsEntry[]): Json => ({
  ...object,
  metadata: { ...(object['metadata'] as object), managedFields: managed },
})

function created(trial: Trial): Json {
  const object = someConfig(trial)
  return withManaged(object, afterUpdate(undefined, object, by('maker', trial.resource)))
}

function forced(live: Json, config: Json, write: ManagedWrite): Json {
  const applied = apply(live, config, write, true)
  assert.ok(applied.type === 'applied')
  const same = applied.managed === managedOf(live) || (applied.managed.length === 0 && managedOf(live).length === 0)
  return applied.object === live && same ? live : withManaged(applied.object, applied.managed)
}

test('what was applied is there, and applying it again changes nothing, whoever does', () => {
  for (const trial of trials()) {
    const { resource, what } = trial
    const config = someConfig(trial)
    const live = forced(created(trial), config, by('one', resource, 1))
    assert.equal(merge(resource.type.schema, live, config), live, what)
    assert.equal(forced(live, config, by('one', resource, 2)), live, what)
    const again = apply(live, config, by('two', resource, 3), false)
    assert.ok(again.type === 'applied' && again.object === live, what)
  }
})

test('an apply of nothing gives up all that was applied and has nothing more to take', () => {
  for (const trial of trials()) {
    const { resource, what } = trial
    const before = created(trial)
    const live = forced(before, someConfig(trial), by('one', resource, 1))
    const nothing = { apiVersion: resource.apiVersion, kind: resource.kind, metadata: { name: 'n', uid: 'u' } }
    const after = forced(live, nothing, by('one', resource, 2))
    assert.deepEqual(
      managedOf(after)
        .map(({ manager }) => manager)
        .filter((manager) => manager !== 'maker'),
      [],
      what,
    )
    assert.equal(forced(after, nothing, by('one', resource, 3)), after, what)
  }
})

test('managers of disjoint parts may come in any order, and none sees a conflict', () => {
  for (const trial of trials()) {
    const { resource, what } = trial
    const { apiVersion, kind, ...rest } = someConfig(trial)
    const named = (metadata: Json) => ({ apiVersion, kind, metadata: { ...metadata, name: 'n', uid: 'u' } })
    const configs: readonly (readonly [string, Json])[] = [
      ['one', { ...named({}), spec: rest['spec'] ?? {} }],
      ['two', named({ labels: { l: '1' }, finalizers: ['example.com/b'] })],
      ['three', named({ labels: { m: '2' }, annotations: { a: 'b' } })],
    ]
    const run = (order: typeof configs) => {
      let live: Json = named({})
      for (const [manager, config] of order) {
        const applied = apply(live, config, by(manager, resource), false)
        assert.ok(applied.type === 'applied', what)
        live = withManaged(applied.object, applied.managed)
      }
      const owned = managedOf(live).map(({ manager, fieldsV1 }) => [manager, fieldsV1] as const)
      return { ...live, metadata: { ...(live['metadata'] as Json), managedFields: Object.fromEntries(owned) } }
    }
    assert.deepEqual(run(configs), run(configs.toReversed()), what)
  }
})
