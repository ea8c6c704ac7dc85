/** What upstream v1.36 serves, read from the reference beside the repository. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../server-under-test.ts'

export interface Row {
  readonly group: string
  readonly version: string
  readonly stage: string
  readonly resource: string
  readonly subresource: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
}

const FILE = join(root, '../shared/reference/resources.tsv')
export const absent = existsSync(FILE) ? false : 'the reference of upstream is not beside the repository'

export function gaRows(): readonly Row[] {
  if (absent) return []
  const [head, ...lines] = readFileSync(FILE, 'utf8').trimEnd().split('\n')
  const names = head!.split('\t')
  return lines
    .map((line) => Object.fromEntries(line.split('\t').map((cell, at) => [names[at]!, cell])))
    .filter((row) => row['stage'] === 'GA')
    .map((row) => ({
      group: row['group'] === 'core' ? '' : row['group']!,
      version: row['version']!,
      stage: row['stage']!,
      resource: row['resource']!,
      subresource: row['subresource']!,
      kind: row['kind']!,
      namespaced: row['namespaced'] === 'true',
      verbs: row['verbs']!.split(',').toSorted(),
    }))
}

export function apiVersion({ group, version }: Row): string {
  return group === '' ? version : `${group}/${version}`
}

/** `apiVersion/resource`, as the tables of objects are keyed. */
export function rowKey(row: Row): string {
  return `${apiVersion(row)}/${row.resource}`
}

/** The path of the collection, in the namespace `default` where there are namespaces. */
export function collection(row: Row): string {
  const base = row.group === '' ? `/api/${row.version}` : `/apis/${row.group}/${row.version}`
  return `${base}/${row.namespaced ? 'namespaces/default/' : ''}${row.resource}`
}
