/** Holds claims, volumes and their attribute classes that are being deleted until nobody uses them; admission has put a finalizer on each. */

import { nothing, update, type Controller } from './controller.ts'
import { persistentVolumeClaims, type PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { persistentVolumes, type PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import { volumeAttributesClasses, type VolumeAttributesClass } from '#api/storage/v1/volume-attributes-class.ts'
import { keyOf, type Key } from '#client/informer.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

const CLAIM_FINALIZER = 'kubernetes.io/pvc-protection'
const VOLUME_FINALIZER = 'kubernetes.io/pv-protection'
const CLASS_FINALIZER = 'kubernetes.io/vac-protection'
const BY_CLAIM = 'namedClaim'
const BY_CLASS = 'namedAttributesClass'

export interface Protected<T extends KubeObject> {
  readonly object: T
  /** Asked of those that are being deleted; nothing else depends on it. */
  readonly used: boolean
}

/** A claim is used by pods that have a node. */
export const claimProtection: Controller<Protected<PersistentVolumeClaim>> = {
  name: 'persistentvolumeclaim-protection',
  primary: persistentVolumeClaims,
  watches: [{ resource: pods, keys: (pod) => claimKeys(pod as Pod) }],
  indexes: [{ resource: pods, name: BY_CLAIM, values: (pod) => claimKeys(pod as Pod) }],
  async read(key, cache, live) {
    const object = cache.get(persistentVolumeClaims, key)
    if (object === undefined) return undefined
    if (!isHeld(object, CLAIM_FINALIZER)) return { object, used: false }
    const uses = (pod: Pod) => usesClaim(pod, object)
    if (cache.of(pods).by(BY_CLAIM, key).some(uses)) return { object, used: true }
    // a pod that the cache does not show yet must not lose its data
    const { items } = await live.list(pods, { namespace: object.metadata.namespace! })
    return { object, used: items.some(uses) }
  },
  decide: (found) => decideProtection(persistentVolumeClaims, CLAIM_FINALIZER, found),
}

/** A volume is used as long as it is bound. */
export const volumeProtection: Controller<Protected<PersistentVolume>> = {
  name: 'persistentvolume-protection',
  primary: persistentVolumes,
  watches: [],
  read(key, cache) {
    const object = cache.get(persistentVolumes, key)
    return object && { object, used: object.status.phase === 'Bound' }
  },
  decide: (found) => decideProtection(persistentVolumes, VOLUME_FINALIZER, found),
}

/** A class is used by the claims and volumes that name it. */
export const attributesClassProtection: Controller<Protected<VolumeAttributesClass>> = {
  name: 'volumeattributesclass-protection',
  primary: volumeAttributesClasses,
  watches: [
    { resource: persistentVolumeClaims, keys: (claim) => classesOfClaim(claim as PersistentVolumeClaim) },
    { resource: persistentVolumes, keys: (volume) => classesOfVolume(volume as PersistentVolume) },
  ],
  indexes: [
    { resource: persistentVolumeClaims, name: BY_CLASS, values: (claim) => classesOfClaim(claim as PersistentVolumeClaim) },
    { resource: persistentVolumes, name: BY_CLASS, values: (volume) => classesOfVolume(volume as PersistentVolume) },
  ],
  read(key, cache) {
    const object = cache.get(volumeAttributesClasses, key)
    const used = () => [persistentVolumeClaims, persistentVolumes].some((r) => cache.of(r as Resource).by(BY_CLASS, key).length > 0)
    return object && { object, used: isHeld(object, CLASS_FINALIZER) && used() }
  },
  decide: (found) => decideProtection(volumeAttributesClasses, CLASS_FINALIZER, found),
}

function decideProtection<T extends KubeObject>(resource: Resource<T>, finalizer: string, { object, used }: Protected<T>) {
  const { deletionTimestamp, finalizers = [] } = object.metadata
  const has = finalizers.includes(finalizer)
  if (deletionTimestamp === undefined)
    // made before admission saw to it, or somebody took it away
    return has ? nothing : { actions: [update(resource, withFinalizers(object, [...finalizers, finalizer]))] }
  if (!has || used) return nothing
  return {
    actions: [
      update(
        resource,
        withFinalizers(
          object,
          finalizers.filter((f) => f !== finalizer),
        ),
      ),
    ],
  }
}

function isHeld({ metadata }: KubeObject, finalizer: string): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(finalizer) === true
}

function withFinalizers<T extends KubeObject>(object: T, finalizers: readonly string[]): T {
  return { ...object, metadata: { ...object.metadata, finalizers } }
}

/** Every claim that the pod names, be it its own or not. */
function claimKeys(pod: Pod): readonly Key[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    const name = volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral ? ephemeralClaim(pod, volume.name) : undefined)
    return name === undefined ? [] : [`${pod.metadata.namespace}/${name}`]
  })
}

/** Pods without a node do not count: a kubelet starts none with a claim that is being deleted. */
function usesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec.nodeName || !claimKeys(pod).includes(keyOf(claim))) return false
  const named = pod.spec.volumes?.some((v) => v.persistentVolumeClaim?.claimName === claim.metadata.name) === true
  const made = claim.metadata.ownerReferences?.some((r) => r.controller && r.uid === pod.metadata.uid) === true
  return named || (made && !isShutDown(pod))
}

function ephemeralClaim(pod: Pod, volume: string): string {
  return `${pod.metadata.name}-${volume}`
}

/** Its kubelet is done with it, or it was deleted by force; waiting for the rest of it could be waiting for itself. */
function isShutDown({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0
}

function classesOfClaim({ spec, status }: PersistentVolumeClaim): readonly string[] {
  const named = [
    spec.volumeAttributesClassName,
    status.currentVolumeAttributesClassName,
    status.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ]
  return [...new Set(named.filter((name) => name !== undefined && name !== ''))] as readonly string[]
}

function classesOfVolume({ spec }: PersistentVolume): readonly string[] {
  return spec.volumeAttributesClassName ? [spec.volumeAttributesClassName] : []
}
