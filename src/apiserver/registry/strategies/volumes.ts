/** Volumes and what describes them: first phases, times of phase changes, and the two spellings of a claim's data source. */

import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { claimErrors, templateErrors } from '#api/resource/v1/claim-rules.ts'
import type { DeviceClass } from '#api/resource/v1/device-class.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { sameJson } from '#schema/json-patch.ts'
import { claimExpressionErrors, classExpressionErrors } from './device-expressions.ts'
import type { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { Instant } from '#base/clock.ts'
import { timestamp } from '#base/clock.ts'
import { uuid } from '#base/random.ts'
import { withDataSources } from '#api/core/v1/persistent-volume-claim-rules.ts'
import { statusFacet } from '../update.ts'
import type { Stored, Strategy, WriteInfo } from '../strategy.ts'

type StoredVolume = PersistentVolume & Stored
type StoredClaim = PersistentVolumeClaim & Stored

export const persistentVolumeStrategy: Strategy<StoredVolume> = {
  returnsDeleted: true,
  prepareCreate: (volume, { now }) => ({ ...volume, status: { phase: 'Pending', lastPhaseTransitionTime: timestamp(now) } }),
}

export const persistentVolumeStatusFacet = statusFacet<StoredVolume>((volume, old, { now }) => ({
  ...volume,
  status: withTransitionTime(volume.status, old.status, now),
}))

type VolumeStatus = StoredVolume['status']

/** A phase that changes brings its time along, unless the writer says another. */
function withTransitionTime(status: VolumeStatus, old: VolumeStatus, now: Instant): VolumeStatus {
  const { lastPhaseTransitionTime: said } = status
  const before = old.lastPhaseTransitionTime
  if (status.phase === old.phase)
    return said === undefined && before !== undefined ? { ...status, lastPhaseTransitionTime: before } : status
  return said === undefined || said === before ? { ...status, lastPhaseTransitionTime: timestamp(now) } : status
}

export const persistentVolumeClaimStrategy: Strategy<StoredClaim> = {
  returnsDeleted: true,
  initialStatus: () => ({ phase: 'Pending' }),
  prepareCreate: (claim) => withDataSources(claim),
  // Clients that know one spelling only leave the other out of what they write back.
  prepareUpdate: (claim, old) => withDataSources(claim, old),
}

/** Only the status comes by this path: labels, annotations, owners and finalizers stay as they are. */
export function statusOnly<T extends Stored>(change: (object: T, old: T, write: WriteInfo) => T = (object) => object) {
  return statusFacet<T>((object, old, write) => {
    return change({ ...object, metadata: old.metadata } as T, old, write)
  })
}

export const volumeAttachmentStrategy: Strategy = { unconditionalUpdate: false, returnsDeleted: true }
export const volumeAttachmentStatusFacet = statusOnly()
export const storageClassStrategy: Strategy = { returnsDeleted: true }
export const csiDriverStrategy: Strategy = { generation: 'spec', unconditionalUpdate: false, returnsDeleted: true }
export const csiNodeStrategy: Strategy = { unconditionalUpdate: false, returnsDeleted: true }
export const csiStorageCapacityStrategy: Strategy = { unconditionalUpdate: false }
export const volumeAttributesClassStrategy: Strategy = { returnsDeleted: true }
export const resourceQuotaStrategy: Strategy = { returnsDeleted: true }

/** A limit range that nobody named is named by chance. */
export const limitRangeStrategy: Strategy = {
  prepareCreate: (range, { random }) => (range.metadata.name ? range : { ...range, metadata: { ...range.metadata, name: uuid(random) } }),
}

/** Devices offered and asked for. What was asked for cannot change, and so is looked at once. */
export const resourceClaimStrategy: Strategy<ResourceClaim & Stored> = {
  validateCreate: (claim) => [...claimErrors(claim), ...claimExpressionErrors(claim.spec?.devices, 'spec.devices')],
}
export const resourceClaimTemplateStrategy: Strategy<ResourceClaimTemplate & Stored> = {
  validateCreate: (template) => [...templateErrors(template), ...claimExpressionErrors(template.spec?.spec?.devices, 'spec.spec.devices')],
}
/** Expressions that did not change are let through, as an older server may have known more. */
export const deviceClassStrategy: Strategy<DeviceClass & Stored> = {
  generation: 'spec',
  validateCreate: classExpressionErrors,
  validateUpdate: (now, old) => (sameJson(now.spec, old.spec) ? [] : classExpressionErrors(now)),
}
export const resourceSliceStrategy: Strategy<ResourceSlice & Stored> = {
  generation: 'spec',
  prepareCreate: (slice, { now }) => withTaintTimes(slice, now),
  prepareUpdate: (slice, _old, { now }) => withTaintTimes(slice, now),
}

/** A taint is as old as its first writing, unless its writer says otherwise. */
function withTaintTimes(slice: ResourceSlice & Stored, now: Instant): ResourceSlice & Stored {
  const { devices } = slice.spec
  if (!devices?.some((device) => device.taints?.some((taint) => taint.timeAdded === undefined))) return slice
  const timed = devices.map((device) =>
    device.taints
      ? { ...device, taints: device.taints.map((taint) => ({ ...taint, timeAdded: taint.timeAdded ?? timestamp(now) })) }
      : device,
  )
  return { ...slice, spec: { ...slice.spec, devices: timed } }
}

export const resourceClaimStatusFacet = statusOnly()
