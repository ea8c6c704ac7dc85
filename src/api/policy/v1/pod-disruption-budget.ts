/** Declares PodDisruptionBudget (policy/v1). */

import { invalid, type FieldError } from '#schema/field-error.ts'
import { countOrPercentErrors } from '#api/core/v1/template-rules.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { Condition } from '#api/meta/v1/condition.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, int64, intOrString, list, map, message, opt, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class PodDisruptionBudgetSpec extends message('k8s.io.api.policy.v1.PodDisruptionBudgetSpec', {
  minAvailable: opt(1, intOrString, { keepsZero: true }),
  selector: opt(2, LabelSelector, { patch: 'replace', mapType: 'atomic' }),
  maxUnavailable: opt(3, intOrString, { keepsZero: true }),
  unhealthyPodEvictionPolicy: opt(4, string, { keepsZero: true }),
}) {}

export class PodDisruptionBudgetStatus extends message('k8s.io.api.policy.v1.PodDisruptionBudgetStatus', {
  observedGeneration: opt(1, int64()),
  disruptedPods: opt(2, map(time)),
  disruptionsAllowed: opt(3, int32()),
  currentHealthy: opt(4, int32()),
  desiredHealthy: opt(5, int32()),
  expectedPods: opt(6, int32()),
  conditions: opt(7, list(Condition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } })),
}) {}

export class PodDisruptionBudget extends object('k8s.io.api.policy.v1.PodDisruptionBudget', {
  metadata: val(1, ObjectMeta),
  spec: val(2, PodDisruptionBudgetSpec),
  status: val(3, PodDisruptionBudgetStatus),
}) {}

export const podDisruptionBudgets = resource(PodDisruptionBudget, {
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  scope: 'Namespaced',
  shortNames: ['pdb'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    nameColumn,
    { name: 'Min Available', type: 'string', description: 'How many must stay.', cell: (p) => String(p.spec.minAvailable ?? 'N/A') },
    { name: 'Max Unavailable', type: 'string', description: 'How many may go.', cell: (p) => String(p.spec.maxUnavailable ?? 'N/A') },
    { name: 'Allowed Disruptions', type: 'integer', description: 'How many may go now.', cell: (p) => p.status.disruptionsAllowed ?? 0 },
    ageColumn,
  ],
})

rulesFor(PodDisruptionBudgetSpec, {
  check(spec, path): FieldError[] {
    const { minAvailable, maxUnavailable } = spec
    if (minAvailable !== undefined && maxUnavailable !== undefined)
      return [invalid(path, spec, 'minAvailable and maxUnavailable cannot be both set')]
    return [
      ...countOrPercentErrors(minAvailable, `${path}.minAvailable`),
      ...countOrPercentErrors(maxUnavailable, `${path}.maxUnavailable`),
    ]
  },
})
