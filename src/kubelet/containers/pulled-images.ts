/**
 * Which images were pulled with which logins, so that an image on the node is no way round the registry's own check: a pod that does not
 * bring a login that once worked has to ask the registry. Images that came another way (imported, preloaded) are for everybody.
 * Upstream's KEP-2535 with its default policy, NeverVerifyPreloadedImages.
 */

import { createHash } from 'node:crypto'
import type { Credentials } from '#runtime/runtime.ts'

/** Where the record outlives the process; only digests of logins are in it. */
export interface PullRecord {
  read(): string
  write(text: string): void
}

export interface PulledImages {
  /** Before a pull: an image that is found after a crash with its pull unfinished counts as needing one. */
  begin(reference: string): void
  /** `present` are the ids of all images on the node; what is recorded of others is dropped. */
  finish(reference: string, imageId: string, login: Credentials | undefined, present: readonly string[]): void
  abandon(reference: string): void
  mayUse(reference: string, imageId: string, logins: readonly Credentials[]): boolean
}

interface State {
  readonly begun: readonly string[]
  /** By image, by repository: for everybody, or for who has one of these logins. */
  readonly images: Readonly<Record<string, Readonly<Record<string, 'everybody' | readonly string[]>>>>
}

export function createPulledImages(record: PullRecord): PulledImages {
  let state = stateOf(record.read())
  const change = (next: State) => {
    state = next
    record.write(JSON.stringify(state))
  }
  return {
    begin: (reference) => change({ ...state, begun: [...state.begun, reference] }),
    finish(reference, imageId, login, present) {
      const repository = repositoryOf(reference)
      const before = state.images[imageId] ?? {}
      const known = before[repository] ?? []
      const users = login === undefined || known === 'everybody' ? 'everybody' : [...new Set([...known, digestOf(login)])]
      const there = Object.entries(state.images).filter(([id]) => present.includes(id))
      change({
        begun: without(state.begun, reference),
        images: { ...Object.fromEntries(there), [imageId]: { ...before, [repository]: users } },
      })
    },
    abandon: (reference) => change({ ...state, begun: without(state.begun, reference) }),
    mayUse(reference, imageId, logins) {
      const pulled = state.images[imageId]
      if (pulled === undefined) return !state.begun.includes(reference)
      const users = pulled[repositoryOf(reference)]
      if (users === undefined) return false
      return users === 'everybody' || logins.some((login) => users.includes(digestOf(login)))
    },
  }
}

/** One of equal entries goes: several pulls of a reference may be under way. */
function without(list: readonly string[], entry: string): readonly string[] {
  const at = list.indexOf(entry)
  return at === -1 ? list : list.toSpliced(at, 1)
}

function repositoryOf(reference: string): string {
  const [name = ''] = reference.split('@')
  const colon = name.lastIndexOf(':')
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name
}

function digestOf({ username, password }: Credentials): string {
  return createHash('sha256')
    .update(JSON.stringify([username, password]))
    .digest('hex')
}

/** A record that cannot be read is no record: the images count as preloaded, as on a node of an older version. */
function stateOf(text: string): State {
  try {
    const { begun, images } = JSON.parse(text) as Partial<State>
    return { begun: begun ?? [], images: images ?? {} }
  } catch {
    return { begun: [], images: {} }
  }
}
