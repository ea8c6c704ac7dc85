import { deepEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '#base/settings.ts'
import { parseMoment } from './moment.ts'

const NOW = Date.parse('2026-01-02T12:00:00Z')

test('a moment is a resourceVersion, a time, or how long ago it was', () => {
  const read = (text: string) => parseMoment(text, 'at', NOW)
  deepEqual(read('4711'), { type: 'revision', revision: 4711 })
  deepEqual(read('2026-01-02T11:00:00Z'), { type: 'time', time: NOW - 3600_000 })
  deepEqual(read('2026-01-02T12:00:00.5+01:00'), { type: 'time', time: NOW - 3600_000 + 500 })
  deepEqual(read('1h30m ago'), { type: 'time', time: NOW - 5400_000 })
})

test('anything else is refused, and the flag is named', () => {
  for (const text of ['', '0', '-5', '99999999999999999', 'yesterday', '10m', 'ago', '-10m ago', '2026-01-02', '2026-13-02T11:00:00Z'])
    throws(
      () => parseMoment(text, 'at', NOW),
      (error) => error instanceof UsageError && error.message.includes('"--at"'),
      text,
    )
})
