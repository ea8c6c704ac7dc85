/** What claims of volumes take of quotas: their number and their storage, in all and by storage class. */

import type { QuotaEvaluator } from './evaluator.ts'
import { choosesClass } from './scope-selector.ts'
import { CLASS_ANNOTATION } from '../access-modes.ts'
import type { PersistentVolumeClaim } from '../persistent-volume-claim.ts'
import { compareQuantity, formatQuantity, parseQuantity } from '#schema/quantity.ts'

const COUNT = 'count/persistentvolumeclaims'
const NUMBER = 'persistentvolumeclaims'
const STORAGE = 'requests.storage'
const BY_CLASS = '.storageclass.storage.k8s.io/'
const ONE = 1_000_000_000n

export const claimEvaluator: QuotaEvaluator = {
  counts: (name) =>
    name === COUNT || name === NUMBER || name === STORAGE || name.endsWith(BY_CLASS + NUMBER) || name.endsWith(BY_CLASS + STORAGE),
  usage(object) {
    const claim = object as unknown as PersistentVolumeClaim
    const storageClass = claim.metadata.annotations?.[CLASS_ANNOTATION] ?? claim.spec.storageClassName ?? ''
    const storage = storageOf(claim)
    return {
      [COUNT]: '1',
      [NUMBER]: '1',
      ...(storage !== undefined && { [STORAGE]: storage }),
      ...(storageClass !== '' && {
        [storageClass + BY_CLASS + NUMBER]: '1',
        ...(storage !== undefined && { [storageClass + BY_CLASS + STORAGE]: storage }),
      }),
    }
  },
  inScope(object, scope) {
    if (scope.scopeName !== 'VolumeAttributesClass') return false
    const classes = attributesClasses(object as unknown as PersistentVolumeClaim)
    return classes.length === 0 ? choosesClass(scope, undefined) : classes.some((name) => choosesClass(scope, name))
  },
  charges({ operation, subresource, object, oldObject }) {
    if (subresource === '') return operation === 'CREATE' || operation === 'UPDATE'
    if (subresource !== 'status' || object === undefined || oldObject === undefined) return false
    const [claim, old] = [object as unknown as PersistentVolumeClaim, oldObject as unknown as PersistentVolumeClaim]
    const allocated = (c: PersistentVolumeClaim) => c.status?.allocatedResources?.['storage'] ?? '0'
    return (
      compareQuantity(allocated(claim), allocated(old)) !== 0 ||
      attributesClasses(claim).toSorted().join() !== attributesClasses(old).toSorted().join()
    )
  },
}

/** What is asked for, or what a growing volume was already promised; whole bytes. */
function storageOf({ spec, status }: PersistentVolumeClaim): string | undefined {
  const asked = spec.resources?.requests?.['storage']
  if (asked === undefined) return undefined
  const allocated = status?.allocatedResources?.['storage']
  return wholeBytes(allocated !== undefined && compareQuantity(allocated, asked) > 0 ? allocated : asked)
}

function wholeBytes(text: string): string {
  const { nanos, format } = parseQuantity(text)
  return formatQuantity({ nanos: ((nanos + ONE - 1n) / ONE) * ONE, format })
}

/** All that it has or is on its way to. */
function attributesClasses({ spec, status }: PersistentVolumeClaim): readonly string[] {
  const named = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ]
  return [...new Set(named.filter((name) => name !== undefined && name !== ''))] as readonly string[]
}
