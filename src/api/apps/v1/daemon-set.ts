/** Declares DaemonSet (apps/v1). */

import { invalid, required, type FieldError } from '#schema/field-error.ts'
import {
  atMostAllErrors,
  countOrPercentErrors,
  isZeroCount,
  notNegativeErrors,
  replacedTemplateErrors,
  selectorMatchErrors,
} from '#api/core/v1/template-rules.ts'
import { selectorText, templateColumns, labelsText } from '#api/core/v1/template-columns.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { PodTemplateSpec } from '#api/core/v1/pod-template.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, int64, intOrString, list, message, oneOf, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class RollingUpdateDaemonSet extends message('k8s.io.api.apps.v1.RollingUpdateDaemonSet', {
  maxUnavailable: opt(1, intOrString, { keepsZero: true }),
  maxSurge: opt(2, intOrString, { keepsZero: true }),
}) {}

export class DaemonSetUpdateStrategy extends message('k8s.io.api.apps.v1.DaemonSetUpdateStrategy', {
  type: opt(1, oneOf('RollingUpdate', 'OnDelete')),
  rollingUpdate: opt(2, RollingUpdateDaemonSet),
}) {}

export class DaemonSetSpec extends message('k8s.io.api.apps.v1.DaemonSetSpec', {
  selector: req(1, LabelSelector, { immutable: true, mapType: 'atomic' }),
  template: req(2, PodTemplateSpec),
  updateStrategy: val(3, DaemonSetUpdateStrategy),
  minReadySeconds: opt(4, int32()),
  revisionHistoryLimit: opt(6, int32(), { default: 10, keepsZero: true }),
}) {}

export class DaemonSetCondition extends message('k8s.io.api.apps.v1.DaemonSetCondition', {
  type: req(1, string),
  status: req(2, string),
  lastTransitionTime: opt(3, time),
  reason: opt(4, string),
  message: opt(5, string),
}) {}

export class DaemonSetStatus extends message('k8s.io.api.apps.v1.DaemonSetStatus', {
  currentNumberScheduled: req(1, int32()),
  numberMisscheduled: req(2, int32()),
  desiredNumberScheduled: req(3, int32()),
  numberReady: req(4, int32()),
  observedGeneration: opt(5, int64()),
  updatedNumberScheduled: opt(6, int32()),
  numberAvailable: opt(7, int32()),
  numberUnavailable: opt(8, int32()),
  collisionCount: opt(9, int32(), { keepsZero: true }),
  conditions: opt(10, list(DaemonSetCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } })),
}) {}

export class DaemonSet extends object('k8s.io.api.apps.v1.DaemonSet', {
  metadata: val(1, ObjectMeta),
  spec: val(2, DaemonSetSpec),
  status: val(3, DaemonSetStatus),
}) {}

export const daemonSets = resource(DaemonSet, {
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  scope: 'Namespaced',
  shortNames: ['ds'],
  categories: ['all'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', description: 'Nodes that should run it.', cell: (d) => d.status.desiredNumberScheduled },
    { name: 'Current', type: 'integer', description: 'Nodes that run it.', cell: (d) => d.status.currentNumberScheduled },
    { name: 'Ready', type: 'integer', description: 'Nodes where it is ready.', cell: (d) => d.status.numberReady },
    {
      name: 'Up-to-date',
      type: 'integer',
      description: 'Nodes that run the newest template.',
      cell: (d) => d.status.updatedNumberScheduled ?? 0,
    },
    {
      name: 'Available',
      type: 'integer',
      description: 'Nodes where it is ready for long enough.',
      cell: (d) => d.status.numberAvailable ?? 0,
    },
    {
      name: 'Node Selector',
      type: 'string',
      description: 'Which nodes it is for.',
      cell: (d) => labelsText(d.spec.template.spec.nodeSelector),
    },
    ageColumn,
    ...templateColumns<DaemonSet>(
      (d) => d.spec.template,
      (d) => selectorText(d.spec.selector),
    ),
  ],
})

rulesFor(DaemonSetUpdateStrategy, {
  defaults({ type = 'RollingUpdate', rollingUpdate }) {
    if (type !== 'RollingUpdate') return undefined
    return { type, rollingUpdate: { maxUnavailable: rollingUpdate?.maxUnavailable ?? 1, maxSurge: rollingUpdate?.maxSurge ?? 0 } }
  },
  check({ type, rollingUpdate }, path): FieldError[] {
    if (type !== 'RollingUpdate') return []
    const at = `${path}.rollingUpdate`
    if (rollingUpdate === undefined) return [required(at)]
    const { maxUnavailable, maxSurge } = rollingUpdate
    const errors = [
      ...countOrPercentErrors(maxUnavailable, `${at}.maxUnavailable`),
      ...atMostAllErrors(maxUnavailable, `${at}.maxUnavailable`),
    ]
    errors.push(...countOrPercentErrors(maxSurge, `${at}.maxSurge`), ...atMostAllErrors(maxSurge, `${at}.maxSurge`))
    if (isZeroCount(maxUnavailable) && isZeroCount(maxSurge))
      errors.push(required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'))
    if (!isZeroCount(maxUnavailable) && !isZeroCount(maxSurge))
      errors.push(invalid(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'))
    return errors
  },
})

rulesFor(DaemonSetSpec, {
  defaults: ({ template }) => (template === undefined ? { template: { metadata: {}, spec: {} } as unknown as PodTemplateSpec } : undefined),
  check: (spec, path): FieldError[] => [
    ...selectorMatchErrors(spec.selector, spec.template, path, 'daemonset'),
    ...replacedTemplateErrors(spec.template, `${path}.template`, 'DaemonSet'),
    ...notNegativeErrors(spec.minReadySeconds, `${path}.minReadySeconds`),
    ...notNegativeErrors(spec.revisionHistoryLimit, `${path}.revisionHistoryLimit`),
  ],
})
