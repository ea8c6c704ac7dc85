/** The rules of claims: what they ask for, the two spellings of their data source, and the little that may change. */

import { accessModeErrors, CLASS_ANNOTATION, VOLUME_MODES } from './access-modes.ts'
import { positiveErrors } from './persistent-volume-rules.ts'
import type { PersistentVolumeClaim } from './persistent-volume-claim.ts'
import { difference } from './pod-update-rules.ts'
import type { PersistentVolumeClaimSpec } from './volume.ts'
import { IMMUTABLE, forbidden, invalid, invalidEach, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { dns1123Label, dns1123Subdomain, qualifiedName } from '#schema/names.ts'
import { compareQuantity, milliValue } from '#schema/quantity.ts'

const SNAPSHOTS = 'snapshot.storage.k8s.io'
const RESIZE_STATES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
].toSorted()

/**
 * `dataSource` and `dataSourceRef` say the same in two ways. What the older one could never say is dropped from a claim
 * that has no source yet; of a new claim, each is filled in from the other.
 */
export function withDataSources<C extends PersistentVolumeClaim>(claim: C, old?: C): C {
  const { dataSource, dataSourceRef } = claim.spec
  const had = old !== undefined && (old.spec.dataSource !== undefined || old.spec.dataSourceRef !== undefined)
  if (dataSource !== undefined && dataSourceRef === undefined) {
    if (!had && !isClassicSource(dataSource)) {
      const { dataSource: _, ...spec } = claim.spec
      return { ...claim, spec }
    }
    return { ...claim, spec: { ...claim.spec, dataSourceRef: dataSource } }
  }
  if (dataSource === undefined && dataSourceRef !== undefined && !dataSourceRef.namespace) {
    const { namespace: _, ...same } = dataSourceRef
    return { ...claim, spec: { ...claim.spec, dataSource: same } }
  }
  return claim
}

function isClassicSource({ apiGroup = '', kind }: NonNullable<PersistentVolumeClaimSpec['dataSource']>): boolean {
  return (kind === 'PersistentVolumeClaim' && apiGroup === '') || (kind === 'VolumeSnapshot' && apiGroup === SNAPSHOTS)
}

export function claimErrors({ spec }: PersistentVolumeClaim): FieldError[] {
  return spec ? claimSpecErrors(spec, 'spec') : []
}

/** Of a claim, or of a pod's template for one. */
export function claimSpecErrors(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const at = (member: string) => `${path}.${member}`
  const modes = spec.accessModes ?? []
  const errors = modes.length === 0 ? [required(at('accessModes'), 'at least 1 access mode is required')] : []
  errors.push(...accessModeErrors(modes, at('accessModes')))
  const storage = spec.resources?.requests?.['storage']
  // The member is left out of the path upstream, so here too.
  if (storage === undefined) errors.push(required(`${at('resources')}[storage]`))
  else errors.push(...positiveErrors(storage, `${at('resources')}[storage]`))
  if (spec.storageClassName)
    errors.push(...invalidEach(at('storageClassName'), spec.storageClassName, dns1123Subdomain(spec.storageClassName)))
  if (spec.volumeMode !== undefined && !VOLUME_MODES.includes(spec.volumeMode))
    errors.push(notSupported(at('volumeMode'), spec.volumeMode, VOLUME_MODES))
  const { dataSource, dataSourceRef } = spec
  if (dataSource) errors.push(...sourceErrors(dataSource, at('dataSource')))
  if (dataSourceRef) {
    errors.push(...sourceErrors(dataSourceRef, at('dataSourceRef')))
    if (dataSourceRef.namespace) {
      errors.push(...invalidEach(`${at('dataSourceRef')}.namespace`, dataSourceRef.namespace, dns1123Label(dataSourceRef.namespace)))
      if (dataSource) errors.push(invalid(path, {}, 'may not be specified when dataSourceRef.namespace is specified'))
    } else if (!sameSource(dataSource, dataSourceRef)) errors.push(invalid(path, {}, 'must match dataSourceRef'))
  }
  const { volumeAttributesClassName: attributes } = spec
  if (attributes) errors.push(...invalidEach(at('volumeAttributesClassName'), attributes, dns1123Subdomain(attributes)))
  return errors
}

type Source = Partial<NonNullable<PersistentVolumeClaimSpec['dataSource']>>

/** A missing kind or name is the declaration's to blame. */
function sourceErrors({ apiGroup = '', kind }: Source, path: string): FieldError[] {
  if (apiGroup === '')
    return kind === 'PersistentVolumeClaim'
      ? []
      : [invalid(path, kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup")]
  return invalidEach(path, apiGroup, dns1123Subdomain(apiGroup))
}

function sameSource(a: Source | undefined, b: Source): boolean {
  return a !== undefined && a.apiGroup === b.apiGroup && a.kind === b.kind && a.name === b.name
}

export function claimUpdateErrors(claim: PersistentVolumeClaim, old: PersistentVolumeClaim, subresource: string | undefined): FieldError[] {
  if (subresource === 'status') return statusErrors(claim.status)
  const errors: FieldError[] = []
  const before = { ...old.spec, volumeName: old.spec.volumeName || claim.spec.volumeName }
  let now = { ...claim.spec, volumeAttributesClassName: old.spec.volumeAttributesClassName }
  const annotated = [claim, old].map((c) => c.metadata.annotations?.[CLASS_ANNOTATION])
  if (movedToField(claim, old)) now = { ...now, storageClassName: old.spec.storageClassName }
  else {
    if (annotated[0] !== annotated[1]) errors.push(invalid('metadata.annotations', annotated[0] ?? '', IMMUTABLE))
    // A claim of before there was a default class may still get one.
    if (old.spec.storageClassName === undefined && annotated[1] === undefined && claim.spec.storageClassName !== undefined)
      now = { ...now, storageClassName: undefined }
  }
  const requests = now.resources?.requests
  const [size, oldSize] = [requests?.['storage'], old.spec.resources?.requests?.['storage']]
  if (claim.status.phase === 'Bound' && requests !== undefined && oldSize !== undefined)
    now = { ...now, resources: { ...now.resources, requests: { ...requests, storage: oldSize } } }
  if (!sameJson(present(now), present(before)))
    errors.push(
      forbidden(
        'spec',
        `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${difference(present(before), present(now))}`,
      ),
    )
  const capacity = old.status.capacity?.['storage'] ?? '0'
  if (size !== undefined && oldSize !== undefined && compareQuantity(size, oldSize) < 0 && compareQuantity(size, capacity) <= 0)
    errors.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'))
  if (claim.spec.volumeMode !== old.spec.volumeMode) errors.push(invalid('volumeMode', claim.spec.volumeMode, IMMUTABLE))
  const { volumeAttributesClassName: attributes } = claim.spec
  if (attributes !== old.spec.volumeAttributesClassName && old.status.currentVolumeAttributesClassName !== undefined) {
    const path = 'spec.volumeAttributesClassName'
    if (attributes === undefined) errors.push(forbidden(path, 'update from non-nil value to nil is forbidden'))
    else if (attributes === '') errors.push(forbidden(path, 'update from non-nil value to an empty string is forbidden'))
  }
  return errors
}

/** The class may move from its old annotation to its field, unchanged. */
function movedToField(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const before = old.metadata.annotations?.[CLASS_ANNOTATION]
  const now = claim.metadata.annotations?.[CLASS_ANNOTATION]
  return (
    before !== undefined &&
    (now === undefined || now === before) &&
    old.spec.storageClassName === undefined &&
    claim.spec.storageClassName === before
  )
}

function present(spec: object): object {
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined))
}

function statusErrors({ capacity, allocatedResources, allocatedResourceStatuses }: PersistentVolumeClaim['status']): FieldError[] {
  const errors: FieldError[] = []
  for (const [name, amount] of Object.entries(capacity ?? {}))
    if (compareQuantity(amount, '0') < 0) errors.push(invalid(`status.capacity[${name}]`, amount, 'must be a valid resource quantity'))
  for (const [name, state] of Object.entries(allocatedResourceStatuses ?? {})) {
    const path = `status.allocatedResourceStatus[${name}]`
    errors.push(...claimResourceErrors(name, path))
    if (!RESIZE_STATES.includes(state)) errors.push(notSupported(path, state, RESIZE_STATES))
  }
  for (const [name, amount] of Object.entries(allocatedResources ?? {})) {
    const path = `status.allocatedResources[${name}]`
    errors.push(...claimResourceErrors(name, path))
    if (compareQuantity(amount, '0') < 0) errors.push(invalid(path, amount, 'must be a valid resource quantity'))
  }
  return errors
}

function claimResourceErrors(name: string, path: string): FieldError[] {
  if (name === 'storage') return []
  const problems = qualifiedName(name)
  if (problems.length > 0) return invalidEach(path, name, problems)
  return name.includes('/') ? [] : [notSupported(path, name, ['storage'])]
}

export function claimWarnings(claim: PersistentVolumeClaim): string[] {
  const warnings: string[] = []
  if (Object.hasOwn(claim.metadata.annotations ?? {}, CLASS_ANNOTATION))
    warnings.push(`metadata.annotations[${CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`)
  for (const member of ['requests', 'limits'] as const) {
    const storage = claim.spec.resources?.[member]?.['storage']
    if (storage !== undefined && milliValue(storage) % 1000 !== 0)
      warnings.push(`spec.resources.${member}[storage]: fractional byte value "${storage}" is invalid, must be an integer`)
  }
  return warnings
}
