/** Which options of lists, watches and gets go together, and what refuses those that do not. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi } from './test-api.ts'

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const INVALID = 'ListOptions.meta.k8s.io "" is invalid: '
const NOT_A_NUMBER = 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax'

/** Query, code, and the message of a refusal. */
const REFUSED: readonly (readonly [string, number, string])[] = [
  [
    'resourceVersionMatch=Exact',
    422,
    `${INVALID}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided`,
  ],
  [
    'resourceVersion=0&resourceVersionMatch=Exact',
    422,
    `${INVALID}resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"`,
  ],
  [
    'resourceVersion=1&resourceVersionMatch=Near',
    422,
    `${INVALID}resourceVersionMatch: Unsupported value: "Near": supported values: "Exact", "NotOlderThan", ""`,
  ],
  ['resourceVersion=abc', 400, NOT_A_NUMBER],
  ['resourceVersion=-1', 400, NOT_A_NUMBER.replaceAll('abc', '-1')],
  [
    'resourceVersion=18446744073709551616',
    400,
    NOT_A_NUMBER.replaceAll('abc', `${2n ** 64n}`).replace('invalid syntax', 'value out of range'),
  ],
  ['limit=9223372036854775808', 400, 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
  ['limit=abc', 400, 'strconv.ParseInt: parsing "abc": invalid syntax'],
  ['timeoutSeconds=abc', 400, 'strconv.ParseInt: parsing "abc": invalid syntax'],
  ['labelSelector=a%20in', 400, `unable to parse requirement: found '' expected: '('`],
  ['fieldSelector=bad', 400, `invalid selector: 'bad'; can't understand 'bad'`],
  ['sendInitialEvents=true', 422, `${INVALID}sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list`],
  ['watch=true&resourceVersion=abc', 400, NOT_A_NUMBER],
  [
    'watch=true&resourceVersion=1&resourceVersionMatch=Exact',
    422,
    `${INVALID}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided`,
  ],
  [
    'watch=true&sendInitialEvents=true',
    422,
    `${INVALID}resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`,
  ],
]

for (const [query, code, message] of REFUSED)
  test(`a list with ${query} is refused with ${code}`, async () => {
    await using t = await openTestApi()
    const { status, object } = await t.call('GET', `${CONFIG_MAPS}?${query}`)
    deepEqual([status, object.message], [code, message])
  })

test('a continue token goes with nothing that names a revision but 0', async () => {
  await using t = await openTestApi()
  for (const name of ['a', 'b']) await t.call('POST', CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
  const token = encodeURIComponent((await t.call('GET', `${CONFIG_MAPS}?limit=1`)).object.metadata.continue)
  const names = async (query: string) => {
    const { status, object } = await t.call('GET', `${CONFIG_MAPS}?continue=${token}${query}`)
    return status === 200 ? object.items.map((i: { metadata: { name: string } }) => i.metadata.name) : [status, object.message]
  }
  deepEqual(await names(''), ['b'])
  deepEqual(await names('&resourceVersion=0'), ['b'])
  deepEqual(await names('&resourceVersion=5'), [400, 'specifying resource version is not allowed when using continue'])
  deepEqual(await names('&resourceVersionMatch=Exact'), [
    422,
    `${INVALID}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided`,
  ])
})

test('a get takes any revision that was, and says what it cannot read', async () => {
  await using t = await openTestApi()
  await t.call('POST', CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } })
  const get = async (version: string) => {
    const { status, object } = await t.call('GET', `${CONFIG_MAPS}/a?resourceVersion=${version}`)
    return [status, status === 200 ? object.metadata.name : object.message]
  }
  deepEqual(await get('0'), [200, 'a'])
  deepEqual(await get('1'), [200, 'a'])
  deepEqual(await get('abc'), [400, NOT_A_NUMBER])
})
