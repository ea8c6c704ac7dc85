/** Holds the page on promises against the tests it names. */

import { deepEqual } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../..')

test('every test that the page on promises names exists', () => {
  const rows = readFileSync(join(root, 'docs/internals/promises.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (Promise|---)/.test(line))
  const broken = rows.flatMap((row) => {
    const [promise, tests = ''] = row.slice(2).split(' | ')
    const missing = tests.split('<br>').filter((cell) => cell !== 'none yet' && !exists(cell))
    return missing.map((cell) => `${promise}: ${cell}`)
  })
  deepEqual(broken, [])
})

function exists(cell: string): boolean {
  const [, file, title] = /^`([^`]+)`: (.*)$/.exec(cell) ?? []
  if (file === undefined || title === undefined || !existsSync(join(root, file))) return false
  return readFileSync(join(root, file), 'utf8').includes(`test('${title}'`)
}
