/** Puts lists of tolerations together, leaving out what others say already. */

import { isDeepStrictEqual } from 'node:util'
import type { Toleration } from '#api/core/v1/toleration.ts'

export function mergeTolerations(...lists: readonly (readonly Toleration[])[]): readonly Toleration[] {
  const all = lists.flat()
  const merged: Toleration[] = []
  for (const [index, one] of all.entries()) {
    const said = merged.some((other) => covers(other, one))
    const better = all.slice(index + 1).some((other) => !isDeepStrictEqual(one, other) && covers(other, one))
    if (!said && !better) merged.push(one)
  }
  return merged
}

export function allCovered(tolerations: readonly Toleration[], by: readonly Toleration[]): boolean {
  return tolerations.every((one) => by.some((other) => covers(other, one)))
}

/** Whether whoever has `wide` need not have `narrow`. */
function covers(wide: Toleration, narrow: Toleration): boolean {
  if (isDeepStrictEqual(wide, narrow)) return true
  if ((narrow.key ?? '') !== (wide.key ?? '') && ((wide.key ?? '') !== '' || wide.operator !== 'Exists')) return false
  if (narrow.effect !== wide.effect && wide.effect) return false
  if (wide.effect === 'NoExecute' && wide.tolerationSeconds !== undefined) {
    if (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > wide.tolerationSeconds) return false
  }
  const isEqual = (operator: string | undefined) => !operator || operator === 'Equal'
  if (wide.operator === 'Exists') return true
  return isEqual(wide.operator) && isEqual(narrow.operator) && (narrow.value ?? '') === (wide.value ?? '')
}
