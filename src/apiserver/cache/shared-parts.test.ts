import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { SharedParts } from './shared-parts.ts'
import type { KubeObject } from '#schema/resource.ts'

const pod = (name: string, image: string) =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'web' }, managedFields: [{ manager: 'm', fieldsV1: { 'f:spec': { 'f:containers': {} } } }] },
    spec: { nodeName: name, containers: [{ name: 'c', image }] },
    status: { phase: 'Running' },
  }) as unknown as KubeObject & {
    readonly spec: { readonly containers: object }
    readonly metadata: { readonly managedFields: readonly { fieldsV1: object }[] }
  }

test('objects of one template hold its parts once, and stay equal to what they were', () => {
  const parts = new SharedParts()
  const [a, b] = [parts.share(pod('a', 'web:1')), parts.share(pod('b', 'web:1'))]
  deepEqual([a, b], [pod('a', 'web:1'), pod('b', 'web:1')])
  equal(a.spec.containers, b.spec.containers)
  equal(a.metadata.labels, b.metadata.labels)
  equal(a.metadata.managedFields[0]!.fieldsV1, b.metadata.managedFields[0]!.fieldsV1)
})

test('what differs stays apart, also where the difference lies beyond what is hashed', () => {
  const parts = new SharedParts()
  const long = (end: string) => `${'x'.repeat(500)}${end}`
  const [a, b] = [parts.share(pod('a', long('1'))), parts.share(pod('b', long('2')))]
  notEqual(a.spec.containers, b.spec.containers)
  deepEqual(b.spec.containers, [{ name: 'c', image: long('2') }])
})

test('the number of parts kept is bounded', () => {
  const parts = new SharedParts()
  const first = parts.share(pod('a', 'web:0'))
  for (let i = 1; i < 5_000; i++) parts.share(pod('a', `web:${i}`))
  deepEqual(parts.share(pod('b', 'web:0')).spec.containers, first.spec.containers)
})
