import assert from 'node:assert/strict'
import test from 'node:test'
import { afterFirstApply, afterUpdate, apply, type Applied, type ManagedWrite } from './managed-fields.ts'
import { resetFieldsOf } from './reset-fields.ts'
import type { ManagedFieldsEntry } from '#api/meta/v1/object-meta.ts'
import { CertificateSigningRequest, certificateSigningRequests } from '#api/certificates/v1/certificate-signing-request.ts'
import { ConfigMap, configMaps } from '#api/core/v1/config-map.ts'
import { Service } from '#api/core/v1/service.ts'
import { seededRandom, type Random } from '#base/random.ts'
import { paths } from '#schema/apply/field-set.ts'
import type { Json } from '#schema/apply/shape.ts'

function by(manager: string, second = 0, message = ConfigMap.schema): ManagedWrite {
  const time = `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`
  return { message, manager, apiVersion: 'v1', subresource: '', time, reset: resetFieldsOf(configMaps as never, '') }
}

const withManaged = (object: Json, managed: readonly ManagedFieldsEntry[]): Json => ({
  ...object,
  metadata: { uid: 'u', ...(object['metadata'] as object | undefined), managedFields: managed },
})
const managedOf = (object: Json) => (object['metadata'] as { managedFields: readonly ManagedFieldsEntry[] }).managedFields
const owners = (object: Json) =>
  Object.fromEntries(managedOf(object).map((e) => [`${e.manager} ${e.operation}`, paths(e.fieldsV1 as never)]))

function created(config: Json, write: ManagedWrite): Json {
  return withManaged(config, afterFirstApply(config, write))
}

function written(object: Json, write: ManagedWrite, old?: Json): Json {
  return withManaged(object, afterUpdate(old, old ? withManaged(object, managedOf(old)) : object, write))
}

function must(live: Json, config: Json, write: ManagedWrite, force = false): Json {
  const applied: Applied = apply(live, config, write, force)
  if (applied.type === 'conflicts') assert.fail(JSON.stringify(applied.conflicts))
  return withManaged(applied.object, applied.managed)
}

function conflicts(live: Json, config: Json, write: ManagedWrite) {
  const applied = apply(live, config, write, false)
  return applied.type === 'conflicts' ? applied.conflicts.map((c) => [c.manager.manager, paths(c.fields)]) : []
}

test('an apply takes back what it applied before and nobody else names', () => {
  const live = must(created({ data: { a: '1', b: '2' } }, by('one')), { data: { b: '2', c: '3' } }, by('two', 1))
  const next = must(live, { data: { a: '1' } }, by('one', 2))
  assert.deepEqual(next['data'], { a: '1', b: '2', c: '3' })
  assert.deepEqual(owners(next), { 'one Apply': ['.data.a'], 'two Apply': ['.data.b', '.data.c'] })
  assert.deepEqual(must(next, { data: { c: '3' } }, by('two', 3))['data'], { a: '1', c: '3' })
})

test('metadata stays when an apply takes back the last it owned there', () => {
  const labelled = created({ metadata: { name: 'c', labels: { a: '1' } } }, by('one'))
  const next = must(labelled, { metadata: { name: 'c' }, data: { a: '1' } }, by('one', 1))
  const { managedFields: _, ...metadata } = next['metadata'] as Record<string, unknown>
  assert.deepEqual([metadata, next['data']], [{ uid: 'u', name: 'c' }, { a: '1' }])
})

test('a field of another value that someone else owns is a conflict, unless taken by force', () => {
  const live = written({ data: { a: '1' } }, by('kubectl'))
  assert.deepEqual(conflicts(live, { data: { a: '2' } }, by('mine', 1)), [['kubectl', ['.data.a']]])
  const next = must(live, { data: { a: '2' } }, by('mine', 1), true)
  assert.deepEqual([next['data'], owners(next)], [{ a: '2' }, { 'mine Apply': ['.data.a'], 'kubectl Update': ['.data'] }])
})

test('the same value is shared by all who apply it', () => {
  const live = must(created({ data: { a: '1' } }, by('one')), { data: { a: '1' } }, by('two', 1))
  assert.deepEqual(owners(live), { 'one Apply': ['.data.a'], 'two Apply': ['.data.a'] })
})

test('an update takes what it changes, and what it removes is nobody’s', () => {
  const live = created({ data: { a: '1', b: '2' } }, by('one'))
  const next = written({ data: { a: '9' } }, by('editor', 1), live)
  assert.deepEqual(owners(next), { 'editor Update': ['.data.a'] })
})

test('items of a list belong to whoever names their keys', () => {
  const service = (manager: string, second = 0) => by(manager, second, Service.schema)
  const live = created({ spec: { ports: [{ port: 80, protocol: 'TCP' }] } }, service('one'))
  const both = must(live, { spec: { ports: [{ port: 443, protocol: 'TCP' }] } }, service('two', 1))
  assert.deepEqual((both['spec'] as Json)['ports'], [
    { port: 80, protocol: 'TCP' },
    { port: 443, protocol: 'TCP' },
  ])
  assert.deepEqual((must(both, { spec: {} }, service('one', 2))['spec'] as Json)['ports'], [{ port: 443, protocol: 'TCP' }])
})

test('an object without owners stays so until it is applied, and then was there before', () => {
  const bare = withManaged({ data: { a: '1' } }, [])
  assert.deepEqual(afterUpdate(bare, { data: { a: '2' }, metadata: { uid: 'u' } }, by('editor')), [])
  assert.deepEqual(conflicts(bare, { data: { a: '2' } }, by('mine')), [['before-first-apply', ['.data.a']]])
})

test('one empty entry resets, and so does a list that is there but empty', () => {
  const live = created({ data: { a: '1' } }, by('one'))
  assert.deepEqual(afterUpdate(live, withManaged(live, [{}]), by('editor')), [])
  assert.deepEqual(afterUpdate(live, withManaged(live, []), by('editor')), [])
  assert.equal(afterUpdate(live, { ...live, metadata: { uid: 'u' } }, by('editor')), managedOf(live))
})

test('who applies only what is there already gets no time, and keeps the one it had', () => {
  const live = must(created({ data: { a: '1', b: '2' } }, by('one')), { data: { a: '1' } }, by('two', 1))
  const times = (object: Json) => Object.fromEntries(managedOf(object).map((e) => [e.manager, e.time]))
  assert.deepEqual(times(live), { one: '2026-01-01T00:00:00Z', two: undefined })
  const less = must(live, { data: { b: '2' } }, by('one', 2))
  assert.deepEqual(
    [less['data'], times(less)],
    [
      { a: '1', b: '2' },
      { one: '2026-01-01T00:00:00Z', two: undefined },
    ],
  )
})

test('entries that say no version or form are no owners', () => {
  const live = created({ data: { a: '1' } }, by('one'))
  const { apiVersion: _, ...nameless } = managedOf(live)[0]!
  assert.equal(afterUpdate(live, withManaged(live, [nameless]), by('editor')), managedOf(live))
})

test('beyond ten updaters the oldest share an entry', () => {
  let live = written({ data: { k0: '0' } }, by('m0'))
  for (let i = 1; i <= 12; i++) live = written({ data: { ...(live['data'] as object), [`k${i}`]: '1' } }, by(`m${i}`, i), live)
  const names = managedOf(live).map((e) => e.manager)
  assert.equal(names.length, 10)
  assert.deepEqual(owners(live)['ancient-changes Update'], ['.data', '.data.k0', '.data.k1', '.data.k2', '.data.k3'])
})

/** Says something at least: an object that nobody owns anything of counts as one from before the first apply. */
function some(random: Random, names: readonly string[]): Json {
  const said = names.filter((_, i) => i === 0 || random.next() < 0.6)
  return { data: Object.fromEntries(said.map((name) => [name, String(Math.floor(random.next() * 3))])) }
}

test('applying twice is applying once', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed)
    let live = written(some(random, ['a', 'b', 'c']), by('base'))
    for (let step = 1; step < 6; step++) {
      const config = some(random, random.next() < 0.5 ? ['a', 'b', 'c', 'd'] : ['d', 'c'])
      const write = by(`m${Math.floor(random.next() * 3)}`, step)
      live = must(live, config, write, true)
      const again = apply(live, config, { ...write, time: '2027-01-01T00:00:00Z' }, false)
      assert.ok(again.type === 'applied' && again.object === live && again.managed === managedOf(live), `seed ${seed}, step ${step}`)
    }
  }
})

test('the order of managers with fields of their own does not matter', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed)
    const configs = [some(random, ['a', 'b']), some(random, ['c', 'd']), some(random, ['e'])].map((c, i) => [`m${i}`, c] as const)
    const base = written({ data: { z: '0' } }, by('base'))
    const run = (order: readonly (readonly [string, Json])[]) =>
      order.reduce((live, [manager, config]) => must(live, config, by(manager)), base)
    const sorted = (object: Json) => [Object.entries(object['data'] as object).sort(), owners(object)]
    assert.deepEqual(sorted(run(configs)), sorted(run(configs.toReversed())), `seed ${seed}`)
  }
})

test('who approves a certificate owns its conditions, and not the certificate', () => {
  const signing = certificateSigningRequests as never
  const write = (subresource: string): ManagedWrite => ({
    ...by('m', 0, CertificateSigningRequest.schema),
    subresource,
    reset: resetFieldsOf(signing, subresource),
  })
  const object = { metadata: { uid: 'u', labels: { l: '1' } }, spec: { request: 'r' } }
  const status = { conditions: [{ type: 'Approved', status: 'True' }], certificate: 'c' }
  const of = (subresource: string) => {
    const live = written(object, { ...write(''), manager: 'maker' })
    const entries = afterUpdate(live, { ...live, spec: { request: 's' }, status }, write(subresource))
    return entries.filter((e) => e.manager === 'm').flatMap((e) => paths(e.fieldsV1 as never))
  }
  const conditions = ['', '[type="Approved"]', '[type="Approved"].status', '[type="Approved"].type'].map((p) => `.status.conditions${p}`)
  assert.deepEqual(of('approval'), conditions)
  assert.deepEqual(of('status'), ['.status.certificate'])
  assert.deepEqual(of(''), [])
})
