/**
 * HorizontalPodAutoscalers between v1 and v2. They are stored as v2; of that, v1 has names for a CPU utilization only, and
 * carries the rest in annotations, so that whoever reads and writes v1 loses nothing.
 */

import type { HorizontalPodAutoscaler as V1 } from './horizontal-pod-autoscaler.ts'
import { legacyBehavior, legacyMetric, legacyStatus, modernBehavior, modernMetric, modernStatus } from './legacy-metrics.ts'
import {
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerCondition,
  MetricSpec,
  MetricStatus,
  type HorizontalPodAutoscaler as V2,
} from '../v2/horizontal-pod-autoscaler.ts'
import { DecodeError, decode } from '#schema/decode.ts'
import type { MessageClass } from '#schema/message.ts'
import type { KubeObject } from '#schema/resource.ts'

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics'
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics'
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions'
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior'
const ANNOTATIONS = [METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR]

type Annotations = Record<string, string>

export function toV1(autoscaler: V2): V1 {
  const { metrics = [], behavior, ...spec } = autoscaler.spec ?? ({} as V2['spec'])
  const { currentMetrics = [], conditions = [], ...status } = autoscaler.status ?? ({} as V2['status'])
  const annotations = withoutOurs(autoscaler.metadata.annotations)
  const others = metrics.filter((metric) => !isCpuUtilization(metric))
  if (others.length > 0) annotations[METRICS] = JSON.stringify(others.map(legacyMetric))
  if (currentMetrics.length > 0) annotations[CURRENT_METRICS] = JSON.stringify(currentMetrics.map(legacyStatus))
  if (conditions.length > 0) annotations[CONDITIONS] = JSON.stringify(conditions.map(conditionText))
  if (behavior !== undefined) annotations[BEHAVIOR] = JSON.stringify(legacyBehavior(behavior))
  const wanted = metrics.find(({ type, resource }) => type === 'Resource' && resource?.name === 'cpu')?.resource?.target.averageUtilization
  const current = currentMetrics.findLast(
    ({ type, resource }) => type === 'Resource' && resource?.name === 'cpu' && resource.current.averageUtilization !== undefined,
  )?.resource?.current.averageUtilization
  return {
    ...autoscaler,
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(autoscaler.metadata, annotations),
    spec: { ...spec, ...(wanted !== undefined && { targetCPUUtilizationPercentage: wanted }) },
    status: {
      ...status,
      currentReplicas: status.currentReplicas ?? 0,
      ...(current !== undefined && { currentCPUUtilizationPercentage: current }),
    },
  } as unknown as V1
}

export function toV2(autoscaler: V1): V2 {
  const { targetCPUUtilizationPercentage: wanted, ...spec } = autoscaler.spec ?? ({} as V1['spec'])
  const { currentCPUUtilizationPercentage: current, currentReplicas, ...status } = autoscaler.status ?? ({} as V1['status'])
  const carried = autoscaler.metadata?.annotations ?? {}
  const metrics = [
    ...understood(MetricSpec, listIn(carried[METRICS]).map(modernMetric)),
    ...(wanted === undefined
      ? []
      : [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: wanted } } }]),
  ]
  const measured = understood(MetricStatus, listIn(carried[CURRENT_METRICS]).map(modernStatus))
  const currentMetrics =
    measured.length === 0 && current !== undefined
      ? [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: current } } }]
      : measured
  const conditions = understood(HorizontalPodAutoscalerCondition, listIn(carried[CONDITIONS]))
  const written = modernBehavior(parsed(carried[BEHAVIOR]))
  const [behavior] = written ? understood(HorizontalPodAutoscalerBehavior, [written]) : []
  return {
    ...autoscaler,
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(autoscaler.metadata, withoutOurs(carried)),
    spec: { ...spec, ...(metrics.length > 0 && { metrics }), ...(behavior && { behavior }) },
    status: {
      ...status,
      ...(currentReplicas && { currentReplicas }),
      ...(currentMetrics.length > 0 && { currentMetrics }),
      ...(conditions.length > 0 && { conditions }),
    },
  } as unknown as V2
}

/** What an annotation says, if it is what the API has; else nothing, as it may be anybody's. */
function understood<T>(type: MessageClass<T>, values: readonly object[]): readonly T[] {
  try {
    return values.map((value) => decode(type.schema, value as Record<string, unknown>).value as T)
  } catch (error) {
    if (error instanceof DecodeError) return []
    throw error
  }
}

function isCpuUtilization({ type, resource }: NonNullable<V2['spec']['metrics']>[number]): boolean {
  return type === 'Resource' && resource?.name === 'cpu' && resource.target?.averageUtilization !== undefined
}

function conditionText({ type, status, lastTransitionTime, reason, message }: HorizontalPodAutoscalerCondition): object {
  return { type, status, lastTransitionTime: lastTransitionTime ?? null, ...(reason && { reason }), ...(message && { message }) }
}

function withoutOurs(annotations: Readonly<Annotations> | undefined): Annotations {
  return Object.fromEntries(Object.entries(annotations ?? {}).filter(([name]) => !ANNOTATIONS.includes(name)))
}

function withAnnotations(metadata: KubeObject['metadata'] | undefined, annotations: Annotations): KubeObject['metadata'] {
  const { annotations: _, ...rest } = metadata ?? ({} as KubeObject['metadata'])
  return Object.keys(annotations).length === 0 ? rest : { ...rest, annotations }
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined // somebody wrote it by hand; it says nothing then
  }
}

function listIn(text: string | undefined): readonly Record<string, unknown>[] {
  const list = parsed(text)
  if (!Array.isArray(list)) return []
  return list.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item)) ? list : []
}
