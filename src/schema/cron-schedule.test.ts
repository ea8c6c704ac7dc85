/** Cron schedules: what is understood, and what is said of the rest. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MalformedSchedule, parseCronSchedule, timeZoneProblem } from './cron-schedule.ts'

const range = (start: number, end: number, step = 1) => {
  const values = new Set<number>()
  for (let value = start; value <= end; value += step) values.add(value)
  return values
}
const every = (start: number, end: number) => ({ values: range(start, end), any: true })

test('fields take numbers, names, lists, ranges and steps', () => {
  assert.deepEqual(parseCronSchedule('*/15 1,3-5 ? JAN-mar/2 mon'), {
    type: 'fields',
    minutes: { values: range(0, 59, 15), any: false },
    hours: { values: new Set([1, 3, 4, 5]), any: false },
    daysOfMonth: every(1, 31),
    months: { values: new Set([1, 3]), any: false },
    daysOfWeek: { values: new Set([1]), any: false },
  })
  assert.deepEqual(parseCronSchedule('20/10 */1 * * *'), {
    type: 'fields',
    minutes: { values: new Set([20, 30, 40, 50]), any: false },
    hours: every(0, 23),
    daysOfMonth: every(1, 31),
    months: every(1, 12),
    daysOfWeek: every(0, 6),
  })
})

test('words stand for schedules', () => {
  assert.deepEqual(parseCronSchedule('@weekly'), parseCronSchedule('0 0 * * 0'))
  assert.deepEqual(parseCronSchedule('@midnight'), parseCronSchedule('@daily'))
  assert.deepEqual(parseCronSchedule('@every 1h30m1.5s'), { type: 'every', everyMs: 5_401_000 })
  assert.deepEqual(parseCronSchedule('@every 10ms'), { type: 'every', everyMs: 1000 })
  assert.deepEqual(parseCronSchedule('CRON_TZ=Europe/Berlin  @hourly'), { ...parseCronSchedule('@hourly'), timeZone: 'Europe/Berlin' })
})

test('what cannot be understood is named', () => {
  const problems: Readonly<Record<string, string>> = {
    '': 'empty spec string',
    '* * * *': 'expected exactly 5 fields, found 4: [* * * *]',
    '0 * * * * *': 'expected exactly 5 fields, found 6: [0 * * * * *]',
    'error in string': 'expected exactly 5 fields, found 3: [error in string]',
    '@never': 'unrecognized descriptor: @never',
    '@every 1x': 'failed to parse duration @every 1x: time: unknown unit "x" in duration "1x"',
    '@every 5': 'failed to parse duration @every 5: time: missing unit in duration "5"',
    'x * * * *': 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax',
    '60 * * * *': 'end of range (60) above maximum (59): 60',
    '* * 0 * *': 'beginning of range (0) below minimum (1): 0',
    '* 5-2 * * *': 'beginning of range (5) beyond end of range (2): 5-2',
    '*/0 * * * *': 'step of range should be a positive number: */0',
    '*/-5 * * * *': 'negative number (-5) not allowed: -5',
    '1-2-3 * * * *': 'too many hyphens: 1-2-3',
    '1/2/3 * * * *': 'too many slashes: 1/2/3',
    '* * * foo *': 'failed to parse int from foo: strconv.Atoi: parsing "foo": invalid syntax',
    '* * * * 7': 'end of range (7) above maximum (6): 7',
    'TZ=Mars/Base * * * * *': 'provided bad location Mars/Base: unknown time zone Mars/Base',
  }
  for (const [text, message] of Object.entries(problems))
    assert.throws(() => parseCronSchedule(text), new MalformedSchedule(message), `schedule ${JSON.stringify(text)}`)
})

test('zones are those of the IANA database, written as there', () => {
  for (const zone of ['UTC', 'Etc/UTC', 'Europe/Berlin', 'US/Eastern', 'Zulu', 'GMT0', 'Etc/GMT+5', 'EST5EDT', 'GB-Eire', 'Asia/Calcutta'])
    assert.equal(timeZoneProblem(zone), undefined, zone)
  for (const zone of ['europe/berlin', 'Europe/BERLIN', 'utc', 'Mars/Base', '+01:00', 'Europe'])
    assert.equal(timeZoneProblem(zone), `unknown time zone ${zone}`)
  assert.equal(timeZoneProblem('../etc'), 'time: invalid location name')
})
