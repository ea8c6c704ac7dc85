/** The rules of the storage group: classes, drivers, attachments. */

import type { CSIDriver, CSIDriverSpec } from './csi-driver.ts'
import type { CSINode, CSINodeDriver } from './csi-node.ts'
import type { CSIStorageCapacity } from './csi-storage-capacity.ts'
import type { StorageClass } from './storage-class.ts'
import type { VolumeAttachment, VolumeError } from './volume-attachment.ts'
import type { VolumeAttributesClass } from './volume-attributes-class.ts'
import { driverNameErrors, volumeSpecErrors } from '#api/core/v1/persistent-volume-rules.ts'
import type { TopologySelectorTerm } from '#api/core/v1/topology-selector-term.ts'
import {
  IMMUTABLE,
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  notSupported,
  required,
  tooLong,
  type FieldError,
} from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { dns1123Subdomain, qualifiedName } from '#schema/names.ts'
import { compareQuantity } from '#schema/quantity.ts'

const PARAMETERS_MAX = 512
const PARAMETERS_BYTES_MAX = 256 * 1024 // all keys and values together
const ATTACHMENT_BYTES_MAX = 256 * 1024
const ERROR_MESSAGE_BYTES_MAX = 1024
const NODE_ID_BYTES_MAX = 256 // what the CSI specification allows
const TOKEN_SECONDS_MIN = 600
const TOKEN_SECONDS_MAX = 2 ** 32
const UPDATE_SECONDS_MIN = 10

export function storageClassErrors(storageClass: StorageClass): FieldError[] {
  const errors = storageClass.provisioner
    ? invalidEach('provisioner', storageClass.provisioner.toLowerCase(), qualifiedName(storageClass.provisioner.toLowerCase()))
    : []
  errors.push(...parameterErrors(storageClass.parameters, true))
  const { reclaimPolicy, volumeBindingMode } = storageClass
  if (reclaimPolicy && !['Delete', 'Retain'].includes(reclaimPolicy))
    errors.push(notSupported('reclaimPolicy', reclaimPolicy, ['Delete', 'Retain']))
  const modes = ['Immediate', 'WaitForFirstConsumer']
  if (volumeBindingMode !== undefined && !modes.includes(volumeBindingMode))
    errors.push(notSupported('volumeBindingMode', volumeBindingMode, modes))
  return [...errors, ...topologyErrors(storageClass.allowedTopologies ?? [])]
}

export function storageClassUpdateErrors(storageClass: StorageClass, old: StorageClass): FieldError[] {
  const errors: FieldError[] = []
  if (!sameJson(storageClass.parameters ?? {}, old.parameters ?? {}))
    errors.push(forbidden('parameters', 'updates to parameters are forbidden.'))
  if (storageClass.provisioner !== old.provisioner) errors.push(forbidden('provisioner', 'updates to provisioner are forbidden.'))
  if (storageClass.reclaimPolicy !== old.reclaimPolicy) errors.push(forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'))
  if (storageClass.volumeBindingMode !== old.volumeBindingMode)
    errors.push(invalid('volumeBindingMode', storageClass.volumeBindingMode, IMMUTABLE))
  return errors
}

function parameterErrors(parameters: Readonly<Record<string, string>> | undefined, mayBeEmpty: boolean): FieldError[] {
  const entries = Object.entries(parameters ?? {})
  if (entries.length > PARAMETERS_MAX) return [tooLong('parameters', PARAMETERS_MAX)]
  const errors = entries.filter(([key]) => key === '').map(([key]) => invalid('parameters', key, 'field can not be empty.'))
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  if (bytes > PARAMETERS_BYTES_MAX) errors.push(tooLong('parameters', PARAMETERS_BYTES_MAX))
  if (!mayBeEmpty && entries.length === 0) errors.push(required('parameters', 'must contain at least one key/value pair'))
  return errors
}

/** Missing keys and values are the declaration's to blame. */
function topologyErrors(terms: readonly TopologySelectorTerm[]): FieldError[] {
  const errors: FieldError[] = []
  // Upstream compares each term with as many empty ones as there are terms, and so finds an empty one that often.
  const seen: Record<string, readonly string[]>[] = terms.map(() => ({}))
  for (const [index, term] of terms.entries()) {
    const at = `allowedTopologies[${index}].matchLabelExpressions`
    const demands: Record<string, readonly string[]> = {}
    for (const [i, { key = '', values = [] }] of (term.matchLabelExpressions ?? []).entries()) {
      for (const [j, value] of values.entries()) if (values.indexOf(value) < j) errors.push(duplicate(`${at}[${i}].values[${j}]`, value))
      if (key !== '') errors.push(...invalidEach(`${at}[${i}].key`, key, qualifiedName(key)))
      if (Object.hasOwn(demands, key)) errors.push(duplicate(`${at}[${i}].key`, key))
      demands[key] = [...new Set(values)].toSorted()
    }
    for (const other of seen) if (sameJson(demands, other)) errors.push(duplicate(at, ''))
    seen.push(demands)
  }
  return errors
}

export function attributesClassErrors({ driverName, parameters }: VolumeAttributesClass): FieldError[] {
  const driver = driverName ? invalidEach('driverName', driverName.toLowerCase(), qualifiedName(driverName.toLowerCase())) : []
  return [...driver, ...parameterErrors(parameters, false)]
}

export function attributesClassUpdateErrors(now: VolumeAttributesClass, old: VolumeAttributesClass): FieldError[] {
  const errors: FieldError[] = []
  if (now.driverName !== old.driverName) errors.push(forbidden('driverName', 'updates to driverName are forbidden.'))
  if (!sameJson(now.parameters ?? {}, old.parameters ?? {})) errors.push(forbidden('parameters', 'updates to parameters are forbidden.'))
  return errors
}

export function attachmentErrors({ spec }: VolumeAttachment): FieldError[] {
  if (!spec) return []
  const errors = driverNameErrors(spec.attacher ?? '', 'spec.attacher')
  const { persistentVolumeName, inlineVolumeSpec } = spec.source ?? {}
  const one = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'
  if (persistentVolumeName === undefined && inlineVolumeSpec === undefined) errors.push(required('spec.source', one))
  else if (persistentVolumeName !== undefined && inlineVolumeSpec !== undefined) errors.push(forbidden('spec.source', one))
  else if (persistentVolumeName === '')
    errors.push(required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName'))
  else if (inlineVolumeSpec !== undefined) errors.push(...volumeSpecErrors(inlineVolumeSpec, 'spec.source.inlineVolumeSpec', true))
  errors.push(...invalidEach('spec.nodeName', spec.nodeName ?? '', dns1123Subdomain(spec.nodeName ?? '')))
  if (persistentVolumeName !== undefined)
    errors.push(...invalidEach('spec.source.persistentVolumeName', persistentVolumeName, dns1123Subdomain(persistentVolumeName)))
  return errors
}

export function attachmentUpdateErrors(now: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  const { attachmentMetadata = {}, attachError, detachError } = now.status
  const bytes = Object.entries(attachmentMetadata).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  return [
    ...(bytes > ATTACHMENT_BYTES_MAX ? [tooLong('status.attachmentMetadata', ATTACHMENT_BYTES_MAX)] : []),
    ...volumeErrorErrors(attachError, 'status.attachError'),
    ...volumeErrorErrors(detachError, 'status.detachError'),
    ...(sameJson(now.spec, old.spec) ? [] : [invalid('spec', now.spec, IMMUTABLE)]),
  ]
}

function volumeErrorErrors(error: VolumeError | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  // The bound that upstream names is not the one it checks.
  if (Buffer.byteLength(error?.message ?? '') > ERROR_MESSAGE_BYTES_MAX) errors.push(tooLong(`${path}.message`, ATTACHMENT_BYTES_MAX))
  if ((error?.errorCode ?? 0) < 0)
    errors.push(invalid(`${path}.errorCode`, error!.errorCode, 'must be between 0 and 2147483647, inclusive'))
  return errors
}

export function driverDefaults(spec: CSIDriverSpec): Partial<CSIDriverSpec> {
  return {
    attachRequired: spec.attachRequired ?? true,
    podInfoOnMount: spec.podInfoOnMount ?? false,
    storageCapacity: spec.storageCapacity ?? false,
    fsGroupPolicy: spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType',
    volumeLifecycleModes: spec.volumeLifecycleModes?.length ? spec.volumeLifecycleModes : ['Persistent'],
    requiresRepublish: spec.requiresRepublish ?? false,
    seLinuxMount: spec.seLinuxMount ?? false,
  }
}

const GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType']
const LIFECYCLES = ['Persistent', 'Ephemeral']

export function driverErrors({ spec }: CSIDriver): FieldError[] {
  if (!spec) return []
  const errors: FieldError[] = []
  if (spec.fsGroupPolicy !== undefined && !GROUP_POLICIES.includes(spec.fsGroupPolicy))
    errors.push(notSupported('spec.fsGroupPolicy', spec.fsGroupPolicy, GROUP_POLICIES))
  const audiences = new Set<string>()
  for (const [index, { audience = '', expirationSeconds }] of (spec.tokenRequests ?? []).entries()) {
    const at = `spec.tokenRequests[${index}]`
    if (audiences.has(audience)) {
      errors.push(duplicate(`${at}.audience`, audience))
      continue
    }
    audiences.add(audience)
    if (expirationSeconds === undefined) continue
    if (expirationSeconds < TOKEN_SECONDS_MIN)
      errors.push(invalid(`${at}.expirationSeconds`, expirationSeconds, 'may not specify a duration less than 10 minutes'))
    if (expirationSeconds > TOKEN_SECONDS_MAX)
      errors.push(invalid(`${at}.expirationSeconds`, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'))
  }
  for (const mode of spec.volumeLifecycleModes ?? [])
    if (!LIFECYCLES.includes(mode)) errors.push(notSupported('spec.volumeLifecycleModes', mode, LIFECYCLES))
  const seconds = spec.nodeAllocatableUpdatePeriodSeconds
  if (seconds !== undefined && seconds < UPDATE_SECONDS_MIN)
    errors.push(invalid('spec.nodeAllocatableUpdatePeriodSeconds', seconds, 'must be greater than or equal to 10 seconds'))
  return errors
}

export function driverUpdateErrors({ spec }: CSIDriver, old: CSIDriver): FieldError[] {
  if (!spec || !old.spec) return []
  const errors: FieldError[] = []
  // Upstream misspells the path.
  if (spec.attachRequired !== old.spec.attachRequired) errors.push(invalid('spec.attachedRequired', spec.attachRequired, IMMUTABLE))
  if (!sameJson(spec.volumeLifecycleModes ?? [], old.spec.volumeLifecycleModes ?? []))
    errors.push(invalid('spec.volumeLifecycleModes', spec.volumeLifecycleModes, IMMUTABLE))
  return errors
}

export function nodeErrors({ spec }: CSINode): FieldError[] {
  const names = new Set<string>()
  return (spec?.drivers ?? []).flatMap((driver, index) => nodeDriverErrors(driver, `spec.drivers[${index}]`, names))
}

function nodeDriverErrors({ name = '', nodeID = '', allocatable, topologyKeys = [] }: CSINodeDriver, at: string, names: Set<string>) {
  // A missing name or id is the declaration's to blame.
  const errors = name === '' ? [] : driverNameErrors(name, `${at}.name`)
  if (Buffer.byteLength(nodeID) > NODE_ID_BYTES_MAX)
    errors.push(invalid(`${at}.nodeID`, nodeID, `must be ${NODE_ID_BYTES_MAX} characters or less`))
  if ((allocatable?.count ?? 0) < 0)
    errors.push(invalid(`${at}.allocatable.count`, allocatable!.count, 'must be greater than or equal to 0'))
  if (names.has(name)) errors.push(duplicate(`${at}.name`, name))
  names.add(name)
  for (const [index, key] of topologyKeys.entries()) {
    if (key === '') errors.push(required(at))
    if (topologyKeys.indexOf(key) < index) errors.push(duplicate(at, key))
    errors.push(...invalidEach(at, key, qualifiedName(key)))
  }
  return errors
}

/** A driver on a node stays as it is until it is removed, but for how many volumes it takes. */
export function nodeUpdateErrors({ spec }: CSINode, old: CSINode): FieldError[] {
  const fixed = ({ name, nodeID, topologyKeys }: CSINodeDriver) => ({ name, nodeID, ...(topologyKeys && { topologyKeys }) })
  return (old.spec?.drivers ?? []).flatMap((before) =>
    (spec?.drivers ?? [])
      .filter((now) => now.name === before.name && !sameJson(fixed(now), fixed(before)))
      .map((now) => invalid('spec.drivers', fixed(now), IMMUTABLE)),
  )
}

export function capacityErrors({ storageClassName = '', capacity }: CSIStorageCapacity): FieldError[] {
  return [
    ...invalidEach('storageClassName', storageClassName, dns1123Subdomain(storageClassName)),
    ...(capacity !== undefined && compareQuantity(capacity, '0') < 0
      ? [invalid('capacity', capacity, 'must be greater than or equal to 0')]
      : []),
  ]
}
