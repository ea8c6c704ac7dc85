/** The API services of the server itself. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { localApiServices } from './local-api-services.ts'

test('each group and version is there once, but for that of API services themselves', () => {
  const served = [
    { group: '', version: 'v1' },
    { group: 'apps', version: 'v1' },
    { group: 'apps', version: 'v1' },
    { group: 'autoscaling', version: 'v2' },
    { group: 'apiregistration.k8s.io', version: 'v1' },
  ]
  deepEqual(
    localApiServices(served).map(({ object }) => [object.metadata.name, (object as unknown as { spec: object }).spec]),
    [
      ['v1.', { version: 'v1', groupPriorityMinimum: 18_000, versionPriority: 1 }],
      ['v1.apps', { group: 'apps', version: 'v1', groupPriorityMinimum: 17_800, versionPriority: 15 }],
      ['v2.autoscaling', { group: 'autoscaling', version: 'v2', groupPriorityMinimum: 17_500, versionPriority: 30 }],
    ],
  )
})
