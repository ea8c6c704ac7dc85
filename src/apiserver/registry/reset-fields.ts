/** Which fields a path does not write, so that nobody comes to own them by it: upstream's reset fields, by kind and path. */

import { isEmpty, isMember, LEAF, type FieldSet } from '#schema/apply/field-set.ts'
import type { Resource } from '#schema/resource.ts'

export interface ResetFields {
  /** Says of a member of the object, or of its metadata, that this path leaves it alone. */
  readonly skips: (path: string) => boolean
  /** Where a path writes a few fields deep inside only. `*` is any one element. */
  readonly only?: readonly (readonly string[])[]
}

const known = new WeakMap<Resource, Map<string, ResetFields>>()

export function resetFieldsOf(resource: Resource, subresource: string): ResetFields {
  let of = known.get(resource)
  if (of === undefined) known.set(resource, (of = new Map()))
  let found = of.get(subresource)
  if (found === undefined) of.set(subresource, (found = decide(resource, subresource)))
  return found
}

/** What the server keeps by itself is nobody's. */
const SERVER_KEPT: readonly string[] = [
  'apiVersion',
  'kind',
  ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'].map(
    (name) => `metadata.${name}`,
  ),
]

const FEW: Readonly<Record<string, ResetFields['only'] & object>> = {
  'pods/ephemeralcontainers': [['f:spec', 'f:ephemeralContainers']],
  'pods/resize': ['f:containers', 'f:initContainers'].flatMap((list) =>
    ['f:resources', 'f:resizePolicy'].map((name) => ['f:spec', list, '*', name]),
  ),
}

/** Besides status by the main path, and spec by others. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  'pods/status': ['metadata.deletionTimestamp', 'metadata.ownerReferences'],
  'deployments.apps/status': ['metadata.labels'],
  'volumeattachments.storage.k8s.io/status': ['metadata'],
  'customresourcedefinitions.apiextensions.k8s.io/status': ['metadata'],
  'apiservices.apiregistration.k8s.io/status': ['metadata'],
  'flowschemas.flowcontrol.apiserver.k8s.io/status': ['metadata'],
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io/status': ['metadata'],
  'resourceclaims.resource.k8s.io/status': ['metadata'],
  'certificatesigningrequests.certificates.k8s.io': ['spec'],
  'certificatesigningrequests.certificates.k8s.io/status': ['status.conditions'],
  'certificatesigningrequests.certificates.k8s.io/approval': ['spec', 'status.certificate'],
  'namespaces/finalize': ['status'],
}

function decide(resource: Resource, subresource: string): ResetFields {
  const name = `${resource.plural}${resource.group && `.${resource.group}`}${subresource && `/${subresource}`}`
  const more = MORE[name] ?? (resource.type.schema.custom && subresource === 'status' ? ['metadata'] : [])
  const paths = new Set([...SERVER_KEPT, ...more].map((path) => `.${path}`))
  const statusApart = resource.subresources.some((s) => s.name === 'status')
  if (subresource === '' && statusApart) paths.add('.status')
  const only = FEW[name]
  if (subresource !== 'status') return { skips: (path) => paths.has(path), ...(only && { only }) }
  return {
    skips: (path) => {
      if (paths.has(path)) return true
      return path !== '.status' && path !== '.metadata' && !path.startsWith('.status.') && !path.startsWith('.metadata.')
    },
  }
}

/** The fields of `set` that the path writes. */
export function withoutReset(set: FieldSet, { skips, only }: ResetFields): FieldSet {
  const kept: Record<string, FieldSet> = {}
  for (const element in set) {
    const path = `.${element.slice(2)}`
    if (element === '.' || skips(path)) continue
    const node = set[element]!
    if (element !== 'f:metadata' && element !== 'f:status') {
      kept[element] = node
      continue
    }
    const below: Record<string, FieldSet> = {}
    for (const inner in node)
      if (!(inner === '.' && element === 'f:metadata') && !skips(`${path}.${inner.slice(2)}`)) below[inner] = node[inner]!
    if (!isEmpty(below)) kept[element] = below
    else if (isEmpty(node) && element !== 'f:metadata') kept[element] = LEAF
  }
  return only === undefined ? kept : onlyBelow(kept, only)
}

/** Members at the ends of `patterns` and below. */
export function onlyBelow(set: FieldSet, patterns: readonly (readonly string[])[]): FieldSet {
  const kept: Record<string, FieldSet> = {}
  for (const element in set) {
    const rests = patterns.filter(([first]) => first === '*' || first === element).map((pattern) => pattern.slice(1))
    if (rests.length === 0 || element === '.') continue
    const node = set[element]!
    const below = rests.some((rest) => rest.length === 0) ? node : onlyBelow(node, rests)
    if (!isEmpty(below) || (below === node && isMember(node))) kept[element] = below
  }
  return kept
}
