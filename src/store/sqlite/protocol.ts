/** What the store and its worker thread say to each other: small plain values beside one transferred array of bytes. */

import type { Failpoint } from './failpoints.ts'
import type { Entry, LeaseId, Revision, StoreUnavailable } from '../store.ts'

export interface WorkerData {
  readonly directory: string
  readonly volatilePrefixes: readonly string[]
  /** Pages the database may have; only tests set it, to fill the disk. */
  readonly pagesMax?: number
  /** Pages of WAL after which they are moved into the file; only tests set it, to see that often. */
  readonly checkpointPages?: number
  /** Where the process kills itself, and the how manieth time it comes there; only tests set it. */
  readonly killAt?: { readonly point: Failpoint; readonly time: number }
}

/** An entry without its value, of which the bytes' length stands here. */
export type PackedEntry = readonly [
  key: string,
  createRevision: Revision,
  modRevision: Revision,
  version: number,
  lease: LeaseId | undefined,
  length: number,
]

/** A write; `length` -1 is a deletion. */
export type PackedWrite = readonly [key: string, length: number, lease: LeaseId | undefined]

export interface PackedCommit {
  readonly expect: readonly (readonly [key: string, modRevision: Revision])[]
  readonly writes: readonly PackedWrite[]
}

/** How a written key came out; `undefined` when a deletion found nothing. */
export type PackedChange =
  | { readonly key: string; readonly createRevision: Revision; readonly version: number; readonly previous?: PackedEntry }
  | undefined

export type PackedResult =
  | { readonly ok: true; readonly revision: Revision; readonly changes: readonly PackedChange[] }
  | { readonly ok: false; readonly revision: Revision; readonly found: readonly (PackedEntry | undefined)[] }

/** An event of the history; `entry` is absent for a deletion. */
export interface PackedEvent {
  readonly revision: Revision
  readonly key: string
  readonly entry?: PackedEntry
  readonly previous?: PackedEntry
}

export type Request =
  | { readonly type: 'commit'; readonly commits: readonly PackedCommit[]; readonly bytes: Uint8Array; readonly now: number }
  | { readonly type: 'get'; readonly key: string; readonly at: Revision | undefined }
  | {
      readonly type: 'range'
      readonly prefix: string
      readonly at: Revision | undefined
      readonly after: string | undefined
      readonly limit: number
      readonly counted: boolean
    }
  | { readonly type: 'history'; readonly prefix: string; readonly from: Revision }
  | { readonly type: 'compact'; readonly revision: Revision }
  | { readonly type: 'grant'; readonly ttlMs: number; readonly endsAt: number }
  | { readonly type: 'expire'; readonly lease: LeaseId; readonly now: number }
  | { readonly type: 'times'; readonly of: readonly Revision[] }
  | { readonly type: 'revision-at'; readonly time: number }
  | { readonly type: 'oldest-time' }
  | { readonly type: 'snapshot'; readonly path: string }
  | { readonly type: 'close' }

/** Answers come in the order of the requests; the first message of all is `opened` or an error. */
export type Reply =
  | {
      readonly type: 'opened'
      readonly revision: Revision
      readonly compacted: Revision
      readonly leases: readonly { readonly id: LeaseId; readonly ttlMs: number; readonly endsAt: number }[]
    }
  /** Of `commit` and `expire`. */
  | { readonly type: 'results'; readonly results: readonly PackedResult[]; readonly bytes: Uint8Array }
  | {
      readonly type: 'entries'
      readonly entries: readonly PackedEntry[]
      readonly revision: Revision
      readonly more: number
      readonly bytes: Uint8Array
    }
  | { readonly type: 'history'; readonly events: readonly PackedEvent[]; readonly upTo: Revision; readonly bytes: Uint8Array }
  | { readonly type: 'lease'; readonly id: LeaseId }
  /** Of `times`, `revision-at` and `oldest-time`, of which the last two ask for one. */
  | { readonly type: 'numbers'; readonly numbers: readonly (number | undefined)[] }
  | { readonly type: 'done' }
  | { readonly type: 'unavailable'; readonly reason: StoreUnavailable['reason']; readonly message: string }
  | { readonly type: 'compacted'; readonly compacted: Revision }
  | { readonly type: 'future'; readonly asked: Revision; readonly current: Revision }

/** Gathers values into one array, in the order in which their entries are packed. */
export class Packer {
  readonly #values: Uint8Array[] = []
  #length = 0

  value(value: Uint8Array): number {
    this.#values.push(value)
    this.#length += value.length
    return value.length
  }

  entry(e: Entry): PackedEntry {
    return [e.key, e.createRevision, e.modRevision, e.version, e.lease, this.value(e.value)]
  }

  /** A fresh array that may be transferred. */
  bytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#length)
    let offset = 0
    for (const v of this.#values) {
      bytes.set(v, offset)
      offset += v.length
    }
    return bytes
  }
}

/** Takes values out again, in the same order. */
export class Unpacker {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  value(length: number): Uint8Array {
    return this.#bytes.subarray(this.#offset, (this.#offset += length))
  }

  entry([key, createRevision, modRevision, version, lease, length]: PackedEntry): Entry {
    return { key, value: this.value(length), createRevision, modRevision, version, ...(lease !== undefined && { lease }) }
  }
}
