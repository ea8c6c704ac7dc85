import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import type { HistoryItem, ObjectHistory } from '#apiserver/past/object-history.ts'
import type { KubeObject } from '#schema/resource.ts'
import { OperatorError } from './command.ts'
import { parseMoment } from './moment.ts'
import { changedPaths, changesOf, objectAt } from './object-changes.ts'

const clock = (minute: number) => `2026-01-02T12:${String(minute).padStart(2, '0')}:00Z`
const owner = (manager: string, minute: number, subresource?: string) => ({
  manager,
  operation: 'Update',
  time: clock(minute),
  fieldsV1: {},
  ...(subresource && { subresource }),
})

const object = (spec: object, managedFields: readonly object[], status?: object) =>
  ({
    apiVersion: 'v1',
    kind: 'Thing',
    metadata: { name: 'a', creationTimestamp: clock(1), managedFields },
    spec,
    ...(status && { status }),
  }) as unknown as KubeObject

const items: readonly HistoryItem[] = [
  { type: 'ADDED', resourceVersion: '10', time: clock(1), object: object({ n: 1 }, [owner('kubectl', 1)]) },
  { type: 'MODIFIED', resourceVersion: '12', time: clock(2), object: object({ n: 2 }, [owner('kubectl', 1), owner('hpa', 2)]) },
  {
    type: 'MODIFIED',
    resourceVersion: '15',
    time: clock(3),
    object: object({ n: 2 }, [owner('kubectl', 1), owner('hpa', 2), owner('kubelet', 3, 'status')], { ready: true }),
  },
  { type: 'DELETED', resourceVersion: '20', time: clock(4), object: object({ n: 2 }, []) },
]
const history: ObjectHistory = {
  kind: 'ObjectHistory',
  apiVersion: 'k8ts.io/v1',
  metadata: { resourceVersion: '30' },
  oldest: { resourceVersion: '5', time: clock(0) },
  items,
}

test('each revision says who did what to which fields', () => {
  deepEqual(changesOf(items), [
    { resourceVersion: '10', time: clock(1), who: ['kubectl'], operation: 'Create', changed: [] },
    { resourceVersion: '12', time: clock(2), who: ['hpa'], operation: 'Update', changed: ['spec.n'] },
    { resourceVersion: '15', time: clock(3), who: ['kubelet'], operation: 'Update status', changed: ['status'] },
    { resourceVersion: '20', time: clock(4), who: [], operation: 'Delete', changed: [] },
  ])
})

test('of the oldest revision that is known only the last writer is named', () => {
  const [told] = changesOf(items.slice(2))
  deepEqual([told!.who, told!.operation, told!.changed], [['kubelet'], 'Update status', []])
})

test('of several writes in one second each is told of whoever owns what it changed', () => {
  const fieldsV1 = (path: string) => path.split('.').reduceRight((inner, name) => ({ [`f:${name}`]: inner }), {})
  const owners = [
    { ...owner('kubectl', 1), fieldsV1: fieldsV1('spec.n') },
    { ...owner('kubelet', 1, 'status'), fieldsV1: fieldsV1('status.ready') },
  ]
  const states = [
    object({ n: 1 }, owners, { ready: false }),
    object({ n: 1 }, owners, { ready: true }),
    object({ n: 2 }, owners, { ready: true }),
  ]
  const written = states.map((o, i): HistoryItem => ({ type: 'MODIFIED', resourceVersion: String(i), object: o }))
  deepEqual(
    changesOf(written).map((c) => [c.who, c.operation]),
    [
      [['kubectl', 'kubelet'], 'Update, Update status'],
      [['kubelet'], 'Update status'],
      [['kubectl'], 'Update'],
    ],
  )
})

test('items of lists are told apart by name where they have one', () => {
  const pod = (image: string) => ({ containers: [{ name: 'a', image }, { name: 'b' }], args: ['x', image], labels: { 'a/b': image } })
  deepEqual(changedPaths(pod('1'), pod('2')), ['containers[a].image', 'args[1]', 'labels["a/b"]'])
})

test('an object is found by revision and by time, and is not there before and after its life', () => {
  const found = (said: string) => objectAt(history, parseMoment(said, 'at', 0), said)?.resourceVersion
  deepEqual(['5', '9', '10', '14', '15', '20', '30'].map(found), [undefined, undefined, '10', '12', '15', undefined, undefined])
  deepEqual([clock(0), clock(1), '2026-01-02T12:02:59Z', clock(9)].map(found), [undefined, '10', '12', undefined])
})

test('what lies before the history or ahead is refused', () => {
  const at = (said: string, of: ObjectHistory = history) => objectAt(of, parseMoment(said, 'at', 0), said)
  throws(() => at('4'), OperatorError)
  throws(() => at('31'), /resourceVersion 31 has not come yet: the newest is 30/)
  throws(() => at('2026-01-02T11:59:59Z'), /before the history that is still known, which begins at 2026-01-02T12:00:00.000Z/)
  const untimed = { ...history, oldest: { resourceVersion: '5' }, items: items.map(({ time: _time, ...i }) => i) }
  throws(() => at(clock(0), untimed), OperatorError)
  equal(at(clock(2), untimed)?.resourceVersion, '12')
})
