/** Holds the page on conformance against upstream's list and against the tests there are. */

import { deepEqual } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { load } from 'js-yaml'

const root = join(import.meta.dirname, '../..')
const list = join(root, '../shared/reference/conformance.yaml')
const skip = existsSync(list) ? false : "needs upstream's list"

const GROUPS = /^\[sig-(api-machinery|auth|cli)\]/

/** The rows of all tables of the page, but for their headings. */
const rows = readFileSync(join(root, 'docs/internals/conformance.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (Description|---)/.test(line))
  .map((line) => {
    const [name, tests] = line.split(' | ')
    return { name: name!.slice(2), tests: tests!.replace(/ \|$/, '') }
  })

test('every description of the three groups has one row, and no row is of another', { skip }, () => {
  const described = (load(readFileSync(list, 'utf8')) as readonly { readonly codename: string }[])
    .filter(({ codename }) => GROUPS.test(codename))
    .map(({ codename }) =>
      codename
        .replaceAll(/\[[^\]]*\]/g, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
  deepEqual(rows.map(({ name }) => name).toSorted(), described.toSorted())
})

test('every test that the page names exists', () => {
  const broken = rows.flatMap(({ name, tests }) =>
    tests === 'none yet'
      ? []
      : tests.split('<br>').flatMap((cell) => {
          const [, file, rest] = /^`([^`]+)`(?:: (.*)|, by this name)$/.exec(cell) ?? []
          const title = rest ?? name
          return file !== undefined && existsSync(join(root, file)) && titles(join(root, file)).has(title) ? [] : [`${name}: ${cell}`]
        }),
  )
  deepEqual(broken, [])
})

function titles(file: string): ReadonlySet<string> {
  const starts = readFileSync(file, 'utf8').matchAll(/^ *test\(\s*(?:'((?:[^'\\]|\\.)*)'|"([^"]*)")/gm)
  return new Set([...starts].map(([, single, double]) => double ?? single!.replaceAll("\\'", "'")))
}
