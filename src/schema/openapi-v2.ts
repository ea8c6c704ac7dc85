/** The OpenAPI v2 (Swagger) document of the whole API, which older clients read from /openapi/v2. */

import { discoveryPaths, issuerPaths } from './openapi-discovery.ts'
import { pathsOf, tagOf, type Content, type Operation, type Parameter } from './openapi-paths.ts'
import { SchemaCollection, type OpenApiSchema } from './openapi-schema.ts'
import { kindsOf, plainContent, typesOf, type OpenApiParts } from './openapi-v3.ts'
import type { Resource } from './resource.ts'

const OBJECT_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
const STRATEGIC = 'application/strategic-merge-patch+json'
const PATCH_TYPES = ['application/json-patch+json', 'application/merge-patch+json', STRATEGIC, 'application/apply-patch+yaml']

export function openApiV2(resources: readonly Resource[], parts: OpenApiParts, product = 'unversioned'): Record<string, unknown> {
  const groups = Map.groupBy(resources, (r) => `${r.group}/${r.version}`)
  const served = new Map(resources.map((r) => [r.type.schema, { group: r.group, kind: r.kind, version: r.version }]))
  const schemas = new SchemaCollection('v2', (message) => kindsOf(message, served, parts))
  const paths: Record<string, unknown> = {}
  for (const { path, operations } of [...discoveryPaths(resources.map((r) => r.group)).values(), ...issuerPaths.values()])
    paths[path] = Object.fromEntries(operations.map((o) => [o.method, operation(o, schemas, parts, o.tag ?? '')]))
  for (const [first, ...rest] of groups.values()) {
    if (first === undefined) continue
    const { group, version } = first
    for (const path of pathsOf(group, version, [first, ...rest], parts.kindOf))
      paths[path.path] = {
        ...Object.fromEntries(path.operations.map((o) => [o.method, operation(o, schemas, parts, tagOf(group, version))])),
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

function operation(o: Operation, schemas: SchemaCollection, parts: OpenApiParts, tag: string): Record<string, unknown> {
  const schema = contentOf(o.answer, schemas, parts)
  const body = o.body && {
    name: 'body',
    in: 'body',
    ...(o.body.required && { required: true }),
    schema: contentOf(o.body.content, schemas, parts),
  }
  return {
    description: o.description,
    ...(o.types === undefined && { consumes: consumedBy(o) }),
    produces: typesOf(o),
    schemes: ['https'],
    tags: [tag],
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

function consumedBy(o: Operation): readonly string[] {
  if (o.body?.content.type === 'patch') return PATCH_TYPES.filter((t) => !o.custom || t !== STRATEGIC)
  if (o.custom) return ['application/json', 'application/yaml']
  if (o.answer.type === 'VersionInfo') return ['application/json']
  return o.answer.type.startsWith('API') ? OBJECT_TYPES : ['*/*']
}

function contentOf(content: Content, schemas: SchemaCollection, parts: OpenApiParts): OpenApiSchema {
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
      return plainContent(schemas, content.type)
  }
}

function parameter(p: Parameter): Record<string, unknown> {
  return { name: p.name, in: p.in, description: p.description, type: p.type, uniqueItems: true, ...(p.in === 'path' && { required: true }) }
}
