import { deepEqual, equal } from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { endsIn, lastWords } from './supervised.ts'

test('only ends since the launch count, and the last plain sentence is what is quoted', () => {
  const directory = mkdtempSync(join(tmpdir(), 'log-'))
  try {
    const log = join(directory, 'server.log')
    writeFileSync(log, 'k8ts server: of another life\nsupervise: exit status 1, starting again: k8ts\n')
    const ended = endsIn(log, 2)
    const said = [ended()]
    appendFileSync(log, '{"msg":"serving"}\nk8ts server: no room\nsupervise: exit status 1, starting again: k8ts\n')
    said.push(ended())
    appendFileSync(log, 'k8ts server: still no room\n{"msg":"x"}\nsupervise: exit status 1, starting again: k8ts\n')
    said.push(ended())
    deepEqual(said, [undefined, undefined, 'still no room'])
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('of a fault of our own the first line is quoted, of a killed process its status', () => {
  equal(
    lastWords(['k8ts: TypeError: x is not a function', '    at y', 'supervise: exit status 1, starting again: k8ts']),
    'TypeError: x is not a function',
  )
  equal(
    lastWords(['{"msg":"serving"}', 'supervise: exit status 137, starting again: k8ts']),
    'supervise: exit status 137, starting again: k8ts',
  )
})
