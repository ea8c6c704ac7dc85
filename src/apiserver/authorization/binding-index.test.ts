import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Subject } from '#api/rbac/v1/cluster-role-binding.ts'
import { seededRandom } from '#base/random.ts'
import { bindingIndex } from './binding-index.ts'

interface Binding {
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly subjects?: readonly Subject[]
}

const binding = (name: string, namespace: string | undefined, ...subjects: readonly Subject[]): Binding => ({
  metadata: { name, ...(namespace && { namespace }) },
  subjects,
})
const user = (name: string): Subject => ({ kind: 'User', name })
const group = (name: string): Subject => ({ kind: 'Group', name })
const names = (bindings: readonly Binding[]) => bindings.map((b) => b.metadata.name)

test('bindings are found by user, group and service account, of the namespace asked for', () => {
  const all = [
    binding('b', 'ns', user('joe'), user('joe'), group('dev')),
    binding('a', 'ns', group('dev')),
    binding('c', 'other', user('joe')),
    binding('d', undefined, group('dev')),
    binding('e', 'ns', { kind: 'ServiceAccount', name: 'sa' }),
    binding('f', undefined, { kind: 'ServiceAccount', name: 'sa' }, { kind: 'ServiceAccount', name: 'sa', namespace: 'ns' }),
    binding('g', 'ns'),
  ]
  const index = bindingIndex({ list: () => all })
  const joe = { username: 'joe', groups: ['dev', 'system:authenticated'] }
  deepEqual(
    [names(index.of(joe, 'ns')), names(index.of(joe, 'other')), names(index.of(joe, '')), names(index.of({}, 'ns'))],
    [['a', 'b'], ['c'], ['d'], []],
  )
  const account = { username: 'system:serviceaccount:ns:sa' }
  deepEqual([names(index.of(account, 'ns')), names(index.of(account, '')), names(index.of({ username: 'sa' }, 'ns'))], [['e'], ['f'], []])
})

test('the index follows every change, and is not built again without one', () => {
  const random = seededRandom(7)
  const all = new Map<string, Binding>()
  let changes = 0
  let lists = 0
  const index = bindingIndex({
    list: () => (lists++, [...all.values()]),
    changes: () => changes,
  })
  const pick = (count: number) => Math.floor(random.next() * count)
  for (let step = 0; step < 500; step++) {
    const name = `b${pick(20)}`
    const namespace = `n${pick(2)}`
    if (pick(3) === 0) all.delete(`${namespace}/${name}`)
    else all.set(`${namespace}/${name}`, binding(name, namespace, user(`u${pick(3)}`), group(`g${pick(3)}`)))
    changes++
    const asking = { username: `u${pick(3)}`, groups: [`g${pick(3)}`] }
    const expected = [...all.values()]
      .filter((b) => b.metadata.namespace === namespace)
      .filter((b) => b.subjects!.some((s) => s.name === asking.username || asking.groups.includes(s.name)))
    deepEqual(names(index.of(asking, namespace)), names(expected).toSorted())
  }
  equal(lists, 500)
  index.of({ username: 'u1' }, 'n1')
  equal(lists, 500)
})
