/** The revisioned store: etcd's model. One counter for the whole store; a commit is atomic and gets one revision. */

/** A point in the store's history; the first commit after an empty start is 2, as in etcd. Below 2^53. */
export type Revision = number

/** One key as it stood at some revision. `value` must not be modified. */
export interface Entry {
  readonly key: string
  readonly value: Uint8Array
  readonly createRevision: Revision
  readonly modRevision: Revision
  /** Writes since the key was created, that one included. */
  readonly version: number
  readonly lease?: LeaseId
}

export type LeaseId = string

/** Holds when the key's modRevision is this; 0 means the key must not exist. */
export interface Expect {
  readonly key: string
  readonly modRevision: Revision
}

export type Write =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array; readonly lease?: LeaseId }
  | { readonly type: 'delete'; readonly key: string }

export interface Committed {
  readonly ok: true
  readonly revision: Revision
}

/** Nothing was written: `found` holds the current entry of each expected key (undefined: absent), in `expect` order. */
export interface Conflict {
  readonly ok: false
  readonly revision: Revision
  readonly found: readonly (Entry | undefined)[]
}

/** A change of one key. A delete carries the last value in `previous`; its revision is the deletion's own. */
export type StoreEvent =
  | { readonly type: 'put'; readonly revision: Revision; readonly entry: Entry; readonly previous?: Entry }
  | { readonly type: 'delete'; readonly revision: Revision; readonly key: string; readonly previous?: Entry }

/**
 * The one interface of memory, SQLite and etcd; `tests/conformance/store-suite.ts` says what each must do.
 * Keys are strings ordered by their UTF-8 bytes. Every method may throw `StoreUnavailable`; a commit that throws it is in
 * doubt: it has happened wholly or not at all.
 */
export interface Store extends AsyncDisposable {
  get(key: string, at?: Revision): Promise<Entry | undefined>
  /** Entries under `prefix` in key order, strictly after key `after`; `more` counts those beyond `limit` (0: no limit). */
  range(prefix: string, options?: RangeOptions): Promise<Ranged>
  /** Applies all writes if every `expect` holds; otherwise nothing. Resolves once durable. A key may be written once a commit. */
  commit(transaction: { readonly expect: readonly Expect[]; readonly writes: readonly Write[] }): Promise<Committed | Conflict>
  /**
   * Every event with revision > from, in order, none missing, those of one commit together. One empty batch follows once
   * all that was committed before the call has been given. Throws `Compacted`, `FutureRevision`.
   */
  watch(prefix: string, from: Revision, signal: AbortSignal): AsyncIterable<readonly StoreEvent[]>
  /** The newest revision; at least that of every commit acknowledged before the call. */
  revision(): Promise<Revision>
  /** Forgets history before `revision`; reads below it then throw `Compacted`. */
  compact(revision: Revision): Promise<void>
  /** The oldest revision that can still be read. */
  compacted(): Promise<Revision>
  /** A lease that deletes the keys put with it when it runs out, `ttlMs` from its last grant or renewal. */
  grantLease(ttlMs: number): Promise<LeaseId>
  /** Whether the value lies there in an older form than it would be written in now; absent: there is but one. */
  isStale?(key: string): Promise<boolean>
  /** When writes happened, to a second, where that is kept; absent: it is not. */
  readonly times?: RevisionTimes
  /** A consistent copy of everything at one revision, in the format `restore` of the same driver takes. */
  snapshot(): AsyncIterable<Uint8Array>
}

export interface RevisionTimes {
  /** Milliseconds since 1970 for each revision; undefined where it is no longer known. */
  of(revisions: readonly Revision[]): Promise<readonly (number | undefined)[]>
  /** The newest revision that had been made by then, give or take a second; undefined when that lies before the history. */
  revisionAt(time: number): Promise<Revision | undefined>
  /** The time of the oldest revision that can be read; undefined where nothing is known. */
  oldest(): Promise<number | undefined>
}

export interface RangeOptions {
  readonly at?: Revision
  readonly after?: string
  readonly limit?: number
  /** False: nobody needs `more` but to know whether there is any, which may save a walk over all of it. */
  readonly counted?: boolean
}

export interface Ranged {
  readonly entries: readonly Entry[]
  /** The revision the range was read at. */
  readonly revision: Revision
  readonly more: number
}

/** The asked revision lies before the compacted one. */
export class Compacted extends Error {
  override readonly name = 'Compacted'
  readonly compacted: Revision
  constructor(compacted: Revision) {
    super(`required revision has been compacted: the oldest is ${compacted}`)
    this.compacted = compacted
  }
}

/** The asked revision has not been reached yet. */
export class FutureRevision extends Error {
  override readonly name = 'FutureRevision'
  readonly asked: Revision
  readonly current: Revision
  constructor(asked: Revision, current: Revision) {
    super(`required revision ${asked} is a future revision: the newest is ${current}`)
    this.asked = asked
    this.current = current
  }
}

/** The store will never take this write; the message is its own word, and nothing was written. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused'
}

/** The store cannot answer now; `reason` is one plain sentence. A commit that meets it is in doubt. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
  readonly reason: 'closed' | 'no-space' | 'read-only' | 'damaged' | 'unreachable' | 'input-output'
  constructor(reason: StoreUnavailable['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
