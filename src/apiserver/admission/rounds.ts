/** What a plugin that asks many, one after the other, has to know of the two rounds of one admission. */

import type { AdmissionRequest } from './admission.ts'
import type { KubeObject } from '#schema/resource.ts'

export interface Rounds {
  /** 0 or 1. */
  readonly round: number
  /** None has its turn in the second round that did not in the first. */
  isDue(key: string): boolean
  /** It wants another turn if something changes after it. */
  wantsAgain(key: string): void
  /** Whoever has the turn changed the object. */
  changed(): void
  /** How the plugin leaves the object. */
  leave(object: KubeObject | undefined): void
}

interface Kept {
  /** Want another turn if something changes after them. */
  readonly asked: Set<string>
  /** Have a turn in the second round. */
  readonly due: Set<string>
  output: KubeObject | undefined
}

/** Of the plugin of that name; what was changed since it left the object in the first round is seen here. */
export function roundsOf(plugin: string, { object, reinvocation }: Pick<AdmissionRequest, 'object' | 'reinvocation'>): Rounds {
  const again = reinvocation?.again ?? false
  const kept = (reinvocation?.notes.get(plugin) as Kept | undefined) ?? { asked: new Set(), due: new Set(), output: undefined }
  reinvocation?.notes.set(plugin, kept)
  const askAgain = (): void => {
    for (const key of kept.asked) kept.due.add(key)
    kept.asked.clear()
  }
  if (again && object !== kept.output) askAgain()
  return {
    round: again ? 1 : 0,
    isDue: (key) => !again || kept.due.has(key),
    wantsAgain: (key) => kept.asked.add(key),
    changed() {
      askAgain()
      if (reinvocation) reinvocation.wanted = true
    },
    leave: (left) => (kept.output = left),
  }
}
