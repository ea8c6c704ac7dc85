/** What calls cost, estimated and run, in upstream's numbers: they decide what may be written, and how much of it is run. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { AUTHORIZER, authorizerValue } from './authorizer.ts'
import { compile } from '../compile.ts'

const TEXT = `'01234567890123456789012345678901234567890123456789'`
const SELECTOR = `'spec.nodeName=example-node-name.fully.qualified.domain.name.example.com'`

/** Estimated at least and at most, and run. */
const COSTS: Readonly<Record<string, readonly [min: number, max: number, run: number]>> = {
  '[1, 2, 3, 4, 5].sum()': [15, 15, 15],
  '[uint(1), uint(2), uint(3), uint(4), uint(5)].max()': [20, 20, 20],
  "[duration('1s'), duration('2s'), duration('3s'), duration('4s'), duration('5s')].isSorted()": [20, 20, 20],
  '[1, 2, 3, 4, 5].indexOf(3)': [15, 15, 15],
  [`${TEXT}.lastIndexOf('123')`]: [5, 5, 5],
  "url('https:://kubernetes.io/').getHost()": [4, 4, 4],
  "ip('192.168.0.1')": [2, 2, 2],
  "ip('2001:db8:3333:4444:5555:6666:7777:8888').isLoopback()": [5, 5, 5],
  "ip('192.168.0.1') == ip('192.168.0.1')": [5, 5, 5],
  "ip.isCanonical('2001:db8:3333:4444:5555:6666:7777:8888')": [8, 8, 8],
  "cidr('192.168.0.0/16').prefixLength()": [3, 3, 3],
  "cidr('192.168.0.0/16').containsCIDR(cidr('192.0.0.0/30'))": [7, 11, 7],
  "cidr('192.168.0.0/16').containsCIDR('192.0.0.0/30')": [7, 11, 7],
  "cidr('192.168.0.0/16').containsIP(ip('192.169.0.1'))": [5, 8, 5],
  "cidr('2001:db8::/32').containsIP(ip('2001:db8:3333:4444:5555:6666:7777:8888'))": [7, 10, 7],
  "'ABCDEFGHIJ abcdefghij'.lowerAscii() == 'abcdefghij ABCDEFGHIJ'.lowerAscii()": [7, 9, 9],
  "strings.quote('ABCDEFGHIJ abcdefghij')": [3, 3, 3],
  "'abc 123 def 123'.replace('123', '456', 1)": [3, 3, 3],
  "'abc 123 def 123'.split(' ')": [3, 3, 3],
  "'abc 123 def 123'.substring(5, 8)": [2, 2, 2],
  "'abc 123 def 123'.findAll('123')": [2, 2, 2],
  "authorizer.group('apps').resource('deployments').subresource('status').namespace('test').name('backend')": [6, 6, 6],
  [`authorizer.group('').resource('pods').fieldSelector(${SELECTOR})`]: [1821, 1821, 1821],
  "authorizer.path('/healthz').check('get').allowed()": [350_003, 350_003, 350_003],
  'quantity("200M") == quantity("0.2G") && quantity("0.2G") == quantity("200M")': [3, 6, 6],
  'quantity("50k").add(20).sub(quantity("100k")).asInteger() > 0': [6, 6, 6],
  'format.named("dns1123Subdomain").value().validate("my-name")': [34, 34, 17],
  'format.named("dns1123Label").value().validate("my-name")': [34, 34, 10],
  'format.named("dns1123Label").value() == format.named("dns1123Label").value()': [5, 11, 5],
  'sets.contains([1, 2, 3, 4], [2, 3])': [29, 29, 29],
  'sets.contains([[1], [2, 3]], [[2, 3]])': [53, 53, 53],
  'sets.equivalent([1], [1, 1])': [25, 25, 25],
  '!sets.intersects([1], [2])': [23, 23, 23],
  'semver("1234.56789012345.67890123456789").major()': [5, 5, 5],
  "{'a': 1, 'b': 2}.all(k, v, v > 0)": [37, 41, 41],
  "{'a': 1, 'b': 2}.exists(k, v, v > 0)": [39, 43, 40],
  "{'a': 1, 'b': 2}.existsOne(k, v, v > 0)": [38, 40, 40],
  "{'a': 1, 'b': 2}.transformMap(k, v, v < 5, v + 1)": [67, 75, 75],
  "{'a': 1, 'b': 2}.transformMapEntry(k, v, {k: v + 1})": [131, 131, 131],
  '[1, 2].all(i, v, v > 0)': [17, 21, 21],
  '[1, 2].exists(v, v > 0)': [19, 23, 20],
  '[1, 2].all(v, v > 0)': [17, 21, 21],
  '[1, 2].transformList(i, v, v < 5, v + 1)': [27, 53, 53],
}

test('costs are upstream’s', () => {
  const options = { variables: new Map([['authorizer', AUTHORIZER]]) }
  const authorizer = authorizerValue(() => ({ allowed: true, reason: '' }))
  const found = Object.keys(COSTS).map((source) => {
    const expression = compile(source, options)
    const { min, max } = expression.estimate(new Map())
    return [source, [min, max, expression.evaluate(() => authorizer).cost]]
  })
  deepEqual(Object.fromEntries(found), COSTS)
})
