/** Names of workloads become names of pods, and those host names: not all that is legal is wise. */

import type { Stored } from '../strategy.ts'
import { dns1123Label } from '#schema/names.ts'

/** Only new objects can still be called otherwise. */
export function nameWarnings({ metadata }: Stored, old: Stored | undefined): string[] {
  const problems = old === undefined ? dns1123Label(metadata.name) : []
  if (problems.length === 0) return []
  const why = 'this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended'
  return [`metadata.name: ${why}: [${problems.join(' ')}]`]
}
