/** Holds the OpenAPI documents against upstream's, and lists every difference. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withReference } from './declared.ts'
import { openApiDifferences } from './openapi-differences.ts'

test('definitions and operations of what we serve are those of upstream', withReference, () => {
  assert.deepEqual(openApiDifferences(), { definitions: [], paths: [] })
})
