/** Finds a kind's schema in an OpenAPI v3 document, with what it refers to put in. */

import type { Schema } from './schema-type.ts'

interface Referring extends Omit<Schema, 'items' | 'properties' | 'additionalProperties'> {
  readonly $ref?: string
  readonly allOf?: readonly Referring[]
  readonly oneOf?: readonly Referring[]
  readonly items?: Referring
  readonly properties?: Readonly<Record<string, Referring>>
  readonly additionalProperties?: Referring | boolean
  readonly 'x-kubernetes-group-version-kind'?: readonly Kind[]
}

interface Kind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** Undefined where the document does not have the kind. What contains itself ends where it comes around again. */
export function schemaOfKind(document: unknown, { group, version, kind }: Kind): Schema | undefined {
  const { components } = document as { readonly components?: { readonly schemas?: Readonly<Record<string, Referring>> } }
  const schemas = components?.schemas ?? {}
  const isIt = (one: Kind) => one.group === group && one.version === version && one.kind === kind
  const found = Object.values(schemas).find((schema) => schema['x-kubernetes-group-version-kind']?.some(isIt))
  return found && resolved(found, schemas, [])
}

const PREFIX = '#/components/schemas/'
const ANYTHING: Schema = { 'x-kubernetes-int-or-string': true }

function resolved(schema: Referring, schemas: Readonly<Record<string, Referring>>, within: readonly string[]): Schema {
  const name = schema.$ref?.slice(PREFIX.length)
  if (name !== undefined) {
    const target = schemas[name]
    return target === undefined || within.includes(name) ? {} : resolved(target, schemas, [...within, name])
  }
  // a reference with words of its own around it
  const [only] = schema.allOf ?? []
  if (schema.type === undefined && only) return resolved(only, schemas, within)
  // a number or a text: quantities, and ports by number or name
  if (schema.type === undefined && schema.oneOf) return ANYTHING
  const { items, properties, additionalProperties: more, allOf: _, oneOf: __, $ref: ___, ...rest } = schema
  const inside = (part: Referring) => resolved(part, schemas, within)
  return {
    ...rest,
    ...(items && { items: inside(items) }),
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([member, of]) => [member, inside(of)])) }),
    ...(more !== undefined && { additionalProperties: typeof more === 'object' ? inside(more) : more }),
  }
}
