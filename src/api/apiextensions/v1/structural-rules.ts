/** What makes a schema structural: every value has a type, and what only restricts values names nothing that has none. */

import type { JsonSchema } from './json-schema.ts'
import { forbidden, invalid, required, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { patternProblem } from '#schema/pattern.ts'

type Level = 'root' | 'item' | 'field'

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }]
const NO_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

/** In the order of their texts, as upstream sorts them. */
export function structuralErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors = [...invariantErrors(schema, 'root', path), ...completenessErrors(schema, schema, path, path)]
  return errors.toSorted((a, b) => (a.message < b.message ? -1 : a.message > b.message ? 1 : 0))
}

/** There may be more errors than a call takes arguments. */
export function append(errors: FieldError[], more: readonly FieldError[]): void {
  for (const error of more) errors.push(error)
}

function itemsOf({ items }: JsonSchema): JsonSchema | undefined {
  return Array.isArray(items) ? undefined : (items as JsonSchema | undefined)
}

function invariantErrors(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const { type = '', properties = {}, additionalProperties: more } = schema
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true
  const isEither = schema['x-kubernetes-int-or-string'] === true
  const items = itemsOf(schema)
  const errors: FieldError[] = []
  if (type === 'array' && !items) errors.push(required(`${path}.items`, 'must be specified'))
  if (items) append(errors, invariantErrors(items, 'item', `${path}.items`))
  for (const [name, property] of Object.entries(properties))
    append(errors, invariantErrors(property, 'field', `${path}.properties[${name}]`))
  if (more !== undefined && level === 'root') errors.push(forbidden(`${path}.additionalProperties`, 'must not be used at the root'))
  if (typeof more === 'object') append(errors, invariantErrors(more, 'field', `${path}.additionalProperties`))
  if (isEither && keeps)
    errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, 'must be false if x-kubernetes-int-or-string is true'))
  if (isEither && isEmbedded)
    errors.push(invalid(`${path}.x-kubernetes-embedded-resource`, true, 'must be false if x-kubernetes-int-or-string is true'))
  append(errors, valueErrors(schema, path, isEitherPattern(schema.anyOf), isEitherPattern(schema.allOf?.[0]?.anyOf)))
  if (isEmbedded && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true'
    errors.push(type === '' ? required(`${path}.type`, why) : invalid(`${path}.type`, type, why))
  } else if (type === '' && !isEither && !keeps) errors.push(required(`${path}.type`, NO_TYPE[level]))
  if (isEmbedded && more !== undefined)
    errors.push(forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'))
  if (level === 'root' && type !== '' && type !== 'object') errors.push(invalid(`${path}.type`, type, 'must be object at the root'))
  errors.push(...metaErrors(properties, level, level === 'root' || isEmbedded, path))
  if (isEmbedded && !keeps && Object.keys(properties).length === 0)
    errors.push(
      required(
        `${path}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    )
  return errors
}

function isEitherPattern(anyOf: readonly JsonSchema[] | undefined): boolean {
  return sameJson(anyOf, INT_OR_STRING)
}

/** What every object has anyhow can be restricted by name only. */
function metaErrors(properties: Readonly<Record<string, JsonSchema>>, level: Level, isObject: boolean, path: string): FieldError[] {
  if (!isObject) return []
  const errors: FieldError[] = []
  for (const name of ['kind', 'apiVersion']) {
    const property = properties[name]
    if (property && property.type !== 'string')
      errors.push(invalid(`${path}.properties[${name}].type`, property.type ?? '', 'must be string'))
  }
  const { metadata } = properties
  if (!metadata) return errors
  const at = `${path}.properties[metadata]`
  if (metadata.type !== 'object') errors.push(invalid(`${at}.type`, metadata.type ?? '', 'must be object'))
  if (level !== 'root') return errors
  const { type: _, properties: named = {}, default: __, ...rest } = metadata
  const onlyNames = Object.keys(named).every((name) => name === 'name' || name === 'generateName')
  if (!onlyNames || Object.keys(rest).length > 0)
    errors.push(forbidden(at, 'must not specify anything other than name and generateName, but metadata is implicitly specified'))
  return errors
}

/** What restricts values: nested schemas, and the pattern. */
function valueErrors(schema: JsonSchema, path: string, skipAnyOf: boolean, skipFirstAllOf: boolean): FieldError[] {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern = '' } = schema
  return [
    ...(skipAnyOf ? [] : anyOf.flatMap((part, i) => nestedErrors(part, `${path}.anyOf[${i}]`))),
    ...allOf.flatMap((part, i) => nestedErrors(part, `${path}.allOf[${i}]`, skipFirstAllOf && i === 0)),
    ...oneOf.flatMap((part, i) => nestedErrors(part, `${path}.oneOf[${i}]`)),
    ...(not ? nestedErrors(not, `${path}.not`) : []),
    ...patternErrors(pattern, `${path}.pattern`),
  ]
}

function patternErrors(pattern: string, path: string): FieldError[] {
  const problem = patternProblem(pattern)
  return problem === undefined ? [] : [invalid(path, pattern, `must be a valid regular expression, but isn't: ${problem}`)]
}

const BARE: readonly (readonly [member: keyof JsonSchema, why: string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
]

function nestedErrors(schema: JsonSchema, path: string, skipAnyOf = false): FieldError[] {
  const items = itemsOf(schema)
  return [
    ...valueErrors(schema, path, skipAnyOf, false),
    ...(items ? nestedErrors(items, `${path}.items`) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => nestedErrors(property, `${path}.properties[${name}]`)),
    ...BARE.flatMap(([member, why]) => (schema[member] === undefined ? [] : [forbidden(`${path}.${member}`, why)])),
    ...(schema.properties?.metadata ? [forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context')] : []),
  ]
}

/** What a restriction names must have a type in the schema around it. `values` lies at `from`, `schema` at `path`. */
function completenessErrors(values: JsonSchema, schema: JsonSchema | undefined, path: string, from: string): FieldError[] {
  if (schema === undefined) return [required(path, `because it is defined in ${from}`)]
  const nested = [
    ...(['allOf', 'anyOf', 'oneOf'] as const).flatMap((member) =>
      (values[member] ?? []).map((part, i) => [part, `${from}.${member}[${i}]`] as const),
    ),
    ...(values.not ? [[values.not, `${from}.not`] as const] : []),
  ]
  const errors = nested.flatMap(([part, at]) => completenessErrors(part, schema, path, at))
  const items = itemsOf(values)
  if (items) append(errors, completenessErrors(items, itemsOf(schema), `${path}.items`, `${from}.items`))
  for (const [name, property] of Object.entries(values.properties ?? {}))
    append(errors, completenessErrors(property, propertyOf(schema, name), `${path}.properties[${name}]`, `${from}.properties[${name}]`))
  if (values === schema && typeof values.additionalProperties === 'object') {
    const at = `${path}.additionalProperties`
    append(errors, completenessErrors(values.additionalProperties, values.additionalProperties, at, at))
  }
  return errors
}

function propertyOf({ properties }: JsonSchema, name: string): JsonSchema | undefined {
  return properties && Object.hasOwn(properties, name) ? properties[name] : undefined
}
