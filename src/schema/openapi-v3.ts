/** The OpenAPI v3 document of one group and version, as served under /openapi/v3. */

import type { Message } from './message.ts'
import { addDiscovery, type DiscoveryKind } from './openapi-discovery.ts'
import { knownVersions } from './openapi-known-versions.ts'
import { pathsOf, tagOf, type Content, type KindLookup, type Operation, type Parameter, type Path } from './openapi-paths.ts'
import { SchemaCollection, type GroupVersionKind, type OpenApiSchema } from './openapi-schema.ts'
import type { Resource } from './resource.ts'

/** Messages every document needs; `#api/openapi-parts.ts` has them. */
export interface OpenApiParts {
  readonly listMeta: Message
  readonly deleteOptions: Message
  readonly status: Message
  /** Kinds that subresources take, and those that stand in objects of other groups. */
  readonly kindOf: KindLookup
}

const OBJECT_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
const WATCH_TYPES = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']
const STRATEGIC = 'application/strategic-merge-patch+json'
const PATCH_TYPES = ['application/json-patch+json', 'application/merge-patch+json', STRATEGIC, 'application/apply-patch+yaml']

/** `version` of the product goes into `info`. */
export function openApiV3(
  group: string,
  version: string,
  resources: readonly Resource[],
  parts: OpenApiParts,
  product = 'unversioned',
): Record<string, unknown> {
  const kinds = new Map(resources.map((r) => [r.type.schema, { group, kind: r.kind, version }]))
  const schemas = new SchemaCollection('v3', (message) => kindsOf(message, kinds, parts))
  const document = new DocumentV3(schemas, parts, tagOf(group, version))
  return document.of(pathsOf(group, version, resources, parts.kindOf), product)
}

/** A document of a path outside of all versions, such as `/apis`. */
export function plainOpenApiV3(path: Path, parts: OpenApiParts, product = 'unversioned'): Record<string, unknown> {
  return new DocumentV3(new SchemaCollection('v3', () => []), parts, '').of([path], product)
}

/** Under which kinds a message is known; the options are known in every group. */
export function kindsOf(
  message: Message,
  served: ReadonlyMap<Message, GroupVersionKind>,
  parts: OpenApiParts,
): readonly GroupVersionKind[] {
  const kind = served.get(message)
  if (kind !== undefined) return [kind]
  if (message === parts.status) return [{ group: '', kind: 'Status', version: 'v1' }]
  if (message === parts.deleteOptions) return inEveryVersion('DeleteOptions')
  // A subresource's kind says so by its protobuf name: k8s.io.api.autoscaling.v1.Scale.
  const [name = '', version = '', group = ''] = message.name.split('.').toReversed()
  const candidate = { group: group === 'core' ? '' : group, kind: name, version }
  for (const suffix of ['', '.k8s.io']) {
    const found = { ...candidate, group: candidate.group && candidate.group + suffix }
    if (parts.kindOf(found) === message) return [found]
  }
  return []
}

/** The media types of an operation's answer, the same in both versions. */
export function typesOf(operation: Operation): readonly string[] {
  const { types, answer, action, watches, custom } = operation
  if (types) return types
  if (custom) return typesOf({ ...operation, custom: false }).filter((type) => !type.startsWith('application/vnd.kubernetes.protobuf'))
  if (answer.type === 'VersionInfo') return ['application/json']
  if (answer.type === 'text') return action === 'connect' ? ['*/*'] : ['text/plain', ...OBJECT_TYPES]
  return watches ? [...OBJECT_TYPES, ...WATCH_TYPES] : OBJECT_TYPES
}

class DocumentV3 {
  readonly #schemas: SchemaCollection
  readonly #parts: OpenApiParts
  readonly #tag: string

  constructor(schemas: SchemaCollection, parts: OpenApiParts, tag: string) {
    this.#schemas = schemas
    this.#parts = parts
    this.#tag = tag
  }

  of(list: readonly Path[], product: string): Record<string, unknown> {
    const paths: Record<string, unknown> = {}
    for (const { path, parameters, operations, withoutSecurity } of list)
      paths[path] = {
        ...Object.fromEntries(operations.map((o) => [o.method, this.#operation(o, withoutSecurity !== true)])),
        ...(parameters.length > 0 && { parameters: parameters.map(parameter) }),
      }
    return {
      openapi: '3.0.0',
      info: { title: 'Kubernetes', version: product },
      paths,
      components: list.some((p) => p.withoutSecurity)
        ? {}
        : {
            schemas: this.#schemas.all(),
            securitySchemes: {
              BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' },
            },
          },
    }
  }

  #operation(o: Operation, secured: boolean): Record<string, unknown> {
    const answer = this.#content(o.answer)
    const content = Object.fromEntries(typesOf(o).map((t) => [t, { schema: answer }]))
    return {
      tags: [o.tag ?? this.#tag],
      description: o.description,
      operationId: o.id,
      ...(o.parameters.length > 0 && { parameters: o.parameters.map(parameter) }),
      ...(o.body && { requestBody: this.#body(o.body, o.custom === true) }),
      responses: {
        ...Object.fromEntries(o.codes.map((code) => [code, { description: CODES[code], content }])),
        ...(secured && { 401: { description: 'Unauthorized' } }),
      },
      ...(o.action && { 'x-kubernetes-action': o.action }),
      ...(o.gvk && { 'x-kubernetes-group-version-kind': o.gvk }),
    }
  }

  #body(body: NonNullable<Operation['body']>, custom: boolean): Record<string, unknown> {
    const schema = this.#content(body.content)
    const own = custom ? ['application/json', 'application/yaml'] : ['*/*']
    const types = body.content.type === 'patch' ? PATCH_TYPES.filter((t) => !custom || t !== STRATEGIC) : own
    return { content: Object.fromEntries(types.map((t) => [t, { schema }])), ...(body.required && { required: true }) }
  }

  #content(content: Content): OpenApiSchema {
    switch (content.type) {
      case 'message':
        return this.#schemas.add(content.message)
      case 'list':
        return this.#schemas.addList(content.item, this.#parts.listMeta, content.kind)
      case 'deleteOptions':
        return this.#schemas.add(this.#parts.deleteOptions)
      case 'status':
        return this.#schemas.add(this.#parts.status)
      default:
        return plainContent(this.#schemas, content.type)
    }
  }
}

/** Contents that are no declared message. */
export function plainContent(schemas: SchemaCollection, type: 'text' | 'patch' | 'watchEvent' | DiscoveryKind): OpenApiSchema {
  switch (type) {
    case 'text':
      return { type: 'string' }
    case 'patch':
      return schemas.addPlain('io.k8s.apimachinery.pkg.apis.meta.v1.Patch', {
        description: 'A patch in one of the accepted formats.',
        type: 'object',
      })
    case 'watchEvent':
      return schemas.addPlain('io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent', {
        description: 'One event of a watch.',
        type: 'object',
        required: ['type', 'object'],
        properties: { object: schemas.addRaw(), type: { type: 'string', ...(schemas.dialect === 'v3' && { default: '' }) } },
        'x-kubernetes-group-version-kind': inEveryVersion('WatchEvent'),
      })
    default:
      return addDiscovery(schemas, type)
  }
}

function inEveryVersion(kind: string): readonly GroupVersionKind[] {
  return knownVersions.map(({ group, version }) => ({ group, kind, version }))
}

const CODES: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

function parameter(p: Parameter): Record<string, unknown> {
  return {
    name: p.name,
    in: p.in,
    description: p.description,
    ...(p.in === 'path' && { required: true }),
    schema: { type: p.type, uniqueItems: true },
  }
}
