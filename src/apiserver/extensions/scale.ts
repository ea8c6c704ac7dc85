/** The scale of a custom resource: the numbers lie where its definition says. */

import { memberAt, simplePath } from './json-path.ts'
import type { CustomResourceSubresourceScale } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { Scale } from '#api/autoscaling/v1/scale.ts'
import { internalError } from '#apiserver/endpoints/errors.ts'
import type { Facet, Stored, Strategy } from '#apiserver/registry/strategy.ts'
import { withGeneration } from '#apiserver/registry/update.ts'
import { invalid, type FieldError } from '#schema/field-error.ts'

type Json = Readonly<Record<string, unknown>>

const INT32_MAX = 2 ** 31 - 1

export function scaleFacet(paths: CustomResourceSubresourceScale, strategy: Strategy): Facet {
  const wanted = simplePath(paths.specReplicasPath)
  const present = simplePath(paths.statusReplicasPath)
  const selectorPath = paths.labelSelectorPath ? simplePath(paths.labelSelectorPath) : undefined
  const show = (stored: Stored): Scale => {
    const { name, namespace, uid, resourceVersion, creationTimestamp } = stored.metadata
    const replicas = memberAt(stored, wanted)
    const selector = selectorPath && memberAt(stored, selectorPath)
    const count = memberAt(stored, present)
    return {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name, ...(namespace !== undefined && { namespace }), uid, resourceVersion, creationTimestamp },
      spec: { ...(typeof replicas === 'number' && replicas !== 0 && { replicas }) },
      status: { replicas: typeof count === 'number' ? count : 0, ...(typeof selector === 'string' && selector !== '' && { selector }) },
    }
  }
  return {
    subresource: 'scale',
    read: show,
    demand(stored) {
      if (memberAt(stored, wanted) === undefined)
        throw internalError(new Error(`the spec replicas field ${JSON.stringify(paths.specReplicasPath)} does not exist`))
    },
    write(next, old) {
      const replicas = (next as Scale).spec?.replicas ?? 0
      return withGeneration(withMemberAt(old as unknown as Json, wanted, replicas) as unknown as Stored, old, strategy)
    },
    part(sent, base) {
      const replicas = memberAt(sent, ['spec', 'replicas'])
      return replicas === undefined ? base : (withMemberAt(base as Json, wanted, replicas) as object)
    },
  }
}

function withMemberAt(object: Json, [name, ...rest]: readonly string[], value: unknown): Json {
  if (name === undefined) return object
  const inner = object[name]
  const below = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as Json) : {}
  return { ...object, [name]: rest.length === 0 ? value : withMemberAt(below, rest, value) }
}

/** What is wrong with the numbers that a scale would show. */
export function scaleErrors(
  { specReplicasPath, statusReplicasPath, labelSelectorPath }: CustomResourceSubresourceScale,
  object: Json,
  subresource: string,
  statusApart: boolean,
): readonly FieldError[] {
  const spec = subresource === 'status' ? [] : countErrors(object, specReplicasPath)
  if (subresource !== 'status' && statusApart) return spec
  return [
    ...spec,
    ...countErrors(object, statusReplicasPath),
    ...(labelSelectorPath ? typeErrors(object, labelSelectorPath, 'string', '') : []),
  ]
}

function countErrors(object: Json, path: string): readonly FieldError[] {
  const wrong = typeErrors(object, path, 'number', 0)
  if (wrong.length > 0) return wrong
  const count = (memberAt(object, simplePath(path)) ?? 0) as number
  if (count < 0) return [invalid(path, count, 'should be a non-negative integer')]
  return count > INT32_MAX ? [invalid(path, count, `should be less than or equal to ${INT32_MAX}`)] : []
}

/** As upstream's accessors complain: the first thing on the way that is of another type. */
function typeErrors(object: Json, path: string, type: 'number' | 'string', zero: unknown): readonly FieldError[] {
  const names = simplePath(path)
  const said = `.${names.join('.')}`
  const blame = (found: unknown, expected: string) => [
    invalid(path, zero, `${said} accessor error: ${goText(found)} is of the type ${goType(found)}, expected ${expected}`),
  ]
  let found: unknown = object
  for (const name of names) {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return blame(found, 'map[string]interface{}')
    if (!Object.hasOwn(found, name)) return []
    found = (found as Json)[name]
  }
  if (typeof found === type && !(type === 'number' && !Number.isInteger(found))) return []
  return blame(found, type === 'number' ? 'int64' : 'string')
}

function goText(value: unknown): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (typeof value !== 'object') return String(value as string | number | boolean)
  return `map[${Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${key}:${goText(member)}`)
    .join(' ')}]`
}

function goType(value: unknown): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'object') return 'map[string]interface {}'
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int64' : 'float64') : typeof value === 'boolean' ? 'bool' : 'string'
}
