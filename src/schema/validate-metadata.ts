/** The rules of an object's metadata, on create and on update. */

import { IMMUTABLE, forbidden, invalid, invalidEach, required, tooLong, type FieldError } from './field-error.ts'
import { dns1123Label, labelValue, qualifiedName } from './names.ts'
import type { KubeObject, Resource } from './resource.ts'

export const ANNOTATIONS_BYTES_MAX = 256 * 1024 // all keys and values of one object

type Metadata = KubeObject['metadata']

const PATH = 'metadata'

/** Everything a new object's metadata must be. Finalizers of `custom` kinds may be called anything. */
export function metadataErrors(
  metadata: Metadata,
  resource: Pick<Resource, 'scope' | 'nameProblems'> | undefined,
  custom = false,
): FieldError[] {
  const errors: FieldError[] = []
  const name = metadata.name ?? ''
  if (resource !== undefined) {
    if (metadata.generateName)
      errors.push(...invalidEach('metadata.generateName', metadata.generateName, resource.nameProblems(metadata.generateName, true)))
    if (name === '') errors.push(required('metadata.name', 'name or generateName is required'))
    else errors.push(...invalidEach('metadata.name', name, resource.nameProblems(name, false)))
    errors.push(...namespaceErrors(metadata.namespace ?? '', resource))
  }
  return [...errors, ...commonErrors(metadata, custom)]
}

function namespaceErrors(namespace: string, { scope }: Pick<Resource, 'scope'>): FieldError[] {
  if (scope === 'Cluster') return namespace === '' ? [] : [forbidden('metadata.namespace', 'not allowed on this type')]
  if (namespace === '') return [required('metadata.namespace')]
  return invalidEach('metadata.namespace', namespace, dns1123Label(namespace))
}

function commonErrors(metadata: Metadata, custom: boolean): FieldError[] {
  return [
    ...((metadata.generation ?? 0) < 0 ? [invalid('metadata.generation', metadata.generation, 'must be greater than or equal to 0')] : []),
    ...labelErrors(metadata.labels, 'metadata.labels'),
    ...annotationErrors(metadata.annotations, 'metadata.annotations'),
    ...ownerErrors(metadata.ownerReferences ?? []),
    ...finalizerErrors(metadata.finalizers ?? [], 'metadata.finalizers', custom),
  ]
}

export function labelErrors(labels: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalidEach(path, key, qualifiedName(key)),
    ...invalidEach(path, value, labelValue(value)),
  ])
}

export function annotationErrors(annotations: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(annotations ?? {})) {
    // Annotation keys may have capitals in their prefix.
    errors.push(...invalidEach(path, key, qualifiedName(key.toLowerCase())))
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  return bytes > ANNOTATIONS_BYTES_MAX ? [...errors, tooLong(path, ANNOTATIONS_BYTES_MAX)] : errors
}

function ownerErrors(owners: NonNullable<Metadata['ownerReferences']>): FieldError[] {
  const path = 'metadata.ownerReferences'
  const errors: FieldError[] = []
  let controller: string | undefined
  for (const [index, owner] of owners.entries()) {
    const at = `${path}[${index}]`
    const [group, version] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') : ['', owner.apiVersion]
    if (!version) errors.push(invalid(`${at}.apiVersion`, owner.apiVersion, 'version must not be empty'))
    if (owner.kind === '') errors.push(invalid(`${at}.kind`, owner.kind, 'must not be empty'))
    if (owner.name === '') errors.push(invalid(`${at}.name`, owner.name, 'must not be empty'))
    if (owner.uid === '') errors.push(invalid(`${at}.uid`, owner.uid, 'must not be empty'))
    if (group === '' && owner.kind === 'Event')
      errors.push(invalid(at, owner, `${group}/${version}, Kind=${owner.kind} is disallowed from being an owner`))
    if (owner.controller) {
      const described = `${owner.kind}/${owner.name}`
      if (controller !== undefined)
        errors.push(
          invalid(
            path,
            owners,
            `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${described}`,
          ),
        )
      else controller = described
    }
  }
  return errors
}

const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

export function finalizerErrors(finalizers: readonly string[], path: string, custom = false): FieldError[] {
  const errors: FieldError[] = []
  const unknown: FieldError[] = []
  for (const [index, finalizer] of finalizers.entries()) {
    const at = `${path}[${index}]`
    errors.push(...invalidEach(path.startsWith('metadata') ? path : at, finalizer, qualifiedName(finalizer)))
    if (!custom && !finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer))
      unknown.push(invalid(at, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'))
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    errors.push(invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'))
  return [...errors, ...unknown]
}

const FIXED = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const

/** Everything a changed object's metadata must be, beside what it was. */
export function metadataUpdateErrors(metadata: Metadata, old: Metadata, custom = false): FieldError[] {
  const errors: FieldError[] = []
  if (old.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((f) => !(old.finalizers ?? []).includes(f))
    if (added.length > 0)
      errors.push(
        forbidden(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added
            .toSorted()
            .map((f) => JSON.stringify(f))
            .join(', ')}}`,
        ),
      )
  }
  if ((metadata.generation ?? 0) < (old.generation ?? 0))
    errors.push(invalid('metadata.generation', metadata.generation ?? 0, 'must not be decremented'))
  for (const name of FIXED)
    if ((metadata[name] ?? '') !== (old[name] ?? '')) errors.push(invalid(`${PATH}.${name}`, metadata[name] ?? '', IMMUTABLE))
  return [...errors, ...commonErrors(metadata, custom)]
}
