/** Declares JSONSchemaProps (apiextensions/v1): the schema of custom resources, and the shapes that JSON Schema leaves open. */

import {
  bool,
  double,
  int64,
  json,
  list,
  map,
  message,
  nodeOf,
  opt,
  req,
  string,
  type MessageClass,
  type Type,
  type TypeNode,
} from '#schema/message.ts'

const PACKAGE = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1'

/** The JSON of a schema; written down as it contains itself. */
export interface JsonSchema {
  readonly id?: string
  readonly $schema?: string
  readonly $ref?: string
  readonly description?: string
  readonly type?: string
  readonly format?: string
  readonly title?: string
  readonly default?: unknown
  readonly maximum?: number
  readonly exclusiveMaximum?: boolean
  readonly minimum?: number
  readonly exclusiveMinimum?: boolean
  readonly maxLength?: number
  readonly minLength?: number
  readonly pattern?: string
  readonly maxItems?: number
  readonly minItems?: number
  readonly uniqueItems?: boolean
  readonly multipleOf?: number
  readonly enum?: readonly unknown[]
  readonly maxProperties?: number
  readonly minProperties?: number
  readonly required?: readonly string[]
  readonly items?: JsonSchema | readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly anyOf?: readonly JsonSchema[]
  readonly not?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>
  readonly dependencies?: Readonly<Record<string, JsonSchema | readonly string[]>>
  readonly additionalItems?: JsonSchema | boolean
  readonly definitions?: Readonly<Record<string, JsonSchema>>
  readonly externalDocs?: ExternalDocumentation
  readonly example?: unknown
  readonly nullable?: boolean
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-map-type'?: string
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[]
}

const schemaNode: TypeNode = { type: 'message', message: () => JSONSchemaProps.schema }
/** The type of fields that hold a schema. */
export const schemaType: Type<JsonSchema> = { node: schemaNode }

function variant<T>(name: string, number: number, otherNumber: number, other: TypeNode, beside?: unknown): Type<T> {
  const message = () => JSONSchemaProps.schema
  return {
    node: { type: 'variant', name: `${PACKAGE}.${name}`, message, number, other, otherNumber, ...(beside !== undefined && { beside }) },
  }
}

const orArray = variant<JsonSchema | readonly JsonSchema[]>('JSONSchemaPropsOrArray', 1, 2, { type: 'list', of: schemaNode })
const orBool = variant<JsonSchema | boolean>('JSONSchemaPropsOrBool', 2, 1, nodeOf(bool), true)
const orStrings = variant<JsonSchema | readonly string[]>('JSONSchemaPropsOrStringArray', 1, 2, nodeOf(list(string)))

const atomic = { listType: 'atomic' } as const

export class ExternalDocumentation extends message(
  `${PACKAGE}.ExternalDocumentation`,
  {
    description: opt(1, string, { doc: 'What is to be read there.' }),
    url: opt(2, string, { doc: 'Where it is.' }),
  },
  { doc: 'Points to more to read.' },
) {}

export class ValidationRule extends message(
  `${PACKAGE}.ValidationRule`,
  {
    rule: req(1, string, { doc: 'CEL expression over self that must be true.' }),
    message: opt(2, string, { doc: 'What is said when it is not.' }),
    messageExpression: opt(3, string, { doc: 'CEL expression for what is said; wins over message.' }),
    reason: opt(4, string, {
      doc: 'FieldValueInvalid, FieldValueForbidden, FieldValueRequired or FieldValueDuplicate. The first by default.',
      keepsZero: true,
    }),
    fieldPath: opt(5, string, { doc: 'Path of the field to blame, relative to where the rule stands.' }),
    optionalOldSelf: opt(6, bool, { doc: 'Whether a rule over oldSelf also runs when there is none.', keepsZero: true }),
  },
  { doc: 'A rule that values must keep.' },
) {}

/** Typed by hand: a class that contains itself has no type to infer. */
const declared: MessageClass<JsonSchema> = message(
  `${PACKAGE}.JSONSchemaProps`,
  {
    id: opt(1, string, { doc: 'Not supported.' }),
    $schema: opt(2, string, { doc: 'Not used.' }),
    $ref: opt(3, string, { doc: 'Not supported.', keepsZero: true }),
    description: opt(4, string, { doc: 'What the value means, for people.' }),
    type: opt(5, string, { doc: 'array, boolean, integer, number, object or string.' }),
    format: opt(6, string, { doc: 'How a string or number is written, such as date-time or int32; unknown ones are ignored.' }),
    title: opt(7, string, { doc: 'A name for people.' }),
    default: opt(8, json, { doc: 'What is filled in when nothing was said.', keepsZero: true }),
    maximum: opt(9, double, { doc: 'Greatest number.', keepsZero: true }),
    exclusiveMaximum: opt(10, bool, { doc: 'Whether maximum itself is too much.' }),
    minimum: opt(11, double, { doc: 'Least number.', keepsZero: true }),
    exclusiveMinimum: opt(12, bool, { doc: 'Whether minimum itself is too little.' }),
    maxLength: opt(13, int64(), { doc: 'Most characters.', keepsZero: true }),
    minLength: opt(14, int64(), { doc: 'Fewest characters.', keepsZero: true }),
    pattern: opt(15, string, { doc: 'Regular expression that a string must match.' }),
    maxItems: opt(16, int64(), { doc: 'Most items.', keepsZero: true }),
    minItems: opt(17, int64(), { doc: 'Fewest items.', keepsZero: true }),
    uniqueItems: opt(18, bool, { doc: 'Must not be true.' }),
    multipleOf: opt(19, double, { doc: 'What a number must be a multiple of.', keepsZero: true }),
    enum: opt(20, list(json, atomic), { doc: 'All values there may be.' }),
    maxProperties: opt(21, int64(), { doc: 'Most members.', keepsZero: true }),
    minProperties: opt(22, int64(), { doc: 'Fewest members.', keepsZero: true }),
    required: opt(23, list(string, atomic), { doc: 'Members that must be there.' }),
    items: opt(24, orArray, { doc: 'Schema of the items.' }),
    allOf: opt(25, list(schemaType, atomic), { doc: 'Schemas that must all hold.' }),
    oneOf: opt(26, list(schemaType, atomic), { doc: 'Schemas of which exactly one must hold.' }),
    anyOf: opt(27, list(schemaType, atomic), { doc: 'Schemas of which one or more must hold.' }),
    not: opt(28, schemaType, { doc: 'Schema that must not hold.' }),
    properties: opt(29, map(schemaType), { doc: 'Schemas of members, by name.' }),
    additionalProperties: opt(30, orBool, { doc: 'Schema of members that have none by name.', keepsZero: true }),
    patternProperties: opt(31, map(schemaType), { doc: 'Not supported.' }),
    dependencies: opt(32, map(orStrings), { doc: 'Not supported.' }),
    additionalItems: opt(33, orBool, { doc: 'Not supported.', keepsZero: true }),
    definitions: opt(34, map(schemaType), { doc: 'Not supported.' }),
    externalDocs: opt(35, ExternalDocumentation, { doc: 'Points to more to read.' }),
    example: opt(36, json, { doc: 'A value as it may be.', keepsZero: true }),
    nullable: opt(37, bool, { doc: 'Whether null is let through.' }),
    'x-kubernetes-preserve-unknown-fields': opt(38, bool, { doc: 'True keeps members that no schema names.', keepsZero: true }),
    'x-kubernetes-embedded-resource': opt(39, bool, { doc: 'Whether the value is an object with apiVersion, kind and metadata.' }),
    'x-kubernetes-int-or-string': opt(40, bool, { doc: 'Whether the value is a whole number or a string.' }),
    'x-kubernetes-list-map-keys': opt(41, list(string, atomic), { doc: 'Members by which items of a map list are told apart.' }),
    'x-kubernetes-list-type': opt(42, string, { doc: 'How writers share a list: atomic, set or map.', keepsZero: true }),
    'x-kubernetes-map-type': opt(43, string, { doc: 'How writers share an object: granular or atomic.', keepsZero: true }),
    'x-kubernetes-validations': opt(
      44,
      list(ValidationRule, { listType: 'map', keys: ['rule'], patch: { strategy: 'merge', mergeKey: 'rule' } }),
      { doc: 'Rules in CEL that the value must keep.' },
    ),
  },
  { doc: 'JSON Schema as far as custom resources know it.' },
) as never

export class JSONSchemaProps extends declared {}
