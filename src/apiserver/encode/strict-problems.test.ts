import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { parseJson } from '#schema/json.ts'
import { strictProblems } from './strict-problems.ts'

const text =
  '{"metadata":{"odd":1},"spec":{"template":{"list":[{"x":1},{"b":1,"odd":2,"b":3}]},"odd":{"c":1,"c":2},"paused":true,"paused":false,"odd":1}}'
const unknown = ['unknown field "spec.odd"', 'unknown field "metadata.odd"', 'unknown field "spec.template.list[1].odd"']

test('what is repeated and what is unknown come as they stand in a text, and within the unknown nothing is repeated', () => {
  const { value, duplicates } = parseJson(Buffer.from(text.replace(',"odd":1}}', '}}')))
  deepEqual(strictProblems(value, 'json', duplicates, unknown), [
    'unknown field "metadata.odd"',
    'unknown field "spec.template.list[1].odd"',
    'duplicate field "spec.template.list[1].b"',
    'unknown field "spec.odd"',
    'duplicate field "spec.paused"',
  ])
})

test('in YAML the repeated comes first, then the unknown by name', () => {
  deepEqual(strictProblems(parseJson(Buffer.from(text)).value, 'yaml', ['line 2: key "b" already set in map'], unknown), [
    'line 2: key "b" already set in map',
    'unknown field "metadata.odd"',
    'unknown field "spec.odd"',
    'unknown field "spec.template.list[1].odd"',
  ])
})

test('something of an unknown member that is repeated itself is only unknown', () => {
  const { value, duplicates } = parseJson(Buffer.from('{"a":1,"odd":{"c":1},"odd":{"c":1},"a":2}'))
  deepEqual(strictProblems(value, 'json', duplicates, ['unknown field "odd"']), ['unknown field "odd"', 'duplicate field "a"'])
})
