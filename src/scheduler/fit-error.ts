/** What users are told when no node will do: upstream's text, reasons counted and sorted. */

import type { Diagnosis } from './cycle.ts'

export const NO_NODES = 'no nodes available to schedule pods'

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: ...` */
export function fitErrorMessage(diagnosis: Pick<Diagnosis, 'nodesTotal' | 'whole' | 'refused' | 'others'>, afterwards = ''): string {
  let message = `0/${diagnosis.nodesTotal} nodes are available:`
  if (diagnosis.whole !== undefined) message += ` ${diagnosis.whole.reject.reasons.join(', ')}.`
  else {
    const counts = new Map<string, number>()
    const count = (reasons: readonly string[], by: number) => {
      for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + by)
    }
    for (const { reject } of diagnosis.refused.why) count(reject.reasons, 1)
    const rest = diagnosis.nodesTotal - diagnosis.refused.nodes.length
    if (diagnosis.others !== undefined && rest > 0) count(diagnosis.others.reject.reasons, rest)
    const reasons = [...counts].map(([reason, n]) => `${n} ${reason}`).sort(byBytes)
    if (reasons.length > 0) message += ` ${reasons.join(', ')}.`
  }
  return afterwards === '' ? message : `${message} ${afterwards}`
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
