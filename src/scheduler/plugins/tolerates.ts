/** Whether tolerations cover a taint. */

import type { Toleration } from '#api/core/v1/toleration.ts'

export interface TaintLike {
  readonly key: string
  readonly value?: string
  readonly effect: string
}

export function tolerates(tolerations: readonly Toleration[] | undefined, taint: TaintLike): boolean {
  return tolerations !== undefined && tolerations.some((t) => toleratesTaint(t, taint))
}

function toleratesTaint(t: Toleration, taint: TaintLike): boolean {
  if (t.effect !== undefined && (t.effect as string) !== '' && t.effect !== taint.effect) return false
  if (t.key !== undefined && t.key !== '' && t.key !== taint.key) return false
  switch (t.operator ?? 'Equal') {
    case 'Exists':
      return true
    case 'Equal':
    case '' as 'Equal':
      // Without a key only Exists is allowed; the API server refuses the rest.
      return (t.value ?? '') === (taint.value ?? '')
    case 'Lt':
      return compare(taint.value, t.value, (a, b) => a < b)
    case 'Gt':
      return compare(taint.value, t.value, (a, b) => a > b)
    default:
      return false
  }
}

function compare(a: string | undefined, b: string | undefined, holds: (a: bigint, b: bigint) => boolean): boolean {
  const whole = /^-?(0|[1-9]\d*)$/
  return a !== undefined && b !== undefined && whole.test(a) && whole.test(b) && holds(BigInt(a), BigInt(b))
}
