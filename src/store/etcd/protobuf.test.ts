/** The wire format: what is written is read again, unknown fields are skipped, and damaged bytes are refused. */

import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { decode, encode } from './protobuf.ts'

const inner = { name: [1, 'string'], on: [2, 'bool'] } as const
const table = { count: [1, 'int'], id: [2, 'id'], data: [3, 'bytes'], one: [4, inner], many: [5, [inner]], numbers: [16, ['int']] } as const

test('a message is read as it was written', () => {
  const value = {
    count: 2 ** 53 - 1,
    id: -(2n ** 63n),
    data: Uint8Array.of(0, 255),
    one: { name: 'é', on: true },
    many: [
      { name: '', on: false },
      { name: 'b', on: true },
    ],
    numbers: [0, 1, 300],
  }
  deepEqual(decode(table, new Uint8Array(encode(table, value))), value)
})

test('what is absent is zero, and a message of a oneof is there even when empty', () => {
  const zero = { count: 0, id: 0n, data: new Uint8Array(0), one: undefined, many: [], numbers: [] }
  deepEqual(decode(table, new Uint8Array(0)), zero)
  equal(encode(table, { count: 0, id: 0n }).length, 0)
  deepEqual(decode(table, encode(table, { one: {} })), { ...zero, one: { name: '', on: false } })
})

test('lists of numbers are read packed and not, and unknown fields of every kind are skipped', () => {
  deepEqual(decode({ numbers: [1, ['int']] } as const, Uint8Array.of(0x0a, 3, 1, 0xac, 2, 0x08, 7)), { numbers: [1, 300, 7] })
  const unknown = [0x10, 5, 0x19, 0, 0, 0, 0, 0, 0, 0, 0, 0x22, 1, 9, 0x2d, 0, 0, 0, 0]
  deepEqual(decode({ count: [1, 'int'] } as const, Uint8Array.of(...unknown, 0x08, 4)), { count: 4 })
})

test('bytes that end too early are refused', () => {
  const bytes = encode(table, { one: { name: 'abc' } })
  for (let length = 1; length < bytes.length; length++) throws(() => decode(table, bytes.subarray(0, length)), /cut short/)
})
