/** The memory store's snapshot: a line of JSON, then the values, then a SHA-256 of it all. */

import { createHash } from 'node:crypto'
import { StoreUnavailable, type Entry, type LeaseId, type Revision } from '../store.ts'

export interface SnapshotState {
  readonly revision: Revision
  readonly leasesGranted: number
  readonly leases: readonly { readonly id: LeaseId; readonly ttlMs: number; readonly endsAt: number }[]
  readonly entries: readonly Entry[]
}

const FORMAT = 'k8ts memory store 1'
const DIGEST_BYTES = 32

export function* encodeSnapshot(state: SnapshotState): Generator<Uint8Array> {
  const hash = createHash('sha256')
  const entries = state.entries.map(({ value, ...e }) => ({ ...e, bytes: value.length }))
  const head = Buffer.from(`${JSON.stringify({ format: FORMAT, ...state, entries })}\n`)
  hash.update(head)
  yield head
  for (const { value } of state.entries) {
    hash.update(value)
    yield value
  }
  yield hash.digest()
}

export function decodeSnapshot(bytes: Uint8Array): SnapshotState {
  const body = bytes.subarray(0, -DIGEST_BYTES)
  const digest = createHash('sha256').update(body).digest()
  if (bytes.length < DIGEST_BYTES || !digest.equals(bytes.subarray(-DIGEST_BYTES)))
    throw new StoreUnavailable('damaged', 'the snapshot is damaged: its checksum does not match')
  const headEnd = body.indexOf(10)
  const { format, entries, ...state } = JSON.parse(Buffer.from(body.subarray(0, headEnd)).toString()) as Omit<SnapshotState, 'entries'> & {
    format: string
    entries: readonly (Omit<Entry, 'value'> & { readonly bytes: number })[]
  }
  if (format !== FORMAT) throw new StoreUnavailable('damaged', `the snapshot is not of this store: its format is ${JSON.stringify(format)}`)
  let offset = headEnd + 1
  return { ...state, entries: entries.map(({ bytes: length, ...e }) => ({ ...e, value: body.slice(offset, (offset += length)) })) }
}
