/** The counts in the status of Deployments and ReplicaSets: none negative, and those of some pods not above those of all. */

import { notNegativeErrors } from '#api/core/v1/template-rules.ts'
import { invalid, type FieldError } from '#schema/field-error.ts'

type Counts = Readonly<Partial<Record<string, unknown>>>

/** `parts`: members that count some of the replicas; `others`: further counts. */
export function replicaCountErrors(status: object | undefined, parts: readonly string[], others: readonly string[]): FieldError[] {
  const counts = (status ?? {}) as Counts
  const count = (name: string) => (counts[name] as number | undefined) ?? 0
  const errors = ['replicas', ...parts, ...others].flatMap((name) =>
    notNegativeErrors(counts[name] as number | undefined, `status.${name}`),
  )
  for (const name of parts)
    if (count(name) > count('replicas')) errors.push(invalid(`status.${name}`, count(name), 'cannot be greater than status.replicas'))
  if (count('availableReplicas') > count('readyReplicas'))
    errors.push(invalid('status.availableReplicas', count('availableReplicas'), 'cannot be greater than readyReplicas'))
  return errors
}
