/** Volumes, claims and their attribute classes stay until nobody uses them: each is born with a finalizer that a controller takes away. */

import type { AdmissionPlugin } from './admission.ts'
import { groupResource } from '#schema/resource.ts'

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumes: 'kubernetes.io/pv-protection',
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  'volumeattributesclasses.storage.k8s.io': 'kubernetes.io/vac-protection',
}

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  operations: ['CREATE'],
  admit({ resource, subresource, object }) {
    const name = groupResource(resource)
    const finalizer = Object.hasOwn(FINALIZERS, name) ? FINALIZERS[name] : undefined
    if (finalizer === undefined || subresource !== '' || object === undefined) return undefined
    const finalizers = object.metadata.finalizers ?? []
    if (finalizers.includes(finalizer)) return undefined
    return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } }
  },
}
