/** Garbage collector: deletes what has no owner left, waits for dependents in foreground deletions, and lets orphans go. */

import { groupResource, type KubeObject, type Resource } from '#schema/resource.ts'
import { isReason } from '#client/client.ts'
import { keyOf, type Key } from '#client/informer.ts'
import { nothing, patch, remove, type Action, type Cache, type Controller, type Live } from './controller.ts'

const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'

type OwnerReference = NonNullable<KubeObject['metadata']['ownerReferences']>[number]

interface Owner {
  readonly reference: OwnerReference
  /** `waiting`: it is deleted in the foreground and waits for this object to go. */
  readonly state: 'solid' | 'absent' | 'waiting'
}

interface Dependent {
  readonly resource: Resource
  readonly object: KubeObject
  readonly blocks: boolean
}

interface Snapshot {
  readonly resource: Resource
  readonly object: KubeObject
  readonly owners: readonly Owner[]
  readonly dependents: readonly Dependent[]
}

/** `resources` are all it watches; owners of other kinds are left alone. Keys are `RESOURCE|KEY`. */
export function garbageCollector(resources: readonly Resource[]): Controller<Snapshot> {
  const watched = resources.filter(
    (r) => r.verbs.includes('delete') && r.verbs.includes('list') && r.verbs.includes('watch') && !(r.plural === 'events'),
  )
  const byName = new Map(watched.map((r) => [groupResource(r), r]))
  const byKind = new Map(watched.map((r) => [`${r.group} ${r.kind}`, r]))
  const nameOf = (r: Resource, key: Key) => `${groupResource(r)}|${key}`

  /** Everything that names this object as an owner. */
  function dependentsOf(cache: Cache, owner: KubeObject): readonly Dependent[] {
    return watched.flatMap((resource) =>
      cache
        .of(resource)
        .by('owner', owner.metadata.uid)
        .map((object) => ({
          resource,
          object,
          blocks: object.metadata.ownerReferences?.some((r) => r.uid === owner.metadata.uid && r.blockOwnerDeletion) === true,
        })),
    )
  }

  return {
    name: 'garbage-collector',
    watches: watched.map((resource) => ({
      resource,
      keys(object, cache) {
        const { ownerReferences, deletionTimestamp, finalizers } = object.metadata
        const gone = cache.get(resource, keyOf(object))?.metadata.uid !== object.metadata.uid
        const keys: Key[] = []
        if (
          !gone &&
          (ownerReferences?.length ||
            (deletionTimestamp !== undefined && (finalizers?.includes(FOREGROUND) || finalizers?.includes(ORPHAN))))
        )
          keys.push(nameOf(resource, keyOf(object)))
        // what depends on it must look again when it is gone or waits for them
        if (gone || (deletionTimestamp !== undefined && finalizers?.includes(FOREGROUND)))
          for (const d of dependentsOf(cache, object)) keys.push(nameOf(d.resource, keyOf(d.object)))
        // and an owner that waits must look again when a dependent changed or went
        for (const r of ownerReferences ?? []) {
          const owner = byKind.get(`${groupOf(r.apiVersion)} ${r.kind}`)
          const found = owner && cache.of(owner).by('uid', r.uid)[0]
          if (owner !== undefined && found?.metadata.deletionTimestamp !== undefined) keys.push(nameOf(owner, keyOf(found)))
        }
        return keys
      },
    })),
    workers: 20,

    async read(key, cache, live) {
      const bar = key.indexOf('|')
      const resource = byName.get(key.slice(0, bar))
      const object = resource && cache.get(resource, key.slice(bar + 1))
      if (resource === undefined || object === undefined) return undefined
      const owners = await Promise.all(
        (object.metadata.ownerReferences ?? []).map(async (reference) => ({
          reference,
          state: await stateOf(reference, object, cache, live),
        })),
      )
      return {
        resource,
        object,
        owners,
        dependents:
          object.metadata.deletionTimestamp === undefined && owners.every((o) => o.state === 'solid') ? [] : dependentsOf(cache, object),
      }
    },

    decide({ resource, object, owners, dependents }) {
      if (object.metadata.deletionTimestamp !== undefined) {
        const finalizers = object.metadata.finalizers ?? []
        if (finalizers.includes(ORPHAN))
          return { actions: [...dependents.map((d) => disown(d, object)), withoutFinalizer(resource, object, ORPHAN)] }
        if (finalizers.includes(FOREGROUND))
          return dependents.some((d) => d.blocks) ? nothing : { actions: [withoutFinalizer(resource, object, FOREGROUND)] }
        return nothing
      }
      const gone = owners.filter((o) => o.state !== 'solid')
      if (gone.length === 0) return nothing
      if (gone.length < owners.length) {
        const uids = gone.map((o) => o.reference.uid)
        return {
          actions: [
            patch(resource, object, 'application/merge-patch+json', {
              metadata: {
                uid: object.metadata.uid,
                ownerReferences: object.metadata.ownerReferences!.filter((r) => !uids.includes(r.uid)),
              },
            }),
          ],
        }
      }
      const waited = owners.some((o) => o.state === 'waiting')
      // A circle, perhaps: what waits for this object, at whatever distance, waits no longer, and the rest of it goes one by one.
      if (waited && dependents.some((d) => isWaiting(d.object)) && object.metadata.ownerReferences!.some((r) => r.blockOwnerDeletion))
        return { actions: [withoutBlocking(resource, object)] }
      const finalizers = object.metadata.finalizers ?? []
      const propagationPolicy =
        waited && dependents.length > 0
          ? 'Foreground'
          : finalizers.includes(ORPHAN)
            ? 'Orphan'
            : finalizers.includes(FOREGROUND)
              ? 'Foreground'
              : 'Background'
      // Its owners may have changed since: somebody may have adopted it
      const { resourceVersion } = object.metadata
      return { actions: [{ ...remove(resource, object, undefined, { propagationPolicy }), resourceVersion } as Action] }
    },
  }

  async function stateOf(reference: OwnerReference, dependent: KubeObject, cache: Cache, live: Live): Promise<Owner['state']> {
    const resource = byKind.get(`${groupOf(reference.apiVersion)} ${reference.kind}`)
    if (resource === undefined) return 'solid' // a kind not served here: whoever made the reference knows it
    const cached = cache.of(resource).by('uid', reference.uid)[0]
    const owner = cached ?? (await ask(resource, reference, dependent, live))
    if (owner === undefined || owner.metadata.uid !== reference.uid) return 'absent'
    return isWaiting(owner) ? 'waiting' : 'solid'
  }
}

async function ask(resource: Resource, reference: OwnerReference, dependent: KubeObject, live: Live): Promise<KubeObject | undefined> {
  const { namespace } = dependent.metadata
  if (resource.scope === 'Namespaced' && namespace === undefined) return undefined // an owner in a namespace cannot own what is in none
  try {
    return await live.get(resource, { name: reference.name, ...(resource.scope === 'Namespaced' && { namespace: namespace! }) })
  } catch (error) {
    if (isReason(error, 'NotFound')) return undefined
    throw error
  }
}

function disown(d: Dependent, owner: KubeObject): Action {
  const left = d.object.metadata.ownerReferences?.filter((r) => r.uid !== owner.metadata.uid) ?? []
  return patch(d.resource, d.object, 'application/merge-patch+json', { metadata: { uid: d.object.metadata.uid, ownerReferences: left } })
}

function withoutFinalizer(resource: Resource, object: KubeObject, finalizer: string): Action {
  const { uid, resourceVersion, finalizers } = object.metadata
  return patch(resource, object, 'application/merge-patch+json', {
    metadata: { uid, resourceVersion, finalizers: finalizers!.filter((f) => f !== finalizer) },
  })
}

function withoutBlocking(resource: Resource, object: KubeObject): Action {
  const { uid, resourceVersion, ownerReferences } = object.metadata
  return patch(resource, object, 'application/merge-patch+json', {
    metadata: {
      uid,
      resourceVersion,
      ownerReferences: ownerReferences!.map((r) => (r.blockOwnerDeletion ? { ...r, blockOwnerDeletion: false } : r)),
    },
  })
}

/** Whether it is deleted in the foreground and waits for its dependents. */
function isWaiting({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(FOREGROUND) === true
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}
