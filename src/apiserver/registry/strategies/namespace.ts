/** Namespaces: two steps of deletion, because their content goes first. */

import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Facet, Strategy } from '../strategy.ts'
import { carryMetadata } from '../update.ts'
import { timestamp } from '#base/clock.ts'
import { conflict } from '#apiserver/endpoints/errors.ts'

type StoredNamespace = Namespace & { readonly spec: Readonly<Record<string, unknown>>; readonly status: Readonly<Record<string, unknown>> }

const FINALIZER = 'kubernetes'
const NAME_LABEL = 'kubernetes.io/metadata.name'

export const namespaceStrategy: Strategy<StoredNamespace> = {
  initialStatus: () => ({ phase: 'Active' }),
  prepareCreate(namespace) {
    const finalizers = namespace.spec?.finalizers ?? []
    return {
      ...named(namespace),
      spec: { ...namespace.spec, finalizers: finalizers.includes(FINALIZER) ? finalizers : [...finalizers, FINALIZER] },
    }
  },
  // The spec holds nothing but finalizers, which only the finalize path changes.
  prepareUpdate: (namespace, old) => ({ ...named(namespace), spec: old.spec }),
  markDeleted(namespace, now) {
    const held = (namespace.spec.finalizers?.length ?? 0) > 0 || (namespace.metadata.finalizers?.length ?? 0) > 0
    if (namespace.metadata.deletionTimestamp === undefined)
      return {
        ...namespace,
        metadata: { ...namespace.metadata, deletionTimestamp: timestamp(now) },
        status: { ...namespace.status, phase: 'Terminating' },
      }
    if (held)
      throw conflict(
        { group: '', plural: 'namespaces' },
        namespace.metadata.name,
        'The system is ensuring all content is removed from this namespace.  Upon completion, this namespace will automatically be purged by the system.',
      )
    return undefined
  },
  mayGo: (namespace) => (namespace.spec.finalizers?.length ?? 0) === 0,
}

/** PUT /finalize: only the spec's finalizers; the last one gone ends the namespace. */
export const finalizeFacet: Facet<StoredNamespace> = {
  subresource: 'finalize',
  read: (namespace) => namespace,
  write(next, old) {
    const sent = carryMetadata(next as StoredNamespace, old)
    return { ...old, metadata: sent.metadata, spec: sent.spec }
  },
}

function named(namespace: StoredNamespace): StoredNamespace {
  const { name, labels } = namespace.metadata
  if (name === '' || labels?.[NAME_LABEL] === name) return namespace
  return { ...namespace, metadata: { ...namespace.metadata, labels: { ...labels, [NAME_LABEL]: name } } }
}
