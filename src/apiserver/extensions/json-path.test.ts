/** What JSON paths of columns find. */

import { deepEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { MalformedPath, parseJsonPath } from './json-path.ts'

const OBJECT = {
  metadata: { annotations: { 'example.com/size': 'big' } },
  spec: {
    ports: [
      { name: 'a', port: 1 },
      { name: 'b', port: 2 },
      { name: 'c', port: 3 },
    ],
  },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Odd]', status: 'False' },
    ],
  },
}

const find = (path: string) => parseJsonPath(path)(OBJECT)

test('paths find members, items and what a condition selects', () => {
  deepEqual(find('.spec.ports[0].name'), ['a'])
  deepEqual(find('.spec.ports[-1].name'), ['c'])
  deepEqual(find('.spec.ports[*].port'), [1, 2, 3])
  deepEqual(find('.spec.ports[0:2].port'), [1, 2])
  deepEqual(find('.spec.ports[0,2].port'), [1, 3])
  deepEqual(find('.status.conditions[?(@.type=="Ready")].status'), ['True'])
  deepEqual(find(".status.conditions[?(@.type == 'Odd]')].status"), ['False'])
  deepEqual(find('.spec.ports[?(@.port>=2)].name'), ['b', 'c'])
  deepEqual(find('..port'), [1, 2, 3])
})

test('names with dots are escaped or quoted', () => {
  deepEqual(find('.metadata.annotations.example\\.com/size'), ['big'])
  deepEqual(find(".metadata.annotations['example.com/size']"), ['big'])
})

test('what is missing is nothing', () => {
  deepEqual(find('.spec.none.name'), [])
  deepEqual(find('.spec.ports[9]'), [])
  deepEqual(find('.constructor'), [])
})

test('an array that does not end is refused', () => {
  throws(() => parseJsonPath('.spec.ports[0'), MalformedPath)
})
