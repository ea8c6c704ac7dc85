/** Holds a pod to a level of the Pod Security Standards, as the standards were in a version. */

import { BASELINE_CHECKS } from './baseline-checks.ts'
import type { Check, CheckPod, PodLike, Violation } from './check.ts'
import type { LevelVersion } from './policy.ts'
import { RESTRICTED_CHECKS } from './restricted-checks.ts'

/** All violations, baseline ones first. */
export function violations({ level, minor }: LevelVersion, pod: PodLike): readonly Violation[] {
  return checksOf(level, minor ?? Infinity).flatMap((check) => check(pod) ?? [])
}

/** As in `host namespaces (hostNetwork=true), privileged (...)`. */
export function detailText(found: readonly Violation[]): string {
  return found.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ')
}

const known = new Map<string, readonly CheckPod[]>()

function checksOf(level: LevelVersion['level'], minor: number): readonly CheckPod[] {
  if (level === 'privileged') return []
  // what is beyond the newest check is the same as the latest
  const version = Math.min(minor, NEWEST)
  const key = `${level} ${version}`
  let checks = known.get(key)
  if (checks === undefined) known.set(key, (checks = chosen(level, version)))
  return checks
}

function chosen(level: 'baseline' | 'restricted', minor: number): readonly CheckPod[] {
  const restricted = level === 'restricted' ? RESTRICTED_CHECKS.filter((c) => checkOf(c, minor) !== undefined) : []
  const overridden = new Set(restricted.flatMap((c) => c.overrides ?? []))
  return [...BASELINE_CHECKS.filter((c) => !overridden.has(c.id)), ...restricted].flatMap((c) => checkOf(c, minor) ?? [])
}

function checkOf({ versions }: Check, minor: number): CheckPod | undefined {
  return versions.findLast(([from]) => from <= minor)?.[1]
}

const NEWEST = Math.max(...[...BASELINE_CHECKS, ...RESTRICTED_CHECKS].flatMap((c) => c.versions.map(([from]) => from)))
