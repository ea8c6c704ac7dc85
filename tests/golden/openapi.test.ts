/** Holds the OpenAPI documents against upstream's, and lists every difference. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openApiParts } from '#api/openapi-parts.ts'
import { discoveryPaths, issuerPaths } from '#schema/openapi-discovery.ts'
import { openApiV3, plainOpenApiV3 } from '#schema/openapi-v3.ts'
import { resources, withReference } from './declared.ts'
import { openApiDifferences, zeroDifferences } from './openapi-differences.ts'
import { flatDocuments } from './openapi-flat.ts'

test('definitions and operations of what we serve are those of upstream', withReference, () => {
  assert.deepEqual(openApiDifferences(), { definitions: [], paths: [] })
})

const versions = [...Map.groupBy(resources, (r) => r.apiVersion).values()].map((list) =>
  openApiV3(list[0]!.group, list[0]!.version, list, openApiParts),
)
const discovery = [...discoveryPaths(resources.map((r) => r.group)).values(), ...issuerPaths.values()].map((path) =>
  plainOpenApiV3(path, openApiParts),
)

test('what upstream requires of plain types shows its zero in version 3', withReference, () => {
  assert.deepEqual(zeroDifferences([...discovery, ...versions]), [])
})

test('the documents of version 3 say the same, and agree with each other', withReference, () => {
  const { swagger, disagreements } = flatDocuments([...discovery, ...versions])
  assert.deepEqual({ ...openApiDifferences(swagger), disagreements }, { definitions: [], paths: [], disagreements: [] })
})
