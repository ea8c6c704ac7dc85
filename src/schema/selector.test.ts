/** Selectors: their grammar, their errors, what they match. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { labelSelectorOf, parseFieldSelector, parseLabelSelector } from './selector.ts'

const labels = { app: 'web', tier: 'front', n: '5' }

test('a selector matches when all its requirements do', () => {
  const texts = ['app=web', 'app!=web', 'app in (web,db),tier', '!app', 'app notin (db)', 'n>4', 'n<4', 'x!=y', 'x', '', 'app in (,web)']
  assert.deepEqual(
    texts.map((text) => parseLabelSelector(text).matches(labels)),
    [true, false, true, false, true, true, false, true, false, true, true],
  )
})

test('a malformed selector says where it stops making sense', () => {
  const problem = (text: string) => {
    try {
      return parseLabelSelector(text).text
    } catch (error) {
      return (error as Error).message
    }
  }
  assert.deepEqual(['a=b=c', 'x in (', 'a b', '!', 'a,', 'a in b', 'a in ()'].map(problem), [
    "found '=', expected: ',' or 'end of string'",
    "unable to parse requirement: found '', expected: ',', ')' or identifier",
    "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
    "unable to parse requirement: found '', expected: identifier",
    "found '', expected: identifier after ','",
    "unable to parse requirement: found 'b' expected: '('",
    'a in ()',
  ])
})

test('an absent selector matches nothing and an empty one everything', () => {
  assert.deepEqual(
    [labelSelectorOf(undefined).matches(labels), labelSelectorOf({}).matches(labels), labelSelectorOf({}).everything],
    [false, true, true],
  )
})

test('labels named like parts of every object do not match by accident', () => {
  assert.equal(parseLabelSelector('constructor').matches({}), false)
})

test('expressions of an object match like their text', () => {
  const selector = labelSelectorOf({
    matchLabels: { app: 'web' },
    matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['back'] }],
  })
  assert.deepEqual(
    [selector.matches(labels), selector.matches({ app: 'web', tier: 'back' }), selector.text],
    [true, false, 'app=web,tier notin (back)'],
  )
})

test('a field selector knows escapes and refuses what it cannot read', () => {
  assert.deepEqual(parseFieldSelector('a.b=c\\,d,e!=f,,g==').requirements, [
    { field: 'a.b', operator: '=', value: 'c,d' },
    { field: 'e', operator: '!=', value: 'f' },
    { field: 'g', operator: '=', value: '' },
  ])
  assert.throws(() => parseFieldSelector('abc'), { message: "invalid selector: 'abc'; can't understand 'abc'" })
})
