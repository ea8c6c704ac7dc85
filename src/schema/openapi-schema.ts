/** Turns declared messages into OpenAPI schemas: definitions of version 2, components of version 3. */

import type { CustomRules, Field, Message, TypeNode } from './message.ts'
import { flatFields, zeroOf } from './presence.ts'
import { isObject } from './resource.ts'

export type Dialect = 'v2' | 'v3'
export type OpenApiSchema = Readonly<Record<string, unknown>>

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** Where a definition is referred to from. */
const REFERENCES: Readonly<Record<Dialect, string>> = { v2: '#/definitions/', v3: '#/components/schemas/' }

/** Upstream's name of a message's schema: `io.k8s.api.apps.v1.Deployment`. */
export function definitionName(message: Pick<Message, 'name'>): string {
  return message.name.replace(/^k8s\.io\./, 'io.k8s.').replaceAll('_', '-')
}

export function reference(name: string, dialect: Dialect): { readonly $ref: string } {
  return { $ref: REFERENCES[dialect] + name }
}

/** Collects the schemas of messages and of everything they refer to. */
export class SchemaCollection {
  readonly dialect: Dialect
  readonly #kindsOf: (message: Message) => readonly GroupVersionKind[]
  readonly #schemas = new Map<string, OpenApiSchema>()

  /** `kindsOf` says under which kinds a message is served (`x-kubernetes-group-version-kind`). */
  constructor(dialect: Dialect, kindsOf: (message: Message) => readonly GroupVersionKind[]) {
    this.dialect = dialect
    this.#kindsOf = kindsOf
  }

  /** All schemas by name, sorted. */
  all(): Record<string, OpenApiSchema> {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** Adds a message and what it needs; returns a reference to it. */
  add(message: Message): { readonly $ref: string } {
    const name = definitionName(message)
    if (!this.#schemas.has(name)) {
      this.#schemas.set(name, {})
      this.#schemas.set(name, this.#schemaOf(message))
    }
    return reference(name, this.dialect)
  }

  /** Adds a list kind, which is derived from its items' kind and never declared. */
  addList(item: Message, listMeta: Message, kind: GroupVersionKind): { readonly $ref: string } {
    const name = `${definitionName(item)}List`
    const items = { type: 'array', items: this.#inside(this.add(item)) }
    this.#schemas.set(name, {
      description: `${kind.kind} is a list of ${kind.kind.slice(0, -'List'.length)} objects.`,
      type: 'object',
      required: ['items'],
      properties: {
        ...TYPE_META,
        items: { description: 'The objects.', ...items },
        metadata: this.#described(this.#member(this.add(listMeta)), 'What is true of the list as a whole.'),
      },
      'x-kubernetes-group-version-kind': [kind],
    })
    return reference(name, this.dialect)
  }

  /** Adds the schema of an object of any kind. */
  addRaw(): { readonly $ref: string } {
    return this.addPlain('io.k8s.apimachinery.pkg.runtime.RawExtension', { description: 'An object of any kind.', type: 'object' })
  }

  /** Adds a schema that is no message. */
  addPlain(name: string, schema: OpenApiSchema): { readonly $ref: string } {
    this.#schemas.set(name, schema)
    return reference(name, this.dialect)
  }

  #schemaOf(message: Message): OpenApiSchema {
    if (message.custom) return this.#customSchemaOf(message, message.custom)
    const fields = flatFields(message)
    const properties: [string, OpenApiSchema][] = fields.map((f) => [f.name, this.#propertyOf(f)])
    if (isObject(message)) properties.push(...Object.entries(TYPE_META))
    properties.sort(([a], [b]) => (a < b ? -1 : 1))
    const required = fields.filter((f) => f.presence === 'required').map((f) => f.name)
    const kinds = this.#kindsOf(message)
    const unions = message.unions.filter((u) => u.published ?? u.discriminator !== undefined)
    return {
      ...(message.doc !== '' && { description: message.doc }),
      type: 'object',
      ...(required.length > 0 && { required }),
      ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
      ...(kinds.length > 0 && { 'x-kubernetes-group-version-kind': kinds }),
      ...(message.mapType && { 'x-kubernetes-map-type': message.mapType }),
      ...(unions.length > 0 && {
        'x-kubernetes-unions': unions.map((u) => ({
          ...(u.discriminator && { discriminator: u.discriminator }),
          'fields-to-discriminateBy': Object.fromEntries(u.members.map((m) => [m, m[0]!.toUpperCase() + m.slice(1)])),
        })),
      }),
    }
  }

  #customSchemaOf(message: Message, custom: CustomRules): OpenApiSchema {
    const metadata = message.byName.get('metadata')!.node
    const shown = this.#described(this.#member(this.#typeOf(metadata)), "Standard object's metadata, the same for every kind.")
    return {
      ...custom.openApi(this.dialect, { apiVersion: TYPE_META['apiVersion']!, kind: TYPE_META['kind']!, metadata: shown }),
      'x-kubernetes-group-version-kind': this.#kindsOf(message),
    }
  }

  #propertyOf(field: Field): OpenApiSchema {
    const { node } = field
    const value = this.#typeOf(node)
    const mapType = field.mapType ?? (node.type === 'map' ? node.mapType : undefined)
    const ownMapType = node.type === 'message' && node.message().mapType === mapType ? undefined : mapType
    const patch = node.type === 'list' ? node.patch : undefined
    const strategy = patch?.strategy ?? field.patch
    const extensions = {
      ...((node.type === 'list' || node.type === 'bytes') && node.listType && { 'x-kubernetes-list-type': node.listType }),
      ...(node.type === 'list' && node.keys && { 'x-kubernetes-list-map-keys': node.keys }),
      ...(ownMapType && { 'x-kubernetes-map-type': ownMapType }),
      ...(patch?.mergeKey && { 'x-kubernetes-patch-merge-key': patch.mergeKey }),
      ...(strategy && { 'x-kubernetes-patch-strategy': strategy }),
    }
    const initial = this.dialect === 'v3' ? initialOf(field) : undefined
    return {
      ...this.#described(this.#member(value), field.doc),
      ...(initial !== undefined && { default: initial }),
      ...extensions,
    }
  }

  /** A reference may not stand beside other members in version 3. */
  #member(value: OpenApiSchema): OpenApiSchema {
    return this.dialect === 'v3' && '$ref' in value ? { allOf: [value] } : value
  }

  #described(value: OpenApiSchema, doc: string): OpenApiSchema {
    return doc === '' ? value : { description: doc, ...value }
  }

  /** What stands in a list or map: never absent, so version 3 gives it the type's zero, but for types that write themselves as text. */
  #inside(value: OpenApiSchema, node?: TypeNode): OpenApiSchema {
    if (this.dialect === 'v2') return value
    if ('$ref' in value) return node === undefined || node.type === 'message' ? { allOf: [value], default: {} } : value
    const zero = node && (node.type === 'string' ? '' : zeroOf(node))
    return zero === undefined ? value : { ...value, default: zero }
  }

  #typeOf(node: TypeNode): OpenApiSchema {
    switch (node.type) {
      case 'string':
        return node.values && this.dialect === 'v3' ? { type: 'string', enum: node.values.toSorted() } : { type: 'string' }
      case 'enumeration':
        return { type: 'string' }
      case 'bool':
        return { type: 'boolean' }
      case 'int32':
      case 'int64':
        return { type: 'integer', format: node.type }
      case 'uint32':
      case 'uint64':
      case 'wideInt64':
      case 'wideUint64':
        return { type: 'integer', format: 'int64' }
      case 'double':
      case 'float':
        return { type: 'number', format: node.type }
      case 'bytes':
      case 'binary':
        return { type: 'string', format: 'byte' }
      case 'quantity':
        return this.addPlain('io.k8s.apimachinery.pkg.api.resource.Quantity', {
          description: 'A number with a suffix, as in 500m, 1.5, 2Gi or 1e3.',
          ...(this.dialect === 'v3' ? { oneOf: [{ type: 'string' }, { type: 'number' }] } : { type: 'string' }),
        })
      case 'intOrString':
        return this.addPlain('io.k8s.apimachinery.pkg.util.intstr.IntOrString', {
          description: 'A whole number, or a text such as a percentage or a name.',
          format: 'int-or-string',
          ...(this.dialect === 'v3' ? { oneOf: [{ type: 'integer' }, { type: 'string' }] } : { type: 'string' }),
        })
      case 'time':
        return this.addPlain('io.k8s.apimachinery.pkg.apis.meta.v1.Time', {
          description: 'An instant as in RFC 3339, to the second.',
          type: 'string',
          format: 'date-time',
        })
      case 'microTime':
        return this.addPlain('io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime', {
          description: 'An instant as in RFC 3339, to the microsecond.',
          type: 'string',
          format: 'date-time',
        })
      case 'duration':
        return this.addPlain('io.k8s.apimachinery.pkg.apis.meta.v1.Duration', {
          description: 'A length of time such as 1m30s.',
          type: 'string',
        })
      case 'raw':
        return this.addRaw()
      case 'fieldsV1':
        return this.addPlain('io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1', {
          description:
            'A set of fields as a tree: f:NAME is a field, k:KEYS, v:VALUE and i:INDEX are list items, a dot is the node itself.',
          type: 'object',
        })
      case 'json':
        return this.addPlain('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON', { description: 'Any JSON value.' })
      case 'list':
        return { type: 'array', items: this.#inside(this.#typeOf(node.of), node.of) }
      case 'map':
        return { type: 'object', additionalProperties: this.#inside(this.#typeOf(node.of), node.of) }
      case 'variant':
        return this.addPlain(definitionName(node), { description: 'One thing or another, told apart by how it looks.' })
      case 'message':
        return this.add(node.message())
    }
  }
}

/** The default that upstream's document shows: Go's zero where it is not omitted, and real defaults of parts of list keys. */
function initialOf(field: Field): unknown {
  const { node } = field
  if (node.type === 'message' && field.presence !== 'optional')
    return field.presence === 'required' && HELD_BY_POINTER.has(node.message().name) ? undefined : {}
  if (field.presence === 'required') return node.type === 'string' ? '' : zeroOf(node)
  // Server-side apply needs the protocol to tell a port by its keys.
  return field.name === 'protocol' ? field.default : undefined
}

/** Where these are required, upstream's types hold a pointer, which has no zero to show. */
const HELD_BY_POINTER = new Set([
  'k8s.io.apimachinery.pkg.apis.meta.v1.LabelSelector',
  'k8s.io.api.core.v1.LocalObjectReference',
  'k8s.io.api.core.v1.SecretReference',
  'k8s.io.api.networking.v1.ParentReference',
])

/** What every kind has and no declaration repeats. Its first words, and those of `metadata`, are what upstream's conformance tests look for. */
const TYPE_META: Readonly<Record<string, OpenApiSchema>> = {
  apiVersion: {
    description: 'APIVersion defines which group and version of the schema this object follows, as in apps/v1.',
    type: 'string',
  },
  kind: { description: 'The kind of the object, as in Deployment. Cannot be changed.', type: 'string' },
}
