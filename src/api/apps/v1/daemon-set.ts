/** Declares DaemonSet (apps/v1). */

import { invalid, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { collisionErrors } from './stateful-set-rules.ts'
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

export class RollingUpdateDaemonSet extends message(
  'k8s.io.api.apps.v1.RollingUpdateDaemonSet',
  {
    maxUnavailable: opt(1, intOrString, {
      doc: 'Nodes, as a number or percentage rounded up, whose pod may be missing. 1 by default.',
      keepsZero: true,
    }),
    maxSurge: opt(2, intOrString, {
      doc: 'Nodes, as a number or percentage rounded up, that may run old and new pod together. 0 by default.',
      keepsZero: true,
    }),
  },
  { doc: 'How fast a rolling update of a daemon set goes.' },
) {}

export class DaemonSetUpdateStrategy extends message(
  'k8s.io.api.apps.v1.DaemonSetUpdateStrategy',
  {
    type: opt(1, oneOf('RollingUpdate', 'OnDelete'), {
      doc: 'RollingUpdate (the default), or OnDelete to wait until somebody deletes them.',
      checkedAbove: true,
    }),
    rollingUpdate: opt(2, RollingUpdateDaemonSet, { doc: 'How fast it goes; only for RollingUpdate.' }),
  },
  { doc: 'How old pods of a daemon set are replaced by new ones.' },
) {}

export class DaemonSetSpec extends message(
  'k8s.io.api.apps.v1.DaemonSetSpec',
  {
    selector: req(1, LabelSelector, {
      doc: "Chooses the pods by their labels; must match the template's and cannot be changed.",
      immutable: true,
      mapType: 'atomic',
    }),
    template: req(2, PodTemplateSpec, {
      doc: 'Pod to make on every node its node selector and affinity allow; only restartPolicy Always is allowed.',
    }),
    updateStrategy: val(3, DaemonSetUpdateStrategy, { doc: 'How old pods are replaced by new ones.' }),
    minReadySeconds: opt(4, int32(), { doc: 'Seconds a pod must be ready to count as available. 0 by default.' }),
    revisionHistoryLimit: opt(6, int32(), { doc: 'Old revisions to keep for a rollback. 10 by default.', default: 10, keepsZero: true }),
  },
  { doc: 'What is wanted of a daemon set.' },
) {}

export class DaemonSetCondition extends message(
  'k8s.io.api.apps.v1.DaemonSetCondition',
  {
    type: req(1, string, { doc: 'What the condition is about, in CamelCase.' }),
    status: req(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastTransitionTime: opt(3, time, { doc: 'When the status last changed.' }),
    reason: opt(4, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(5, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of a daemon set.' },
) {}

export class DaemonSetStatus extends message(
  'k8s.io.api.apps.v1.DaemonSetStatus',
  {
    currentNumberScheduled: req(1, int32(), { doc: 'Nodes that should run the pod and do.' }),
    numberMisscheduled: req(2, int32(), { doc: 'Nodes that run the pod but should not.' }),
    desiredNumberScheduled: req(3, int32(), { doc: 'Nodes that should run the pod.' }),
    numberReady: req(4, int32(), { doc: 'Nodes that should run the pod and have it ready.' }),
    observedGeneration: opt(5, int64(), { doc: 'The metadata.generation the controller last acted on.' }),
    updatedNumberScheduled: opt(6, int32(), { doc: 'Nodes that run the pod of the present template.' }),
    numberAvailable: opt(7, int32(), { doc: 'Nodes whose pod has been ready for minReadySeconds.' }),
    numberUnavailable: opt(8, int32(), { doc: 'Nodes that should run the pod but have none available.' }),
    collisionCount: opt(9, int32(), { doc: 'How often the name of a revision was taken; goes into the next name.', keepsZero: true }),
    conditions: opt(10, list(DaemonSetCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What is observed of it.',
    }),
  },
  { doc: 'What is observed of a daemon set.' },
) {}

export class DaemonSet extends object(
  'k8s.io.api.apps.v1.DaemonSet',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, DaemonSetSpec, { doc: 'What is wanted of the daemon set.' }),
    status: val(3, DaemonSetStatus, { doc: 'What is observed of the daemon set; may be somewhat behind.' }),
  },
  { doc: 'Runs one pod on every node, or on some.' },
) {}

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
  defaults({ type: given, rollingUpdate }) {
    const type = given || 'RollingUpdate'
    if (type !== 'RollingUpdate') return undefined
    return { type, rollingUpdate: { maxUnavailable: rollingUpdate?.maxUnavailable ?? 1, maxSurge: rollingUpdate?.maxSurge ?? 0 } }
  },
  check(strategy, path): FieldError[] {
    const { type, rollingUpdate } = strategy
    if (type !== undefined && type !== 'RollingUpdate' && type !== 'OnDelete')
      return [notSupported(path, strategy, ['RollingUpdate', 'OnDelete'])]
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

const COUNTS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
] as const

rulesFor(DaemonSet, {
  checkUpdate(now, old, _path, subresource): FieldError[] {
    if (subresource !== 'status') return []
    return [
      ...COUNTS.flatMap((name) => notNegativeErrors(now.status[name], `status.${name}`)),
      ...collisionErrors(now.status.collisionCount, old.status.collisionCount),
    ]
  },
})
