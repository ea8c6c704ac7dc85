/** What is served of volumes and devices: storage and resource groups, and the volumes and quotas of the core group. */

import * as volumes from '../strategies/volumes.ts'
import { serve, type Served } from './serve.ts'
import { limitRanges } from '#api/core/v1/limit-range.ts'
import { persistentVolumeClaims } from '#api/core/v1/persistent-volume-claim.ts'
import { persistentVolumes } from '#api/core/v1/persistent-volume.ts'
import { resourceQuotas } from '#api/core/v1/resource-quota.ts'
import { deviceClasses } from '#api/resource/v1/device-class.ts'
import { resourceClaimTemplates } from '#api/resource/v1/resource-claim-template.ts'
import { resourceClaims } from '#api/resource/v1/resource-claim.ts'
import { resourceSlices } from '#api/resource/v1/resource-slice.ts'
import { csiDrivers } from '#api/storage/v1/csi-driver.ts'
import { csiNodes } from '#api/storage/v1/csi-node.ts'
import { csiStorageCapacities } from '#api/storage/v1/csi-storage-capacity.ts'
import { storageClasses } from '#api/storage/v1/storage-class.ts'
import { volumeAttachments } from '#api/storage/v1/volume-attachment.ts'
import { volumeAttributesClasses } from '#api/storage/v1/volume-attributes-class.ts'

export const servedStorage: readonly Served[] = [
  serve(persistentVolumes as never, volumes.persistentVolumeStrategy, { status: volumes.persistentVolumeStatusFacet }),
  serve(persistentVolumeClaims as never, volumes.persistentVolumeClaimStrategy),
  serve(limitRanges as never, volumes.limitRangeStrategy),
  serve(resourceQuotas as never, volumes.resourceQuotaStrategy),
  serve(storageClasses as never, volumes.storageClassStrategy),
  serve(volumeAttachments as never, volumes.volumeAttachmentStrategy, { status: volumes.volumeAttachmentStatusFacet }),
  serve(csiDrivers as never, volumes.csiDriverStrategy),
  serve(csiNodes as never, volumes.csiNodeStrategy),
  serve(csiStorageCapacities as never, volumes.csiStorageCapacityStrategy),
  serve(volumeAttributesClasses as never, volumes.volumeAttributesClassStrategy),
  serve(resourceClaims as never, volumes.resourceClaimStrategy as never, { status: volumes.resourceClaimStatusFacet }),
  serve(resourceClaimTemplates as never, volumes.resourceClaimTemplateStrategy as never),
  serve(resourceSlices as never, volumes.resourceSliceStrategy),
  serve(deviceClasses as never, volumes.deviceClassStrategy),
]
