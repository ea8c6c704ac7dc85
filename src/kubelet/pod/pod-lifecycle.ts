/** A pod's life on its node as a table: which phase follows on which event. Phases never go back. */

/**
 * ```
 *  syncing ──(deleted, removed, finished, evicted, rejected)──> terminating ──(stopped)──> terminated ──(released)──> finished
 * ```
 * `syncing` keeps containers as the spec wants them; `terminating` ends them; `terminated` gives back volumes and cgroups and
 * deletes the API object when that was asked for; `finished` is forgotten once the object is gone.
 */
export type Phase = 'syncing' | 'terminating' | 'terminated' | 'finished'

export type LifeEvent =
  /** The API object changed, the runtime said something, or a timer ran out: look again. */
  | { readonly type: 'wake' }
  /** The API object has a deletionTimestamp. */
  | { readonly type: 'deleted'; readonly graceSeconds: number }
  /** The API object is gone though the pod had not finished here. */
  | { readonly type: 'removed' }
  /** Every container has ended and none is to be restarted. */
  | { readonly type: 'completed' }
  /** The kubelet ends it: deadline, eviction, or it does not fit. `status` is what the API object will say. */
  | { readonly type: 'evicted'; readonly graceSeconds: number; readonly status: Ending }
  /** No container and no sandbox runs any more. */
  | { readonly type: 'stopped' }
  /** Volumes, cgroups and folders are given back. */
  | { readonly type: 'released' }

export interface Ending {
  readonly reason: string
  readonly message: string
}

/** What a worker knows of where its pod stands. */
export interface Life {
  readonly phase: Phase
  /** How long containers get to end; it may be shortened while they are ending, never lengthened. */
  readonly graceSeconds: number | undefined
  /** Why the kubelet itself failed the pod. */
  readonly ending: Ending | undefined
  /** Whether the API object was asked to go, so that it is deleted for good once all is released. */
  readonly deleted: boolean
  /** Whether the API object is gone already, so that no status is written. */
  readonly removed: boolean
}

export const newLife: Life = { phase: 'syncing', graceSeconds: undefined, ending: undefined, deleted: false, removed: false }

type Step<T extends LifeEvent['type']> = (life: Life, event: Extract<LifeEvent, { readonly type: T }>) => Life

const stay = (life: Life) => life
const mark: Step<'deleted'> = (life, event) => ({ ...life, deleted: true, graceSeconds: shorter(life.graceSeconds, event.graceSeconds) })
const lose: Step<'removed'> = (life) => ({ ...life, removed: true })

const table: Readonly<Record<Phase, { readonly [T in LifeEvent['type']]: Step<T> }>> = {
  syncing: {
    wake: stay,
    deleted: (life, event) => ({ ...mark(life, event), phase: 'terminating' }),
    removed: (life) => ({ ...life, removed: true, phase: 'terminating' }),
    completed: (life) => ({ ...life, phase: 'terminating' }),
    evicted: (life, event) => ({
      ...life,
      phase: 'terminating',
      ending: event.status,
      graceSeconds: shorter(life.graceSeconds, event.graceSeconds),
    }),
    stopped: stay,
    released: stay,
  },
  terminating: {
    wake: stay,
    deleted: mark,
    removed: lose,
    completed: stay,
    evicted: (life, event) => ({
      ...life,
      ending: life.ending ?? event.status,
      graceSeconds: shorter(life.graceSeconds, event.graceSeconds),
    }),
    stopped: (life) => ({ ...life, phase: 'terminated' }),
    released: stay,
  },
  terminated: {
    wake: stay,
    deleted: mark,
    removed: lose,
    completed: stay,
    evicted: stay,
    stopped: stay,
    released: (life) => ({ ...life, phase: 'finished' }),
  },
  finished: { wake: stay, deleted: mark, removed: lose, completed: stay, evicted: stay, stopped: stay, released: stay },
}

/** The life after an event. */
export function step(life: Life, event: LifeEvent): Life {
  return (table[life.phase][event.type] as Step<LifeEvent['type']>)(life, event)
}

function shorter(known: number | undefined, asked: number): number {
  return known === undefined ? asked : Math.min(known, asked)
}
