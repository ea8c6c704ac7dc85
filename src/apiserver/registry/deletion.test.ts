import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { decideDeletion, endsNow } from './deletion.ts'
import type { Stored, Strategy } from './strategy.ts'

const NOW = Date.UTC(2026, 0, 1)
const object = (metadata: object = {}): Stored => ({
  metadata: { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '', ...metadata },
})
const graceful: Strategy = { gracePeriod: (_, options) => options.gracePeriodSeconds ?? 30 }
const marked = (plan: ReturnType<typeof decideDeletion>) => (plan.type === 'mark' ? plan.object.metadata : plan.type)

test('an object that nothing holds goes at once', () => {
  deepEqual(decideDeletion(object(), {}, {}, NOW), { type: 'remove' })
})

test('orphaning and foreground deletion each leave a finalizer, and change each other', () => {
  const orphan = decideDeletion(object(), { propagationPolicy: 'Orphan' }, {}, NOW)
  deepEqual(orphan.type === 'mark' && orphan.object.metadata.finalizers, ['orphan'])
  const foreground = decideDeletion(object({ finalizers: ['x/y', 'orphan'] }), { propagationPolicy: 'Foreground' }, {}, NOW)
  deepEqual(foreground.type === 'mark' && foreground.object.metadata.finalizers, ['x/y', 'foregroundDeletion'])
  deepEqual(decideDeletion(object({ finalizers: ['orphan'] }), { propagationPolicy: 'Background' }, {}, NOW), { type: 'remove' })
  deepEqual(decideDeletion(object(), {}, { dependents: 'orphan' }, NOW).type, 'mark')
  deepEqual(decideDeletion(object(), { propagationPolicy: 'Foreground' }, { dependents: 'unsupported' }, NOW), { type: 'remove' })
})

test('grace is given once, only ever shortened, and bumps the generation', () => {
  const first = marked(decideDeletion(object({ generation: 3 }), {}, graceful, NOW))
  deepEqual(first, { ...object().metadata, generation: 4, deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 })
  const going = object({ deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 })
  equal(decideDeletion(going, {}, graceful, NOW).type, 'pending')
  equal(decideDeletion(going, { gracePeriodSeconds: 60 }, graceful, NOW).type, 'pending')
  deepEqual(marked(decideDeletion(going, { gracePeriodSeconds: 5 }, graceful, NOW)), {
    ...going.metadata,
    deletionTimestamp: '2026-01-01T00:00:05Z',
    deletionGracePeriodSeconds: 5,
  })
  equal(decideDeletion(going, { gracePeriodSeconds: 0 }, graceful, NOW).type, 'remove')
})

test('a grace of ages is kept, and its end lies as far off as upstream can say', () => {
  const ages = 9_223_372_036_854_774_784
  const metadata = marked(decideDeletion(object(), { gracePeriodSeconds: ages }, graceful, NOW)) as Stored['metadata']
  deepEqual([metadata.deletionTimestamp, metadata.deletionGracePeriodSeconds], ['2318-04-12T23:47:16Z', ages])
  deepEqual(marked(decideDeletion({ metadata }, { gracePeriodSeconds: 5 }, graceful, NOW)), {
    ...metadata,
    deletionTimestamp: '2026-01-01T00:00:05Z',
    deletionGracePeriodSeconds: 5,
  })
})

test('an object marked for deletion ends with its last finalizer, but not within its grace', () => {
  const time = { deletionTimestamp: '2026-01-01T00:00:00Z' }
  equal(endsNow(object(), {}), false)
  equal(endsNow(object({ ...time, finalizers: ['a'] }), {}), false)
  equal(endsNow(object({ ...time, deletionGracePeriodSeconds: 30 }), {}), false)
  equal(endsNow(object({ ...time, deletionGracePeriodSeconds: 0 }), {}), true)
  equal(endsNow(object(time), { mayGo: () => false }), false)
})
