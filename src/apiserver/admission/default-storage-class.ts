/** Claims that name no storage class get the cluster's default one; of several, the newest. */

import type { AdmissionPlugin } from './admission.ts'
import { CLASS_ANNOTATION } from '#api/core/v1/access-modes.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { StorageClass } from '#api/storage/v1/storage-class.ts'
import type { KubeObject } from '#schema/resource.ts'

const DEFAULT_ANNOTATIONS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']

export function defaultStorageClass(parts: { readonly list: () => Promise<readonly StorageClass[]> }): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    operations: ['CREATE'],
    async admit({ resource, subresource, object }) {
      if (resource.group !== '' || resource.plural !== 'persistentvolumeclaims' || subresource !== '') return undefined
      const claim = object as unknown as PersistentVolumeClaim
      // An empty class is a choice, too: a volume without class.
      if (claim.spec.storageClassName !== undefined || Object.hasOwn(claim.metadata.annotations ?? {}, CLASS_ANNOTATION)) return undefined
      const found = newestDefault(await parts.list())
      if (found === undefined) return undefined
      return { ...claim, spec: { ...claim.spec, storageClassName: found.metadata.name } } as unknown as KubeObject
    },
  }
}

function newestDefault(classes: readonly StorageClass[]): StorageClass | undefined {
  const created = ({ metadata }: StorageClass) => Date.parse(metadata.creationTimestamp)
  return classes
    .filter(({ metadata }) => DEFAULT_ANNOTATIONS.some((key) => metadata.annotations?.[key] === 'true'))
    .toSorted((a, b) => created(b) - created(a) || (a.metadata.name < b.metadata.name ? -1 : 1))[0]
}
