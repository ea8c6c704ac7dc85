/**
 * How entries come to lie in an empty store of etcd's kind exactly as they lay in another: which key to put at which revision, so that
 * in the end each has its createRevision, its modRevision and its version.
 */

import type { Entry, Revision } from '../store.ts'

/** What is to be kept of an entry. */
export type Numbers = Pick<Entry, 'createRevision' | 'modRevision' | 'version'>

/** The puts of one revision, as indexes into the entries. */
export interface Step {
  readonly revision: Revision
  /** With their values: here these entries were written last. */
  readonly final: readonly number[]
  /** With no value yet: here these were created, or written in between. */
  readonly before: readonly number[]
}

const BETWEEN_MAX = 100 // of the 128 operations that a transaction of etcd has; leaves room for what must be put at that very revision

/** Steps that put something, by revision; each revision between them is made by a transaction that puts nothing of ours. */
export function replaySteps(entries: readonly Numbers[]): readonly Step[] {
  const steps = new Map<Revision, { final: number[]; before: number[] }>()
  const at = (revision: Revision) => {
    let step = steps.get(revision)
    if (step === undefined) steps.set(revision, (step = { final: [], before: [] }))
    return step
  }
  entries.forEach((e, i) => {
    at(e.modRevision).final.push(i)
    if (e.version > 1 && e.createRevision < e.modRevision) at(e.createRevision).before.push(i)
  })
  // who is written last first has the least choice, so it chooses first
  const repeated = entries.map((_, i) => i).filter((i) => entries[i]!.version > 2)
  repeated.sort((a, b) => entries[a]!.modRevision - entries[b]!.modRevision)
  for (const i of repeated) {
    const { createRevision, modRevision, version } = entries[i]!
    let left = version - 2
    for (let r = createRevision + 1; r < modRevision && left > 0; r++) {
      if ((steps.get(r)?.before.length ?? 0) >= BETWEEN_MAX) continue
      at(r).before.push(i)
      left--
    }
  }
  return [...steps].map(([revision, step]) => ({ revision, ...step })).sort((a, b) => a.revision - b.revision)
}
