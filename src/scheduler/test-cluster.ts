/** A cluster in memory for the scheduler's tests and bench: informers fed by hand, and a client that writes into them. */

import type { Pod } from '#api/core/v1/pod.ts'
import type { Node } from '#api/core/v1/node.ts'
import { StatusError, type Client } from '#client/client.ts'
import { keyOf, type Change, type Informer, type Informers } from '#client/informer.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

class Copy<T extends KubeObject> {
  readonly objects = new Map<string, T>()
  readonly subscribers = new Set<(change: Change<T>) => void>()
  readonly resource: Resource<T>
  constructor(resource: Resource<T>) {
    this.resource = resource
  }
  put(object: T): void {
    const previous = this.objects.get(keyOf(object))
    this.objects.set(keyOf(object), object)
    const change: Change<T> = previous === undefined ? { type: 'added', object } : { type: 'updated', object, previous }
    for (const s of this.subscribers) s(change)
  }
  delete(key: string): void {
    const object = this.objects.get(key)
    if (object === undefined) return
    this.objects.delete(key)
    for (const s of this.subscribers) s({ type: 'deleted', object })
  }
  informer(): Informer<T> {
    return {
      resource: this.resource,
      synced: true,
      resourceVersion: '1',
      get: (key) => this.objects.get(key),
      list: () => [...this.objects.values()],
      by: () => [],
      addIndex: () => {},
      subscribe: (onChange) => {
        for (const object of this.objects.values()) onChange({ type: 'added', object })
        this.subscribers.add(onChange)
        return { [Symbol.dispose]: () => void this.subscribers.delete(onChange) }
      },
    }
  }
}

export interface Written {
  readonly verb: string
  readonly resource: string
  readonly name: string
  readonly body: unknown
}

export class TestCluster {
  readonly #copies = new Map<string, Copy<never>>()
  /** Everything the client was asked to write, in order. */
  readonly written: Written[] = []
  /** Called before a binding is stored; may throw. */
  onBind: (name: string) => void = () => {}

  of<T extends KubeObject>(resource: Resource<T>): Copy<T> {
    const name = `${resource.plural}.${resource.group}`
    if (!this.#copies.has(name)) this.#copies.set(name, new Copy(resource) as unknown as Copy<never>)
    return this.#copies.get(name) as unknown as Copy<T>
  }

  readonly informers: Informers = {
    for: (resource) => this.of(resource).informer(),
    start: () => {},
    synced: async () => {},
  }

  readonly client: Client = {
    create: async (resource: Resource, object: KubeObject) => {
      this.written.push({ verb: 'create', resource: resource.plural, name: object.metadata.name, body: object })
      return object
    },
    patch: async (resource: Resource, ref: { name: string; namespace?: string }, _type: string, patch: { status?: object }) => {
      this.written.push({ verb: 'patch', resource: resource.plural, name: ref.name, body: patch })
      const copy = this.of(resource)
      const before = copy.objects.get(`${ref.namespace}/${ref.name}`) as (KubeObject & { status?: object }) | undefined
      if (before !== undefined && patch.status !== undefined)
        copy.put({ ...before, status: { ...before.status, ...patch.status } } as KubeObject)
      return before
    },
    delete: async (resource: Resource, ref: { name: string; namespace?: string }) => {
      this.written.push({ verb: 'delete', resource: resource.plural, name: ref.name, body: undefined })
      this.of(resource).delete(`${ref.namespace}/${ref.name}`)
    },
    createSubresource: async (
      resource: Resource,
      ref: { name: string; namespace?: string },
      _sub: string,
      body: { target: { name: string } },
    ) => {
      this.onBind(ref.name)
      const copy = this.of(resource) as unknown as Copy<Pod>
      const before = copy.objects.get(`${ref.namespace}/${ref.name}`)
      if (before === undefined)
        throw new StatusError({ status: 'Failure', code: 404, reason: 'NotFound', message: `pods "${ref.name}" not found` } as never)
      copy.put({ ...before, spec: { ...before.spec, nodeName: body.target.name } })
    },
  } as unknown as Client
}

let made = 0

/** A pod of one container with these requests. */
export function pod(
  name: string,
  requests: Record<string, string> = {},
  spec: Partial<Pod['spec']> = {},
  metadata: Partial<Pod['metadata']> = {},
): Pod {
  return {
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}-${made++}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
    },
    spec: { containers: [{ name: 'c', image: 'app', resources: { requests } }], schedulerName: 'default-scheduler', ...spec },
    status: { phase: 'Pending' },
  } as Pod
}

export function node(
  name: string,
  spec: Partial<Node['spec']> = {},
  labels: Record<string, string> = {},
  allocatable: Record<string, string> = {},
): Node {
  return {
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { 'kubernetes.io/hostname': name, ...labels },
    },
    spec,
    status: { allocatable: { cpu: '4', memory: '16Gi', pods: '110', ...allocatable } },
  } as unknown as Node
}
