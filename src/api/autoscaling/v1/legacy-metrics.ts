/** Metrics and behavior as annotations of v1 carry them: names from before v2. */

import type { HPAScalingRules, HorizontalPodAutoscalerBehavior, MetricSpec, MetricStatus } from '../v2/horizontal-pod-autoscaler.ts'

type Members = Readonly<Record<string, unknown>>

/** A metric to scale by, in the old words. */
export function legacyMetric({ type, object, pods, resource, containerResource, external }: MetricSpec): Members {
  return said({
    type,
    object: object && {
      target: object.describedObject,
      metricName: object.metric.name,
      targetValue: object.target.value ?? '0',
      ...said({ selector: object.metric.selector, averageValue: object.target.averageValue }),
    },
    pods: pods && {
      metricName: pods.metric.name,
      targetAverageValue: pods.target.averageValue ?? '0',
      ...said({ selector: pods.metric.selector }),
    },
    resource: resource && { name: resource.name, ...legacyTarget(resource.target) },
    containerResource: containerResource && {
      name: containerResource.name,
      ...legacyTarget(containerResource.target),
      container: containerResource.container,
    },
    external:
      external &&
      said({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      }),
  })
}

function legacyTarget({
  averageUtilization,
  averageValue,
}: {
  readonly averageUtilization?: number
  readonly averageValue?: string
}): Members {
  return said({ targetAverageUtilization: averageUtilization, targetAverageValue: averageValue })
}

export function modernMetric(metric: Members): Members {
  const { type, object, pods, resource, containerResource, external } = metric as Record<string, Record<string, unknown> | undefined>
  return said({
    type,
    object: object && {
      describedObject: object['target'],
      metric: said({ name: object['metricName'], selector: object['selector'] }),
      target:
        object['averageValue'] === undefined
          ? said({ type: 'Value', value: object['targetValue'] })
          : // With an average, a value of nothing was only written because it could not be left out.
            said({ type: 'AverageValue', value: isNothing(object['targetValue']), averageValue: object['averageValue'] }),
    },
    pods: pods && {
      metric: said({ name: pods['metricName'], selector: pods['selector'] }),
      target: said({ type: 'AverageValue', averageValue: pods['targetAverageValue'] }),
    },
    resource: resource && { name: resource['name'], target: modernTarget(resource) },
    containerResource: containerResource && {
      name: containerResource['name'],
      target: modernTarget(containerResource),
      container: containerResource['container'],
    },
    external: external && {
      metric: said({ name: external['metricName'], selector: external['metricSelector'] }),
      target: said({
        type: external['targetValue'] === undefined ? 'AverageValue' : 'Value',
        value: external['targetValue'],
        averageValue: external['targetAverageValue'],
      }),
    },
  })
}

function isNothing(value: unknown): unknown {
  return value === '0' || value === 0 ? undefined : value
}

function modernTarget({ targetAverageUtilization: averageUtilization, targetAverageValue: averageValue }: Members): Members {
  return said({ type: averageUtilization === undefined ? 'AverageValue' : 'Utilization', averageValue, averageUtilization })
}

/** A metric as last read, in the old words. */
export function legacyStatus({ type, object, pods, resource, containerResource, external }: MetricStatus): Members {
  return said({
    type,
    object: object && {
      target: object.describedObject,
      metricName: object.metric.name,
      currentValue: object.current.value ?? '0',
      ...said({ selector: object.metric.selector, averageValue: object.current.averageValue }),
    },
    pods: pods && {
      metricName: pods.metric.name,
      currentAverageValue: pods.current.averageValue ?? '0',
      ...said({ selector: pods.metric.selector }),
    },
    resource: resource && { name: resource.name, ...legacyCurrent(resource.current) },
    containerResource: containerResource && {
      name: containerResource.name,
      ...legacyCurrent(containerResource.current),
      container: containerResource.container,
    },
    external: external && {
      metricName: external.metric.name,
      ...said({ metricSelector: external.metric.selector }),
      currentValue: external.current.value ?? '0',
      ...said({ currentAverageValue: external.current.averageValue }),
    },
  })
}

function legacyCurrent({
  averageUtilization,
  averageValue,
}: {
  readonly averageUtilization?: number
  readonly averageValue?: string
}): Members {
  return { ...said({ currentAverageUtilization: averageUtilization }), currentAverageValue: averageValue ?? '0' }
}

export function modernStatus(metric: Members): Members {
  const { type, object, pods, resource, containerResource, external } = metric as Record<string, Record<string, unknown> | undefined>
  const share = (source: Members) =>
    said({ averageUtilization: source['currentAverageUtilization'], averageValue: source['currentAverageValue'] })
  return said({
    type,
    object: object && {
      describedObject: object['target'],
      metric: said({ name: object['metricName'], selector: object['selector'] }),
      current: said({ value: object['currentValue'], averageValue: object['averageValue'] }),
    },
    pods: pods && {
      metric: said({ name: pods['metricName'], selector: pods['selector'] }),
      current: said({ averageValue: pods['currentAverageValue'] }),
    },
    resource: resource && { name: resource['name'], current: share(resource) },
    containerResource: containerResource && {
      name: containerResource['name'],
      current: share(containerResource),
      container: containerResource['container'],
    },
    external: external && {
      metric: said({ name: external['metricName'], selector: external['metricSelector'] }),
      current: said({ value: external['currentValue'], averageValue: external['currentAverageValue'] }),
    },
  })
}

/** Upstream writes behavior down as it holds it in memory: names begin with capitals, and what is not set is null. */
export function legacyBehavior({ scaleUp, scaleDown }: HorizontalPodAutoscalerBehavior): Members {
  return { ScaleUp: legacyRules(scaleUp), ScaleDown: legacyRules(scaleDown) }
}

function legacyRules(rules: HPAScalingRules | undefined): Members | null {
  if (rules === undefined) return null
  const { stabilizationWindowSeconds, selectPolicy, policies, tolerance } = rules
  return {
    StabilizationWindowSeconds: stabilizationWindowSeconds ?? null,
    SelectPolicy: selectPolicy ?? null,
    Policies: policies?.map(({ type, value, periodSeconds }) => ({ Type: type, Value: value, PeriodSeconds: periodSeconds })) ?? null,
    Tolerance: tolerance ?? null,
  }
}

/** Names are taken however they are written, as Go's reader does; undefined when nothing is said. */
export function modernBehavior(value: unknown): Members | undefined {
  const behavior = uncapitalized(value)
  return typeof behavior === 'object' && behavior !== null && !Array.isArray(behavior) && Object.keys(behavior).length > 0
    ? (behavior as Members)
    : undefined
}

function uncapitalized(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(uncapitalized)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name.charAt(0).toLowerCase() + name.slice(1), uncapitalized(member)]),
  )
}

/** Only what is there. */
function said(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
