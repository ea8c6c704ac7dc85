/** Durations as Go writes them and as people read them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { durationMs, formatDuration, humanDuration, parseDuration } from './duration.ts'

test('a duration is read and written as Go does', () => {
  assert.deepEqual(
    ['1.5h', '1h30m0.5s', '3us', '100ms', '-2m', '0'].map((text) => formatDuration(parseDuration(text)!)),
    ['1h30m0s', '1h30m0.5s', '3µs', '100ms', '-2m0s', '0s'],
  )
  assert.deepEqual([parseDuration('1'), parseDuration('h'), parseDuration(''), durationMs('1.5s')], [undefined, undefined, undefined, 1500])
})

test('an age shows two units while they matter', () => {
  const seconds = [0, 119, 125, 599, 600, 10_800, 28_799, 28_800, 172_800, 180_000, 691_200, 63_072_000]
  assert.deepEqual(
    seconds.map((s) => humanDuration(s * 1000)),
    ['0s', '119s', '2m5s', '9m59s', '10m', '3h', '7h59m', '8h', '2d', '2d2h', '8d', '2y'],
  )
})
