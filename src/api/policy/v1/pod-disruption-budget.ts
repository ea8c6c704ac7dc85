/** Declares PodDisruptionBudget (policy/v1). */

import { invalid, notSupported, type FieldError } from '#schema/field-error.ts'
import { atMostAllErrors, countOrPercentErrors, notNegativeErrors } from '#api/core/v1/template-rules.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { conditionsErrors } from '#api/meta/v1/condition-rules.ts'
import { Condition } from '#api/meta/v1/condition.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, int64, intOrString, list, map, message, opt, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class PodDisruptionBudgetSpec extends message(
  'k8s.io.api.policy.v1.PodDisruptionBudgetSpec',
  {
    minAvailable: opt(1, intOrString, {
      doc: 'Pods, as a number or percentage, that must stay healthy; not with maxUnavailable.',
      keepsZero: true,
    }),
    selector: opt(2, LabelSelector, {
      doc: 'Chooses the pods by their labels; an empty one chooses all of the namespace, none at all no pod.',
      patch: 'replace',
      mapType: 'atomic',
    }),
    maxUnavailable: opt(3, intOrString, {
      doc: 'Pods, as a number or percentage, that may be missing; not with minAvailable.',
      keepsZero: true,
    }),
    unhealthyPodEvictionPolicy: opt(4, string, {
      doc: 'When pods that run but are not ready may go: IfHealthyBudget (the default) or AlwaysAllow.',
      keepsZero: true,
    }),
  },
  { doc: 'How many pods may be missing.' },
) {}

export class PodDisruptionBudgetStatus extends message(
  'k8s.io.api.policy.v1.PodDisruptionBudgetStatus',
  {
    observedGeneration: opt(1, int64(), { doc: 'The metadata.generation that this status reflects.' }),
    disruptedPods: opt(2, map(time), { doc: 'Pods whose eviction was granted but whose deletion was not seen yet, with the time.' }),
    disruptionsAllowed: opt(3, int32(), { doc: 'Pods that may be evicted right now.' }),
    currentHealthy: opt(4, int32(), { doc: 'Pods that are healthy.' }),
    desiredHealthy: opt(5, int32(), { doc: 'Pods that must be healthy, at least.' }),
    expectedPods: opt(6, int32(), { doc: 'Pods the budget counts in all.' }),
    conditions: opt(7, list(Condition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What is observed, such as DisruptionAllowed.',
    }),
  },
  { doc: 'What is observed of a disruption budget.' },
) {}

export class PodDisruptionBudget extends object(
  'k8s.io.api.policy.v1.PodDisruptionBudget',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, PodDisruptionBudgetSpec, { doc: 'What is wanted.' }),
    status: val(3, PodDisruptionBudgetStatus, { doc: 'What is observed; may be somewhat behind.' }),
  },
  { doc: 'Limits how many pods evictions may take away at once.' },
) {}

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

const EVICTION_POLICIES = ['AlwaysAllow', 'IfHealthyBudget']

rulesFor(PodDisruptionBudgetSpec, {
  check(spec, path): FieldError[] {
    const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy: policy } = spec
    const errors: FieldError[] = []
    if (minAvailable !== undefined && maxUnavailable !== undefined)
      errors.push(invalid(path, spec, 'minAvailable and maxUnavailable cannot be both set'))
    for (const name of ['minAvailable', 'maxUnavailable'] as const)
      errors.push(...countOrPercentErrors(spec[name], `${path}.${name}`), ...atMostAllErrors(spec[name], `${path}.${name}`))
    if (policy !== undefined && !EVICTION_POLICIES.includes(policy))
      errors.push(notSupported(`${path}.unhealthyPodEvictionPolicy`, policy, EVICTION_POLICIES))
    return errors
  },
})

const COUNTS = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const

rulesFor(PodDisruptionBudget, {
  checkUpdate({ status }, _old, _path, subresource): FieldError[] {
    if (subresource !== 'status') return []
    return [
      ...conditionsErrors(status.conditions ?? [], 'status.conditions'),
      ...COUNTS.flatMap((name) => notNegativeErrors(status[name], `status.${name}`)),
    ]
  },
})
