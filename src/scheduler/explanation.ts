/** What the last attempt at a pod found, node by node, for whoever asks why. */

import type { Refusal, Refusals, Scores } from './cycle.ts'

export interface Explanation {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly outcome: 'scheduled' | 'unschedulable' | 'error'
  readonly node?: string
  readonly message: string
  /** Why each refused node was refused, by node name. */
  readonly refused: ReadonlyMap<string, { readonly plugin: string; readonly reasons: readonly string[] }>
  /** Weighted scores of the feasible nodes, by node name then plugin. */
  readonly scores: ReadonlyMap<string, Readonly<Record<string, number>>>
}

/** An attempt as the cycle left it; made readable only when asked for. */
export interface Attempt {
  readonly at: number
  readonly outcome: Explanation['outcome']
  readonly node?: string
  readonly message: string
  readonly refused?: Refusals
  readonly scores?: Scores
}

export function explanationOf(a: Attempt): Explanation {
  return {
    at: a.at,
    outcome: a.outcome,
    ...(a.node !== undefined && { node: a.node }),
    message: a.message,
    refused: new Map(a.refused?.nodes.map((node, i) => [node.name, shown(a.refused!.why[i]!)])),
    scores: new Map(
      (a.scores?.nodes ?? []).map((node, i) => [node.name, Object.fromEntries(a.scores!.byPlugin.map((p) => [p.plugin, p.scores[i]!]))]),
    ),
  }
}

function shown({ plugin, reject }: Refusal): { readonly plugin: string; readonly reasons: readonly string[] } {
  return { plugin, reasons: reject.reasons }
}
