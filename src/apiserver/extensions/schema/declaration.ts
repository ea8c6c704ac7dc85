/** A schema as a declaration, so that server-side apply sees a custom resource as it sees every other kind. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { message, opt, val, type Message, type Type, type TypeNode } from '#schema/message.ts'
import { additionalOf, itemsOf } from './structure.ts'

/** The declaration of an object of `kind`. Its messages are made when something first looks into them. */
export function declarationOf(kind: string, schema: JsonSchema | undefined, preserveUnknownFields: boolean): Message {
  return structOf(kind, schema ?? {}, preserveUnknownFields, true)
}

const JSON_NODE: TypeNode = { type: 'json' }
const STRING_NODE: TypeNode = { type: 'string' }

/** Types of embedded metadata are known whatever the schema says of them. */
function structOf(name: string, schema: JsonSchema, keeps: boolean, isObject: boolean): Message {
  const fields: Record<string, ReturnType<typeof opt<unknown>>> = {}
  for (const [member, property] of Object.entries(schema.properties ?? {}))
    fields[member] = opt(0, typeOf(nodeOf(`${name}.${member}`, property)), {
      keepsZero: true,
      ...(property.default !== undefined && property.default !== null && { default: property.default as never }),
      ...(property['x-kubernetes-map-type'] === 'atomic' && { mapType: 'atomic' }),
    })
  if (isObject) {
    fields['apiVersion'] = opt(0, typeOf(STRING_NODE))
    fields['kind'] = opt(0, typeOf(STRING_NODE))
    fields['metadata'] = val(0, ObjectMeta) as unknown as ReturnType<typeof opt<unknown>>
  }
  return {
    ...message(name, fields).schema,
    ...(keeps && { rest: JSON_NODE }),
    ...(schema['x-kubernetes-map-type'] === 'atomic' && { mapType: 'atomic' }),
  }
}

function typeOf(node: TypeNode): Type<unknown> {
  return { node }
}

function nodeOf(name: string, schema: JsonSchema): TypeNode {
  if (schema['x-kubernetes-int-or-string']) return { type: 'intOrString' }
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true
  switch (schema.type) {
    case 'string':
      return STRING_NODE
    case 'boolean':
      return { type: 'bool' }
    case 'integer':
      return { type: 'int64' }
    case 'number':
      return { type: 'double' }
    case 'array':
      return listNode(name, schema)
    case 'object':
      return objectNode(name, schema, keeps)
    default:
      return JSON_NODE
  }
}

function objectNode(name: string, schema: JsonSchema, keeps: boolean): TypeNode {
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
  const more = additionalOf(schema)
  if (more !== undefined) {
    const isAtomic = schema['x-kubernetes-map-type'] === 'atomic'
    return { type: 'map', of: nodeOf(`${name}.*`, more), ...(isAtomic && { mapType: 'atomic' }) }
  }
  if (schema.properties === undefined && !isEmbedded)
    return schema['x-kubernetes-map-type'] === 'atomic' ? { type: 'map', of: JSON_NODE, mapType: 'atomic' } : JSON_NODE
  let made: Message | undefined
  return { type: 'message', message: () => (made ??= structOf(name, schema, keeps, isEmbedded)) }
}

function listNode(name: string, schema: JsonSchema): TypeNode {
  const items = itemsOf(schema)
  const listType = schema['x-kubernetes-list-type']
  const of = items === undefined ? JSON_NODE : nodeOf(`${name}.*`, items)
  return {
    type: 'list',
    of,
    listType: listType === 'map' || listType === 'set' ? listType : 'atomic',
    ...(listType === 'map' && { keys: schema['x-kubernetes-list-map-keys'] ?? [] }),
  }
}
