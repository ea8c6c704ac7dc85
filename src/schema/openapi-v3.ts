/** The OpenAPI v3 document of one group and version, as served under /openapi/v3. */

import type { Message } from './message.ts'
import { addDiscovery, type DiscoveryKind } from './openapi-discovery.ts'
import { pathsOf, tagOf, type Content, type KindLookup, type Operation, type Parameter, type Path } from './openapi-paths.ts'
import { SchemaCollection, type GroupVersionKind, type OpenApiSchema } from './openapi-schema.ts'
import type { Resource } from './resource.ts'

/** Messages every document needs; `#api/openapi-parts.ts` has them. */
export interface OpenApiParts {
  readonly listMeta: Message
  readonly deleteOptions: Message
  readonly status: Message
  /** Kinds that subresources take. */
  readonly kindOf: KindLookup
}

const OBJECT_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
const WATCH_TYPES = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']
const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]

/** `version` of the product goes into `info`. */
export function openApiV3(
  group: string,
  version: string,
  resources: readonly Resource[],
  parts: OpenApiParts,
  product = 'unversioned',
): Record<string, unknown> {
  const kinds = new Map(resources.map((r) => [r.type.schema, { group, kind: r.kind, version }]))
  const gvs = [{ group, version }]
  const schemas = new SchemaCollection('v3', (message) => kindsOf(message, kinds, parts, gvs))
  const document = new DocumentV3(schemas, parts, tagOf(group, version), gvs)
  return document.of(pathsOf(group, version, resources, parts.kindOf), product)
}

/** A document of a path outside of all versions, such as `/apis`. */
export function plainOpenApiV3(path: Path, parts: OpenApiParts, product = 'unversioned'): Record<string, unknown> {
  return new DocumentV3(new SchemaCollection('v3', () => []), parts, '', []).of([path], product)
}

/** Under which kinds a message is known; the options are known in every group. */
export function kindsOf(
  message: Message,
  served: ReadonlyMap<Message, GroupVersionKind>,
  parts: OpenApiParts,
  groupVersions: readonly { readonly group: string; readonly version: string }[],
): readonly GroupVersionKind[] {
  const kind = served.get(message)
  if (kind !== undefined) return [kind]
  if (message === parts.status) return [{ group: '', kind: 'Status', version: 'v1' }]
  if (message === parts.deleteOptions) return groupVersions.map((gv) => ({ group: gv.group, kind: 'DeleteOptions', version: gv.version }))
  // A subresource's kind says so by its protobuf name: k8s.io.api.autoscaling.v1.Scale.
  const [name = '', version = '', group = ''] = message.name.split('.').toReversed()
  const candidate = { group: group === 'core' ? '' : group, kind: name, version }
  for (const suffix of ['', '.k8s.io']) {
    const found = { ...candidate, group: candidate.group && candidate.group + suffix }
    if (parts.kindOf(found) === message) return [found]
  }
  return []
}

class DocumentV3 {
  readonly #schemas: SchemaCollection
  readonly #parts: OpenApiParts
  readonly #tag: string
  readonly #gvs: readonly GroupVersion[]

  constructor(schemas: SchemaCollection, parts: OpenApiParts, tag: string, gvs: readonly GroupVersion[]) {
    this.#schemas = schemas
    this.#parts = parts
    this.#tag = tag
    this.#gvs = gvs
  }

  of(list: readonly Path[], product: string): Record<string, unknown> {
    const paths: Record<string, unknown> = {}
    for (const { path, parameters, operations } of list)
      paths[path] = {
        ...Object.fromEntries(operations.map((o) => [o.method, this.#operation(o)])),
        ...(parameters.length > 0 && { parameters: parameters.map(parameter) }),
      }
    return {
      openapi: '3.0.0',
      info: { title: 'Kubernetes', version: product },
      paths,
      components: {
        schemas: this.#schemas.all(),
        securitySchemes: {
          BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' },
        },
      },
    }
  }

  #operation(o: Operation): Record<string, unknown> {
    const answer = this.#content(o.answer)
    const types =
      o.answer.type === 'text'
        ? o.action === 'connect'
          ? ['*/*']
          : ['text/plain', ...OBJECT_TYPES]
        : o.watches
          ? [...OBJECT_TYPES, ...WATCH_TYPES]
          : OBJECT_TYPES
    const content = Object.fromEntries(types.map((t) => [t, { schema: answer }]))
    return {
      tags: [o.tag ?? this.#tag],
      description: o.description,
      operationId: o.id,
      ...(o.parameters.length > 0 && { parameters: o.parameters.map(parameter) }),
      ...(o.body && { requestBody: this.#body(o.body) }),
      responses: {
        ...Object.fromEntries(o.codes.map((code) => [code, { description: CODES[code], content }])),
        401: { description: 'Unauthorized' },
      },
      ...(o.action && { 'x-kubernetes-action': o.action }),
      ...(o.gvk && { 'x-kubernetes-group-version-kind': o.gvk }),
    }
  }

  #body(body: NonNullable<Operation['body']>): Record<string, unknown> {
    const schema = this.#content(body.content)
    const types = body.content.type === 'patch' ? PATCH_TYPES : ['*/*']
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
        return plainContent(this.#schemas, content.type, this.#gvs)
    }
  }
}

interface GroupVersion {
  readonly group: string
  readonly version: string
}

/** Contents that are no declared message; `gvs` are the versions a document is of. */
export function plainContent(
  schemas: SchemaCollection,
  type: 'text' | 'patch' | 'watchEvent' | DiscoveryKind,
  gvs: readonly GroupVersion[],
): OpenApiSchema {
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
        'x-kubernetes-group-version-kind': gvs.map((gv) => ({ group: gv.group, kind: 'WatchEvent', version: gv.version })),
      })
    default:
      return addDiscovery(schemas, type)
  }
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
