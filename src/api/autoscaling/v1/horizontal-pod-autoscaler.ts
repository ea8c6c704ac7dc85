/** Declares HorizontalPodAutoscaler (autoscaling/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, int64, message, opt, req, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class CrossVersionObjectReference extends message(
  'k8s.io.api.autoscaling.v1.CrossVersionObjectReference',
  {
    kind: req(1, string),
    name: req(2, string),
    apiVersion: opt(3, string),
  },
  { mapType: 'atomic' },
) {}

export class HorizontalPodAutoscalerSpec extends message('k8s.io.api.autoscaling.v1.HorizontalPodAutoscalerSpec', {
  scaleTargetRef: req(1, CrossVersionObjectReference, { mapType: 'atomic' }),
  minReplicas: opt(2, int32(), { keepsZero: true }),
  maxReplicas: req(3, int32()),
  targetCPUUtilizationPercentage: opt(4, int32(), { keepsZero: true }),
}) {}

export class HorizontalPodAutoscalerStatus extends message('k8s.io.api.autoscaling.v1.HorizontalPodAutoscalerStatus', {
  observedGeneration: opt(1, int64(), { keepsZero: true }),
  lastScaleTime: opt(2, time),
  currentReplicas: req(3, int32()),
  desiredReplicas: req(4, int32()),
  currentCPUUtilizationPercentage: opt(5, int32(), { keepsZero: true }),
}) {}

export class HorizontalPodAutoscaler extends object('k8s.io.api.autoscaling.v1.HorizontalPodAutoscaler', {
  metadata: val(1, ObjectMeta),
  spec: req(2, HorizontalPodAutoscalerSpec),
  status: val(3, HorizontalPodAutoscalerStatus),
}) {}

export const horizontalPodAutoscalers = resource(HorizontalPodAutoscaler, {
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  scope: 'Namespaced',
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
})
