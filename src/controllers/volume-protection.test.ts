import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { attributesClassProtection, claimProtection, volumeProtection } from './volume-protection.ts'
import type { Controller, Plan } from './controller.ts'
import { persistentVolumeClaims, type PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { persistentVolumes } from '#api/core/v1/persistent-volume.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import { volumeAttributesClasses } from '#api/storage/v1/volume-attributes-class.ts'
import { keyOf } from '#client/informer.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

const NOW = Date.UTC(2026, 0, 1) as never
const HELD = { finalizers: ['kubernetes.io/pvc-protection'] }
const GOING = { ...HELD, deletionTimestamp: '2026-01-01T00:00:00Z' }

function claim(metadata: object = {}, spec: object = {}, status: object = {}): PersistentVolumeClaim {
  return { metadata: { name: 'data', namespace: 'shop', uid: 'c', ...metadata }, spec, status } as unknown as PersistentVolumeClaim
}

function pod(volume: object, more: { readonly nodeName?: string; readonly status?: object; readonly metadata?: object } = {}): Pod {
  const spec = { nodeName: more.nodeName ?? 'node-1', volumes: [{ name: 'v', ...volume }] }
  const metadata = { name: 'web', namespace: 'shop', uid: 'p', ...more.metadata }
  return { metadata, spec, status: more.status ?? {} } as unknown as Pod
}

const mounting = (more?: Parameters<typeof pod>[1]) => pod({ persistentVolumeClaim: { claimName: 'data' } }, more)

/** The finalizers it writes; undefined: it writes nothing. */
async function written<S>(
  controller: Controller<S>,
  key: string,
  cached: readonly (readonly [Resource, readonly KubeObject[]])[],
  live: readonly KubeObject[] = [],
): Promise<unknown> {
  const of = (resource: Resource) => cached.find(([r]) => r.plural === resource.plural)?.[1] ?? []
  const by = (resource: Resource) => (name: string, value: string) => {
    const index = controller.indexes?.find((i) => i.name === name && i.resource.plural === resource.plural)
    return of(resource).filter((o) => index!.values(o).includes(value))
  }
  const cache = { get: (r: Resource, k: string) => of(r).find((o) => keyOf(o) === k), of: (r: Resource) => ({ by: by(r) }) }
  const asked = { list: async () => ({ items: live }) }
  const snapshot = await controller.read(key, cache as never, asked as never)
  const plan: Plan | undefined = snapshot && controller.decide(snapshot, NOW)
  const action = plan?.actions[0]
  return action?.type === 'update' ? action.object.metadata.finalizers : undefined
}

const claimIs = (c: PersistentVolumeClaim, cached: readonly Pod[] = [], live: readonly Pod[] = []) =>
  written(
    claimProtection,
    'shop/data',
    [
      [persistentVolumeClaims as Resource, [c]],
      [pods as Resource, cached],
    ],
    live,
  )

test('a claim without its finalizer gets it, beside those of others', async () => {
  deepEqual(await claimIs(claim({ finalizers: ['example.com/mine'] })), ['example.com/mine', 'kubernetes.io/pvc-protection'])
  deepEqual(await claimIs(claim(HELD)), undefined)
})

test('a claim that is being deleted goes once no pod with a node names it', async () => {
  const going = claim({ ...GOING, finalizers: ['example.com/mine', ...HELD.finalizers] })
  deepEqual(await claimIs(going), ['example.com/mine'])
  deepEqual(await claimIs(going, [mounting()]), undefined)
  deepEqual(await claimIs(going, [mounting({ nodeName: '' })]), ['example.com/mine'])
  deepEqual(await claimIs(going, [pod({ persistentVolumeClaim: { claimName: 'other' } })]), ['example.com/mine'])
  deepEqual(await claimIs(going, [mounting({ metadata: { namespace: 'else' } })]), ['example.com/mine'])
})

test('a pod that only the server knows holds a claim, a finished one does, too', async () => {
  deepEqual(await claimIs(claim(GOING), [], [mounting()]), undefined)
  deepEqual(await claimIs(claim(GOING), [mounting({ status: { phase: 'Succeeded' } })]), undefined)
})

test("a claim made for a pod's volume is held by that pod until its kubelet is done with it", async () => {
  const own = claim({ ...GOING, name: 'web-v', ownerReferences: [{ uid: 'p', controller: true }] })
  const owned = (p: Pod) =>
    written(claimProtection, 'shop/web-v', [
      [persistentVolumeClaims as Resource, [own]],
      [pods as Resource, [p]],
    ])
  deepEqual(await owned(pod({ ephemeral: {} })), undefined)
  deepEqual(await owned(pod({ ephemeral: {} }, { metadata: { uid: 'another' } })), [])
  const done = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 }
  deepEqual(await owned(pod({ ephemeral: {} }, { metadata: done })), [])
  deepEqual(await owned(pod({ persistentVolumeClaim: { claimName: 'web-v' } }, { metadata: done })), undefined)
})

test('a volume that is being deleted stays while it is bound', async () => {
  const volume = (metadata: object, phase: string) =>
    written(volumeProtection, 'pv', [
      [persistentVolumes as Resource, [{ metadata: { name: 'pv', uid: 'v', ...metadata }, status: { phase } } as unknown as KubeObject]],
    ])
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['kubernetes.io/pv-protection'] }
  deepEqual(await volume({}, 'Available'), ['kubernetes.io/pv-protection'])
  deepEqual(await volume(going, 'Bound'), undefined)
  for (const phase of ['Available', 'Released', 'Pending', 'Failed']) deepEqual(await volume(going, phase), [], phase)
})

test('an attributes class that is being deleted stays while a claim or a volume names it', async () => {
  const gold = { metadata: { name: 'gold', deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['kubernetes.io/vac-protection'] } }
  const held = (claims: readonly PersistentVolumeClaim[], volumes: readonly object[] = []) =>
    written(attributesClassProtection, 'gold', [
      [volumeAttributesClasses as Resource, [gold as unknown as KubeObject]],
      [persistentVolumeClaims as Resource, claims],
      [persistentVolumes as Resource, volumes as readonly KubeObject[]],
    ])
  deepEqual(await held([]), [])
  deepEqual(await held([claim({}, { volumeAttributesClassName: 'silver' }), claim()]), [])
  deepEqual(await held([claim({}, { volumeAttributesClassName: 'gold' })]), undefined)
  deepEqual(await held([claim({}, {}, { currentVolumeAttributesClassName: 'gold' })]), undefined)
  deepEqual(await held([claim({}, {}, { modifyVolumeStatus: { targetVolumeAttributesClassName: 'gold' } })]), undefined)
  deepEqual(await held([], [{ metadata: { name: 'pv' }, spec: { volumeAttributesClassName: 'gold' } }]), undefined)
})
