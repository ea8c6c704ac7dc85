/** Namespace: empties a namespace that is being deleted, pods first, and lets it go once nothing is left. */

import { namespaces, type Namespace, type NamespaceCondition } from '#api/core/v1/namespace.ts'
import type { Instant } from '#base/clock.ts'
import { groupResource, type KubeObject, type Resource } from '#schema/resource.ts'
import { updateStatus, type Action, type Controller } from './controller.ts'
import { sameStatus, withCondition } from './replicas.ts'

const FINALIZER = 'kubernetes'
const LOOK_AGAIN_MS = 5_000 // for what ends without a change of the namespace's own: graceful pods, finalizers

interface Left {
  readonly resource: Resource
  readonly objects: readonly KubeObject[]
}

interface Snapshot {
  readonly namespace: Namespace
  readonly left: readonly Left[]
}

/** `resources` are all that a namespace can hold. */
export function namespaceController(resources: readonly Resource[]): Controller<Snapshot> {
  const contents = resources.filter((r) => r.scope === 'Namespaced' && r.verbs.includes('deletecollection') && r.verbs.includes('list'))
  return {
    name: 'namespace',
    primary: namespaces,
    watches: contents.map((resource) => ({
      resource,
      keys: (object, cache) => {
        const namespace = object.metadata.namespace ?? ''
        return cache.get(namespaces, namespace)?.metadata.deletionTimestamp === undefined ? [] : [namespace]
      },
    })),
    workers: 10,

    async read(key, cache, live) {
      const namespace = cache.get(namespaces, key)
      if (namespace?.metadata.deletionTimestamp === undefined || !namespace.spec.finalizers?.includes(FINALIZER)) return undefined
      // asked of the server: what a late cache does not show yet must not be left behind
      const lists = await Promise.all(
        contents.map(async (resource) => ({ resource, objects: (await live.list(resource, { namespace: key })).items })),
      )
      return { namespace, left: lists.filter((l) => l.objects.length > 0) }
    },

    decide({ namespace, left }, now) {
      const status = { ...namespace.status, phase: 'Terminating' as const, conditions: conditionsOf(namespace, left, now) }
      const change = sameStatus(status, namespace.status) ? [] : [updateStatus(namespaces, { ...namespace, status })]
      if (left.length === 0) return { actions: [finalize(namespace)] }
      const pods = left.filter((l) => groupResource(l.resource) === 'pods')
      // Pods go before all else, so that no policy or secret is taken from under one that still runs.
      const first = pods.length > 0 ? pods : left
      const remove = first
        .filter((l) => l.objects.some((o) => o.metadata.deletionTimestamp === undefined))
        .map((l): Action => ({ type: 'deleteCollection', resource: l.resource, namespace: namespace.metadata.name }))
      return { actions: [...change, ...remove], requeueAfterMs: remove.length > 0 ? 0 : LOOK_AGAIN_MS }
    },
  }
}

function finalize(namespace: Namespace): Action {
  const finalizers = namespace.spec.finalizers?.filter((f) => f !== FINALIZER) ?? []
  return {
    type: 'subresource',
    resource: namespaces,
    ref: { name: namespace.metadata.name },
    subresource: 'finalize',
    object: { ...namespace, spec: { ...namespace.spec, finalizers } } as KubeObject,
  }
}

function conditionsOf(namespace: Namespace, left: readonly Left[], now: Instant): readonly NamespaceCondition[] {
  const finalizers = new Map<string, number>()
  for (const { objects } of left)
    for (const o of objects) for (const f of o.metadata.finalizers ?? []) finalizers.set(f, (finalizers.get(f) ?? 0) + 1)
  const names = left.map((l) => `${resourceName(l.resource)} has ${l.objects.length} resource instances`).toSorted()
  const held = [...finalizers].map(([f, n]) => `${f} in ${n} resource instances`).toSorted()
  const conditions: readonly (readonly [string, string, string, string])[] = [
    ['NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered', 'All resources successfully discovered'],
    ['NamespaceDeletionGroupVersionParsingFailure', 'False', 'ParsedGroupVersions', 'All legacy kube types successfully parsed'],
    ['NamespaceDeletionContentFailure', 'False', 'ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
    left.length === 0
      ? ['NamespaceContentRemaining', 'False', 'ContentRemoved', 'All content successfully removed']
      : ['NamespaceContentRemaining', 'True', 'SomeResourcesRemain', `Some resources are remaining: ${names.join(', ')}`],
    held.length === 0
      ? ['NamespaceFinalizersRemaining', 'False', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished']
      : [
          'NamespaceFinalizersRemaining',
          'True',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${held.join(', ')}`,
        ],
  ]
  return conditions.reduce<readonly NamespaceCondition[]>(
    (all, [type, status, reason, message]) => withCondition(all, { type, status, reason, message }, now),
    namespace.status.conditions ?? [],
  )
}

function resourceName(r: Resource): string {
  return r.group === '' ? `${r.plural}.` : `${r.plural}.${r.group}`
}
