/** The OpenAPI v3 document of one group and version, as served under /openapi/v3. */

import type { Message } from './message.ts'
import { pathsOf, tagOf, type Content, type KindLookup, type Operation, type Parameter } from './openapi-paths.ts'
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
  const schemas = new SchemaCollection('v3', (message) => kindsOf(message, kinds, parts, [{ group, version }]))
  const document = new DocumentV3(schemas, parts, tagOf(group, version), { group, version })
  const paths: Record<string, unknown> = {}
  for (const { path, parameters, operations } of pathsOf(group, version, resources, parts.kindOf))
    paths[path] = {
      ...Object.fromEntries(operations.map((o) => [o.method, document.operation(o)])),
      ...(parameters.length > 0 && { parameters: parameters.map(parameter) }),
    }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: product },
    paths,
    components: {
      schemas: schemas.all(),
      securitySchemes: { BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' } },
    },
  }
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
  readonly #gv: { readonly group: string; readonly version: string }

  constructor(schemas: SchemaCollection, parts: OpenApiParts, tag: string, gv: { readonly group: string; readonly version: string }) {
    this.#schemas = schemas
    this.#parts = parts
    this.#tag = tag
    this.#gv = gv
  }

  operation(o: Operation): Record<string, unknown> {
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
      tags: [this.#tag],
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
        return plainContent(this.#schemas, content.type, this.#gv)
    }
  }
}

/** Contents that are no declared message. */
export function plainContent(
  schemas: SchemaCollection,
  type: Exclude<Content['type'], 'message' | 'list' | 'deleteOptions' | 'status'>,
  gv: { readonly group: string; readonly version: string },
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
        properties: { object: { type: 'object' }, type: { type: 'string' } },
        'x-kubernetes-group-version-kind': [{ ...gv, kind: 'WatchEvent' }],
      })
    case 'resourceList':
      return schemas.addPlain('io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList', {
        description: 'The resources of a group and version.',
        type: 'object',
        required: ['groupVersion', 'resources'],
        properties: {
          apiVersion: { type: 'string' },
          groupVersion: { type: 'string' },
          kind: { type: 'string' },
          resources: { type: 'array', items: { type: 'object' } },
        },
        'x-kubernetes-group-version-kind': [{ group: '', kind: 'APIResourceList', version: 'v1' }],
      })
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
