/** What the server adds to a HorizontalPodAutoscaler and what it refuses in one. */

import type {
  ContainerResourceMetricSource,
  CrossVersionObjectReference,
  HPAScalingPolicy,
  HPAScalingRules,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerSpec,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from './horizontal-pod-autoscaler.ts'
import { notNegativeErrors } from '#api/core/v1/template-rules.ts'
import { forbidden, invalid, invalidEach, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { dns1123Label, pathSegment } from '#schema/names.ts'
import { compareQuantity } from '#schema/quantity.ts'

const UTILIZATION_DEFAULT = 80
const MIN_REPLICAS_LEAST = 1 // 0 needs a feature gate that is off by default
const PERIOD_SECONDS_MAX = 1800
const STABILIZATION_SECONDS_MAX = 3600

/** Twice as many, or four more if that is more; down at once. */
const SCALE_UP: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
}
/** How long to wait is left to the controller. */
const SCALE_DOWN: HPAScalingRules = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] }

export function autoscalerDefaults({ minReplicas, metrics, behavior }: HorizontalPodAutoscalerSpec): Partial<HorizontalPodAutoscalerSpec> {
  return {
    ...(minReplicas === undefined && { minReplicas: 1 }),
    ...((metrics ?? []).length === 0 && {
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: UTILIZATION_DEFAULT } } }],
    }),
    ...(behavior && { behavior: behaviorDefaults(behavior) }),
  }
}

/** Who says something about one direction gets everything about both. */
function behaviorDefaults({ scaleUp, scaleDown }: HorizontalPodAutoscalerBehavior): HorizontalPodAutoscalerBehavior {
  return { scaleUp: { ...SCALE_UP, ...scaleUp }, scaleDown: { ...SCALE_DOWN, ...scaleDown } }
}

export function autoscalerSpecErrors(spec: HorizontalPodAutoscalerSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { minReplicas, maxReplicas, scaleTargetRef, metrics = [], behavior } = spec
  if (minReplicas !== undefined && minReplicas < MIN_REPLICAS_LEAST)
    errors.push(invalid(`${path}.minReplicas`, minReplicas, `must be greater than or equal to ${MIN_REPLICAS_LEAST}`))
  const most = maxReplicas ?? 0
  if (most < 1) errors.push(invalid(`${path}.maxReplicas`, most, 'must be greater than 0'))
  if (minReplicas !== undefined && most < minReplicas)
    errors.push(invalid(`${path}.maxReplicas`, most, 'must be greater than or equal to `minReplicas`'))
  // Of the core group, replication controllers alone can be scaled.
  const grouped = scaleTargetRef?.kind !== 'ReplicationController'
  errors.push(...referenceErrors(scaleTargetRef, `${path}.scaleTargetRef`, grouped))
  for (const [index, metric] of metrics.entries()) errors.push(...metricErrors(metric, `${path}.metrics[${index}]`))
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External'))
    errors.push(forbidden(`${path}.metrics`, 'must specify at least one Object or External metric to support scaling to zero replicas'))
  for (const direction of ['scaleUp', 'scaleDown'] as const)
    errors.push(...scalingErrors(behavior?.[direction], `${path}.behavior.${direction}`))
  return errors
}

export function autoscalerStatusErrors({ status }: HorizontalPodAutoscaler, subresource: string | undefined): FieldError[] {
  if (subresource !== 'status') return []
  const counts = ['currentReplicas', 'desiredReplicas'] as const
  return counts.flatMap((name) => notNegativeErrors(status?.[name], `status.${name}`))
}

/** What a reference that is there lacks is blamed by the declaration. */
function referenceErrors(reference: CrossVersionObjectReference | undefined, path: string, grouped: boolean): FieldError[] {
  const { kind, name, apiVersion = '' } = reference ?? {}
  const errors = [
    ...(reference === undefined ? [required(`${path}.kind`), required(`${path}.name`)] : []),
    ...(kind ? invalidEach(`${path}.kind`, kind, pathSegment(kind)) : []),
    ...(name ? invalidEach(`${path}.name`, name, pathSegment(name)) : []),
  ]
  const at = `${path}.apiVersion`
  const parts = apiVersion === '/' ? [''] : apiVersion.split('/')
  if (parts.length > 2) errors.push(invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  else if (grouped && (parts.length < 2 || parts[0] === '')) errors.push(invalid(at, apiVersion, 'apiVersion must specify API group'))
  return errors
}

/** Which member goes with which type. */
const SOURCES = {
  Object: 'object',
  External: 'external',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
} as const
const TYPES = Object.keys(SOURCES).toSorted()

function metricErrors(metric: MetricSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const type = metric.type ?? ''
  const unknown = () => notSupported(`${path}.type`, type, TYPES)
  if (type === '') errors.push(required(`${path}.type`, 'must specify a metric source type'))
  const expected = Object.hasOwn(SOURCES, type) ? SOURCES[type as keyof typeof SOURCES] : undefined
  if (expected === undefined) errors.push(unknown())
  const present = Object.values(SOURCES).filter((member) => metric[member] !== undefined)
  if (present.length > 0) errors.push(...sourceErrors(metric, present[0]!, `${path}.${present[0]!}`))
  if (expected === undefined) errors.push(unknown())
  else if (metric[expected] === undefined)
    errors.push(required(`${path}.${expected}`, 'must populate information for the given metric source'))
  if (present.length > 1)
    for (const member of present)
      if (member !== expected) errors.push(forbidden(`${path}.${member}`, 'must populate the given metric source only'))
  return errors
}

function sourceErrors(metric: MetricSpec, member: (typeof SOURCES)[keyof typeof SOURCES], path: string): FieldError[] {
  const target = `${path}.target`
  switch (member) {
    case 'object': {
      const source = metric.object!
      const errors = [
        ...referenceErrors(source.describedObject, `${path}.describedObject`, false),
        ...identifierErrors(source.metric, `${path}.metric`),
        ...targetErrors(source.target, target),
      ]
      return hasValue(source.target)
        ? errors
        : [...errors, required(`${target}.averageValue`, 'must set either a target value or averageValue')]
    }
    case 'external': {
      const source = metric.external!
      const errors = [...identifierErrors(source.metric, `${path}.metric`), ...targetErrors(source.target, target)]
      if (!hasValue(source.target))
        errors.push(required(`${target}.averageValue`, 'must set either a target value for metric or a per-pod target'))
      if (source.target?.value !== undefined && source.target.averageValue !== undefined)
        errors.push(forbidden(`${target}.value`, 'may not set both a target value for metric and a per-pod target'))
      return errors
    }
    case 'pods': {
      const source = metric.pods!
      const errors = [...identifierErrors(source.metric, `${path}.metric`), ...targetErrors(source.target, target)]
      if (source.target?.averageValue !== undefined) return errors
      return [...errors, required(`${target}.averageValue`, 'must specify a positive target averageValue')]
    }
    case 'resource':
      return resourceErrors(metric.resource!, path)
    case 'containerResource': {
      const { container } = metric.containerResource!
      const errors = container
        ? invalidEach(`${path}.container`, container, dns1123Label(container))
        : [required(`${path}.container`, 'must specify a container')]
      return [...errors, ...resourceErrors(metric.containerResource!, path)]
    }
  }
}

function resourceErrors({ name, target }: Pick<ContainerResourceMetricSource, 'name' | 'target'>, path: string): FieldError[] {
  const errors = name ? [] : [required(`${path}.name`, 'must specify a resource name')]
  errors.push(...targetErrors(target, `${path}.target`))
  const { averageUtilization, averageValue } = target ?? {}
  if (averageUtilization === undefined && averageValue === undefined)
    errors.push(required(`${path}.target.averageUtilization`, 'must set either a target raw value or a target utilization'))
  if (averageUtilization !== undefined && averageValue !== undefined)
    errors.push(forbidden(`${path}.target.averageValue`, 'may not set both a target raw value and a target utilization'))
  return errors
}

function hasValue(target: MetricTarget | undefined): boolean {
  return target?.value !== undefined || target?.averageValue !== undefined
}

const TARGET_TYPES = ['Utilization', 'Value', 'AverageValue']

function targetErrors(target: MetricTarget | undefined, path: string): FieldError[] {
  const { type = '', averageUtilization } = target ?? {}
  const errors: FieldError[] = []
  if (type === '') errors.push(required(`${path}.type`, 'must specify a metric target type'))
  if (!TARGET_TYPES.includes(type)) errors.push(invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'))
  for (const name of ['value', 'averageValue'] as const) {
    const amount = target?.[name]
    if (amount !== undefined && compareQuantity(amount, '0') <= 0) errors.push(invalid(`${path}.${name}`, amount, 'must be positive'))
  }
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(invalid(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0'))
  return errors
}

function identifierErrors(metric: MetricIdentifier | undefined, path: string): FieldError[] {
  const name = metric?.name ?? ''
  return name === '' ? [required(`${path}.name`, 'must specify a metric name')] : invalidEach(`${path}.name`, name, pathSegment(name))
}

const SELECT_POLICIES = ['Disabled', 'Max', 'Min']

function scalingErrors(rules: HPAScalingRules | undefined, path: string): FieldError[] {
  if (rules === undefined) return []
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules
  const errors: FieldError[] = []
  const at = `${path}.stabilizationWindowSeconds`
  if (window !== undefined && window < 0) errors.push(invalid(at, window, 'must be greater than or equal to zero'))
  if (window !== undefined && window > STABILIZATION_SECONDS_MAX)
    errors.push(invalid(at, window, `must be less than or equal to ${STABILIZATION_SECONDS_MAX}`))
  if (selectPolicy !== undefined && !SELECT_POLICIES.includes(selectPolicy))
    errors.push(notSupported(`${path}.selectPolicy`, selectPolicy, SELECT_POLICIES))
  if (policies.length === 0) errors.push(required(`${path}.policies`, 'must specify at least one Policy'))
  for (const [index, policy] of policies.entries()) errors.push(...policyErrors(policy, `${path}.policies[${index}]`))
  if (tolerance !== undefined && compareQuantity(tolerance, '0') < 0)
    errors.push(invalid(`${path}.tolerance`, tolerance, 'must be greater than or equal to 0'))
  return errors
}

function policyErrors({ type = '', value = 0, periodSeconds = 0 }: HPAScalingPolicy, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (type !== 'Pods' && type !== 'Percent') errors.push(notSupported(`${path}.type`, type, ['Percent', 'Pods']))
  if (value <= 0) errors.push(invalid(`${path}.value`, value, 'must be greater than zero'))
  if (periodSeconds <= 0) errors.push(invalid(`${path}.periodSeconds`, periodSeconds, 'must be greater than zero'))
  if (periodSeconds > PERIOD_SECONDS_MAX)
    errors.push(invalid(`${path}.periodSeconds`, periodSeconds, `must be less than or equal to ${PERIOD_SECONDS_MAX}`))
  return errors
}
