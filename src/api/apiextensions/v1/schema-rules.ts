/** The rules of schemas of custom resources: what of JSON Schema may be said at all, then what makes a schema structural. */

import { fieldAt } from './field-path.ts'
import type { JsonSchema, ValidationRule } from './json-schema.ts'
import { append, structuralErrors } from './structural-rules.ts'
import { forbidden, invalid, notSupported, required, type FieldError } from '#schema/field-error.ts'

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']
const META = new Set(['apiVersion', 'kind', 'metadata'])

/** What may stand at the root of a schema whose status has a path of its own, by the names that the refusal lists. */
const AT_ROOT: Readonly<Record<string, keyof JsonSchema>> = {
  Description: 'description',
  Type: 'type',
  Format: 'format',
  Title: 'title',
  Maximum: 'maximum',
  ExclusiveMaximum: 'exclusiveMaximum',
  Minimum: 'minimum',
  ExclusiveMinimum: 'exclusiveMinimum',
  MaxLength: 'maxLength',
  MinLength: 'minLength',
  Pattern: 'pattern',
  MaxItems: 'maxItems',
  MinItems: 'minItems',
  UniqueItems: 'uniqueItems',
  MultipleOf: 'multipleOf',
  Required: 'required',
  Items: 'items',
  Properties: 'properties',
  ExternalDocs: 'externalDocs',
  Example: 'example',
  XPreserveUnknownFields: 'x-kubernetes-preserve-unknown-fields',
  XValidations: 'x-kubernetes-validations',
}

export function rootSchemaErrors(schema: JsonSchema, path: string, hasStatus: boolean): FieldError[] {
  const errors = hasStatus ? rootErrors(schema, path) : []
  if (schema.nullable) errors.push(forbidden(`${path}.nullable`, 'nullable cannot be true at the root'))
  const structural = isPlain(schema) ? structuralErrors(schema, path) : []
  return [...errors, ...structural, ...schemaErrors(schema, path, { isRoot: true, inMeta: false })]
}

function rootErrors(schema: JsonSchema, path: string): FieldError[] {
  const allowed = new Set<string>(Object.values(AT_ROOT))
  if (schema.type && schema.type !== 'object')
    return [
      invalid(
        `${path}.type`,
        schema.type,
        'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
      ),
    ]
  if (Object.keys(schema).every((name) => allowed.has(name))) return []
  const names = `[${Object.keys(AT_ROOT).join(' ')}]`
  return [invalid(path, schema, `only ${names} fields are allowed at the root of the schema if the status subresource is enabled`)]
}

const plain = new WeakMap<JsonSchema, boolean>()

/** Whether a schema has nothing that no structure can hold; what is forbidden anyhow is then blamed as such. */
function isPlain(schema: JsonSchema): boolean {
  let known = plain.get(schema)
  if (known === undefined) plain.set(schema, (known = isPlainItself(schema) && childrenOf(schema).every(isPlain)))
  return known
}

function isPlainItself(schema: JsonSchema): boolean {
  if (schema.additionalItems !== undefined || schema.patternProperties || schema.definitions || schema.dependencies) return false
  return schema.$ref === undefined && !schema.id && !Array.isArray(schema.items)
}

/** Every schema directly below. */
export function childrenOf(schema: JsonSchema): readonly JsonSchema[] {
  const { items, additionalProperties, not, properties = {}, allOf = [], oneOf = [], anyOf = [] } = schema
  return [
    ...(items === undefined ? [] : Array.isArray(items) ? (items as readonly JsonSchema[]) : [items as JsonSchema]),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
    ...(not ? [not] : []),
    ...Object.values(properties),
    ...allOf,
    ...oneOf,
    ...anyOf,
  ]
}

interface Place {
  readonly isRoot: boolean
  readonly inMeta: boolean
  /** Why defaults may not be set here. */
  readonly noDefaults?: string
}

function schemaErrors(schema: JsonSchema, path: string, place: Place): FieldError[] {
  const below: Place = { ...place, isRoot: false }
  const { additionalProperties: more, properties = {}, items } = schema
  const errors = wordErrors(schema, path, place)
  if (schema.uniqueItems)
    errors.push(forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'))
  if (more !== undefined && more !== true && Object.keys(properties).length > 0)
    errors.push(forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'))
  if (typeof more === 'object') {
    const inside = place.inMeta ? { ...below, noDefaults: 'inside additionalProperties applying to object metadata' } : below
    append(errors, schemaErrors(more, `${path}.additionalProperties`, inside))
  }
  for (const [name, property] of Object.entries(properties)) {
    const isMeta = (place.isRoot || schema['x-kubernetes-embedded-resource'] === true) && META.has(name)
    const inside = isMeta ? { ...below, inMeta: true, ...(place.isRoot && { noDefaults: `in top-level ${name}` }) } : below
    append(errors, schemaErrors(property, `${path}.properties[${name}]`, inside))
  }
  if (schema.not) append(errors, schemaErrors(schema.not, `${path}.not`, below))
  for (const member of ['allOf', 'oneOf', 'anyOf'] as const)
    for (const [index, part] of (schema[member] ?? []).entries()) append(errors, schemaErrors(part, `${path}.${member}[${index}]`, below))
  if (Array.isArray(items)) for (const [i, part] of items.entries()) append(errors, schemaErrors(part, `${path}.items[${i}]`, below))
  else if (items) append(errors, schemaErrors(items as JsonSchema, `${path}.items`, below))
  errors.push(...extensionErrors(schema, path))
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries())
    errors.push(...ruleErrors(schema, rule, `${path}.x-kubernetes-validations[${index}]`))
  return errors
}

/** Words of JSON Schema that custom resources do not know. */
function wordErrors(schema: JsonSchema, path: string, { inMeta, noDefaults }: Place): FieldError[] {
  const errors: FieldError[] = []
  const refuse = (member: string, why = `${member} is not supported`) => errors.push(forbidden(`${path}.${member}`, why))
  const { type = '', definitions = {}, patternProperties = {} } = schema
  if (type !== '' && !TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, TYPES))
  if (schema.default !== undefined && noDefaults) refuse('default', `must not be set ${noDefaults}`)
  if (schema.id) refuse('id')
  if (schema.additionalItems !== undefined) refuse('additionalItems')
  if (Object.keys(patternProperties).length > 0) refuse('patternProperties')
  if (Object.keys(definitions).length > 0) refuse('definitions')
  if (schema.dependencies) refuse('dependencies')
  if (schema.$ref !== undefined) refuse('$ref')
  if (type === 'null') refuse('type', 'type cannot be set to null, use nullable as an alternative')
  if (Array.isArray(schema.items) && schema.items.length > 0) refuse('items', 'items must be a schema object and not an array')
  if (inMeta && schema['x-kubernetes-embedded-resource'])
    refuse('x-kubernetes-embedded-resource', 'must not be used inside of resource meta')
  return errors
}

function extensionErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { type = '' } = schema
  const listType = schema['x-kubernetes-list-type']
  const mapType = schema['x-kubernetes-map-type']
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const items = Array.isArray(schema.items) ? undefined : (schema.items as JsonSchema | undefined)
  const wants = (wanted: string, extension: string) => {
    const why = `must be ${wanted} if ${extension} is specified`
    if (type !== wanted) errors.push(type === '' ? required(`${path}.type`, why) : invalid(`${path}.type`, type, why))
    return type === wanted
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  if (mapType !== undefined) {
    wants('object', 'x-kubernetes-map-type')
    if (!['atomic', 'granular'].includes(mapType))
      errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']))
  }
  if (listType !== undefined && wants('array', 'x-kubernetes-list-type') && listType === 'set' && items)
    errors.push(...setErrors(items, path))
  if (listType !== undefined && !['atomic', 'set', 'map'].includes(listType))
    errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']))
  if (keys.length > 0 && listType !== 'map') {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty'
    const at = `${path}.x-kubernetes-list-type`
    errors.push(listType === undefined ? required(at, why) : invalid(at, listType, why))
  }
  if (listType === 'map') errors.push(...mapListErrors(schema, items, keys, path))
  if ((listType === 'map' || listType === 'set') && items?.nullable)
    errors.push(forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`))
  return errors
}

/** Items of a set are told apart as a whole. */
function setErrors(items: JsonSchema, path: string): FieldError[] {
  const why = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  const { 'x-kubernetes-list-type': listType, 'x-kubernetes-map-type': mapType } = items
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic')
    return [invalid(`${path}.items.x-kubernetes-list-type`, listType, why)]
  if (items.type === 'object' && mapType !== 'atomic') return [invalid(`${path}.items.x-kubernetes-map-type`, listType, why)]
  return []
}

function mapListErrors(schema: JsonSchema, items: JsonSchema | undefined, keys: readonly string[], path: string): FieldError[] {
  const keysPath = `${path}.x-kubernetes-list-map-keys`
  const errors = keys.length === 0 ? [required(keysPath, 'must not be empty if x-kubernetes-list-type is map')] : []
  if (schema.items === undefined) return [...errors, required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map')]
  if (items === undefined)
    return [...errors, invalid(`${path}.items`, schema.items, 'must only have a single schema if x-kubernetes-list-type is map')]
  if (items.type !== 'object')
    return [...errors, invalid(`${path}.items.type`, items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map")]
  for (const [index, key] of keys.entries()) {
    const property = items.properties && Object.hasOwn(items.properties, key) ? items.properties[key] : undefined
    const at = `${path}.items.properties[${key}]`
    if (property === undefined) errors.push(invalid(keysPath, keys, 'entries must all be names of item properties'))
    else if (property.type === 'array' || property.type === 'object')
      errors.push(invalid(`${at}.type`, items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"))
    if (keys.indexOf(key) < index) errors.push(invalid(keysPath, keys, 'must not contain duplicate entries'))
    if (property === undefined) continue
    const stands = 'this property is in x-kubernetes-list-map-keys, so it'
    if (!items.required?.includes(key) && property.default === undefined)
      errors.push(required(`${at}.default`, `${stands} must have a default or be a required property`))
    if (property.nullable) errors.push(forbidden(`${at}.nullable`, `${stands} cannot be nullable`))
  }
  return errors
}

function ruleErrors(
  schema: JsonSchema,
  { rule = '', message = '', messageExpression = '', reason, fieldPath = '' }: ValidationRule,
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  const [text, words] = [rule.trim(), message.trim()]
  const breaks = /[\n\r]/
  if (text === '') errors.push(required(`${path}.rule`, 'rule is not specified'))
  else if (message !== '' && words === '') errors.push(invalid(`${path}.message`, message, 'message must be non-empty if specified'))
  else if (breaks.test(words)) errors.push(invalid(`${path}.message`, message, 'message must not contain line breaks'))
  else if (breaks.test(text) && words === '')
    errors.push(required(`${path}.message`, 'message must be specified if rule contains line breaks'))
  if (messageExpression !== '' && messageExpression.trim() === '')
    errors.push(required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'))
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${path}.reason`, reason, REASONS))
  if (fieldPath !== '' && fieldPath.trim() === '')
    errors.push(invalid(`${path}.fieldPath`, fieldPath, 'fieldPath must be non-empty if specified'))
  if (breaks.test(fieldPath)) errors.push(invalid(`${path}.fieldPath`, fieldPath, 'fieldPath must not contain line breaks'))
  if (fieldPath !== '' && isPlain(schema) && typeof fieldAt(schema, fieldPath) === 'string')
    errors.push(invalid(`${path}.fieldPath`, fieldPath, 'fieldPath must be a valid path'))
  return errors
}
