/** Declares HorizontalPodAutoscaler (autoscaling/v1). */

import { toV2 } from './conversion.ts'
import { autoscalerColumns } from '../v2/horizontal-pod-autoscaler-columns.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, int64, message, opt, req, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class CrossVersionObjectReference extends message(
  'k8s.io.api.autoscaling.v1.CrossVersionObjectReference',
  {
    kind: req(1, string, { doc: 'Kind of the object.' }),
    name: req(2, string, { doc: 'Name of the object.' }),
    apiVersion: opt(3, string, { doc: 'Group and version of the object.' }),
  },
  { doc: 'Names an object, whatever version it is read in.', mapType: 'atomic' },
) {}

export class HorizontalPodAutoscalerSpec extends message(
  'k8s.io.api.autoscaling.v1.HorizontalPodAutoscalerSpec',
  {
    scaleTargetRef: req(1, CrossVersionObjectReference, { doc: 'What to scale; it must have a scale subresource.', mapType: 'atomic' }),
    minReplicas: opt(2, int32(), {
      doc: 'Least replicas. 1 by default; 0 needs a feature gate and another metric than CPU or memory.',
      keepsZero: true,
    }),
    maxReplicas: req(3, int32(), { doc: 'Most replicas; not below minReplicas.' }),
    targetCPUUtilizationPercentage: opt(4, int32(), {
      doc: 'CPU use to aim for, in percent of what pods request. 80 by default.',
      keepsZero: true,
    }),
  },
  { doc: 'What to scale, and how far.' },
) {}

export class HorizontalPodAutoscalerStatus extends message(
  'k8s.io.api.autoscaling.v1.HorizontalPodAutoscalerStatus',
  {
    observedGeneration: opt(1, int64(), { doc: 'The metadata.generation the autoscaler last acted on.', keepsZero: true }),
    lastScaleTime: opt(2, time, { doc: 'When it last scaled.' }),
    currentReplicas: req(3, int32(), { doc: 'Replicas there are.' }),
    desiredReplicas: req(4, int32(), { doc: 'Replicas it wants.' }),
    currentCPUUtilizationPercentage: opt(5, int32(), {
      doc: 'CPU use of the pods on average, in percent of what they request.',
      keepsZero: true,
    }),
  },
  { doc: 'What is observed of an autoscaler.' },
) {}

export class HorizontalPodAutoscaler extends object(
  'k8s.io.api.autoscaling.v1.HorizontalPodAutoscaler',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, HorizontalPodAutoscalerSpec, { doc: 'What is wanted of the autoscaler.' }),
    status: val(3, HorizontalPodAutoscalerStatus, { doc: 'What is observed of the autoscaler.' }),
  },
  { doc: 'Sets the replicas of something by its load.' },
) {}

export const horizontalPodAutoscalers = resource(HorizontalPodAutoscaler, {
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  scope: 'Namespaced',
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: autoscalerColumns.map((column) => ({ ...column, cell: (autoscaler, now) => column.cell(toV2(autoscaler), now) })),
})
