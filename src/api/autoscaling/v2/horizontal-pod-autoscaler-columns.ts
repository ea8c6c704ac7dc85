/** The cells of HorizontalPodAutoscalers, whichever version they are read in. */

import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus } from './horizontal-pod-autoscaler.ts'
import type { Column } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export const autoscalerColumns: readonly Column<HorizontalPodAutoscaler>[] = [
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
  { name: 'MaxPods', type: 'string', description: 'The most pods.', cell: (h) => h.spec?.maxReplicas ?? 0 },
  { name: 'Replicas', type: 'string', description: 'Pods there are.', cell: (h) => h.status?.currentReplicas ?? 0 },
  ageColumn,
]

const TARGETS_SHOWN_MAX = 2

function targetsText({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec?.metrics ?? []
  if (metrics.length === 0) return '<none>'
  const texts = metrics.slice(0, TARGETS_SHOWN_MAX).map((metric, index) => targetText(metric, status?.currentMetrics?.[index]))
  const rest = metrics.length - TARGETS_SHOWN_MAX
  return texts.join(', ') + (rest > 0 ? ` + ${rest} more...` : '')
}

const UNKNOWN = '<unknown>'

/** What is measured of what is aimed for: `cpu: 20%/80%`. */
function targetText(metric: MetricSpec, status: MetricStatus | undefined): string {
  switch (metric.type) {
    case 'External': {
      const { averageValue, value } = metric.external?.target ?? {}
      const current = status?.external?.current
      if (averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${averageValue} (avg)`
      return `${current?.value ?? UNKNOWN}/${value ?? '<nil>'}`
    }
    case 'Object': {
      const { averageValue, value } = metric.object?.target ?? {}
      const current = status?.object?.current
      if (averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${averageValue} (avg)`
      return `${current?.value ?? UNKNOWN}/${value ?? '<nil>'}`
    }
    case 'Pods':
      return `${status?.pods?.current.averageValue ?? UNKNOWN}/${metric.pods?.target.averageValue ?? '<nil>'}`
    case 'Resource':
      return shareText(metric.resource, status?.resource)
    case 'ContainerResource':
      return shareText(metric.containerResource, status?.containerResource)
    default:
      return '<unknown type>'
  }
}

function shareText(wanted: MetricSpec['resource'], status: MetricStatus['resource']): string {
  const { averageValue, averageUtilization } = wanted?.target ?? {}
  const current = status?.current
  if (averageValue !== undefined) return `${wanted?.name}: ${current?.averageValue ?? UNKNOWN}/${averageValue}`
  const used = current?.averageUtilization === undefined ? UNKNOWN : `${current.averageUtilization}%`
  return `${wanted?.name}: ${used}/${averageUtilization === undefined ? '<auto>' : `${averageUtilization}%`}`
}
