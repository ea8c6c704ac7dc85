/** What the server adds to a StatefulSet and what it refuses in one. */

import type { StatefulSet, StatefulSetSpec, StatefulSetStatus, StatefulSetUpdateStrategy } from './stateful-set.ts'
import { PodTemplateSpec } from '#api/core/v1/pod-template.ts'
import {
  atMostAllErrors,
  countOrPercentErrors,
  isZeroCount,
  notNegativeErrors,
  replacedTemplateErrors,
  selectorMatchErrors,
} from '#api/core/v1/template-rules.ts'
import { forbidden, invalid, invalidEach, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { dns1123Label } from '#schema/names.ts'
import { partErrors } from '#schema/validate.ts'

export function updateStrategyDefaults(strategy: StatefulSetUpdateStrategy): Partial<StatefulSetUpdateStrategy> | undefined {
  const type = strategy.type || 'RollingUpdate'
  // Who says how pods are replaced, but nothing of how fast, gets no more than was said.
  const rollingUpdate = strategy.rollingUpdate ?? (strategy.type ? undefined : {})
  if (type !== 'RollingUpdate' || rollingUpdate === undefined) return undefined
  return { type, rollingUpdate: { partition: 0, maxUnavailable: 1, ...rollingUpdate } }
}

export function statefulSetDefaults(spec: StatefulSetSpec): Partial<StatefulSetSpec> {
  const { template, volumeClaimTemplates, persistentVolumeClaimRetentionPolicy: kept } = spec
  return {
    ...(template === undefined && { template: { metadata: {}, spec: {} } as unknown as PodTemplateSpec }),
    ...(volumeClaimTemplates && {
      volumeClaimTemplates: volumeClaimTemplates.map((claim) => ({ ...claim, apiVersion: 'v1', kind: 'PersistentVolumeClaim' })),
    }),
    ...((!kept?.whenDeleted || !kept.whenScaled) && {
      persistentVolumeClaimRetentionPolicy: { whenDeleted: kept?.whenDeleted || 'Retain', whenScaled: kept?.whenScaled || 'Retain' },
    }),
  }
}

const MANAGEMENT_POLICIES = ['OrderedReady', 'Parallel']
const RETENTION_POLICIES = ['Retain', 'Delete']

export function statefulSetErrors(spec: StatefulSetSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const management = spec.podManagementPolicy
  if (management && !MANAGEMENT_POLICIES.includes(management))
    errors.push(invalid(`${path}.podManagementPolicy`, management, "must be 'OrderedReady' or 'Parallel'"))
  errors.push(...updateStrategyErrors(spec.updateStrategy, `${path}.updateStrategy`))
  for (const when of ['whenDeleted', 'whenScaled'] as const) {
    const policy = spec.persistentVolumeClaimRetentionPolicy?.[when]
    if (policy !== undefined && !RETENTION_POLICIES.includes(policy))
      errors.push(notSupported(`${path}.persistentVolumeClaimRetentionPolicy.${when}`, policy, RETENTION_POLICIES))
  }
  return [
    ...errors,
    ...notNegativeErrors(spec.replicas, `${path}.replicas`),
    ...notNegativeErrors(spec.minReadySeconds, `${path}.minReadySeconds`),
    ...notNegativeErrors(spec.ordinals?.start, `${path}.ordinals.start`),
    ...(spec.serviceName ? invalidEach(`${path}.serviceName`, spec.serviceName, dns1123Label(spec.serviceName)) : []),
    ...selectorMatchErrors(spec.selector, spec.template, path, 'statefulset'),
    ...(spec.template ? partErrors(PodTemplateSpec.schema, withClaims(spec), `${path}.template`) : []),
    ...replacedTemplateErrors(spec.template, `${path}.template`, 'StatefulSet'),
  ]
}

/** Every claim becomes a volume of its name, which containers may mount. */
function withClaims({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec {
  if (volumeClaimTemplates.length === 0) return template
  const volumes = template.spec?.volumes ?? []
  const names = new Set(volumes.map((volume) => volume.name))
  const claimed = volumeClaimTemplates
    .map(({ metadata }) => metadata.name)
    .filter((name) => name && !names.has(name))
    .map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))
  return { ...template, spec: { ...template.spec, volumes: [...volumes, ...claimed] } }
}

function updateStrategyErrors(strategy: StatefulSetUpdateStrategy | undefined, path: string): FieldError[] {
  if (strategy === undefined) return []
  const { type, rollingUpdate } = strategy
  const at = `${path}.rollingUpdate`
  switch (type as string | undefined) {
    case undefined:
    case '':
      return [required(path)]
    case 'OnDelete':
      return rollingUpdate === undefined ? [] : [invalid(at, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")]
    case 'RollingUpdate':
      break
    default:
      return [invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")]
  }
  if (rollingUpdate === undefined) return []
  const { partition, maxUnavailable } = rollingUpdate
  return [
    ...notNegativeErrors(partition, `${at}.partition`),
    ...countOrPercentErrors(maxUnavailable, `${at}.maxUnavailable`),
    ...(isZeroCount(maxUnavailable) ? [invalid(`${at}.maxUnavailable`, maxUnavailable, 'cannot be 0')] : []),
    ...atMostAllErrors(maxUnavailable, `${at}.maxUnavailable`),
  ]
}

const UPDATABLE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"

export function statefulSetUpdateErrors(spec: StatefulSetSpec, old: StatefulSetSpec, path: string): FieldError[] {
  const fixed = ['selector', 'serviceName', 'podManagementPolicy', 'volumeClaimTemplates'] as const
  return fixed.every((name) => sameJson(spec[name] ?? null, old[name] ?? null)) ? [] : [forbidden(path, UPDATABLE)]
}

const COUNTS = ['replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas', 'observedGeneration'] as const

export function statefulSetStatusErrors(now: StatefulSet, old: StatefulSet, _path: string, subresource: string | undefined): FieldError[] {
  if (subresource !== 'status') return []
  const status: Partial<StatefulSetStatus> = now.status ?? {}
  const errors: FieldError[] = [...COUNTS, 'collisionCount' as const].flatMap((name) => notNegativeErrors(status[name], `status.${name}`))
  const atMost = (name: (typeof COUNTS)[number], bound: (typeof COUNTS)[number]) => {
    if ((status[name] ?? 0) > (status[bound] ?? 0))
      errors.push(invalid(`status.${name}`, status[name], `cannot be greater than status.${bound}`))
  }
  atMost('readyReplicas', 'replicas')
  atMost('currentReplicas', 'replicas')
  atMost('updatedReplicas', 'replicas')
  atMost('availableReplicas', 'replicas')
  atMost('availableReplicas', 'readyReplicas')
  return [...errors, ...collisionErrors(now.status?.collisionCount, old.status?.collisionCount)]
}

/** The count of taken names only grows: what was tried once is not tried again. */
export function collisionErrors(now: number | undefined, old: number | undefined): FieldError[] {
  return old !== undefined && (now === undefined || now < old) ? [invalid('status.collisionCount', now ?? 0, 'cannot be decremented')] : []
}
