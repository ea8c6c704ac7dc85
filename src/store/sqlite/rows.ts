/** Rows of the log, and what they say. */

import { crc32 } from 'node:zlib'
import { StoreUnavailable, type Entry, type Revision } from '../store.ts'

export const PLACES = 4096 // ids of one revision

export interface Row {
  readonly id: number
  readonly key: string
  readonly dead: number
  readonly value: Uint8Array | null
  readonly created: number
  readonly version: number
  readonly lease: number | null
  readonly sum: number
}

export const COLUMNS = 'id, key, dead, value, created, version, lease, sum'

export function revisionOf(row: Pick<Row, 'id'>): Revision {
  return Math.floor(row.id / PLACES)
}

/** Throws `StoreUnavailable` for a value that is damaged. */
export function entryOf(row: Row): Entry {
  const value = row.value!
  if (sumOf(row.key, value) !== row.sum)
    throw new StoreUnavailable('damaged', `the store is damaged: the value of ${row.key} does not match its checksum`)
  return {
    key: row.key,
    value,
    createRevision: row.created,
    modRevision: revisionOf(row),
    version: row.version,
    ...(row.lease !== null && { lease: String(row.lease) }),
  }
}

export function sumOf(key: string, value: Uint8Array | undefined): number {
  return crc32(value ?? '', crc32(key))
}
