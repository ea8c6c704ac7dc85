/** Which objects a list, watch or collection delete means: label and field selectors of one resource, as one question. */

import type { Registry } from './registry.ts'
import { badRequest } from '#apiserver/endpoints/errors.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import { parseFieldSelector, parseLabelSelector } from '#schema/selector.ts'

export interface Selection {
  readonly everything: boolean
  readonly matches: (object: KubeObject) => boolean
  /** The one name that can match. */
  readonly name?: string
  /** Fields demanded to equal a value. */
  readonly equal: Readonly<Record<string, string>>
}

export const everything: Selection = { everything: true, matches: () => true, equal: {} }

/** Kinds whose field labels upstream converts by hand answer with a text of their own. */
const HAND_WRITTEN = new Set(['', 'events.k8s.io'])

export function selectionOf(resource: Resource, labelSelector: string, fieldSelector: string): Selection {
  if (labelSelector === '' && fieldSelector === '') return everything
  const labels = parsed(() => parseLabelSelector(labelSelector))
  const fields = parsed(() => parseFieldSelector(fieldSelector))
  const getters = new Map<string, (object: KubeObject) => string>()
  const equal: Record<string, string> = {}
  for (const { field, operator, value } of fields.requirements) {
    getters.set(field, getter(resource, field))
    if (operator === '=') equal[field] = value
  }
  const name = equal['metadata.name']
  return {
    everything: labels.everything && fields.requirements.length === 0,
    matches: (object) =>
      (labels.everything || labels.matches(object.metadata.labels ?? {})) &&
      fields.requirements.every(({ field, operator, value }) => (getters.get(field)!(object) === value) === (operator === '=')),
    equal,
    ...(name !== undefined && { name }),
  }
}

/** The cache's index that narrows this selection, if there is one. */
export function indexOf(registry: Registry, selection: Selection) {
  const name = Object.keys(registry.strategy.indexes ?? {}).find((n) => selection.equal[n] !== undefined)
  return name === undefined ? {} : { index: { name, value: selection.equal[name]! } }
}

function getter(resource: Resource, field: string): (object: KubeObject) => string {
  if (field === 'metadata.name') return (object) => object.metadata.name
  if (field === 'metadata.namespace' && resource.scope === 'Namespaced') return (object) => object.metadata.namespace ?? ''
  const declared = Object.hasOwn(resource.selectable, field) ? resource.selectable[field] : undefined
  if (declared) return declared
  if (field === 'metadata.namespace' && !resource.type.schema.custom) return (object) => object.metadata.namespace ?? ''
  throw badRequest(
    resource.type.schema.custom || (HAND_WRITTEN.has(resource.group) && Object.keys(resource.selectable).length > 0)
      ? `field label not supported: ${field}`
      : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
  )
}

function parsed<S>(parse: () => S): S {
  try {
    return parse()
  } catch (error) {
    throw badRequest((error as Error).message)
  }
}
