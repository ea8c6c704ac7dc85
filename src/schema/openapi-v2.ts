/** The OpenAPI v2 (Swagger) document of the whole API, which older clients read from /openapi/v2. */

import { pathsOf, tagOf, type Content, type Operation, type Parameter } from './openapi-paths.ts'
import { SchemaCollection, type OpenApiSchema } from './openapi-schema.ts'
import { kindsOf, plainContent, type OpenApiParts } from './openapi-v3.ts'
import type { Resource } from './resource.ts'

const OBJECT_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
const WATCH_TYPES = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']
const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]

export function openApiV2(resources: readonly Resource[], parts: OpenApiParts, product = 'unversioned'): Record<string, unknown> {
  const groups = Map.groupBy(resources, (r) => `${r.group}/${r.version}`)
  const groupVersions = [...groups.values()].map(([r]) => ({ group: r!.group, version: r!.version }))
  const served = new Map(resources.map((r) => [r.type.schema, { group: r.group, kind: r.kind, version: r.version }]))
  const schemas = new SchemaCollection('v2', (message) => kindsOf(message, served, parts, groupVersions))
  const paths: Record<string, unknown> = {}
  for (const [first, ...rest] of groups.values()) {
    if (first === undefined) continue
    const { group, version } = first
    for (const path of pathsOf(group, version, [first, ...rest], parts.kindOf))
      paths[path.path] = {
        ...Object.fromEntries(path.operations.map((o) => [o.method, operation(o, schemas, parts, { group, version })])),
        ...(path.parameters.length > 0 && { parameters: path.parameters.map(parameter) }),
      }
  }
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: product },
    paths,
    definitions: schemas.all(),
    securityDefinitions: {
      BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' },
    },
    security: [{ BearerToken: [] }],
  }
}

function operation(
  o: Operation,
  schemas: SchemaCollection,
  parts: OpenApiParts,
  gv: { readonly group: string; readonly version: string },
): Record<string, unknown> {
  const schema = contentOf(o.answer, schemas, parts, gv)
  const body = o.body && {
    name: 'body',
    in: 'body',
    ...(o.body.required && { required: true }),
    schema: contentOf(o.body.content, schemas, parts, gv),
  }
  return {
    description: o.description,
    consumes: o.body?.content.type === 'patch' ? PATCH_TYPES : o.answer.type === 'resourceList' ? OBJECT_TYPES : ['*/*'],
    produces:
      o.answer.type === 'text'
        ? o.action === 'connect'
          ? ['*/*']
          : ['text/plain', ...OBJECT_TYPES]
        : o.watches
          ? [...OBJECT_TYPES, ...WATCH_TYPES]
          : OBJECT_TYPES,
    schemes: ['https'],
    tags: [tagOf(gv.group, gv.version)],
    operationId: o.id,
    ...((body || o.parameters.length > 0) && { parameters: [...(body ? [body] : []), ...o.parameters.map(parameter)] }),
    responses: {
      ...Object.fromEntries(o.codes.map((code) => [code, { description: { 200: 'OK', 201: 'Created', 202: 'Accepted' }[code], schema }])),
      401: { description: 'Unauthorized' },
    },
    ...(o.action && { 'x-kubernetes-action': o.action }),
    ...(o.gvk && { 'x-kubernetes-group-version-kind': o.gvk }),
  }
}

function contentOf(
  content: Content,
  schemas: SchemaCollection,
  parts: OpenApiParts,
  gv: { readonly group: string; readonly version: string },
): OpenApiSchema {
  switch (content.type) {
    case 'message':
      return schemas.add(content.message)
    case 'list':
      return schemas.addList(content.item, parts.listMeta, content.kind)
    case 'deleteOptions':
      return schemas.add(parts.deleteOptions)
    case 'status':
      return schemas.add(parts.status)
    default:
      return plainContent(schemas, content.type, gv)
  }
}

function parameter(p: Parameter): Record<string, unknown> {
  return { name: p.name, in: p.in, description: p.description, type: p.type, uniqueItems: true, ...(p.in === 'path' && { required: true }) }
}
