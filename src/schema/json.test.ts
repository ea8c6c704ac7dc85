import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JSON_DEPTH_MAX, parseJson } from './json.ts'

const json = (text: string) => parseJson(Buffer.from(text))
const refusal = (text: string): string => {
  try {
    json(text)
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

test('what is wrong is said as Go says it', () => {
  assert.deepEqual(
    [
      '',
      '{',
      'x',
      '{"a"}',
      '{"a":}',
      '{a:1}',
      '{"a":1,}',
      '[1,]',
      '[1 2]',
      '{"a":1 "b"}',
      'nul',
      'nulx',
      '"\n"',
      '"\\x"',
      '"\\u12g4"',
      '-',
      '01',
      '1.',
      '1e',
      '{} x',
      "{'a':1}",
    ].map(refusal),
    [
      'unexpected end of JSON input',
      'unexpected end of JSON input',
      "invalid character 'x' looking for beginning of value",
      "invalid character '}' after object key",
      "invalid character '}' looking for beginning of value",
      "invalid character 'a' looking for beginning of object key string",
      "invalid character '}' looking for beginning of object key string",
      "invalid character ']' looking for beginning of value",
      "invalid character '2' after array element",
      "invalid character '\"' after object key:value pair",
      'unexpected end of JSON input',
      "invalid character 'x' in literal null (expecting 'l')",
      "invalid character '\\n' in string literal",
      "invalid character 'x' in string escape code",
      "invalid character 'g' in \\u hexadecimal character escape",
      'unexpected end of JSON input',
      "invalid character '1' after top-level value",
      'unexpected end of JSON input',
      'unexpected end of JSON input',
      "invalid character 'x' after top-level value",
      "invalid character '\\'' looking for beginning of object key string",
    ],
  )
})

test('duplicate members are reported by their paths, and the last one counts', () => {
  assert.deepEqual(json('{"spec":{"a":1,"a":2,"l":[{"b":1,"b":{"c":"}:","c":1}}]},"x":":\\"{"}'), {
    value: { spec: { a: 2, l: [{ b: { c: 1 } }] }, x: ':"{' },
    duplicates: ['duplicate field "spec.a"', 'duplicate field "spec.l[0].b"', 'duplicate field "spec.l[0].b.c"'],
  })
})

test('a member called __proto__ is refused however it is spelled', () => {
  for (const text of ['{"__proto__":{"a":1}}', '{"a":[{"\\u005f_proto__":1}]}'])
    assert.equal(refusal(text), 'the name "__proto__" is not accepted')
  assert.deepEqual(json('{"a":"__proto__"}').value, { a: '__proto__' })
})

test('half a surrogate pair becomes the replacement character', () => {
  assert.deepEqual(json('["\\ud800","\\ud83d\\ude00"]').value, ['\ufffd', '😀'])
})

test('deep nesting and invalid UTF-8 are refused', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  assert.equal(refusal(nested(JSON_DEPTH_MAX)), 'accepted')
  assert.equal(refusal(nested(JSON_DEPTH_MAX + 1)), 'exceeded max depth')
  assert.equal(refusal('{"a":'.repeat(200_000)), 'exceeded max depth')
  assert.throws(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)), { name: 'MalformedInput' })
})
