/** Encodes the OpenAPI v2 document as protobuf, the only form in which older command line clients read it. */

import { bool, double, int64, lazy, list, message, opt, string, type MessageClass, type Type } from './message.ts'
import { encodeMessage } from './protobuf.ts'

/** What such a client asks for, and what the answer says it is. */
export const GNOSTIC_V2_TYPES = {
  accept: ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'],
  contentType: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
} as const

/** The bytes of a document that `openApiV2` made. Only the parts of Swagger that such documents have are known here. */
export function encodeGnosticV2(document: Record<string, unknown>): Uint8Array {
  const paths = entries(document.paths).map(([name, item]) => ({ name, value: pathItem(item) }))
  return encodeMessage(Document.schema, {
    swagger: document.swagger,
    info: document.info,
    paths: { path: paths },
    definitions: { items: named(document.definitions, schema) },
    security: (document.security as object[]).map((s) => ({ items: named(s, (v) => ({ value: v })) })),
    securityDefinitions: { items: named(document.securityDefinitions, (apiKey) => ({ apiKey })) },
  })
}

type Json = Readonly<Record<string, unknown>>

function entries(value: unknown): [string, Json][] {
  return Object.entries((value ?? {}) as Record<string, Json>)
}

function named(value: unknown, convert: (value: Json) => object): object[] {
  return entries(value).map(([name, member]) => ({ name, value: convert(member) }))
}

/** Members that begin with x- are carried as text, of which JSON is a kind of YAML. */
function extensions(value: Json): object {
  const own = Object.entries(value).filter(([name]) => name.startsWith('x-'))
  return own.length === 0 ? {} : { extensions: own.map(([name, v]) => ({ name, value: yaml(v) })) }
}

function yaml(value: unknown): { readonly yaml: string } {
  return { yaml: `${JSON.stringify(value)}\n` }
}

function schema(value: Json): object {
  const { $ref, type, items, properties, additionalProperties, allOf, enum: values, default: initial, example, ...words } = value
  return {
    ...words,
    ref: $ref,
    ...(initial !== undefined && { default: yaml(initial) }),
    ...(example !== undefined && { example: yaml(example) }),
    ...(values !== undefined && { enum: (values as unknown[]).map(yaml) }),
    ...(allOf !== undefined && { allOf: (allOf as Json[]).map(schema) }),
    ...(type !== undefined && { type: { value: [type] } }),
    ...(items !== undefined && { items: { schema: [schema(items as Json)] } }),
    ...(properties !== undefined && { properties: { items: named(properties, schema) } }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === 'boolean' ? { boolean: additionalProperties } : { schema: schema(additionalProperties as Json) },
    }),
    ...extensions(value),
  }
}

function pathItem(value: Json): object {
  const operations = Object.fromEntries(METHODS.flatMap((m) => (value[m] === undefined ? [] : [[m, operation(value[m] as Json)]])))
  return { ...operations, parameters: parameters(value.parameters) }
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const

function operation(value: Json): object {
  const { tags, description, operationId, produces, consumes, schemes } = value
  const responses = named(value.responses, (r) => ({
    response: { description: r.description, ...(r.schema !== undefined && { schema: { schema: schema(r.schema as Json) } }) },
  }))
  return {
    tags,
    description,
    operationId,
    produces,
    consumes,
    schemes,
    parameters: parameters(value.parameters),
    responses: { items: responses },
    ...extensions(value),
  }
}

function parameters(value: unknown): object[] {
  return ((value ?? []) as Json[]).map((p) => {
    if (p.in === 'body') return { parameter: { body: { ...p, schema: schema(p.schema as Json) } } }
    return { parameter: { other: { [p.in as 'query' | 'path']: p } } }
  })
}

// The messages, by the numbers of gnostic's OpenAPIv2.proto; members have names of our own where those do not matter.

const proto3 = { syntax: 'proto3' } as const

/** Gnostic has maps as lists of names and values. */
function namedList<T>(name: string, value: MessageClass<T>, number = 1) {
  class Named extends message(`openapi.v2.Named${name}`, { name: opt(1, string), value: opt(2, value) }, proto3) {}
  return class extends message(`openapi.v2.${name}List`, { items: opt(number, list(Named)) }, proto3) {}
}

class Any extends message('openapi.v2.Any', { yaml: opt(2, string) }, proto3) {}
class NamedAny extends message('openapi.v2.NamedAny', { name: opt(1, string), value: opt(2, Any) }, proto3) {}
class TypeItem extends message('openapi.v2.TypeItem', { value: opt(1, list(string)) }, proto3) {}

const recursive: Type<object> = lazy(schemaClass)

function schemaClass(): MessageClass<object> {
  return Schema as unknown as MessageClass<object>
}

class NamedSchema extends message('openapi.v2.NamedSchema', { name: opt(1, string), value: opt(2, recursive) }, proto3) {}
class Schemas extends message('openapi.v2.Properties', { items: opt(1, list(NamedSchema)) }, proto3) {}
class ItemsItem extends message('openapi.v2.ItemsItem', { schema: opt(1, list(recursive)) }, proto3) {}
class AdditionalPropertiesItem extends message(
  'openapi.v2.AdditionalPropertiesItem',
  { schema: opt(1, recursive), boolean: opt(2, bool, { keepsZero: true }) },
  proto3,
) {}
class ExternalDocs extends message('openapi.v2.ExternalDocs', { description: opt(1, string), url: opt(2, string) }, proto3) {}

class Schema extends message(
  'openapi.v2.Schema',
  {
    ref: opt(1, string),
    format: opt(2, string),
    title: opt(3, string),
    description: opt(4, string),
    default: opt(5, Any),
    multipleOf: opt(6, double),
    maximum: opt(7, double),
    exclusiveMaximum: opt(8, bool),
    minimum: opt(9, double),
    exclusiveMinimum: opt(10, bool),
    maxLength: opt(11, int64()),
    minLength: opt(12, int64()),
    pattern: opt(13, string),
    maxItems: opt(14, int64()),
    minItems: opt(15, int64()),
    uniqueItems: opt(16, bool),
    maxProperties: opt(17, int64()),
    minProperties: opt(18, int64()),
    required: opt(19, list(string)),
    enum: opt(20, list(Any)),
    additionalProperties: opt(21, AdditionalPropertiesItem),
    type: opt(22, TypeItem),
    items: opt(23, ItemsItem),
    allOf: opt(24, list(recursive)),
    properties: opt(25, Schemas),
    externalDocs: opt(29, ExternalDocs),
    example: opt(30, Any),
    extensions: opt(31, list(NamedAny)),
  },
  proto3,
) {}

class BodyParameter extends message(
  'openapi.v2.BodyParameter',
  { description: opt(1, string), name: opt(2, string), in: opt(3, string), required: opt(4, bool), schema: opt(5, Schema) },
  proto3,
) {}

const common = { required: opt(1, bool), in: opt(2, string), description: opt(3, string), name: opt(4, string) }

class QueryParameter extends message(
  'openapi.v2.QueryParameterSubSchema',
  { ...common, type: opt(6, string), uniqueItems: opt(20, bool) },
  proto3,
) {}
class PathParameter extends message(
  'openapi.v2.PathParameterSubSchema',
  { ...common, type: opt(5, string), uniqueItems: opt(19, bool) },
  proto3,
) {}
class NonBodyParameter extends message(
  'openapi.v2.NonBodyParameter',
  { query: opt(3, QueryParameter), path: opt(4, PathParameter) },
  proto3,
) {}
class Parameter extends message('openapi.v2.Parameter', { body: opt(1, BodyParameter), other: opt(2, NonBodyParameter) }, proto3) {}
class ParametersItem extends message('openapi.v2.ParametersItem', { parameter: opt(1, Parameter) }, proto3) {}

class SchemaItem extends message('openapi.v2.SchemaItem', { schema: opt(1, Schema) }, proto3) {}
class Response extends message('openapi.v2.Response', { description: opt(1, string), schema: opt(2, SchemaItem) }, proto3) {}
class ResponseValue extends message('openapi.v2.ResponseValue', { response: opt(1, Response) }, proto3) {}

class Operation extends message(
  'openapi.v2.Operation',
  {
    tags: opt(1, list(string)),
    description: opt(3, string),
    operationId: opt(5, string),
    produces: opt(6, list(string)),
    consumes: opt(7, list(string)),
    parameters: opt(8, list(ParametersItem)),
    responses: opt(9, namedList('ResponseValue', ResponseValue)),
    schemes: opt(10, list(string)),
    extensions: opt(13, list(NamedAny)),
  },
  proto3,
) {}

class PathItem extends message(
  'openapi.v2.PathItem',
  {
    get: opt(2, Operation),
    put: opt(3, Operation),
    post: opt(4, Operation),
    delete: opt(5, Operation),
    patch: opt(8, Operation),
    parameters: opt(9, list(ParametersItem)),
  },
  proto3,
) {}

class NamedPathItem extends message('openapi.v2.NamedPathItem', { name: opt(1, string), value: opt(2, PathItem) }, proto3) {}
class Paths extends message('openapi.v2.Paths', { path: opt(2, list(NamedPathItem)) }, proto3) {}
class Info extends message('openapi.v2.Info', { title: opt(1, string), version: opt(2, string) }, proto3) {}

class ApiKeySecurity extends message(
  'openapi.v2.ApiKeySecurity',
  { type: opt(1, string), name: opt(2, string), in: opt(3, string), description: opt(4, string) },
  proto3,
) {}
class SecurityDefinitionsItem extends message('openapi.v2.SecurityDefinitionsItem', { apiKey: opt(2, ApiKeySecurity) }, proto3) {}
class StringArray extends message('openapi.v2.StringArray', { value: opt(1, list(string)) }, proto3) {}

class Document extends message(
  'openapi.v2.Document',
  {
    swagger: opt(1, string),
    info: opt(2, Info),
    paths: opt(8, Paths),
    definitions: opt(9, Schemas),
    security: opt(12, list(namedList('StringArray', StringArray))),
    securityDefinitions: opt(13, namedList('SecurityDefinitionsItem', SecurityDefinitionsItem)),
  },
  proto3,
) {}
