/** The checker of histories accepts what a correct server gives and names what it cannot have given. */

import { doesNotThrow, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { checkHistory, type Operation, type Seen, type Watched, type Write } from './api-history.ts'

const write = (at: number, verb: Write['verb'], value: string | null, revision: number, rest: Partial<Write> = {}): Write => ({
  type: 'write',
  client: 0,
  start: at,
  end: at + 5,
  name: 'a',
  verb,
  value,
  expected: undefined,
  outcome: 'done',
  revision,
  ...rest,
})
const get = (at: number, fresh: boolean, found?: { revision: number; value: string }): Operation => ({
  type: 'get',
  client: 1,
  start: at,
  end: at + 5,
  name: 'a',
  fresh,
  found,
})
const list = (at: number, revision: number, items: Record<string, { revision: number; value: string }>): Operation => ({
  type: 'list',
  client: 1,
  start: at,
  end: at + 5,
  fresh: true,
  revision,
  items,
})
const seen = (type: Seen['type'], revision: number, value = ''): Seen => ({ type, name: 'a', revision, value })

const OPERATIONS: readonly Operation[] = [
  write(10, 'create', 'v1', 5),
  write(20, 'update', 'v2', 6, { expected: 5 }),
  write(22, 'update', 'refused', 0, { expected: 5, outcome: 'conflict' }),
  get(30, true, { revision: 6, value: 'v2' }),
  get(30, false, { revision: 5, value: 'v1' }),
  list(30, 6, { a: { revision: 6, value: 'v2' } }),
  write(40, 'patch', 'v3', 0, { outcome: 'lost' }),
  write(50, 'delete', null, 0, { expected: 7 }),
  get(60, true),
  write(70, 'patch', 'never', 0, { outcome: 'lost' }),
]
const EVENTS: readonly Seen[] = [seen('ADDED', 5, 'v1'), seen('MODIFIED', 6, 'v2'), seen('MODIFIED', 7, 'v3'), seen('DELETED', 8, 'v3')]
const ALL: Watched = { what: 'all', from: 1, events: EVENTS }

const check = (more: readonly Operation[] = [], watched: readonly Watched[] = []) =>
  checkHistory({ operations: [...OPERATIONS, ...more], watched: [ALL, ...watched] })
const watched = (...events: readonly Seen[]): Watched => ({ what: 'another', from: 1, events })

test('a history as it should be is accepted, with writes in doubt that happened and such that did not', () => {
  const half: Watched = {
    what: 'those in v2',
    from: 1,
    selects: (value) => value === 'v2',
    events: [seen('ADDED', 6, 'v2'), seen('BOOKMARK', 6), seen('DELETED', 7, 'v2')],
  }
  doesNotThrow(() => check([], [watched(...EVENTS), half]))
})

test('what a server may not give is named', () => {
  throws(() => check([write(90, 'create', 'v9', 9)]), /lost/)
  const refused = OPERATIONS.map((o): Operation => (o.type === 'write' && o.value === 'v3' ? { ...o, outcome: 'conflict' } : o))
  throws(() => checkHistory({ operations: refused, watched: [ALL] }), /refused and yet there/)
  throws(() => check([get(45, true, { revision: 5, value: 'v1' })]), /stale, 6 was known/)
  throws(() => check([get(30, true)]), /it was there/)
  throws(() => check([get(12, true, { revision: 6, value: 'v2' })]), /of the future/)
  throws(() => check([get(30, true, { revision: 6, value: 'other' })]), /never was/)
  throws(() => check([list(45, 5, { a: { revision: 5, value: 'v1' } })]), /stale list/)
  throws(() => check([list(45, 6, {})]), /the state at 6/)
  throws(() => check([write(24, 'update', 'x', 0, { expected: 8, outcome: 'conflict' })]), /nothing came between/)
  throws(() => check([write(16, 'update', 'x', 0, { outcome: 'absent' })]), /it was there/)
  throws(() => check([write(1, 'create', 'x', 0, { outcome: 'exists' })]), /nothing existed/)
  throws(() => check([write(90, 'delete', null, 0, { expected: 7 })]), /done twice/)
})

test('a watch that misses, repeats, reorders or runs ahead of its bookmark is named', () => {
  const [first, second, third, fourth] = EVENTS as [Seen, Seen, Seen, Seen]
  throws(() => check([], [watched(first, third, fourth)]), /another/)
  throws(() => check([], [watched(first, second, second, third, fourth)]), /6 after 6/)
  throws(() => check([], [watched(first, third, second, fourth)]), /6 after 7/)
  throws(() => check([], [watched(first, seen('BOOKMARK', 6), second, third, fourth)]), /6 after 6/)
  throws(() => check([], [watched(first, second, third, { ...fourth, value: 'v2' })]), /another/)
})

test('one of two updates on the same version wins', () => {
  const twice: readonly Operation[] = [
    write(10, 'create', 'v1', 5),
    write(20, 'update', 'v2', 6, { expected: 5 }),
    write(20, 'update', 'v3', 7, { expected: 5 }),
  ]
  throws(() => checkHistory({ operations: twice, watched: [{ ...ALL, events: EVENTS.slice(0, 3) }] }), /overwrote/)
})
