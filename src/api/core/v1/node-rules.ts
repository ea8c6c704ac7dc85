/** The rules of nodes. */

import type { Node, NodeSpec, NodeStatus } from './node.ts'
import { amountErrors } from './resource-rules.ts'
import type { Taint } from './toleration.ts'
import { FieldError, duplicate, forbidden, invalid, invalidEach, notSupported, required } from '#schema/field-error.ts'
import { cidr, configKey, dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '#schema/names.ts'
import { isIPv4 } from '#base/addresses.ts'

const TAINTS_ANNOTATION = 'scheduler.alpha.kubernetes.io/taints'

type ConfigSource = NonNullable<NodeSpec['configSource']>
type ConfigMapSource = NonNullable<ConfigSource['configMap']>

export function nodeErrors({ metadata, spec, status }: Node): FieldError[] {
  return [
    ...annotationErrors(metadata.annotations?.[TAINTS_ANNOTATION]),
    // Upstream takes them for a part of the metadata, so the path says so.
    ...taintErrors(spec?.taints ?? [], 'metadata.taints'),
    ...amountsErrors(status),
    ...rangeErrors(spec?.podCIDRs ?? []),
  ]
}

function annotationErrors(text: string | undefined): FieldError[] {
  if (!text) return []
  try {
    const taints = JSON.parse(text) as readonly Taint[]
    return Array.isArray(taints) ? taintErrors(taints, `metadata.annotations.${TAINTS_ANNOTATION}`) : []
  } catch (error) {
    return [invalid('metadata.annotations', TAINTS_ANNOTATION, (error as Error).message)]
  }
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

function taintErrors(taints: readonly Taint[], path: string): FieldError[] {
  const seen = new Set<string>()
  return taints.flatMap((taint, index) => {
    const at = `${path}[${index}]`
    const { key = '', value = '', effect } = taint
    const problems = labelValue(value)
    const errors = invalidEach(`${at}.key`, key, qualifiedName(key))
    if (problems.length > 0) errors.push(invalid(`${at}.value`, value, problems.join(';')))
    if (!effect) errors.push(required(`${at}.effect`))
    else if (!EFFECTS.includes(effect)) errors.push(notSupported(`${at}.effect`, effect, EFFECTS))
    const identity = `${key}:${effect}`
    if (seen.has(identity)) errors.push(new FieldError('Duplicate', at, taint, 'taints must be unique by key and effect pair'))
    seen.add(identity)
    return errors
  })
}

function amountsErrors(status: NodeStatus | undefined): FieldError[] {
  return (['capacity', 'allocatable'] as const).flatMap((member) =>
    Object.entries(status?.[member] ?? {}).flatMap(([name, amount]) => amountErrors(name, amount, `status.${member}.${name}`)),
  )
}

function rangeErrors(ranges: readonly string[]): FieldError[] {
  const path = 'spec.podCIDRs'
  const errors = ranges.flatMap((range, index) => invalidEach(`${path}[${index}]`, range, cidr(range)))
  if (ranges.length < 2 || errors.length > 0) return errors
  const fours = ranges.filter((range) => isIPv4(range.split('/')[0]!)).length
  if (ranges.length > 2 || fours !== 1) errors.push(invalid(path, ranges, 'may specify no more than one CIDR for each IP family'))
  for (const [index, range] of ranges.entries()) if (ranges.indexOf(range) < index) errors.push(duplicate(`${path}[${index}]`, range))
  return errors
}

/** The pod ranges and the provider's id are given once; the status path is held to the same. */
export function nodeUpdateErrors({ spec, status }: Node, old: Node): FieldError[] {
  const errors: FieldError[] = []
  const addresses = (status.addresses ?? []).map(({ type, address }) => `${type} ${address}`)
  for (const [index, address] of addresses.entries())
    if (addresses.indexOf(address) < index) errors.push(duplicate(`status.addresses[${index}]`, status.addresses![index]))
  const [now, before] = [spec.podCIDRs ?? [], old.spec.podCIDRs ?? []]
  const fixed = forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid')
  if (before.length > 0)
    errors.push(...(now.length === before.length ? before.flatMap((range, index) => (range === now[index] ? [] : [fixed])) : [fixed]))
  if (old.spec.providerID && spec.providerID !== old.spec.providerID)
    errors.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'))
  if (spec.configSource) errors.push(...sourceErrors(spec.configSource, 'spec.configSource', false))
  for (const member of ['assigned', 'active', 'lastKnownGood'] as const) {
    const source = status.config?.[member]
    if (source) errors.push(...sourceErrors(source, `status.config.${member}`, true))
  }
  if ((spec.externalID ?? '') !== (old.spec.externalID ?? '')) errors.push(forbidden('spec.externalID', 'may not be updated'))
  return errors
}

function sourceErrors(source: ConfigSource, path: string, isStatus: boolean): FieldError[] {
  if (source.configMap === undefined) return [invalid(path, source, 'exactly one reference subfield must be non-nil')]
  return configMapErrors(source.configMap, `${path}.configMap`, isStatus)
}

function configMapErrors(map: ConfigMapSource, at: string, isStatus: boolean): FieldError[] {
  const errors: FieldError[] = []
  for (const member of ['uid', 'resourceVersion'] as const) {
    if (isStatus && !map[member]) errors.push(required(`${at}.${member}`, `${member} must be set in status`))
    if (!isStatus && map[member]) errors.push(forbidden(`${at}.${member}`, `${member} must not be set in spec`))
  }
  const checks = { namespace: dns1123Label, name: dns1123Subdomain, kubeletConfigKey: configKey }
  for (const [member, check] of Object.entries(checks)) {
    const value = map[member as keyof typeof checks]
    // Upstream says why even where the declaration has blamed it already; once is enough.
    if (value) errors.push(...invalidEach(`${at}.${member}`, value, check(value)))
  }
  return errors
}
