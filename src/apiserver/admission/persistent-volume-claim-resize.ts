/** A claim may grow once it is bound, and if its storage class lets volumes grow. */

import type { AdmissionPlugin } from './admission.ts'
import { forbidden } from '#apiserver/endpoints/errors.ts'
import { CLASS_ANNOTATION } from '#api/core/v1/access-modes.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { StorageClass } from '#api/storage/v1/storage-class.ts'
import { compareQuantity } from '#schema/quantity.ts'

export function persistentVolumeClaimResize(parts: {
  readonly find: (name: string) => Promise<StorageClass | undefined>
}): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    operations: ['UPDATE'],
    async validate({ resource, subresource, object, oldObject }) {
      if (resource.group !== '' || resource.plural !== 'persistentvolumeclaims' || subresource !== '') return
      const [claim, old] = [object, oldObject] as unknown as readonly PersistentVolumeClaim[]
      if (compareQuantity(sizeOf(claim!), sizeOf(old!)) <= 0) return
      const refuse = (why: string) => forbidden(resource, claim!.metadata.name, why)
      if (old!.status.phase !== 'Bound') throw refuse('Only bound persistent volume claims can be expanded')
      const name = classOf(claim!)
      const found = name !== '' && name === classOf(old!) ? await parts.find(name) : undefined
      if (found?.allowVolumeExpansion !== true)
        throw refuse('only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize')
    },
  }
}

function sizeOf({ spec }: PersistentVolumeClaim): string {
  return spec.resources?.requests?.['storage'] ?? '0'
}

function classOf({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata.annotations?.[CLASS_ANNOTATION] ?? spec.storageClassName ?? ''
}
