import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { decodeContinue, encodeContinue } from './continue-token.ts'

const refusal = (text: string): string => {
  try {
    decodeContinue(text)
    return 'accepted'
  } catch (error) {
    return (error as Error).message
  }
}
const token = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

test('a token comes back as it was given', () => {
  const given = { revision: 7, after: 'default/a' }
  deepEqual(decodeContinue(encodeContinue(given)), given)
})

test('a token that this server did not hand out is refused in the words of Go', () => {
  const said = [
    'a!b',
    'abcde',
    'YQ==',
    token('junk'),
    token(''),
    token('"a"'),
    token([]),
    'garbage',
    token({ v: 'v0', rv: 1, start: 'a' }),
    token({}),
    token({ v: 'meta.k8s.io/v1', rv: 0, start: 'a' }),
    token({ v: 'meta.k8s.io/v1', rv: 1 }),
    token({ v: 'meta.k8s.io/v1', rv: 1, start: 'a/../../b' }),
  ].map(refusal)
  const start = 'invalid continue token: continue key is not valid: '
  deepEqual(
    said.map((s) => s.replace(start, '')),
    [
      'illegal base64 data at input byte 1',
      'illegal base64 data at input byte 4',
      'illegal base64 data at input byte 2',
      "invalid character 'j' looking for beginning of value",
      'unexpected end of JSON input',
      'json: cannot unmarshal string into Go value of type storage.continueToken',
      'json: cannot unmarshal array into Go value of type storage.continueToken',
      "invalid character '\\u0081' looking for beginning of value",
      'server does not recognize this encoded version v0',
      'server does not recognize this encoded version ',
      'incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
      'encoded start key empty (version meta.k8s.io/v1)',
      'a/../../b',
    ],
  )
  equal(
    said.every((s) => s.startsWith(start)),
    true,
  )
})
