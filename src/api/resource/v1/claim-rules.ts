/** The rules of device claims, of templates for them, and of device classes. Selectors only have to be there: they are compiled where they are run. */

import type { DeviceClass } from './device-class.ts'
import { bindingErrors, fullyQualifiedErrors, labelErrors, listErrors, poolNameErrors, rawErrors, uidErrors } from './device-names.ts'
import type { DeviceRequest, DeviceSelector, DeviceSubRequest, DeviceToleration, ExactDeviceRequest } from './device-request.ts'
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceClaim,
  DeviceConfiguration,
  DeviceConstraint,
  NetworkDeviceData,
  ResourceClaim,
} from './resource-claim.ts'
import type { ResourceClaimTemplate } from './resource-claim-template.ts'
import { driverNameErrors } from '#api/core/v1/persistent-volume-rules.ts'
import { isExtendedResource } from '#api/core/v1/resource-rules.ts'
import { nodeSelectorErrors } from '#api/core/v1/scheduling-rules.ts'
import { isIP } from '#base/addresses.ts'
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
import { sameJson } from '#schema/json-patch.ts'
import { dns1123Subdomain, labelValue, qualifiedName } from '#schema/names.ts'

const LIST_MAX = 32 // requests, constraints, configurations, selectors and results alike
const CHOICES_MAX = 8
const RESERVED_MAX = 256
const EXPRESSION_BYTES_MAX = 10 * 1024
const RAW_BYTES_MAX = 10 * 1024
const CONDITIONS_MAX = 8
const INTERFACE_BYTES_MAX = 256
const HARDWARE_BYTES_MAX = 128
const ADDRESSES_MAX = 16
export const EFFECTS: readonly string[] = ['NoExecute', 'NoSchedule', 'None']

const REFERENCE = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

export function claimErrors({ spec }: Partial<ResourceClaim>): FieldError[] {
  return deviceClaimErrors(spec?.devices, 'spec.devices')
}

export function templateErrors({ spec }: Partial<ResourceClaimTemplate>): FieldError[] {
  return deviceClaimErrors(spec?.spec?.devices, 'spec.spec.devices')
}

export function specUpdateErrors(now: { readonly spec?: object }, old: { readonly spec?: object }): FieldError[] {
  return sameJson(now.spec ?? {}, old.spec ?? {}) ? [] : [invalid('spec', now.spec, IMMUTABLE)]
}

/** Names that constraints and configurations may use: of requests, and of the choices of a request. */
type RequestNames = ReadonlyMap<string, readonly string[]>

function namesOf(claim: Partial<DeviceClaim> | undefined): RequestNames {
  return new Map((claim?.requests ?? []).map((r) => [r.name, (r.firstAvailable ?? []).map((choice) => choice.name)]))
}

function deviceClaimErrors(claim: DeviceClaim | undefined, at: string): FieldError[] {
  const names = namesOf(claim)
  return [
    ...listErrors(claim?.requests, LIST_MAX, `${at}.requests`, requestErrors, (request) => request.name),
    ...listErrors(claim?.constraints, LIST_MAX, `${at}.constraints`, (constraint, path) => constraintErrors(constraint, path, names)),
    ...listErrors(claim?.config, LIST_MAX, `${at}.config`, (config, path) => [
      ...referenceListErrors(config.requests, `${path}.requests`, names),
      ...configurationErrors(config, path),
    ]),
  ]
}

function requestErrors({ name, exactly, firstAvailable = [] }: DeviceRequest, at: string): FieldError[] {
  const errors = labelErrors(name, `${at}.name`)
  if (!exactly && firstAvailable.length === 0) errors.push(required(at, 'exactly one of `exactly` or `firstAvailable` is required'))
  else if (exactly && firstAvailable.length > 0)
    errors.push(invalid(at, undefined, 'exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set'))
  else if (exactly) errors.push(...exactErrors(exactly, `${at}.exactly`))
  else errors.push(...listErrors(firstAvailable, CHOICES_MAX, `${at}.firstAvailable`, choiceErrors, (choice) => choice.name))
  return errors
}

function choiceErrors(choice: DeviceSubRequest, at: string): FieldError[] {
  return [...labelErrors(choice.name, `${at}.name`), ...exactErrors(choice, at)]
}

/** A missing class is the declaration's to blame. */
function exactErrors(request: ExactDeviceRequest | DeviceSubRequest, at: string): FieldError[] {
  const { deviceClassName = '', selectors, allocationMode = '', count = 0, tolerations = [] } = request
  const errors = deviceClassName === '' ? [] : invalidEach(`${at}.deviceClassName`, deviceClassName, dns1123Subdomain(deviceClassName))
  errors.push(...selectorErrors(selectors, `${at}.selectors`))
  if (allocationMode === 'All') {
    if (count !== 0) errors.push(invalid(`${at}.count`, count, "must not be specified when allocationMode is 'All'"))
  } else if (allocationMode === 'ExactCount') {
    if (count <= 0) errors.push(invalid(`${at}.count`, count, 'must be greater than zero'))
  } else errors.push(notSupported(`${at}.allocationMode`, allocationMode, ['All', 'ExactCount']))
  return [...errors, ...tolerations.flatMap((toleration, index) => tolerationErrors(toleration, `${at}.tolerations[${index}]`))]
}

/** A missing expression is the declaration's to blame. */
function selectorErrors(selectors: readonly DeviceSelector[] | undefined, path: string): FieldError[] {
  return listErrors(selectors, LIST_MAX, path, ({ cel }, at) => {
    if (!cel) return [required(`${at}.cel`)]
    return Buffer.byteLength(cel.expression ?? '') > EXPRESSION_BYTES_MAX ? [tooLong(`${at}.cel.expression`, EXPRESSION_BYTES_MAX)] : []
  })
}

function tolerationErrors({ key = '', operator = '', value = '', effect = '' }: DeviceToleration, at: string): FieldError[] {
  const errors = key === '' ? [] : invalidEach(`${at}.key`, key, qualifiedName(key))
  if (operator === 'Exists') {
    if (value !== '') errors.push(invalid(`${at}.value`, value, 'must be empty for operator `Exists`'))
  } else if (operator === 'Equal') errors.push(...invalidEach(`${at}.value`, value, labelValue(value)))
  else if (operator === '') errors.push(required(`${at}.operator`))
  else errors.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']))
  if (effect !== '' && !EFFECTS.includes(effect)) errors.push(notSupported(`${at}.effect`, effect, EFFECTS))
  return errors
}

function constraintErrors(
  { requests, matchAttribute, distinctAttribute }: DeviceConstraint,
  at: string,
  names: RequestNames,
): FieldError[] {
  const errors = referenceListErrors(requests, `${at}.requests`, names)
  if (matchAttribute !== undefined) errors.push(...fullyQualifiedErrors(matchAttribute, `${at}.matchAttribute`))
  else if (distinctAttribute !== undefined) errors.push(...fullyQualifiedErrors(distinctAttribute, `${at}.distinctAttribute`))
  else errors.push(required(at, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'))
  return errors
}

function referenceListErrors(requests: readonly string[] | undefined, path: string, names: RequestNames): FieldError[] {
  return listErrors(
    requests,
    LIST_MAX,
    path,
    (name, at) => referenceErrors(name, at, names),
    (name) => name,
  )
}

function referenceErrors(name: string, path: string, names: RequestNames): FieldError[] {
  const [request = '', choice, ...more] = name.split('/')
  if (more.length > 0) return [invalid(path, name, REFERENCE)]
  const known = names.has(request) && (choice === undefined || names.get(request)!.includes(choice))
  return [
    ...labelErrors(request, path),
    ...(choice === undefined ? [] : labelErrors(choice, path)),
    ...(known ? [] : [invalid(path, name, REFERENCE)]),
  ]
}

/** A missing driver is the declaration's to blame where it is walked. */
function configurationErrors({ opaque }: DeviceConfiguration, at: string): FieldError[] {
  if (!opaque) return [required(`${at}.opaque`)]
  const driver = opaque.driver ? driverNameErrors(opaque.driver, `${at}.opaque.driver`) : []
  return [...driver, ...rawErrors(opaque.parameters, `${at}.opaque.parameters`, RAW_BYTES_MAX)]
}

export function classErrors({ spec }: Partial<DeviceClass>): FieldError[] {
  const { selectors, config, extendedResourceName: extended } = spec ?? {}
  const errors = [
    ...selectorErrors(selectors, 'spec.selectors'),
    ...listErrors(config, LIST_MAX, 'spec.config', (item, at) => configurationErrors(item, at)),
  ]
  if (extended !== undefined && !(isExtendedResource(extended) && qualifiedName(`requests.${extended}`).length === 0))
    errors.push(invalid('spec.extendedResourceName', extended, 'must be a valid extended resource name'))
  return errors
}

/** By the status path: an allocation is made once and never changed; nobody uses what is not allocated, or joins what goes. */
export function claimStatusErrors(claim: ResourceClaim, old: ResourceClaim): FieldError[] {
  const { allocation, reservedFor = [], devices } = claim.status
  const errors = listErrors(
    reservedFor,
    RESERVED_MAX,
    'status.reservedFor',
    (consumer, at) => (['resource', 'name', 'uid'] as const).flatMap((member) => (consumer[member] ? [] : [required(`${at}.${member}`)])),
    (consumer) => consumer.uid,
  )
  const allocated = new Set((allocation?.devices?.results ?? []).map((result) => idText(result)))
  errors.push(
    ...listErrors(devices, Number.POSITIVE_INFINITY, 'status.devices', (device, at) => deviceStatusErrors(device, at, allocated), idText),
  )
  if (reservedFor.length > 0) {
    const before = new Set((old.status.reservedFor ?? []).map((consumer) => JSON.stringify(consumer)))
    if (allocation === undefined) errors.push(forbidden('status.reservedFor', 'may not be specified when `allocated` is not set'))
    else if (claim.metadata.deletionTimestamp && reservedFor.some((consumer) => !before.has(JSON.stringify(consumer))))
      errors.push(
        forbidden('status.reservedFor', 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'),
      )
  }
  if (allocation === undefined) return errors
  if (old.status.allocation === undefined) errors.push(...allocationErrors(allocation, namesOf(claim.spec?.devices)))
  else if (!sameJson(allocation, old.status.allocation)) errors.push(invalid('status.allocation', allocation, IMMUTABLE))
  return errors
}

interface DeviceId {
  readonly driver: string
  readonly pool: string
  readonly device: string
  readonly shareID?: string
}

function idText({ driver, pool, device, shareID }: DeviceId): string {
  return `${driver}/${pool}/${device}${shareID === undefined ? '' : `/${shareID}`}`
}

function deviceStatusErrors(device: AllocatedDeviceStatus, at: string, allocated: ReadonlySet<string>): FieldError[] {
  const { conditions = [], data, networkData } = device
  const errors = [
    ...driverNameErrors(device.driver ?? '', `${at}.driver`),
    ...poolNameErrors(device.pool, `${at}.pool`),
    ...labelErrors(device.device, `${at}.device`),
    ...(device.shareID === undefined ? [] : uidErrors(device.shareID, `${at}.shareID`)),
  ]
  if (!allocated.has(idText(device))) errors.push(invalid(at, idText(device), 'must be an allocated device in the claim'))
  if (conditions.length > CONDITIONS_MAX) errors.push(tooMany(`${at}.conditions`, conditions.length, CONDITIONS_MAX))
  if (data !== undefined) errors.push(...rawErrors(data, `${at}.data`, RAW_BYTES_MAX))
  return networkData ? [...errors, ...networkErrors(networkData, `${at}.networkData`)] : errors
}

function networkErrors({ interfaceName = '', hardwareAddress = '', ips }: NetworkDeviceData, at: string): FieldError[] {
  return [
    ...(Buffer.byteLength(interfaceName) > INTERFACE_BYTES_MAX ? [tooLong(`${at}.interfaceName`, INTERFACE_BYTES_MAX)] : []),
    ...(Buffer.byteLength(hardwareAddress) > HARDWARE_BYTES_MAX ? [tooLong(`${at}.hardwareAddress`, HARDWARE_BYTES_MAX)] : []),
    ...listErrors(
      ips,
      ADDRESSES_MAX,
      `${at}.ips`,
      (address, path) =>
        isInterfaceAddress(address)
          ? []
          : [invalid(path, address, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)')],
      (address) => address,
    ),
  ]
}

function isInterfaceAddress(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/')
  const family = isIP(address)
  return more.length === 0 && family !== 0 && /^(0|[1-9]\d*)$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
}

function allocationErrors({ devices, nodeSelector }: AllocationResult, names: RequestNames): FieldError[] {
  const at = 'status.allocation'
  return [
    ...listErrors(devices?.results, LIST_MAX, `${at}.devices.results`, (result, path) => [
      ...referenceErrors(result.request ?? '', `${path}.request`, names),
      ...driverNameErrors(result.driver ?? '', `${path}.driver`),
      ...poolNameErrors(result.pool, `${path}.pool`),
      ...labelErrors(result.device, `${path}.device`),
      ...bindingErrors(result.bindingConditions, result.bindingFailureConditions, path),
      ...(result.tolerations ?? []).flatMap((toleration, index) => tolerationErrors(toleration, `${path}.tolerations[${index}]`)),
      ...(result.shareID === undefined ? [] : uidErrors(result.shareID, `${path}.shareID`)),
    ]),
    ...listErrors(devices?.config, 2 * LIST_MAX, `${at}.devices.config`, (config, path) => [
      ...sourceErrors(config.source ?? '', `${path}.source`),
      ...referenceListErrors(config.requests, `${path}.requests`, names),
      ...configurationErrors(config, path),
    ]),
    ...nodeSelectorErrors(nodeSelector?.nodeSelectorTerms, `${at}.nodeSelector`),
  ]
}

function sourceErrors(source: string, path: string): FieldError[] {
  if (source === '') return [required(path)]
  return ['FromClaim', 'FromClass'].includes(source) ? [] : [notSupported(path, source, ['FromClaim', 'FromClass'])]
}

export function requestDefaults({ allocationMode, count }: ExactDeviceRequest): Partial<ExactDeviceRequest> {
  const mode = allocationMode || 'ExactCount'
  return { allocationMode: mode, ...(mode === 'ExactCount' && !count && { count: 1 }) }
}
