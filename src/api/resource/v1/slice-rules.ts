/** The rules of slices: devices a driver offers, what they have and take, and who can use them. */

import { EFFECTS } from './claim-rules.ts'
import { bindingErrors, labelErrors, listErrors, poolNameErrors, qualifiedErrors } from './device-names.ts'
import type {
  CapacityRequestPolicy,
  CapacityRequestPolicyRange,
  Counter,
  CounterSet,
  Device,
  DeviceAttribute,
  DeviceTaint,
  ResourceSlice,
  ResourceSliceSpec,
} from './resource-slice.ts'
import { driverNameErrors } from '#api/core/v1/persistent-volume-rules.ts'
import { nodeSelectorErrors } from '#api/core/v1/scheduling-rules.ts'
import {
  IMMUTABLE,
  forbidden,
  invalid,
  invalidEach,
  notSupported,
  required,
  tooLong,
  tooMany,
  type FieldError,
} from '#schema/field-error.ts'
import { dns1123Subdomain, labelValue, qualifiedName } from '#schema/names.ts'
import { addQuantities, compareQuantity, parseQuantity } from '#schema/quantity.ts'

const DEVICES_MAX = 128
const ELABORATE_DEVICES_MAX = 64 // where devices have taints, lists or take of counters
const FACTS_MAX = 32 // attributes and capacities together
const FACT_VALUES_MAX = 48
const COUNTER_SETS_MAX = 8
const COUNTERS_MAX = 32
const CONSUMPTIONS_MAX = 2
const TAINTS_MAX = 16
const VALUE_BYTES_MAX = 64
const OPTIONS_MAX = 10
const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/

export function sliceErrors({ spec }: ResourceSlice): FieldError[] {
  if (!spec) return []
  const { pool, devices, sharedCounters } = spec
  // A missing driver is the declaration's to blame.
  const errors = spec.driver ? driverNameErrors(spec.driver, 'spec.driver') : []
  errors.push(...poolNameErrors(pool?.name, 'spec.pool.name'))
  if ((pool?.resourceSliceCount ?? 0) <= 0)
    errors.push(invalid('spec.pool.resourceSliceCount', pool?.resourceSliceCount ?? 0, 'must be greater than zero'))
  if ((pool?.generation ?? 0) < 0) errors.push(invalid('spec.pool.generation', pool!.generation, 'must be greater than or equal to zero'))
  errors.push(...placeErrors(spec))
  if (sharedCounters !== undefined && devices !== undefined)
    errors.push(invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed'))
  const max = (devices ?? []).some(isElaborate) ? ELABORATE_DEVICES_MAX : DEVICES_MAX
  errors.push(
    ...listErrors(
      devices,
      max,
      'spec.devices',
      (device, at) => deviceErrors(device, at, spec.perDeviceNodeSelection === true),
      (device) => device.name,
    ),
    ...listErrors(sharedCounters, COUNTER_SETS_MAX, 'spec.sharedCounters', counterSetErrors, (set) => set.name),
  )
  return errors
}

export function sliceUpdateErrors({ spec }: ResourceSlice, old: ResourceSlice): FieldError[] {
  if (!spec || !old.spec) return []
  return [
    ...(spec.pool?.name === old.spec.pool?.name ? [] : [invalid('spec.pool.name', spec.pool?.name ?? '', IMMUTABLE)]),
    ...(spec.driver === old.spec.driver ? [] : [invalid('spec.driver', spec.driver ?? '', IMMUTABLE)]),
    ...(spec.nodeName === old.spec.nodeName ? [] : [invalid('spec.nodeName', spec.nodeName, IMMUTABLE)]),
  ]
}

function isElaborate({ taints = [], consumesCounters = [], attributes = {} }: Device): boolean {
  return taints.length > 0 || consumesCounters.length > 0 || Object.values(attributes).some((a) => valuesOf(a) !== undefined)
}

function valuesOf({ bools, ints, strings, versions }: DeviceAttribute): readonly unknown[] | undefined {
  return bools ?? ints ?? strings ?? versions
}

/** Exactly one way to say which nodes can use the devices. */
function placeErrors(spec: ResourceSliceSpec): FieldError[] {
  const { nodeName, nodeSelector, allNodes, perDeviceNodeSelection } = spec
  const said: string[] = []
  const errors: FieldError[] = []
  const one = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'
  if (nodeName === '') errors.push(invalid('spec.nodeName', nodeName, 'must be either unset or set to a non-empty string'))
  else if (nodeName !== undefined) {
    said.push('`nodeName`')
    errors.push(...invalidEach('spec.nodeName', nodeName, dns1123Subdomain(nodeName)))
  }
  if (nodeSelector) {
    said.push('`nodeSelector`')
    const terms = nodeSelector.nodeSelectorTerms ?? []
    errors.push(...nodeSelectorErrors(terms, 'spec.nodeSelector'))
    if (terms.length !== 1) errors.push(invalid('spec.nodeSelector.nodeSelectorTerms', terms, 'must have exactly one node selector term'))
  }
  for (const [member, value] of Object.entries({ allNodes, perDeviceNodeSelection }))
    if (value === true) said.push(`\`${member}\``)
    else if (value === false) errors.push(invalid(`spec.${member}`, value, 'must be either unset or set to true'))
  if (said.length === 0) errors.push(required('spec', one))
  if (said.length > 1) errors.push(invalid('spec', `{${said.join(', ')}}`, `${one}, but multiple fields are set`))
  return errors
}

function deviceErrors(device: Device, at: string, perDevice: boolean): FieldError[] {
  const { attributes = {}, capacity = {}, taints, consumesCounters } = device
  const errors = labelErrors(device.name, `${at}.name`)
  const facts = Object.keys(attributes).length + Object.keys(capacity).length
  if (facts > FACTS_MAX) errors.push(invalid(at, facts, `the total number of attributes and capacities must not exceed ${FACTS_MAX}`))
  const values = Object.values(attributes).reduce((sum, attribute) => sum + (valuesOf(attribute)?.length || 1), 0)
  if (values > FACT_VALUES_MAX) errors.push(invalid(at, values, `the total number of attribute values must not exceed ${FACT_VALUES_MAX}`))
  for (const [name, attribute] of Object.entries(attributes)) {
    const path = `${at}.attributes[${name}]`
    errors.push(...qualifiedErrors(name, path), ...attributeErrors(attribute, path))
  }
  for (const [name, { value, requestPolicy }] of Object.entries(capacity)) {
    const path = `${at}.capacity[${name}]`
    errors.push(...qualifiedErrors(name, path))
    if (requestPolicy && device.allowMultipleAllocations !== true)
      errors.push(forbidden(`${path}.requestPolicy`, 'allowMultipleAllocations must be true'))
    else if (requestPolicy) errors.push(...policyErrors(value, requestPolicy, `${path}.requestPolicy`))
  }
  errors.push(
    ...listErrors(taints, TAINTS_MAX, `${at}.taints`, taintErrors),
    ...listErrors(
      consumesCounters,
      CONSUMPTIONS_MAX,
      `${at}.consumesCounters`,
      ({ counterSet, counters }, path) => [
        ...(counterSet ? labelErrors(counterSet, `${path}.counterSet`) : []),
        ...counterErrors(counters, `${path}.counters`),
      ],
      (consumption) => consumption.counterSet,
    ),
    ...devicePlaceErrors(device, at, perDevice),
    ...bindingErrors(device.bindingConditions, device.bindingFailureConditions, at),
  )
  return errors
}

function devicePlaceErrors({ nodeName, nodeSelector, allNodes }: Device, at: string, perDevice: boolean): FieldError[] {
  if (!perDevice)
    return nodeName === undefined && nodeSelector === undefined && allNodes === undefined
      ? []
      : [
          invalid(
            at,
            undefined,
            '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
          ),
        ]
  const errors: FieldError[] = []
  const said: string[] = []
  if (nodeName === '') errors.push(invalid(`${at}.nodeName`, nodeName, 'must not be empty'))
  else if (nodeName !== undefined) {
    said.push('`nodeName`')
    errors.push(...invalidEach(`${at}.nodeName`, nodeName, dns1123Subdomain(nodeName)))
  }
  if (nodeSelector) {
    said.push('`nodeSelector`')
    errors.push(...nodeSelectorErrors(nodeSelector.nodeSelectorTerms ?? [], `${at}.nodeSelector`))
  }
  if (allNodes === true) said.push('`allNodes`')
  else if (allNodes === false) errors.push(invalid(`${at}.allNodes`, allNodes, 'must be either unset or set to true'))
  const one =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
  if (said.length === 0) errors.push(required(at, one))
  if (said.length > 1) errors.push(invalid(at, `{${said.join(', ')}}`, one))
  return errors
}

function attributeErrors(attribute: DeviceAttribute, at: string): FieldError[] {
  const { strings, versions, string: text, version } = attribute
  const errors: FieldError[] = []
  const long = (value: string, path: string) => (Buffer.byteLength(value) > VALUE_BYTES_MAX ? [tooLong(path, VALUE_BYTES_MAX)] : [])
  const semantic = (value: string, path: string) => [
    ...(VERSION.test(value) ? [] : [invalid(path, value, 'must be a string compatible with semver.org spec 2.0.0')]),
    ...long(value, path),
  ]
  if (text !== undefined) errors.push(...long(text, `${at}.string`))
  if (version !== undefined) errors.push(...semantic(version, `${at}.version`))
  for (const member of ['bools', 'ints', 'strings', 'versions'] as const)
    if (attribute[member]?.length === 0) errors.push(invalid(`${at}.${member}`, [], 'must not be empty if specified'))
  for (const [index, item] of (strings ?? []).entries()) errors.push(...long(item, `${at}.strings[${index}]`))
  for (const [index, item] of (versions ?? []).entries()) errors.push(...semantic(item, `${at}.versions[${index}]`))
  const said = Object.values(attribute).filter((value) => value !== undefined).length
  if (said !== 1) errors.push(invalid(at, said === 0 ? '' : attribute, 'exactly one value must be specified'))
  return errors
}

function policyErrors(most: string, policy: CapacityRequestPolicy, at: string): FieldError[] {
  const { default: usual, validValues = [], validRange } = policy
  if (validValues.length > 0 && validRange)
    return [forbidden(at, 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time')]
  if (validValues.length > 0)
    return usual === undefined
      ? [required(`${at}.default`, 'required when validValues is defined')]
      : optionErrors(usual, most, validValues, `${at}.validValues`)
  if (!validRange) return []
  return usual === undefined
    ? [required(`${at}.default`, 'required when validRange is defined')]
    : rangeErrors(usual, most, validRange, `${at}.validRange`)
}

function optionErrors(usual: string, most: string, options: readonly string[], at: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, option] of options.entries())
    if (index > 0 && compareQuantity(options[index - 1]!, option) > 0)
      errors.push(invalid(`${at}[${index}]`, option, 'values must be sorted in ascending order'))
  errors.push(
    ...listErrors(
      options,
      OPTIONS_MAX,
      at,
      (option, path) => (compareQuantity(option, most) > 0 ? [invalid(path, option, `option is larger than capacity value: ${most}`)] : []),
      (option) => String(parseQuantity(option).nanos),
    ),
  )
  if (!options.some((option) => compareQuantity(option, usual) === 0))
    errors.push(invalid(at, usual, 'default value is not valid according to the requestPolicy'))
  return errors
}

/** A missing minimum is the declaration's to blame. */
function rangeErrors(usual: string, most: string, { min, max, step }: CapacityRequestPolicyRange, at: string): FieldError[] {
  if (min === undefined) return []
  const errors: FieldError[] = []
  const above = (a: string, b: string) => compareQuantity(a, b) > 0
  if (above(min, most)) errors.push(invalid(`${at}.min`, min, `min is larger than capacity value: ${most}`))
  if (above(min, usual)) errors.push(invalid(`${at}.default`, usual, `default is less than min: ${min}`))
  if (max !== undefined) {
    if (above(min, max)) errors.push(invalid(`${at}.max`, min, `min is larger than max: ${max}`))
    if (above(max, most)) errors.push(invalid(`${at}.max`, max, `max is larger than capacity value: ${most}`))
    if (above(usual, max)) errors.push(invalid(`${at}.default`, usual, `default is more than max: ${max}`))
  }
  if (step === undefined) return errors
  if (!above(step, '0')) return [...errors, invalid(`${at}.step`, step, 'must be greater than zero')]
  const next = addQuantities(min, step)
  if (above(next, most)) errors.push(invalid(`${at}.step`, step, `one step ${next} is larger than capacity value: ${most}`))
  for (const amount of [usual, ...(max === undefined ? [] : [max])])
    if ((parseQuantity(amount).nanos - parseQuantity(min).nanos) % parseQuantity(step).nanos !== 0n)
      errors.push(invalid(`${at}.step`, amount, `value is not a multiple of a given step (${step}) from (${min})`))
  return errors
}

/** Missing keys and effects are the declaration's to blame. */
function taintErrors({ key = '', value = '', effect = '' }: DeviceTaint, at: string): FieldError[] {
  return [
    ...(key === '' ? [] : invalidEach(`${at}.key`, key, qualifiedName(key))),
    ...invalidEach(`${at}.value`, value, labelValue(value)),
    ...(effect === '' || EFFECTS.includes(effect) ? [] : [notSupported(`${at}.effect`, effect, EFFECTS)]),
  ]
}

function counterSetErrors({ name, counters }: CounterSet, at: string): FieldError[] {
  return [...(name ? labelErrors(name, `${at}.name`) : []), ...counterErrors(counters, `${at}.counters`)]
}

function counterErrors(counters: Readonly<Record<string, Counter>> | undefined, path: string): FieldError[] {
  const names = Object.keys(counters ?? {})
  if (counters !== undefined && names.length === 0) return [required(path)]
  if (names.length > COUNTERS_MAX) return [tooMany(path, names.length, COUNTERS_MAX)]
  return names.flatMap((name) => labelErrors(name, `${path}[${name}]`))
}
