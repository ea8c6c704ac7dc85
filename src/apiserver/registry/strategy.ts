/** What a kind's registry does beyond its declaration: the few decisions the server itself takes on writes. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Instant } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import type { FieldError } from '#schema/field-error.ts'
import type { KubeObject } from '#schema/resource.ts'

/** A stored or incoming object as the registry sees it: metadata and whatever else its kind has. */
export type Stored = KubeObject & {
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: Readonly<Record<string, unknown>>
}

/** One write under way, as far as strategies may know of it. */
export interface WriteInfo {
  readonly user: UserInfo
  readonly dryRun: boolean
  readonly now: Instant
  readonly random: Random
  readonly warn: (text: string) => void
  /** What the client speaks, where a kind is served under several names; some hold it to more in the newer one. */
  readonly apiVersion?: string
}

/** What a write holds outside the object itself (an address, a port): kept when the write is stored, else given back. */
export interface Allocation<T> {
  readonly object: T
  readonly keep: () => void
  readonly release: () => void
  /** Something was taken that the object did not hold before. */
  readonly took?: boolean
}

/** How servers on one store keep from giving the same: who takes something writes `key` with it, at the revision it went by. */
export interface TakingTurns {
  readonly key: string
  /** Learns what others have given, from what the cache has now. */
  readonly catchUp: () => void
}

export interface DeletionOptions {
  readonly gracePeriodSeconds?: number
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly orphanDependents?: boolean
  readonly propagationPolicy?: string
  readonly dryRun?: readonly string[]
}

/** Every member may be absent; then the generic rule holds, as named. Objects are immutable: changes are copies. */
export interface Strategy<T extends Stored = Stored> {
  /** What a spec change bumps `metadata.generation` for; absent: the kind has no generation. */
  readonly generation?: 'spec' | 'spec and annotations' | 'all but metadata'
  /** The status a new object gets. Generic: an empty one where there is a status subresource. `as given`: the client's. */
  readonly initialStatus?: 'as given' | ((object: T) => object)
  /** PUT to an absent name creates. Generic: false. */
  readonly createOnUpdate?: boolean
  /** PUT without a resourceVersion is taken. Generic: true. */
  readonly unconditionalUpdate?: boolean
  /** A finished DELETE answers with the object instead of a Status. */
  readonly returnsDeleted?: boolean
  /** What happens to dependents when nobody says. Generic: background deletion. `unsupported`: no finalizers of the collector. */
  readonly dependents?: 'orphan' | 'unsupported'
  /** Stored for this long, then gone. */
  readonly timeToLiveMs?: number
  /** A write is answered once this server's cache has it, from which the server itself goes by these objects. */
  readonly inForceAtOnce?: boolean
  /** Field selectors worth an index of their own, by their path. */
  readonly indexes?: Readonly<Record<string, (object: T) => string>>
  prepareCreate?(object: T, write: WriteInfo): T
  prepareUpdate?(object: T, old: T, write: WriteInfo): T
  /** Beyond what the declaration demands. */
  validateCreate?(object: T, write: WriteInfo): readonly FieldError[]
  validateUpdate?(object: T, old: T, write: WriteInfo): readonly FieldError[]
  /** What clients are told beyond the declaration's own warnings; on updates only when the generation moves, where there is one. */
  warnings?(object: T, old: T | undefined): readonly string[]
  /** False: updates give no warnings. `always`: they do even where the generation stays. */
  readonly warnsOnUpdate?: boolean | 'always'
  /** Runs after defaults and preparation, before validation; `old` is absent on create, `object` on delete. */
  allocate?(object: T, old: T | undefined, write: WriteInfo): Allocation<T>
  /** Where several servers allocate from the same. */
  readonly takingTurns?: TakingTurns
  /** The object is gone from the store. */
  freed?(object: T): void
  /** Seconds to wait before the object goes; undefined: it has no grace. */
  gracePeriod?(object: T, options: DeletionOptions): number | undefined
  /** What somebody who deletes should know about how they asked. */
  deletionWarning?(options: DeletionOptions): string | undefined
  /** The first DELETE of this kind only marks (namespaces): the marked object, or why it cannot be deleted (a conflict). */
  markDeleted?(object: T, now: Instant): T | undefined
  /** May an object without finalizers and grace go now? Namespaces also have finalizers in their spec. */
  mayGo?(object: T): boolean
}

/**
 * How one path writes a stored object. The main path and `status` are two facets of it, `scale` a third with a kind of
 * its own: `read` shows the stored object as that kind, `write` carries a change of it back.
 */
export interface Facet<T extends Stored = Stored> {
  readonly subresource: string
  /** `none`: the facet itself refuses all there is to refuse. Absent: the result is validated as an update by this path. */
  readonly validation?: 'none'
  readonly read: (stored: T) => object
  /** Throws where a GET has nothing to show. */
  readonly demand?: (stored: T) => void
  /** What is applied in the facet's kind as the part of the whole object that it is; `base` has the whole's kind and name. */
  readonly part?: (sent: object, base: object) => object
  /** `next` in the facet's kind onto the stored `old`; may throw `StatusError`. */
  readonly write: (next: object, old: T, write: WriteInfo) => T
}
