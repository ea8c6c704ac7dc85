/** What a control loop is: it reads a snapshot, decides a plan without doing anything, and the runner carries the plan out. */

import type { Instant } from '#base/clock.ts'
import type { Client, DeleteOptions, PatchType, Ref } from '#client/client.ts'
import type { Key, Lister } from '#client/informer.ts'
import type { Draft, KubeObject, Resource } from '#schema/resource.ts'

/** A control loop over one resource. `decide` is pure: it sees state, never the event that woke it. */
export interface Controller<S = unknown> {
  /** Upstream's name, without `-controller`. */
  readonly name: string
  /** The resource whose keys it works on; absent when `watches` alone make its keys. */
  readonly primary?: Resource
  readonly watches: readonly WatchRule[]
  /** Indexes it reads by, made before the informers start. */
  readonly indexes?: readonly IndexRule[]
  /** Keys in work at a time. */
  readonly workers?: number
  /** Undefined: nothing to do for this key. `live` asks the server, for the few decisions that a late cache must not take. */
  read(key: Key, cache: Cache, live: Live): S | undefined | Promise<S | undefined>
  /** `failure` is what stopped the last plan for this key, for those whose status has to tell of it. */
  decide(snapshot: S, now: Instant, failure?: Failure): Plan
}

export interface Failure {
  readonly action: Action['type']
  readonly resource: Resource | undefined
  readonly message: string
}

export type Live = Pick<Client, 'get' | 'list'>

/** Reads of the informers' copies; objects are shared and must not be modified. */
export interface Cache {
  of<T extends KubeObject>(resource: Resource<T>): Lister<T>
  get<T extends KubeObject>(resource: Resource<T>, key: Key): T | undefined
  /** Objects whose controller is `owner`. */
  ownedBy<T extends KubeObject>(resource: Resource<T>, owner: KubeObject): readonly T[]
}

/** Which keys of the primary a changed object concerns. On an update it is asked for the old and the new state. */
export interface WatchRule {
  readonly resource: Resource
  readonly keys: (object: KubeObject, cache: Cache) => readonly Key[]
}

export interface IndexRule {
  readonly resource: Resource
  readonly name: string
  readonly values: (object: KubeObject) => readonly string[]
}

/** What to do. Actions run in order; neighbours that do the same to the same resource run at once. */
export interface Plan {
  readonly actions: readonly Action[]
  /** Look again after this, if nothing else wakes the key before. */
  readonly requeueAfterMs?: number
}

export type Action =
  | { readonly type: 'create'; readonly resource: Resource; readonly object: Draft<KubeObject>; readonly say?: Announcement }
  | {
      readonly type: 'update'
      readonly resource: Resource
      readonly object: KubeObject
      readonly subresource?: string
      readonly say?: Announcement
    }
  | {
      readonly type: 'patch'
      readonly resource: Resource
      readonly ref: Ref
      readonly patchType: PatchType
      readonly patch: unknown
      readonly subresource?: string
      readonly say?: Announcement
    }
  | {
      readonly type: 'delete'
      readonly resource: Resource
      readonly ref: Ref
      readonly uid: string
      /** The state the decision was made on, for those that must not be wrong about a later one. */
      readonly resourceVersion?: string
      readonly options?: Pick<DeleteOptions, 'gracePeriodSeconds' | 'propagationPolicy'>
      readonly say?: Announcement
    }
  /** Deletes everything of a kind in a namespace. */
  | { readonly type: 'deleteCollection'; readonly resource: Resource; readonly namespace: string }
  /** Anything else that goes through a subresource (`finalize`, `approval`): the body is sent as it is. */
  | {
      readonly type: 'subresource'
      readonly resource: Resource
      readonly ref: Ref
      readonly subresource: string
      readonly object: KubeObject
    }
  | { readonly type: 'event'; readonly about: KubeObject; readonly event: EventText }

export interface EventText {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

/** The Event an action causes. `{name}` stands for the object's name, `{error}` for what went wrong. */
export interface Announcement {
  readonly about: KubeObject
  readonly done?: EventText
  readonly failed?: EventText
}

export const nothing: Plan = { actions: [] }

// Constructors that erase the kind: a plan is a list of mixed ones.

export function create<T extends KubeObject>(resource: Resource<T>, object: Draft<T>, say?: Announcement): Action {
  return { type: 'create', resource: resource, object, ...(say && { say }) }
}

export function update<T extends KubeObject>(resource: Resource<T>, object: T, subresource?: string): Action {
  return { type: 'update', resource: resource, object, ...(subresource !== undefined && { subresource }) }
}

export function updateStatus<T extends KubeObject>(resource: Resource<T>, object: T): Action {
  return update(resource, object, 'status')
}

export function patch<T extends KubeObject>(
  resource: Resource<T>,
  object: T,
  patchType: PatchType,
  body: unknown,
  subresource?: string,
): Action {
  return {
    type: 'patch',
    resource: resource,
    ref: refOf(object),
    patchType,
    patch: body,
    ...(subresource !== undefined && { subresource }),
  }
}

export function remove<T extends KubeObject>(
  resource: Resource<T>,
  object: T,
  say?: Announcement,
  options?: Pick<DeleteOptions, 'gracePeriodSeconds' | 'propagationPolicy'>,
): Action {
  return {
    type: 'delete',
    resource: resource,
    ref: refOf(object),
    uid: object.metadata.uid,
    ...(options && { options }),
    ...(say && { say }),
  }
}

export function event(about: KubeObject, type: EventText['type'], reason: string, message: string): Action {
  return { type: 'event', about, event: { type, reason, message } }
}

export function refOf(object: KubeObject): Ref {
  return { name: object.metadata.name, ...(object.metadata.namespace !== undefined && { namespace: object.metadata.namespace }) }
}

/** The owner reference that makes `owner` the controller of a new object. */
export function controllerReference(
  owner: KubeObject,
  resource: Pick<Resource, 'apiVersion' | 'kind'>,
): NonNullable<KubeObject['metadata']['ownerReferences']>[number] {
  return {
    apiVersion: resource.apiVersion,
    kind: resource.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}

export function controllerOf(object: KubeObject): NonNullable<KubeObject['metadata']['ownerReferences']>[number] | undefined {
  return object.metadata.ownerReferences?.find((r) => r.controller)
}

/** A changed object concerns its controller, when that is of this kind. */
export function ownedBy(resource: Resource, owner: Pick<Resource, 'kind' | 'group'>): WatchRule {
  return {
    resource,
    keys(object) {
      const reference = controllerOf(object)
      if (reference?.kind !== owner.kind || groupOf(reference.apiVersion) !== owner.group) return []
      return [object.metadata.namespace ? `${object.metadata.namespace}/${reference.name}` : reference.name]
    },
  }
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}
