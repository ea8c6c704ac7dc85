/** The typed client: what every component and test talks to the API server with, whatever carries the calls. */

import type { Status } from '#api/meta/v1/status.ts'
import type { Draft, KubeObject, Resource } from '#schema/resource.ts'

/** Names one object. `namespace` is absent for cluster-scoped kinds. */
export interface Ref {
  readonly namespace?: string
  readonly name: string
}

export interface ListOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan'
  readonly signal?: AbortSignal
}

export interface ListResult<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string
  readonly continue?: string
  readonly remainingItemCount?: number
}

export interface WatchOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion?: string
  readonly allowWatchBookmarks?: boolean
  readonly sendInitialEvents?: boolean
  readonly timeoutSeconds?: number
  readonly signal: AbortSignal
}

/** One change. An `ERROR` event does not appear here: the iteration throws its Status as a `StatusError`. */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: T
}

export interface WriteOptions {
  readonly dryRun?: boolean
  readonly fieldManager?: string
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore'
  readonly subresource?: string
  readonly signal?: AbortSignal
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
}

export type PatchType =
  | 'application/json-patch+json'
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json'
  | 'application/apply-patch+yaml'

/**
 * Calls answer with published objects, which are shared and must not be modified, or throw `StatusError` for the server's
 * refusals and `TransportError` when no answer came (a write is then in doubt).
 */
export interface Client {
  get<T extends KubeObject>(
    resource: Resource<T>,
    ref: Ref,
    options?: { readonly resourceVersion?: string; readonly signal?: AbortSignal },
  ): Promise<T>
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<ListResult<T>>
  create<T extends KubeObject>(resource: Resource<T>, object: Draft<T>, options?: WriteOptions): Promise<T>
  /** Replaces the object (its own name and namespace say which); `subresource: 'status'` replaces only its status. */
  update<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>
  patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: Ref,
    type: PatchType,
    patch: unknown,
    options?: WriteOptions & { readonly force?: boolean },
  ): Promise<T>
  delete<T extends KubeObject>(resource: Resource<T>, ref: Ref, options?: DeleteOptions): Promise<T | Status>
  deleteCollection<T extends KubeObject>(resource: Resource<T>, options: ListOptions & DeleteOptions): Promise<void>
  /** Ends when the server ends it or `signal` aborts (quietly); throws `StatusError` (410: list again). */
  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>
  /** Creates through a subresource with a body of its own kind: `binding`, `eviction`, `token`. */
  createSubresource<Out>(
    resource: Pick<Resource, 'group' | 'version' | 'plural' | 'apiVersion' | 'scope'>,
    ref: Ref,
    subresource: string,
    body: object,
    options?: WriteOptions,
  ): Promise<Out>
  /** Any other path, decoded from JSON. */
  raw(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown>
}

/** The server refused: `status` is its answer, as every client library sees it. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly status: Status
  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? 'unknown error', options)
    this.status = status
  }
  get code(): number {
    return this.status.code ?? 500
  }
  get reason(): string {
    return this.status.reason ?? ''
  }
}

/** No answer came: connection refused, cut or timed out. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
}

/** Whether the failure is a `StatusError` with this reason (`NotFound`, `AlreadyExists`, `Conflict`, `Expired`, ...). */
export function isReason(error: unknown, reason: string): error is StatusError {
  return error instanceof StatusError && error.reason === reason
}
