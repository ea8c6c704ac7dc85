/** A Deployment's history: which ReplicaSet carries its template now, and how revisions are numbered and remembered. */

import { createHash } from 'node:crypto'
import type { Deployment } from '#api/apps/v1/deployment.ts'
import type { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import type { PodTemplateSpec } from '#api/core/v1/pod-template.ts'

export const HASH_LABEL = 'pod-template-hash'
export const REVISION = 'deployment.kubernetes.io/revision'
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history'
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas'
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas'

const REVISION_HISTORY_LENGTH_MAX = 2000 // characters, upstream's bound of the annotation

// What belongs to the Deployment itself and is not copied onto its ReplicaSets.
const OWN_ANNOTATIONS = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
])

/** The ReplicaSet whose template is the Deployment's, the oldest if several. */
export function findNew(d: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return sets.toSorted(oldestFirst).find((rs) => sameTemplate(rs.spec.template, d.spec.template))
}

export function oldestFirst(a: ReplicaSet, b: ReplicaSet): number {
  return Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) || (a.metadata.name < b.metadata.name ? -1 : 1)
}

function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec): boolean {
  return a !== undefined && canonical(withoutHash(a)) === canonical(withoutHash(b))
}

function withoutHash(t: PodTemplateSpec): object {
  const { [HASH_LABEL]: _, ...labels } = t.metadata.labels ?? {}
  return { ...t, metadata: { ...t.metadata, labels } }
}

/** JSON with sorted members, so that equal values have equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    typeof v === 'object' && v !== null && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).toSorted(([x], [y]) => (x < y ? -1 : 1)))
      : v,
  )
}

const HASH_LETTERS = 'bcdfghjklmnpqrstvwxz2456789' // upstream's safe alphabet
const HASH_LENGTH = 10

/** Stable for a template and a collision count. Only its form is upstream's: nothing reads more into it than identity. */
export function templateHash(template: PodTemplateSpec, collisionCount = 0): string {
  const digest = createHash('sha256')
    .update(canonical(withoutHash(template)))
    .update(String(collisionCount))
    .digest()
  return Array.from(digest.subarray(0, HASH_LENGTH), (byte) => HASH_LETTERS[byte % HASH_LETTERS.length]).join('')
}

export function revisionOf(rs: ReplicaSet | undefined): number {
  const text = rs?.metadata.annotations?.[REVISION]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : 0
}

/** The annotations the new ReplicaSet should carry: the Deployment's, its revision and the revisions it had before. */
export function newAnnotations(d: Deployment, rs: ReplicaSet | undefined, revision: number): Readonly<Record<string, string>> {
  const own = rs?.metadata.annotations ?? {}
  const copied = Object.fromEntries(Object.entries(d.metadata.annotations ?? {}).filter(([k]) => !OWN_ANNOTATIONS.has(k)))
  const before = revisionOf(rs)
  const result: Record<string, string> = { ...own, ...copied, [REVISION]: String(Math.max(revision, before)) }
  if (before > 0 && before < revision) {
    const history = own[REVISION_HISTORY] ? own[REVISION_HISTORY].split(',') : []
    history.push(String(before))
    while (history.join(',').length > REVISION_HISTORY_LENGTH_MAX) history.shift()
    result[REVISION_HISTORY] = history.join(',')
  }
  return result
}
