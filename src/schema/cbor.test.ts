import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCbor, hasCborMagic } from './cbor-decode.ts'
import { encodeCbor, encodeCborItem, encodeCborList, encodeCborWatchEvent } from './cbor-encode.ts'
import { bytes, double, message, opt, string } from './message.ts'

const hex = (b: Uint8Array) => Buffer.from(b).toString('hex')
const of = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const ascii = (text: string) => hex(Buffer.from(text))

class Note extends message('test.Note', { text: opt(1, string), data: opt(2, bytes), weight: opt(3, double) }) {}

test('a list has the bytes that upstream gives it: strings as byte strings, keys by length, then by content', () => {
  const value = { apiVersion: 'v', kind: 'kList', items: [{ foo: 1 }, { foo: 2 }] }
  equal(
    hex(encodeCbor(value)),
    `d9d9f7a344${ascii('kind')}45${ascii('kList')}45${ascii('items')}82a143${ascii('foo')}01a143${ascii('foo')}024a${ascii('apiVersion')}41${ascii('v')}`,
  )
  const joined = encodeCborList('v', 'kList', encodeCborItem({}), [encodeCborItem({ foo: 1 }), encodeCborItem({ foo: 2 })])
  deepEqual(joined, Buffer.from(encodeCbor({ ...value, metadata: {} })))
})

test('bytes are tagged to be printed as base64, and floats of a declared member stay floats', () => {
  const encoded = encodeCborItem({ text: 'AQI=', data: 'AQI=', weight: 1 }, Note.schema)
  equal(hex(encoded), `a344${ascii('data')}d642010244${ascii('text')}44${ascii('AQI=')}46${ascii('weight')}f93c00`)
  deepEqual(decodeCbor(encoded), { text: 'AQI=', data: 'AQI=', weight: 1 })
})

test('numbers take the shortest form that holds them', () => {
  const numbers = [0, 23, 24, 256, 65_536, 2 ** 32, -1, -25, 0.5, 0.1, 3.402_823_466_385_288_6e38, -0.25]
  const encoded = ['00 17 1818 190100 1a00010000 1b0000000100000000 20 3818', 'f93800 fb3fb999999999999a fa7f7fffff f9b400']
  equal(hex(encodeCborItem(numbers)), `8c${encoded.join('').replaceAll(' ', '')}`)
})

test('everything written is read again', () => {
  const value = { a: [1, -1, 2 ** 40, -(2 ** 40), 1.5, 'ä', '', true, false, null], b: { c: {}, d: [] } }
  deepEqual(decodeCbor(encodeCbor(value)), value)
  equal(hasCborMagic(encodeCbor(value)), true)
  equal(hasCborMagic(encodeCborItem(value)), false)
})

test('an event of a watch holds its object with the magic', () => {
  equal(hex(encodeCborWatchEvent('ADDED', encodeCbor({}))), `d9d9f7a244${ascii('type')}45${ascii('ADDED')}46${ascii('object')}d9d9f7a0`)
})

test('what other encoders write is read: text strings, indefinite lengths, tags, times, short floats', () => {
  deepEqual(decodeCbor(of('bf 6161 9f 01 ff 6162 7f 6161 6162 ff ff')), { a: [1], b: 'ab' })
  deepEqual(decodeCbor(of('d5 43 fffefd')), '__79')
  deepEqual(decodeCbor(of('d7 42 abcd')), 'abcd')
  deepEqual(decodeCbor(of('d6 82 41 01 42 0203')), ['AQ==', 'AgM='])
  deepEqual(decodeCbor(of('c1 1a 514b67b0')), '2013-03-21T20:04:00Z')
  deepEqual(decodeCbor(of('c1 fb 41d452d9ec200000')), '2013-03-21T20:04:00.5Z')
  deepEqual(decodeCbor(of(`c0 74 ${ascii('2013-03-21T20:04:00Z')}`)), '2013-03-21T20:04:00Z')
  deepEqual(decodeCbor(of('83 f93c00 f7 d9d9f7 03')), [1, null, 3])
})

test('what upstream refuses is refused', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['', 'EOF'],
    ['a1', 'unexpected EOF'],
    ['5b ffffffffffffffff', 'unexpected EOF'],
    ['9a ffffffff', 'cbor: exceeded max number of elements 1024 for CBOR array'],
    ['ba ffffffff', 'cbor: exceeded max number of key-value pairs 1024 for CBOR map'],
    ['81'.repeat(66), 'cbor: exceeded max nested level 64'],
    ['a2 6161 01 4161 02', 'cbor: found duplicate map key "a" at map element index 1'],
    ['a1 01 02', 'cbor: cannot unmarshal positive integer into Go value of type string'],
    [`a1 49 ${ascii('__proto__')} 01`, 'the name "__proto__" is not accepted'],
    ['61 ff', 'cbor: invalid UTF-8 string'],
    ['41 ff', 'cbor: invalid UTF-8 string'],
    ['01 02', 'cbor: 1 bytes of extraneous data starting at index 1'],
    ['ff', 'cbor: unexpected "break" code'],
    [
      '1b ffffffffffffffff',
      "cbor: cannot unmarshal positive integer into Go value of type int64 (18446744073709551616 overflows Go's int64)",
    ],
    ['f97e00', 'cbor: cannot unmarshal primitives into Go value of type float64 (floating-point NaN)'],
    ['f97c00', 'cbor: cannot unmarshal primitives into Go value of type float64 (floating-point infinity)'],
    ['1c', 'cbor: invalid additional information 28 for type positive integer'],
    ['7f 41 61 ff', 'cbor: wrong element type byte string for indefinite-length UTF-8 text string'],
  ]
  for (const [input, message_] of refused)
    throws(() => decodeCbor(of(input)), { name: 'MalformedInput', message: message_ }, input.slice(0, 40))
})
