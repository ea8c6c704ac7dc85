/** Declares HorizontalPodAutoscaler (autoscaling/v2). */

import { ageColumn, nameColumn } from '#schema/table.ts'
import { invalid, type FieldError } from '#schema/field-error.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, int64, list, message, opt, quantity, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class CrossVersionObjectReference extends message('k8s.io.api.autoscaling.v2.CrossVersionObjectReference', {
  kind: req(1, string),
  name: req(2, string),
  apiVersion: opt(3, string),
}) {}

export class MetricTarget extends message('k8s.io.api.autoscaling.v2.MetricTarget', {
  type: req(1, string),
  value: opt(2, quantity),
  averageValue: opt(3, quantity),
  averageUtilization: opt(4, int32(), { keepsZero: true }),
}) {}

export class MetricIdentifier extends message('k8s.io.api.autoscaling.v2.MetricIdentifier', {
  name: req(1, string),
  selector: opt(2, LabelSelector, { mapType: 'atomic' }),
}) {}

export class ObjectMetricSource extends message('k8s.io.api.autoscaling.v2.ObjectMetricSource', {
  describedObject: req(1, CrossVersionObjectReference),
  target: req(2, MetricTarget),
  metric: req(3, MetricIdentifier),
}) {}

export class PodsMetricSource extends message('k8s.io.api.autoscaling.v2.PodsMetricSource', {
  metric: req(1, MetricIdentifier),
  target: req(2, MetricTarget),
}) {}

export class ResourceMetricSource extends message('k8s.io.api.autoscaling.v2.ResourceMetricSource', {
  name: req(1, string),
  target: req(2, MetricTarget),
}) {}

export class ContainerResourceMetricSource extends message('k8s.io.api.autoscaling.v2.ContainerResourceMetricSource', {
  name: req(1, string),
  target: req(2, MetricTarget),
  container: req(3, string),
}) {}

export class ExternalMetricSource extends message('k8s.io.api.autoscaling.v2.ExternalMetricSource', {
  metric: req(1, MetricIdentifier),
  target: req(2, MetricTarget),
}) {}

export class MetricSpec extends message('k8s.io.api.autoscaling.v2.MetricSpec', {
  type: req(1, string),
  object: opt(2, ObjectMetricSource),
  pods: opt(3, PodsMetricSource),
  resource: opt(4, ResourceMetricSource),
  containerResource: opt(7, ContainerResourceMetricSource),
  external: opt(5, ExternalMetricSource),
}) {}

export class HPAScalingPolicy extends message('k8s.io.api.autoscaling.v2.HPAScalingPolicy', {
  type: req(1, string),
  value: req(2, int32()),
  periodSeconds: req(3, int32()),
}) {}

export class HPAScalingRules extends message('k8s.io.api.autoscaling.v2.HPAScalingRules', {
  stabilizationWindowSeconds: opt(3, int32(), { keepsZero: true }),
  selectPolicy: opt(1, string, { keepsZero: true }),
  policies: opt(2, list(HPAScalingPolicy, { listType: 'atomic' })),
  tolerance: opt(4, quantity),
}) {}

export class HorizontalPodAutoscalerBehavior extends message('k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerBehavior', {
  scaleUp: opt(1, HPAScalingRules),
  scaleDown: opt(2, HPAScalingRules),
}) {}

export class HorizontalPodAutoscalerSpec extends message('k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerSpec', {
  scaleTargetRef: req(1, CrossVersionObjectReference),
  minReplicas: opt(2, int32(), { keepsZero: true }),
  maxReplicas: req(3, int32()),
  metrics: opt(4, list(MetricSpec, { listType: 'atomic' })),
  behavior: opt(5, HorizontalPodAutoscalerBehavior),
}) {}

export class MetricValueStatus extends message('k8s.io.api.autoscaling.v2.MetricValueStatus', {
  value: opt(1, quantity),
  averageValue: opt(2, quantity),
  averageUtilization: opt(3, int32(), { keepsZero: true }),
}) {}

export class ObjectMetricStatus extends message('k8s.io.api.autoscaling.v2.ObjectMetricStatus', {
  metric: req(1, MetricIdentifier),
  current: req(2, MetricValueStatus),
  describedObject: req(3, CrossVersionObjectReference),
}) {}

export class PodsMetricStatus extends message('k8s.io.api.autoscaling.v2.PodsMetricStatus', {
  metric: req(1, MetricIdentifier),
  current: req(2, MetricValueStatus),
}) {}

export class ResourceMetricStatus extends message('k8s.io.api.autoscaling.v2.ResourceMetricStatus', {
  name: req(1, string),
  current: req(2, MetricValueStatus),
}) {}

export class ContainerResourceMetricStatus extends message('k8s.io.api.autoscaling.v2.ContainerResourceMetricStatus', {
  name: req(1, string),
  current: req(2, MetricValueStatus),
  container: req(3, string),
}) {}

export class ExternalMetricStatus extends message('k8s.io.api.autoscaling.v2.ExternalMetricStatus', {
  metric: req(1, MetricIdentifier),
  current: req(2, MetricValueStatus),
}) {}

export class MetricStatus extends message('k8s.io.api.autoscaling.v2.MetricStatus', {
  type: req(1, string),
  object: opt(2, ObjectMetricStatus),
  pods: opt(3, PodsMetricStatus),
  resource: opt(4, ResourceMetricStatus),
  containerResource: opt(7, ContainerResourceMetricStatus),
  external: opt(5, ExternalMetricStatus),
}) {}

export class HorizontalPodAutoscalerCondition extends message('k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerCondition', {
  type: req(1, string),
  status: req(2, string),
  lastTransitionTime: opt(3, time),
  reason: opt(4, string),
  message: opt(5, string),
}) {}

export class HorizontalPodAutoscalerStatus extends message('k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerStatus', {
  observedGeneration: opt(1, int64(), { keepsZero: true }),
  lastScaleTime: opt(2, time),
  currentReplicas: opt(3, int32()),
  desiredReplicas: req(4, int32()),
  currentMetrics: opt(5, list(MetricStatus, { listType: 'atomic' })),
  conditions: opt(
    6,
    list(HorizontalPodAutoscalerCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }),
  ),
}) {}

export class HorizontalPodAutoscaler extends object('k8s.io.api.autoscaling.v2.HorizontalPodAutoscaler', {
  metadata: val(1, ObjectMeta),
  spec: req(2, HorizontalPodAutoscalerSpec),
  status: val(3, HorizontalPodAutoscalerStatus),
}) {}

export const horizontalPodAutoscalers = resource(HorizontalPodAutoscaler, {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  scope: 'Namespaced',
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    nameColumn,
    {
      name: 'Reference',
      type: 'string',
      description: 'What it scales.',
      cell: (h) => `${h.spec?.scaleTargetRef?.kind ?? ''}/${h.spec?.scaleTargetRef?.name ?? ''}`,
    },
    { name: 'Targets', type: 'string', description: 'What is measured, and what it should be.', cell: targetsText },
    {
      name: 'MinPods',
      type: 'string',
      description: 'The fewest pods.',
      cell: (h) => (h.spec?.minReplicas === undefined ? '<unset>' : String(h.spec.minReplicas)),
    },
    { name: 'MaxPods', type: 'integer', description: 'The most pods.', cell: (h) => h.spec?.maxReplicas ?? 0 },
    { name: 'Replicas', type: 'integer', description: 'Pods there are.', cell: (h) => h.status?.currentReplicas ?? 0 },
    ageColumn,
  ],
})

const UTILIZATION_DEFAULT = 80

rulesFor(HorizontalPodAutoscalerSpec, {
  defaults: ({ minReplicas, metrics }) => ({
    ...(minReplicas === undefined && { minReplicas: 1 }),
    ...((metrics ?? []).length === 0 && {
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: UTILIZATION_DEFAULT } } }],
    }),
  }),
  check({ minReplicas = 1, maxReplicas }, path): FieldError[] {
    const errors: FieldError[] = []
    if (minReplicas < 1) errors.push(invalid(`${path}.minReplicas`, minReplicas, 'must be greater than or equal to 1'))
    if (maxReplicas < 1) errors.push(invalid(`${path}.maxReplicas`, maxReplicas, 'must be greater than 0'))
    if (maxReplicas < minReplicas)
      errors.push(invalid(`${path}.maxReplicas`, maxReplicas, 'must be greater than or equal to `minReplicas`'))
    return errors
  },
})

const TARGETS_SHOWN_MAX = 2

function targetsText({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec?.metrics ?? []
  if (metrics.length === 0) return '<none>'
  const texts = metrics.slice(0, TARGETS_SHOWN_MAX).map((metric, index) => {
    const wanted = metric.resource ?? metric.containerResource ?? metric.pods ?? metric.object ?? metric.external
    const now = status?.currentMetrics?.[index]
    const current = (now?.resource ?? now?.containerResource ?? now?.pods ?? now?.object ?? now?.external)?.current
    const name = metric.resource?.name ?? metric.containerResource?.name
    const target = wanted?.target
    const percent = target?.averageUtilization
    const text =
      percent !== undefined
        ? `${current?.averageUtilization === undefined ? '<unknown>' : `${current.averageUtilization}%`}/${percent}%`
        : target?.averageValue !== undefined
          ? `${current?.averageValue ?? '<unknown>'}/${target.averageValue}${metric.resource || metric.pods || metric.containerResource ? '' : ' (avg)'}`
          : `${current?.value ?? '<unknown>'}/${target?.value ?? '<auto>'}`
    return name === undefined ? text : `${name}: ${text}`
  })
  const rest = metrics.length - TARGETS_SHOWN_MAX
  return texts.join(', ') + (rest > 0 ? ` + ${rest} more...` : '')
}
