/** What an update may change: pure steps from what a client sent and what is stored to what will be. */

import { isDeepStrictEqual } from 'node:util'
import type { Facet, Stored, Strategy, WriteInfo } from './strategy.ts'
import type { Resource } from '#schema/resource.ts'

/** The main path: status stays as it is where it has a path of its own; generation follows the spec. */
export function mainFacet<T extends Stored>(resource: Pick<Resource, 'subresources'>, strategy: Strategy<T>): Facet<T> {
  const statusApart = resource.subresources.some((s) => s.name === 'status')
  return {
    subresource: '',
    read: (stored) => stored,
    write(next, old, write) {
      let object = carryMetadata(next as T, old)
      if (statusApart) object = withStatus(object, old.status)
      if (strategy.prepareUpdate) object = strategy.prepareUpdate(object, old, write)
      return withGeneration(object, old, strategy)
    },
  }
}

/** The status path: only status, labels and annotations come from the client. */
export function statusFacet<T extends Stored>(change: (object: T, old: T, write: WriteInfo) => T = (object) => object): Facet<T> {
  return {
    subresource: 'status',
    read: (stored) => stored,
    write(next, old, write) {
      const sent = carryMetadata(next as T, old)
      const { generation, ownerReferences } = old.metadata
      const metadata = { ...sent.metadata, ...(generation !== undefined && { generation }), ...(ownerReferences && { ownerReferences }) }
      return change({ ...old, metadata, status: sent.status } as T, old, write)
    },
  }
}

/** Server-kept metadata that a client may leave out comes back; what it must not change is left for validation to refuse. */
export function carryMetadata<T extends Stored>(next: T, old: T): T {
  const { resourceVersion: _, selfLink: __, managedFields: ___, ...sent } = next.metadata as T['metadata'] & { selfLink?: string }
  const kept = old.metadata
  const metadata = {
    ...sent,
    name: kept.name,
    ...(kept.namespace !== undefined && { namespace: kept.namespace }),
    uid: sent.uid || kept.uid,
    creationTimestamp: sent.creationTimestamp || kept.creationTimestamp,
    ...(kept.generation !== undefined && { generation: kept.generation }),
    ...(kept.deletionTimestamp !== undefined && { deletionTimestamp: kept.deletionTimestamp }),
    ...(kept.deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds: kept.deletionGracePeriodSeconds }),
    resourceVersion: kept.resourceVersion,
    ...(kept.managedFields !== undefined && { managedFields: kept.managedFields }),
  }
  if (kept.deletionTimestamp === undefined) {
    delete metadata.deletionTimestamp
    delete metadata.deletionGracePeriodSeconds
  }
  return { ...next, metadata }
}

export function withStatus<T extends Stored>(object: T, status: T['status']): T {
  if (status !== undefined) return { ...object, status }
  const { status: _, ...rest } = object
  return rest as T
}

export function withGeneration<T extends Stored>(object: T, old: T, strategy: Strategy<T>): T {
  const kind = strategy.generation
  if (kind === undefined) return object
  const changed =
    kind === 'all but metadata'
      ? !isDeepStrictEqual({ ...object, metadata: null }, { ...old, metadata: null })
      : !isDeepStrictEqual(object.spec, old.spec) ||
        (kind === 'spec and annotations' && !isDeepStrictEqual(object.metadata.annotations ?? {}, old.metadata.annotations ?? {}))
  if (!changed) return object
  return { ...object, metadata: { ...object.metadata, generation: (old.metadata.generation ?? 0) + 1 } }
}

/** Whether storing `next` over `old` would change nothing, so that no revision need be spent. */
export function unchanged(next: Stored, old: Stored): boolean {
  return isDeepStrictEqual(next, old)
}
