/** Whether a toleration covers a taint. */

import type { Taint, Toleration } from '#api/core/v1/toleration.ts'

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  switch (toleration.operator ?? 'Equal') {
    case 'Exists':
      return true
    case 'Equal':
      return (toleration.value ?? '') === (taint.value ?? '')
    case 'Lt':
      return both(taint.value, toleration.value, (has, limit) => has < limit)
    case 'Gt':
      return both(taint.value, toleration.value, (has, limit) => has > limit)
    default:
      return false
  }
}

const WHOLE = /^-?(0|[1-9]\d*)$/

function both(a: string | undefined, b: string | undefined, holds: (a: bigint, b: bigint) => boolean): boolean {
  return a !== undefined && b !== undefined && WHOLE.test(a) && WHOLE.test(b) && holds(BigInt(a), BigInt(b))
}
