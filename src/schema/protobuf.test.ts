import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import { binary, bool, enumeration, int32, int64, list, map, message, opt, req, string, uint64, val, wideInt64 } from './message.ts'
import {
  decodeEnvelope,
  decodeList,
  decodeMessage,
  decodeWatchEvent,
  encodeEnvelope,
  encodeList,
  wrapEnvelope,
  encodeMessage,
  encodeWatchFrame,
} from './protobuf.ts'

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', labels: { b: '2', a: '1' } },
  spec: { containers: [{ name: 'c', image: 'i', resources: {} }] },
  status: {},
}
const { apiVersion: _, kind: __, ...body } = pod

class Inner extends message('test.Inner', { text: opt(1, string) }, { syntax: 'proto3' }) {}
class Rpc extends message(
  'test.Rpc',
  {
    numbers: opt(1, list(int32())),
    at: opt(2, wideInt64),
    state: req(3, enumeration({ UNKNOWN: 0, READY: 1 })),
    flags: opt(4, map(bool)),
    data: opt(5, binary),
    size: opt(6, uint64),
    inner: val(7, Inner),
    chosen: opt(8, int64(), { keepsZero: true }),
    plain: opt(9, int64()),
  },
  { syntax: 'proto3' },
) {}

test('a gRPC message goes through proto3 with packed lists, wide integers and enum names', () => {
  const value = {
    numbers: [1, 300, -1],
    at: 1_700_000_000_123_456_789n,
    state: 'READY',
    flags: { x: true, y: false },
    data: Uint8Array.of(1, 2),
    size: 2 ** 40,
    inner: { text: 'ünï' },
    chosen: 0,
  }
  assert.deepEqual(decodeMessage(Rpc.schema, encodeMessage(Rpc.schema, value)), value)
})

test('proto3 leaves zeros out, and fills what a message promises', () => {
  assert.equal(encodeMessage(Rpc.schema, { state: 'UNKNOWN', plain: 0, size: 0 }).length, 0)
  assert.deepEqual(decodeMessage(Rpc.schema, new Uint8Array()), { state: 'UNKNOWN', inner: {} })
})

test('unpacked numbers are read where packed ones are written, and unknown fields are skipped', () => {
  // numbers: 1, 2 one by one; field 100 of every wire type, a group among them.
  const bytes = Uint8Array.of(
    8,
    1,
    8,
    2,
    0xa0,
    6,
    9,
    0xa2,
    6,
    1,
    7,
    0xa1,
    6,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0xa5,
    6,
    0,
    0,
    0,
    0,
    0xa3,
    6,
    8,
    1,
    0xa4,
    6,
  )
  assert.deepEqual(decodeMessage(Rpc.schema, bytes), { numbers: [1, 2], state: 'UNKNOWN', inner: {} })
})

test('a list is its items put together, and comes apart again', () => {
  const item = encodeMessage(Pod.schema, pod)
  const metadata = Uint8Array.of(0x12, 1, 0x37)
  const envelope = decodeEnvelope(Buffer.concat(encodeList('v1', 'PodList', metadata, [item, item])))
  assert.deepEqual([envelope.apiVersion, envelope.kind], ['v1', 'PodList'])
  const { metadata: kept, items } = decodeList(envelope.raw)
  assert.deepEqual([...kept], [0x12, 1, 0x37])
  assert.deepEqual(
    Buffer.from(wrapEnvelope('v1', 'PodList', envelope.raw)),
    Buffer.concat(encodeList('v1', 'PodList', metadata, [item, item])),
  )
  assert.deepEqual(
    items.map((i) => decodeMessage(Pod.schema, i)),
    [body, body],
  )
})

test('a watch frame carries its length, the type and the whole object', () => {
  const frame = encodeWatchFrame('ADDED', encodeEnvelope(pod, Pod.schema))
  assert.equal(Buffer.from(frame).readUInt32BE(0), frame.length - 4)
  const event = decodeWatchEvent(frame.subarray(4))
  assert.equal(event.type, 'ADDED')
  assert.deepEqual(decodeMessage(Pod.schema, decodeEnvelope(event.envelope).raw), body)
})

test('hostile bytes are refused: cut anywhere, flipped anywhere, nested without end, lengths beyond reason', () => {
  const bytes = encodeMessage(Pod.schema, pod)
  const outcome = (input: Uint8Array): void => {
    try {
      decodeMessage(Pod.schema, input)
    } catch (error) {
      assert.equal((error as Error).name, 'MalformedInput')
    }
  }
  for (let i = 0; i < bytes.length; i++) {
    outcome(bytes.subarray(0, i))
    for (const flip of [1, 0x80, 0xff]) {
      const copy = Uint8Array.from(bytes)
      copy[i]! ^= flip
      outcome(copy)
    }
  }
  for (const bad of [[10, 0xff, 0xff, 0xff, 0xff, 15], [0], [0xff], [8 + 4], Array(11).fill(0xff), Array(5000).fill(0x0b)])
    assert.throws(() => decodeMessage(Pod.schema, Uint8Array.from(bad)), { name: 'MalformedInput' })
  assert.throws(() => decodeEnvelope(Buffer.from('{}')), { name: 'MalformedInput' })
})

test('an integer keeps its sign and size', () => {
  for (const n of [
    0,
    1,
    127,
    128,
    16383,
    16384,
    2 ** 21,
    2 ** 28,
    2 ** 31 - 1,
    2 ** 32,
    Number.MAX_SAFE_INTEGER,
    -1,
    -128,
    -(2 ** 31),
    -(2 ** 53),
  ])
    assert.deepEqual(decodeMessage(Rpc.schema, encodeMessage(Rpc.schema, { chosen: n })).chosen, n)
})
