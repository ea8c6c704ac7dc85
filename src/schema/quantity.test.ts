/** Quantities: parsing, canonical text, arithmetic. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  MalformedQuantity,
  addQuantities,
  canonicalQuantity,
  compareQuantity,
  milliValue,
  parseQuantity,
  quantityValue,
  roundUpToMilli,
} from './quantity.ts'

test('a quantity is written with the largest suffix that loses nothing', () => {
  const texts = ['1000m', '0.5', '1.5Gi', '1024Ki', '1e3', '-2500m', '1000Ki', '.5Gi', '100M', '0Ki', '512', '2048', '0.5Ki', '1500Mi']
  assert.deepEqual(texts.map(canonicalQuantity), [
    '1',
    '500m',
    '1536Mi',
    '1Mi',
    '1e3',
    '-2500m',
    '1000Ki',
    '512Mi',
    '100M',
    '0',
    '512',
    '2048',
    '512',
    '1500Mi',
  ])
})

test('amounts too small are rounded up and amounts too large are cut', () => {
  assert.deepEqual([canonicalQuantity('0.1n'), canonicalQuantity('100E'), roundUpToMilli('0.00011')], ['1n', '9223372036854775807', '1m'])
})

test('what is no quantity says whether its form or its suffix is wrong', () => {
  const problem = (text: string) => {
    try {
      parseQuantity(text)
      return 'none'
    } catch (error) {
      assert.ok(error instanceof MalformedQuantity)
      return error.message
    }
  }
  const form = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
  assert.deepEqual(['', 'abc', '1.2.3', '1Ki5', '1ee3', '.'].map(problem), [
    form,
    form,
    form,
    "unable to parse quantity's suffix",
    "unable to parse quantity's suffix",
    form,
  ])
})

test('sums keep the first format and comparisons are exact', () => {
  assert.deepEqual(
    [addQuantities('100m', '1.9'), addQuantities('1Gi', '1G'), compareQuantity('1Gi', '1073741824'), compareQuantity('1m', '1u')],
    ['2', '2073741824', 0, 1],
  )
})

test('whole and thousandth values round away from zero', () => {
  assert.deepEqual([quantityValue('1500m'), quantityValue('-1500m'), milliValue('1u'), milliValue('2')], [2, -2, 1, 2000])
})
