import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments } from '#api/apps/v1/deployment.ts'
import { openApiParts } from '#api/openapi-parts.ts'
import { encodeGnosticV2 } from './openapi-gnostic.ts'
import { openApiV2 } from './openapi-v2.ts'
import { openApiV3 } from './openapi-v3.ts'

type Json = Record<string, unknown>

const document = openApiV3('apps', 'v1', [deployments], openApiParts, 'v1.36.0') as {
  readonly paths: Record<string, Record<string, Json>>
  readonly components: { readonly schemas: Record<string, { readonly properties: Record<string, Json>; readonly required?: string[] }> }
}
const schemaOf = (name: string) => document.components.schemas[`io.k8s.api.${name}`]!

/** A field but for its description. */
function field(schema: string, name: string): Json {
  const { description, ...rest } = schemaOf(schema).properties[name] as Record<string, Json>
  assert.ok(description)
  return rest
}

test('a field shows its type, how it merges, and what upstream says of absence', () => {
  assert.deepEqual(schemaOf('apps.v1.DeploymentSpec').required, ['selector', 'template'])
  assert.deepEqual(field('apps.v1.DeploymentSpec', 'replicas'), { type: 'integer', format: 'int32' })
  assert.deepEqual(field('apps.v1.DeploymentSpec', 'strategy'), {
    allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy' }],
    default: {},
    'x-kubernetes-patch-strategy': 'retainKeys',
  })
  assert.deepEqual(field('core.v1.PodSpec', 'nodeSelector'), {
    type: 'object',
    additionalProperties: { type: 'string', default: '' },
    'x-kubernetes-map-type': 'atomic',
  })
  // held by a pointer upstream, so without a zero
  assert.deepEqual(field('apps.v1.DeploymentSpec', 'selector'), {
    allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector' }],
  })
  // what writes itself as text has no zero either
  assert.deepEqual(field('core.v1.ResourceRequirements', 'limits'), {
    type: 'object',
    additionalProperties: { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity' },
  })
  assert.deepEqual(field('core.v1.ContainerPort', 'protocol'), { type: 'string', enum: ['SCTP', 'TCP', 'UDP'], default: 'TCP' })
})

test('every reference leads somewhere', () => {
  const text = JSON.stringify(document)
  const missing = new Set(
    [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map((m) => m[1]!).filter((name) => !(name in document.components.schemas)),
  )
  assert.deepEqual([...missing], [])
})

test('a patch says which kind it is of and that it validates fields, which kubectl looks for', () => {
  const patch = document.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']!.patch!
  assert.deepEqual(patch['x-kubernetes-group-version-kind'], { group: 'apps', kind: 'Deployment', version: 'v1' })
  assert.deepEqual(
    (patch.parameters as { name: string }[]).map((p) => p.name),
    ['dryRun', 'fieldManager', 'fieldValidation', 'force'],
  )
})

test('the second version becomes protobuf without losing names', () => {
  const bytes = Buffer.from(encodeGnosticV2(openApiV2([deployments], openApiParts)))
  for (const name of [
    '2.0',
    'io.k8s.api.apps.v1.Deployment',
    '/apis/apps/v1/deployments',
    'readAppsV1NamespacedDeployment',
    'x-kubernetes-group-version-kind',
  ])
    assert.ok(bytes.includes(name), name)
})

test('what kubectl explain is looked through for begins with the words of upstream', () => {
  const meta = document.components.schemas['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta']!
  assert.match(String(meta.properties['creationTimestamp']!['description']), /^CreationTimestamp is a timestamp\b/)
  assert.match(String(schemaOf('apps.v1.Deployment').properties['apiVersion']!['description']), /^APIVersion defines\b/)
})
