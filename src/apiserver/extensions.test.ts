/* oxlint-disable typescript/no-explicit-any -- tests look into answers of every kind, and a wrong path fails there anyway */
/** Definitions of resources, API services, migrations and device taints through the API. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi } from './endpoints/test-api.ts'

const merge = { contentType: 'application/merge-patch+json' }
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices'
const MIGRATIONS = '/apis/storagemigration.k8s.io/v1/storageversionmigrations'
const TAINT_RULES = '/apis/resource.k8s.io/v1/devicetaintrules'
const messages = (answer: { readonly object: any }) => answer.object.details.causes.map((c: any) => `${c.field}: ${c.message}`)

const schema = { openAPIV3Schema: { type: 'object' } }
const version = (name: string, storage: boolean) => ({ name, served: true, storage, schema })
const definition = (versions: readonly object[]) => ({
  metadata: { name: 'widgets.example.com' },
  spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' }, versions },
})

test('a definition remembers each version that was stored', async () => {
  await using t = await openTestApi()
  const made = await t.call('POST', DEFINITIONS, { ...definition([version('v1', true)]), status: { storedVersions: ['v9'] } })
  deepEqual(
    [made.status, made.object.metadata.generation, made.object.status],
    [201, 1, { acceptedNames: { plural: '', kind: '' }, storedVersions: ['v1'] }],
  )
  const change = { spec: { versions: [version('v1', false), version('v2', true)] } }
  const changed = await t.call('PATCH', `${DEFINITIONS}/widgets.example.com`, change, merge)
  deepEqual([changed.status, changed.object.metadata.generation, changed.object.status.storedVersions], [200, 2, ['v1', 'v2']])
  const fewer = await t.call('PATCH', `${DEFINITIONS}/widgets.example.com`, { spec: { versions: [version('v2', true)] } }, merge)
  deepEqual([fewer.status, fewer.object.details.causes[0].field], [422, 'status.storedVersions[0]'])
})

test('what the server serves itself is available, others are not', async () => {
  await using t = await openTestApi()
  const { object: own } = await t.call('GET', `${API_SERVICES}/v1.apps`)
  deepEqual(
    [own.metadata.labels, own.status.conditions.map((c: any) => [c.type, c.status, c.reason, c.message])],
    [
      { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' },
      [['Available', 'True', 'Local', 'Local APIServices are always available']],
    ],
  )
  const spec = {
    group: 'metrics.k8s.io',
    version: 'v1',
    groupPriorityMinimum: 1,
    versionPriority: 1,
    service: { name: 's', namespace: 'n' },
  }
  const made = await t.call('POST', API_SERVICES, { metadata: { name: 'v1.metrics.k8s.io' }, spec })
  deepEqual([made.status, made.object.status, made.object.spec.service.port], [201, {}, 443])
  const wrong = await t.call('POST', API_SERVICES, {
    metadata: { name: 'metrics' },
    spec: { ...spec, service: undefined, caBundle: 'AAAA' },
  })
  deepEqual(messages(wrong), [
    'metadata.name: Invalid value: "metrics": must be `spec.version+"."+spec.group`: "v1.metrics.k8s.io"',
    'spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle',
  ])
})

test('what is migrated cannot change, and a migration that ended stays so', async () => {
  await using t = await openTestApi()
  const made = await t.call('POST', MIGRATIONS, { metadata: { name: 'm' }, spec: { resource: { group: 'apps', resource: 'deployments' } } })
  equal(made.status, 201)
  const other = await t.call('PATCH', `${MIGRATIONS}/m`, { spec: { resource: { resource: 'daemonsets' } } }, merge)
  deepEqual([other.status, other.object.details.causes[0].field], [422, 'spec'])
  const condition = { status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }
  const status = (types: readonly string[]) => ({
    status: { resourceVersion: '5', conditions: types.map((type) => ({ ...condition, type })) },
  })
  const ended = await t.call('PATCH', `${MIGRATIONS}/m/status`, status(['Succeeded']), merge)
  equal(ended.status, 200)
  const again = await t.call('PATCH', `${MIGRATIONS}/m/status`, status(['Running']), merge)
  deepEqual(
    [again.status, messages(again).map((m: string) => m.replace(/value: .*: /, 'value: ...: '))],
    [422, ['status.conditions: Invalid value: ...: Success condition cannot be set to false once it is true']],
  )
})

test('a taint of devices is as old as its effect', async () => {
  await using t = await openTestApi()
  const spec = { deviceSelector: { driver: 'gpu.example.com' }, taint: { key: 'example.com/bad', effect: 'NoSchedule' } }
  const { object: made } = await t.call('POST', TAINT_RULES, { metadata: { name: 'r' }, spec })
  await t.clock.advance(5000)
  const { object: same } = await t.call('PATCH', `${TAINT_RULES}/r`, { spec: { taint: { value: 'x' } } }, merge)
  const { object: worse } = await t.call('PATCH', `${TAINT_RULES}/r`, { spec: { taint: { effect: 'NoExecute' } } }, merge)
  const times = [made, same, worse].map((rule) => Date.parse(rule.spec.taint.timeAdded))
  deepEqual([times[1]! - times[0]!, times[2]! - times[0]!], [0, 5000])
  const wrong = await t.call('POST', TAINT_RULES, { metadata: { name: 'q' }, spec: { taint: { key: 'a', effect: 'Never' } } })
  deepEqual(messages(wrong), ['spec.taint.effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"'])
})
