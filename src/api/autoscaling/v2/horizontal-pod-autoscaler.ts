/** Declares HorizontalPodAutoscaler (autoscaling/v2). */

import { autoscalerColumns } from './horizontal-pod-autoscaler-columns.ts'
import { autoscalerDefaults, autoscalerSpecErrors, autoscalerStatusErrors } from './horizontal-pod-autoscaler-rules.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, int64, list, message, opt, quantity, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class CrossVersionObjectReference extends message(
  'k8s.io.api.autoscaling.v2.CrossVersionObjectReference',
  {
    kind: req(1, string, { doc: 'Kind of the object.' }),
    name: req(2, string, { doc: 'Name of the object.' }),
    apiVersion: opt(3, string, { doc: 'Group and version of the object.' }),
  },
  { doc: 'Names an object, whatever version it is read in.' },
) {}

export class MetricTarget extends message(
  'k8s.io.api.autoscaling.v2.MetricTarget',
  {
    type: req(1, string, { doc: 'Utilization, Value or AverageValue; says which member is set.', mayBeEmpty: true }),
    value: opt(2, quantity, { doc: 'Value of the metric itself.' }),
    averageValue: opt(3, quantity, { doc: 'Value of the metric divided by the number of pods.' }),
    averageUtilization: opt(4, int32(), {
      doc: 'Average over the pods, in percent of what they request; for resources only.',
      keepsZero: true,
    }),
  },
  { doc: 'A value to aim for.' },
) {}

export class MetricIdentifier extends message(
  'k8s.io.api.autoscaling.v2.MetricIdentifier',
  {
    name: req(1, string, { doc: 'Name of the metric.', mayBeEmpty: true }),
    selector: opt(2, LabelSelector, { doc: 'Narrows it down by labels of the metric.', mapType: 'atomic' }),
  },
  { doc: 'Names a metric.' },
) {}

export class ObjectMetricSource extends message(
  'k8s.io.api.autoscaling.v2.ObjectMetricSource',
  {
    describedObject: req(1, CrossVersionObjectReference, { doc: 'The object.', mayBeEmpty: true }),
    target: req(2, MetricTarget, { doc: 'Value to aim for.', mayBeEmpty: true }),
    metric: req(3, MetricIdentifier, { doc: 'The metric.', mayBeEmpty: true }),
  },
  { doc: 'Aims for a metric of one object.' },
) {}

export class PodsMetricSource extends message(
  'k8s.io.api.autoscaling.v2.PodsMetricSource',
  {
    metric: req(1, MetricIdentifier, { doc: 'The metric.', mayBeEmpty: true }),
    target: req(2, MetricTarget, { doc: 'Value to aim for; of type AverageValue.', mayBeEmpty: true }),
  },
  { doc: 'Aims for a metric of each pod, averaged.' },
) {}

export class ResourceMetricSource extends message(
  'k8s.io.api.autoscaling.v2.ResourceMetricSource',
  {
    name: req(1, string, { doc: 'The resource, such as cpu.', mayBeEmpty: true }),
    target: req(2, MetricTarget, { doc: 'Value to aim for.', mayBeEmpty: true }),
  },
  { doc: 'Aims for a use of a resource by each pod.' },
) {}

export class ContainerResourceMetricSource extends message(
  'k8s.io.api.autoscaling.v2.ContainerResourceMetricSource',
  {
    name: req(1, string, { doc: 'The resource, such as cpu.', mayBeEmpty: true }),
    target: req(2, MetricTarget, { doc: 'Value to aim for.', mayBeEmpty: true }),
    container: req(3, string, { doc: 'Name of the container.', mayBeEmpty: true }),
  },
  { doc: 'Aims for a use of a resource by one container of each pod.' },
) {}

export class ExternalMetricSource extends message(
  'k8s.io.api.autoscaling.v2.ExternalMetricSource',
  {
    metric: req(1, MetricIdentifier, { doc: 'The metric.', mayBeEmpty: true }),
    target: req(2, MetricTarget, { doc: 'Value to aim for.', mayBeEmpty: true }),
  },
  { doc: 'Aims for a metric from outside the cluster.' },
) {}

export class MetricSpec extends message(
  'k8s.io.api.autoscaling.v2.MetricSpec',
  {
    type: req(1, string, { doc: 'Object, Pods, Resource, ContainerResource or External.', mayBeEmpty: true }),
    object: opt(2, ObjectMetricSource, { doc: 'A metric of one object.' }),
    pods: opt(3, PodsMetricSource, { doc: 'A metric of each pod, averaged.' }),
    resource: opt(4, ResourceMetricSource, { doc: 'The use of a resource by each pod.' }),
    containerResource: opt(7, ContainerResourceMetricSource, { doc: 'The use of a resource by one container of each pod.' }),
    external: opt(5, ExternalMetricSource, { doc: 'A metric from outside the cluster.' }),
  },
  { doc: 'A metric to scale by; the member that the type names must be set.' },
) {}

export class HPAScalingPolicy extends message(
  'k8s.io.api.autoscaling.v2.HPAScalingPolicy',
  {
    type: req(1, string, { doc: 'Pods for a number of pods, Percent for a share of them.', mayBeEmpty: true }),
    value: req(2, int32(), { doc: 'How many pods or percent; more than 0.' }),
    periodSeconds: req(3, int32(), { doc: 'Seconds in which that may change, 1 to 1800.' }),
  },
  { doc: 'How much may change in a time.' },
) {}

export class HPAScalingRules extends message(
  'k8s.io.api.autoscaling.v2.HPAScalingRules',
  {
    stabilizationWindowSeconds: opt(3, int32(), {
      doc: 'Seconds of past wishes to look back on, up to 3600. 0 for up and 300 for down by default.',
      keepsZero: true,
    }),
    selectPolicy: opt(1, string, {
      doc: 'Policy that counts: Max (the default), Min, or Disabled not to scale this way.',
      keepsZero: true,
    }),
    policies: opt(2, list(HPAScalingPolicy, { listType: 'atomic' }), {
      doc: 'Limits on change. Up 4 pods or 100 percent, down 100 percent, in 15 seconds by default.',
    }),
    tolerance: opt(4, quantity, {
      doc: 'Deviation from the target, such as 0.05, that is let be. 0.1, or what the controller was started with, by default.',
    }),
  },
  { doc: 'How fast to scale in one direction.' },
) {}

export class HorizontalPodAutoscalerBehavior extends message(
  'k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerBehavior',
  {
    scaleUp: opt(1, HPAScalingRules, { doc: 'When more replicas are wanted.' }),
    scaleDown: opt(2, HPAScalingRules, { doc: 'When fewer replicas are wanted.' }),
  },
  { doc: 'How fast to scale, by direction.' },
) {}

export class HorizontalPodAutoscalerSpec extends message(
  'k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerSpec',
  {
    scaleTargetRef: req(1, CrossVersionObjectReference, { doc: 'What to scale; it must have a scale subresource.', mayBeEmpty: true }),
    minReplicas: opt(2, int32(), {
      doc: 'Least replicas. 1 by default; 0 needs a feature gate and an Object or External metric.',
      keepsZero: true,
    }),
    maxReplicas: req(3, int32(), { doc: 'Most replicas; not below minReplicas.' }),
    metrics: opt(4, list(MetricSpec, { listType: 'atomic' }), {
      doc: 'What to scale by; the metric that wants most replicas wins. 80 percent CPU use by default.',
    }),
    behavior: opt(5, HorizontalPodAutoscalerBehavior, { doc: 'How fast to scale.' }),
  },
  { doc: 'What to scale, how far and by what.' },
) {}

export class MetricValueStatus extends message(
  'k8s.io.api.autoscaling.v2.MetricValueStatus',
  {
    value: opt(1, quantity, { doc: 'Value of the metric itself.' }),
    averageValue: opt(2, quantity, { doc: 'Value of the metric divided by the number of pods.' }),
    averageUtilization: opt(3, int32(), {
      doc: 'Average over the pods, in percent of what they request; for resources only.',
      keepsZero: true,
    }),
  },
  { doc: 'A value there is.' },
) {}

export class ObjectMetricStatus extends message(
  'k8s.io.api.autoscaling.v2.ObjectMetricStatus',
  {
    metric: req(1, MetricIdentifier, { doc: 'The metric.' }),
    current: req(2, MetricValueStatus, { doc: 'Value there is.' }),
    describedObject: req(3, CrossVersionObjectReference, { doc: 'The object.' }),
  },
  { doc: 'A metric of one object.' },
) {}

export class PodsMetricStatus extends message(
  'k8s.io.api.autoscaling.v2.PodsMetricStatus',
  {
    metric: req(1, MetricIdentifier, { doc: 'The metric.' }),
    current: req(2, MetricValueStatus, { doc: 'Value there is.' }),
  },
  { doc: 'A metric of each pod, averaged.' },
) {}

export class ResourceMetricStatus extends message(
  'k8s.io.api.autoscaling.v2.ResourceMetricStatus',
  {
    name: req(1, string, { doc: 'The resource, such as cpu.' }),
    current: req(2, MetricValueStatus, { doc: 'Value there is.' }),
  },
  { doc: 'The use of a resource by each pod.' },
) {}

export class ContainerResourceMetricStatus extends message(
  'k8s.io.api.autoscaling.v2.ContainerResourceMetricStatus',
  {
    name: req(1, string, { doc: 'The resource, such as cpu.' }),
    current: req(2, MetricValueStatus, { doc: 'Value there is.' }),
    container: req(3, string, { doc: 'Name of the container.' }),
  },
  { doc: 'The use of a resource by one container of each pod.' },
) {}

export class ExternalMetricStatus extends message(
  'k8s.io.api.autoscaling.v2.ExternalMetricStatus',
  {
    metric: req(1, MetricIdentifier, { doc: 'The metric.' }),
    current: req(2, MetricValueStatus, { doc: 'Value there is.' }),
  },
  { doc: 'A metric from outside the cluster.' },
) {}

export class MetricStatus extends message(
  'k8s.io.api.autoscaling.v2.MetricStatus',
  {
    type: req(1, string, { doc: 'Object, Pods, Resource, ContainerResource or External.' }),
    object: opt(2, ObjectMetricStatus, { doc: 'A metric of one object.' }),
    pods: opt(3, PodsMetricStatus, { doc: 'A metric of each pod, averaged.' }),
    resource: opt(4, ResourceMetricStatus, { doc: 'The use of a resource by each pod.' }),
    containerResource: opt(7, ContainerResourceMetricStatus, { doc: 'The use of a resource by one container of each pod.' }),
    external: opt(5, ExternalMetricStatus, { doc: 'A metric from outside the cluster.' }),
  },
  { doc: 'A metric as last read.' },
) {}

export class HorizontalPodAutoscalerCondition extends message(
  'k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerCondition',
  {
    type: req(1, string, { doc: 'What the condition is about, in CamelCase.' }),
    status: req(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastTransitionTime: opt(3, time, { doc: 'When the status last changed.' }),
    reason: opt(4, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(5, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of an autoscaler.' },
) {}

export class HorizontalPodAutoscalerStatus extends message(
  'k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerStatus',
  {
    observedGeneration: opt(1, int64(), { doc: 'The metadata.generation the autoscaler last acted on.', keepsZero: true }),
    lastScaleTime: opt(2, time, { doc: 'When it last scaled.' }),
    currentReplicas: opt(3, int32(), { doc: 'Replicas there were when it last looked.' }),
    desiredReplicas: req(4, int32(), { doc: 'Replicas it wants.' }),
    currentMetrics: opt(5, list(MetricStatus, { listType: 'atomic' }), { doc: 'Metrics it last read.' }),
    conditions: opt(
      6,
      list(HorizontalPodAutoscalerCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }),
      { doc: 'What is observed, such as AbleToScale, ScalingActive or ScalingLimited.' },
    ),
  },
  { doc: 'What is observed of an autoscaler.' },
) {}

export class HorizontalPodAutoscaler extends object(
  'k8s.io.api.autoscaling.v2.HorizontalPodAutoscaler',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, HorizontalPodAutoscalerSpec, { doc: 'What is wanted of the autoscaler.' }),
    status: val(3, HorizontalPodAutoscalerStatus, { doc: 'What is observed of the autoscaler.' }),
  },
  { doc: 'Sets the replicas of something by its load.' },
) {}

export const horizontalPodAutoscalers = resource(HorizontalPodAutoscaler, {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  scope: 'Namespaced',
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: autoscalerColumns,
})

rulesFor(HorizontalPodAutoscalerSpec, { defaults: autoscalerDefaults, check: autoscalerSpecErrors })
rulesFor(HorizontalPodAutoscaler, {
  defaults: ({ spec }) => (spec === undefined ? { spec: {} as HorizontalPodAutoscalerSpec } : undefined),
  checkUpdate: (autoscaler, _old, _path, subresource) => autoscalerStatusErrors(autoscaler, subresource),
})
