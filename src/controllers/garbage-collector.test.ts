import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { replicaSets } from '#api/apps/v1/replica-set.ts'
import { configMaps } from '#api/core/v1/config-map.ts'
import { pods } from '#api/core/v1/pod.ts'
import { StatusError } from '#client/client.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import type { Action } from './controller.ts'
import { garbageCollector } from './garbage-collector.ts'

const resources = [pods, replicaSets, configMaps] as unknown as readonly Resource[]

interface World {
  readonly cached: readonly (readonly [Resource<never>, KubeObject])[]
  /** Only the server knows these: the cache is behind. */
  readonly live?: readonly KubeObject[]
}

function object(
  kind: string,
  name: string,
  owners: readonly KubeObject[] = [],
  more: Partial<KubeObject['metadata']> = {},
  blocks = true,
): KubeObject {
  const ownerReferences = owners.map((o) => ({
    apiVersion: o.kind === 'ReplicaSet' ? 'apps/v1' : 'v1',
    kind: o.kind!,
    name: o.metadata.name,
    uid: o.metadata.uid,
    blockOwnerDeletion: blocks,
  }))
  return {
    kind,
    metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '', ownerReferences, ...more },
  }
}

const leaving = (finalizer: string) => ({ deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [finalizer] })

/** What the collector would do about `RESOURCE|KEY`. */
async function decide(world: World, key: string): Promise<readonly string[]> {
  const of = (resource: Resource<never>) => world.cached.filter(([r]) => r === resource).map(([, o]) => o)
  const cache = {
    get: (resource: Resource<never>, k: string) => of(resource).find((o) => `${o.metadata.namespace}/${o.metadata.name}` === k),
    of: (resource: Resource<never>) => ({
      by: (index: string, uid: string) =>
        of(resource).filter((o) => (index === 'uid' ? o.metadata.uid === uid : o.metadata.ownerReferences?.some((r) => r.uid === uid))),
    }),
  }
  const live = {
    get: async (_: unknown, ref: { readonly name: string }) => {
      const found = world.live?.find((o) => o.metadata.name === ref.name)
      if (found === undefined) throw new StatusError({ code: 404, reason: 'NotFound' } as never)
      return found
    },
  }
  const collector = garbageCollector(resources)
  const snapshot = await collector.read(key, cache as never, live as never)
  return snapshot === undefined ? [] : collector.decide(snapshot, 0).actions.map(brief)
}

function brief(action: Action): string {
  if (action.type === 'delete') return `delete ${action.ref.name} ${action.options?.propagationPolicy}`
  if (action.type === 'patch') {
    const { ownerReferences, finalizers } = (action.patch as { metadata: Partial<KubeObject['metadata']> }).metadata
    return `patch ${action.ref.name} ${finalizers ? `finalizers ${finalizers.join()}` : `owners ${ownerReferences?.map((r) => r.name).join()}`}`
  }
  return action.type
}

const p = pods as Resource<never>
const r = replicaSets as Resource<never>

test('an object goes when all its owners are gone, and only then', async () => {
  const web = object('ReplicaSet', 'web')
  const other = object('ReplicaSet', 'other')
  deepEqual(await decide({ cached: [[p, object('Pod', 'a', [web])]] }, 'pods|default/a'), ['delete a Background'])
  deepEqual(
    await decide(
      {
        cached: [
          [r, web],
          [p, object('Pod', 'a', [web])],
        ],
      },
      'pods|default/a',
    ),
    [],
  )
  deepEqual(
    await decide(
      {
        cached: [
          [r, web],
          [p, object('Pod', 'a', [web, other])],
        ],
      },
      'pods|default/a',
    ),
    ['patch a owners web'],
  )
})

test('an owner that the cache does not show yet is asked for at the server; a namesake does not count', async () => {
  const web = object('ReplicaSet', 'web')
  const cached = [[p, object('Pod', 'a', [web])]] as const
  deepEqual(await decide({ cached, live: [web] }, 'pods|default/a'), [])
  deepEqual(await decide({ cached, live: [object('ReplicaSet', 'web', [], { uid: 'another' })] }, 'pods|default/a'), [
    'delete a Background',
  ])
})

test('an owner of a kind that is not served keeps its dependents', async () => {
  const alien = object('Machine', 'm')
  deepEqual(await decide({ cached: [[p, object('Pod', 'a', [alien])]] }, 'pods|default/a'), [])
})

test('deleted in the foreground, an owner waits for those that block it, and takes its dependents along', async () => {
  const web = object('ReplicaSet', 'web', [], leaving('foregroundDeletion'))
  const pod = object('Pod', 'a', [web])
  deepEqual(
    await decide(
      {
        cached: [
          [r, web],
          [p, pod],
        ],
      },
      'replicasets.apps|default/web',
    ),
    [],
  )
  deepEqual(
    await decide(
      {
        cached: [
          [r, web],
          [p, pod],
        ],
      },
      'pods|default/a',
    ),
    ['delete a Background'],
  )
  deepEqual(await decide({ cached: [[r, web]] }, 'replicasets.apps|default/web'), ['patch web finalizers '])
  const free = object('Pod', 'a', [web], {}, false)
  deepEqual(
    await decide(
      {
        cached: [
          [r, web],
          [p, free],
        ],
      },
      'replicasets.apps|default/web',
    ),
    ['patch web finalizers '],
  )
})

test('an owner that orphans takes its name from its dependents before it goes', async () => {
  const web = object('ReplicaSet', 'web', [], leaving('orphan'))
  const other = object('ReplicaSet', 'other')
  deepEqual(
    await decide(
      {
        cached: [
          [r, web],
          [p, object('Pod', 'a', [web, other])],
        ],
      },
      'replicasets.apps|default/web',
    ),
    ['patch a owners other', 'patch web finalizers '],
  )
})

test('in a circle somebody stops being waited for, then goes like the others', async () => {
  const [one, two, three] = ['one', 'two', 'three'].map((name) => object('Pod', name)) as [KubeObject, KubeObject, KubeObject]
  const world = (blocks: boolean): World => ({
    cached: [
      [p, object('Pod', 'one', [three], leaving('foregroundDeletion'))],
      [p, object('Pod', 'two', [one], leaving('foregroundDeletion'))],
      [p, object('Pod', 'three', [two], {}, blocks)],
    ],
  })
  deepEqual(await decide(world(true), 'pods|default/three'), ['patch three owners two'])
  deepEqual(await decide(world(false), 'pods|default/three'), ['delete three Foreground'])
  deepEqual(await decide(world(false), 'pods|default/two'), ['patch two finalizers '])
})
