/** When revisions were made: the clock's word once a second while something is written, in the transaction that writes. */

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Revision } from '../store.ts'

const COARSE_MS = 1000 // a row of about 12 bytes a second at most

export class Times {
  readonly #insert: StatementSync
  readonly #of: StatementSync
  readonly #following: StatementSync
  readonly #by: StatementSync
  readonly #forget: StatementSync
  #last: number

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare('INSERT INTO times (revision, at) VALUES (?, ?) ON CONFLICT DO NOTHING')
    this.#of = db.prepare('SELECT revision, at FROM times WHERE revision <= ? ORDER BY revision DESC LIMIT 1')
    this.#following = db.prepare('SELECT revision, at FROM times WHERE revision > ? ORDER BY revision LIMIT 1')
    this.#by = db.prepare('SELECT revision, at FROM times WHERE at <= ? ORDER BY revision DESC LIMIT 1')
    // the newest of the rows up to the compacted revision still tells its time
    this.#forget = db.prepare('DELETE FROM times WHERE revision < (SELECT max(revision) FROM times WHERE revision <= ?)')
    this.#last = (db.prepare('SELECT at FROM times ORDER BY revision DESC LIMIT 1').get() as { at: number } | undefined)?.at ?? 0
  }

  /** A clock that is set back is believed too: what is asked for is what it said. */
  note(revision: Revision, now: number): void {
    if (Math.abs(now - this.#last) < COARSE_MS) return
    this.#insert.run(revision, Math.floor(now))
    this.#last = now
  }

  /** What was noted may have been rolled back: the next write notes anew. */
  undone(): void {
    this.#last = 0
  }

  of(revision: Revision): number | undefined {
    return (this.#of.get(revision) as { at: number } | undefined)?.at
  }

  /** Undefined when nothing is known of then. */
  revisionAt(time: number, newest: Revision): Revision | undefined {
    const row = this.#by.get(time) as { revision: Revision } | undefined
    if (row === undefined) return undefined
    const next = this.#following.get(row.revision) as { revision: Revision } | undefined
    return next === undefined ? newest : next.revision - 1
  }

  oldest(compacted: Revision): number | undefined {
    return this.of(compacted) ?? (this.#following.get(compacted) as { at: number } | undefined)?.at
  }

  forget(compacted: Revision): void {
    this.#forget.run(compacted)
  }
}
