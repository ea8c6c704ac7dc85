/** Holds objects inside objects to the rules of apiVersion, kind and metadata. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { decode, DecodeError } from '#schema/decode.ts'
import { FieldError, invalid, required } from '#schema/field-error.ts'
import { dns1035Label, pathSegment } from '#schema/names.ts'
import type { KubeObject } from '#schema/resource.ts'
import { metadataErrors } from '#schema/validate-metadata.ts'
import { additionalOf, asObject, inOrder, itemsOf, leadsToObjects, memberPath, propertyOf, type Json } from './structure.ts'

export function embeddedErrors(schema: JsonSchema | undefined, value: unknown, path = ''): FieldError[] {
  if (schema === undefined || !leadsToObjects(schema)) return []
  if (Array.isArray(value)) {
    const items = itemsOf(schema)
    return items === undefined ? [] : value.flatMap((item, index) => embeddedErrors(items, item, `${path}[${index}]`))
  }
  const object = asObject(value)
  if (object === undefined) return []
  const more = additionalOf(schema)
  const below = Object.entries(object).flatMap(([name, member]) => {
    const property = propertyOf(schema, name)
    if (property !== undefined) return embeddedErrors(property, member, memberPath(path, name))
    return more === undefined ? [] : embeddedErrors(more, member, `${path}[${name}]`)
  })
  return schema['x-kubernetes-embedded-resource'] ? [...objectErrors(object, path), ...below] : below
}

function objectErrors(object: Json, path: string): FieldError[] {
  const { apiVersion, kind } = object
  return [
    ...textErrors(memberPath(path, 'apiVersion'), apiVersion, (text) =>
      text.split('/').length > 2 ? `unexpected GroupVersion string: ${text}` : undefined,
    ),
    ...textErrors(memberPath(path, 'kind'), kind, (text) => {
      const problems = dns1035Label(text.toLowerCase())
      return problems.length === 0 ? undefined : `may have mixed case, but should otherwise match: ${problems.join(',')}`
    }),
    ...(Object.hasOwn(object, 'metadata') ? metaErrors(object['metadata'], memberPath(path, 'metadata')) : []),
  ]
}

function textErrors(path: string, value: unknown, problem: (text: string) => string | undefined): FieldError[] {
  if (value === undefined || value === '') return [required(path)]
  if (typeof value !== 'string') return [invalid(path, inOrder(value), 'must be a string')]
  const said = problem(value)
  return said === undefined ? [] : [invalid(path, value, said)]
}

/** A name may be missing: nobody says what becomes of the object. */
function metaErrors(value: unknown, path: string): FieldError[] {
  let metadata: KubeObject['metadata']
  try {
    metadata = decode(ObjectMeta.schema, value).value as unknown as KubeObject['metadata']
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return [invalid(path, inOrder(value), error.message)]
  }
  const named = metadata.name ? metadata : { ...metadata, name: 'unnamed' }
  const scope = metadata.namespace ? 'Namespaced' : 'Cluster'
  const errors = metadataErrors(named, { scope, nameProblems: pathSegment }, true)
  return errors.map(({ type, field, value: shown, detail }) => new FieldError(type, path + field.slice('metadata'.length), shown, detail))
}
