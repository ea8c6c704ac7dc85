/** The rules of environment variables: their names, where values come from, and what of a pod they may show. */

import type { EnvFromSource, EnvVar, EnvVarSource, FileKeySelector } from './container.ts'
import { noBackstep } from './path-rules.ts'
import type { ObjectFieldSelector, ResourceFieldSelector, Volume } from './volume.ts'
import { invalid, invalidEach, notFound, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { configKey, dns1123Label, dns1123Subdomain, environmentVariableName, maskTrailingDash, qualifiedName } from '#schema/names.ts'
import { canonicalQuantity, compareQuantity } from '#schema/quantity.ts'

const ENVIRONMENT_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
/** Every field path of a pod that the downward API knows, wherever it may be used. */
const KNOWN_FIELDS = new Set([
  ...ENVIRONMENT_FIELDS,
  'metadata.annotations',
  'metadata.labels',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
])
const CONTAINER_RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]
const HUGE_PAGES = /^(limits|requests)\.hugepages-/
const BYTE_UNITS = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei'
const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const

export function environmentErrors(variables: readonly EnvVar[], path: string): FieldError[] {
  return variables.flatMap((variable, index) => {
    const at = `${path}[${index}]`
    const errors = variable.name ? invalidEach(`${at}.name`, variable.name, environmentVariableName(variable.name)) : []
    return variable.valueFrom ? [...errors, ...sourceErrors(variable.valueFrom, variable.value ?? '', `${at}.valueFrom`)] : errors
  })
}

function sourceErrors(source: EnvVarSource, value: string, path: string): FieldError[] {
  const { fieldRef, resourceFieldRef, fileKeyRef } = source
  const errors: FieldError[] = []
  if (fieldRef) errors.push(...fieldRefErrors(fieldRef, `${path}.fieldRef`, ENVIRONMENT_FIELDS))
  if (resourceFieldRef) errors.push(...resourceRefErrors(resourceFieldRef, `${path}.resourceFieldRef`))
  for (const kind of ['configMapKeyRef', 'secretKeyRef'] as const) {
    const ref = source[kind]
    if (ref === undefined) continue
    errors.push(...invalidEach(`${path}.${kind}.name`, ref.name ?? '', dns1123Subdomain(ref.name ?? '')))
    if (ref.key) errors.push(...invalidEach(`${path}.${kind}.key`, ref.key, configKey(ref.key)))
  }
  if (fileKeyRef) errors.push(...fileKeyErrors(fileKeyRef, `${path}.fileKeyRef`))
  const given = SOURCES.filter((member) => source[member] !== undefined).length
  if (given === 0)
    errors.push(invalid(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'))
  else if (value !== '') errors.push(invalid(path, '', 'may not be specified when `value` is not empty'))
  else if (given > 1) errors.push(invalid(path, '', 'may not have more than one field specified at a time'))
  return errors
}

function fileKeyErrors(ref: FileKeySelector, path: string): FieldError[] {
  return [
    ...(ref.key ? invalidEach(`${path}.key`, ref.key, environmentVariableName(ref.key)) : []),
    ...(ref.volumeName ? invalidEach(`${path}.volumeName`, ref.volumeName, dns1123Label(ref.volumeName)) : []),
    ...(ref.path ? noBackstep(ref.path, `${path}.path`) : []),
  ]
}

/** Files with variables are written by other containers of the pod, so they lie in an empty directory. */
export function fileVolumeErrors(variables: readonly EnvVar[], path: string, volumes: readonly Volume[]): FieldError[] {
  return variables.flatMap(({ valueFrom }, index) => {
    const name = valueFrom?.fileKeyRef?.volumeName
    if (name === undefined) return []
    const at = `${path}[${index}].valueFrom.fileKeyRef.volumeName`
    const volume = volumes.find((v) => v.name === name)
    if (volume === undefined) return [notFound(at, name)]
    return volume.emptyDir ? [] : [invalid(at, name, 'referenced volume must be of type emptyDir')]
  })
}

/** A downward API field: one of the plain ones, or a label or annotation by its key. */
export function fieldRefErrors({ apiVersion, fieldPath }: ObjectFieldSelector, path: string, supported: readonly string[]): FieldError[] {
  if (!fieldPath) return []
  const unknown = (why: string) => [invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${why}`)]
  if (apiVersion !== undefined && apiVersion !== 'v1') return unknown(`unsupported pod version: ${apiVersion}`)
  const [, base = fieldPath, key] = /^([^[]+)\['(.*)'\]$/s.exec(fieldPath) ?? []
  if (key === undefined) {
    if (!KNOWN_FIELDS.has(fieldPath)) return unknown(`field label not supported: ${fieldPath}`)
    return supported.includes(fieldPath) ? [] : [notSupported(`${path}.fieldPath`, fieldPath, supported.toSorted())]
  }
  if (base === 'metadata.labels') return invalidEach(path, key, qualifiedName(key))
  if (base === 'metadata.annotations') return invalidEach(path, key.toLowerCase(), qualifiedName(key.toLowerCase()))
  return unknown(`field label does not support subscript: ${fieldPath}`)
}

/** A request or limit of a container; in volumes the container has to be named. */
export function resourceRefErrors(ref: ResourceFieldSelector, path: string, place: 'environment' | 'volume' = 'environment'): FieldError[] {
  const { resource, divisor } = ref
  const errors: FieldError[] = []
  if (place === 'volume' && !ref.containerName) errors.push(required(`${path}.containerName`))
  else if (resource && !CONTAINER_RESOURCES.includes(resource) && !HUGE_PAGES.test(resource))
    errors.push(notSupported(`${path}.resource`, resource, CONTAINER_RESOURCES))
  if (divisor === undefined || compareQuantity(divisor, '0') === 0) return errors
  const wanted = divisorsOf(resource ?? '')
  const canonical = canonicalQuantity(divisor)
  if (wanted && !wanted.units.split(/, | and /).includes(canonical))
    errors.push(invalid(`${path}.divisor`, resource, `only divisor's values ${wanted.units} are supported with the ${wanted.of} resource`))
  return errors
}

function divisorsOf(resource: string): { readonly of: string; readonly units: string } | undefined {
  if (HUGE_PAGES.test(resource)) return { of: 'hugepages', units: BYTE_UNITS }
  switch (resource.slice(resource.indexOf('.') + 1)) {
    case 'cpu':
      return { of: 'cpu', units: '1m and 1' }
    case 'memory':
      return { of: 'memory', units: BYTE_UNITS }
    case 'ephemeral-storage':
      return { of: 'local ephemeral storage', units: BYTE_UNITS }
    default:
      return undefined
  }
}

/** How many sources there are is blamed on the whole list. */
export function environmentSourceErrors(sources: readonly EnvFromSource[], path: string): FieldError[] {
  return sources.flatMap((source, index) => {
    const at = `${path}[${index}]`
    const errors = source.prefix ? invalidEach(`${at}.prefix`, source.prefix, environmentVariableName(source.prefix)) : []
    let given = 0
    for (const kind of ['configMapRef', 'secretRef'] as const) {
      const name = source[kind] && (source[kind].name ?? '')
      if (name === undefined) continue
      given++
      errors.push(
        ...(name === ''
          ? [required(`${at}.${kind}.name`)]
          : invalidEach(`${at}.${kind}.name`, name, dns1123Subdomain(maskTrailingDash(name)))),
      )
    }
    if (given === 0) errors.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    if (given > 1) errors.push(invalid(path, '', 'may not have more than one field specified at a time'))
    return errors
  })
}
