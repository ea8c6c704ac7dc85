/** A tiny API in memory for the kubelet's own tests: objects by path, graceful deletion of pods, and informers on them. */

import type { Pod } from '#api/core/v1/pod.ts'
import { timestamp, type Clock } from '#base/clock.ts'
import { StatusError, type Client } from '#client/client.ts'
import { keyOf, type Change, type Informer, type Informers } from '#client/informer.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

export interface StandInApi {
  readonly client: Client
  readonly informers: Informers
  put(resource: Pick<Resource, 'plural'>, object: object): void
  get<T>(plural: string, key: string): T | undefined
  list<T>(plural: string): readonly T[]
  /** As `kubectl delete pod` does it. */
  deletePod(key: string, graceSeconds?: number): void
}

export function standInApi(clock: Clock): StandInApi {
  const objects = new Map<string, Map<string, KubeObject>>()
  const listeners = new Map<string, Set<(change: Change<never>) => void>>()
  let revision = 0
  const of = (plural: string) => objects.get(plural) ?? objects.set(plural, new Map()).get(plural)!
  const tell = (plural: string, change: Change<KubeObject>) => {
    for (const listener of listeners.get(plural) ?? []) listener(change as never)
  }
  const refuse = (code: number, reason: string, name: string): never => {
    throw new StatusError({ status: 'Failure', code, reason, message: `${name}: ${reason}` } as never)
  }
  function store(plural: string, object: KubeObject): KubeObject {
    const key = keyOf(object)
    const previous = of(plural).get(key)
    const stored = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: previous?.metadata.uid ?? object.metadata.uid ?? `uid-${plural}-${object.metadata.name}-${++revision}`,
        creationTimestamp: object.metadata.creationTimestamp ?? timestamp(clock.now()),
        resourceVersion: String(++revision),
      },
    } as KubeObject
    of(plural).set(key, stored)
    tell(plural, previous === undefined ? { type: 'added', object: stored } : { type: 'updated', object: stored, previous })
    return stored
  }
  function remove(plural: string, key: string): void {
    const object = of(plural).get(key)
    if (object === undefined) return
    of(plural).delete(key)
    tell(plural, { type: 'deleted', object })
  }
  const keyFor = (ref: { readonly namespace?: string; readonly name: string }) =>
    ref.namespace ? `${ref.namespace}/${ref.name}` : ref.name
  function deletePod(key: string, graceSeconds?: number): void {
    const pod = of('pods').get(key) as Pod | undefined
    if (pod === undefined) return refuse(404, 'NotFound', key)
    const grace = graceSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30
    if (grace === 0) return remove('pods', key)
    store('pods', {
      ...pod,
      metadata: { ...pod.metadata, deletionTimestamp: timestamp(clock.now() + grace * 1000), deletionGracePeriodSeconds: grace },
    } as never)
  }
  const client = {
    async get(resource: Resource, ref: { readonly namespace?: string; readonly name: string }) {
      return of(resource.plural).get(keyFor(ref)) ?? refuse(404, 'NotFound', ref.name)
    },
    async create(resource: Resource, object: KubeObject) {
      if (of(resource.plural).has(keyOf(object))) refuse(409, 'AlreadyExists', object.metadata.name)
      return store(resource.plural, object)
    },
    async update(resource: Resource, object: KubeObject, options?: { readonly subresource?: string }) {
      const found = of(resource.plural).get(keyOf(object)) ?? refuse(404, 'NotFound', object.metadata.name)
      if (found.metadata.resourceVersion !== object.metadata.resourceVersion) refuse(409, 'Conflict', object.metadata.name)
      return store(
        resource.plural,
        options?.subresource === 'status' ? ({ ...found, status: (object as { status?: unknown }).status } as never) : object,
      )
    },
    async patch(resource: Resource, ref: { readonly namespace?: string; readonly name: string }, _type: string, patch: object) {
      const found = of(resource.plural).get(keyFor(ref)) ?? refuse(404, 'NotFound', ref.name)
      return store(resource.plural, { ...found, ...patch, metadata: found.metadata })
    },
    async delete(
      resource: Resource,
      ref: { readonly namespace?: string; readonly name: string },
      options?: { readonly gracePeriodSeconds?: number },
    ) {
      if (resource.plural === 'pods') deletePod(keyFor(ref), options?.gracePeriodSeconds)
      else remove(resource.plural, keyFor(ref))
      return { status: 'Success' }
    },
    async createSubresource() {
      return { status: { token: 'token-of-the-test', expirationTimestamp: timestamp(clock.now() + 3_600_000) } }
    },
  } as unknown as Client
  const informers: Informers = {
    for<T extends KubeObject>(resource: Resource<T>): Informer<T> {
      const { plural } = resource
      return {
        resource,
        synced: true,
        resourceVersion: '0',
        addIndex() {},
        get: (key) => of(plural).get(key) as T | undefined,
        list: () => [...of(plural).values()] as unknown as T[],
        by: () => [],
        subscribe(onChange) {
          const all = listeners.get(plural) ?? listeners.set(plural, new Set()).get(plural)!
          all.add(onChange as never)
          for (const object of [...of(plural).values()]) onChange({ type: 'added', object: object as unknown as T })
          return { [Symbol.dispose]: () => void all.delete(onChange as never) }
        },
      }
    },
    start() {},
    async synced() {},
  }
  return {
    client,
    informers,
    put: (resource, object) => void store(resource.plural, object as KubeObject),
    get: <T>(plural: string, key: string) => of(plural).get(key) as T | undefined,
    list: <T>(plural: string) => [...of(plural).values()] as unknown as T[],
    deletePod,
  }
}
