/** What somebody may write to keep a server busy ends within moments, whatever its cost in upstream's units. */

import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from './compile.ts'
import { jsonValue } from './json-value.ts'
import * as t from './type.ts'

const LONG = 'a'.repeat(1_500_000)
const many = Array.from({ length: 60_000 }, (_, i) => i)
const object = { text: LONG, other: `${LONG.slice(0, 700_000)}b`, many, same: [...many] }

const EXPRESSIONS: Readonly<Record<string, string>> = {
  'a search in a text that nearly matches everywhere': 'object.text.indexOf(object.other) == 0',
  'a search from the end': 'object.text.lastIndexOf(object.other) == 0',
  'characters of a long text, one after the other': "object.many.all(i, object.text.charAt(i) != 'x' && object.other.charAt(i) != 'x')",
  'a text put between all characters of another': "object.text.replace('', object.text) == ''",
  'a long separator': 'object.many.map(i, string(i)).join(object.text).size() > 0',
  'a text many times over':
    "'%s%s%s%s'.format([object.many, object.many, object.many, object.many]).size() + object.many.filter(i, '%s'.format([object.many]) == '').size() == 0",
  'large objects compared again and again': 'object.many.all(i, object.many == object.same)',
  'lists made item by item': 'object.many.map(i, i).map(i, i).size() > 0 || true',
  'sizes of texts again and again': 'object.many.all(i, object.text.size() > 0)',
}

for (const [what, expression] of Object.entries(EXPRESSIONS))
  test(`${what}`, () => {
    const value = jsonValue(object)
    const compiled = compile(expression, { variables: new Map([['object', t.DYN]]) })
    const began = process.cpuUsage()
    const { error } = compiled.evaluate(() => value)
    const { user } = process.cpuUsage(began)
    ok(user < 5_000_000, `${user / 1000} ms`)
    if (error) equal(error.message, 'operation cancelled: actual cost limit exceeded')
  })
