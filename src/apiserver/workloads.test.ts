/* oxlint-disable typescript/no-explicit-any -- tests look into answers of every kind, and a wrong path fails there anyway */
/** Jobs, cron jobs, stateful sets, daemon sets and autoscalers through the API: what the server adds, keeps and refuses. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi } from './endpoints/test-api.ts'

const merge = { contentType: 'application/merge-patch+json' }
const container = { name: 'c', image: 'i:1' }
const JOBS = '/apis/batch/v1/namespaces/default/jobs'
const CRON_JOBS = '/apis/batch/v1/namespaces/default/cronjobs'
const DAEMON_SETS = '/apis/apps/v1/namespaces/default/daemonsets'
const STATEFUL_SETS = '/apis/apps/v1/namespaces/default/statefulsets'
const autoscalers = (version: string) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`

const podSpec = { restartPolicy: 'Never', containers: [container] }
const job = (spec: object = {}) => ({ metadata: { name: 'work' }, spec: { template: { spec: podSpec }, ...spec } })
const messages = (answer: { readonly object: any }) => answer.object.details.causes.map((c: any) => `${c.field}: ${c.message}`)

test('a job gets a selector for its own pods, labels that match it, and no status', async () => {
  await using t = await openTestApi()
  const { status, object } = await t.call('POST', JOBS, { ...job(), status: { active: 3 } })
  const { uid } = object.metadata
  const labels = {
    'job-name': 'work',
    'batch.kubernetes.io/job-name': 'work',
    'controller-uid': uid,
    'batch.kubernetes.io/controller-uid': uid,
  }
  deepEqual(
    [status, object.spec.selector, object.spec.template.metadata, object.metadata.labels, object.metadata.generation, object.status],
    [201, { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } }, { labels }, labels, 1, {}],
  )
  const manual = {
    manualSelector: true,
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: podSpec },
  }
  const chosen = await t.call('POST', JOBS, { ...job(manual), metadata: { name: 'mine' } })
  deepEqual([chosen.object.spec.selector, chosen.object.spec.template.metadata], [manual.selector, { labels: { a: 'b' } }])
})

test('a job with a selector of its own making is refused, unless it says so', async () => {
  await using t = await openTestApi()
  const labels = { 'job-name': 'play' }
  const refused = await t.call('POST', JOBS, job({ template: { metadata: { labels }, spec: podSpec } }))
  equal(refused.status, 422)
  deepEqual(
    messages(refused).map((text: string) => text.replace(/value: \{.*\}:/, 'value: ...:')),
    ["spec.template.metadata.labels[job-name]: Invalid value: ...: must be 'work'"],
  )
})

test("a job's status goes its way by its own path only", async () => {
  await using t = await openTestApi()
  await t.call('POST', JOBS, job())
  const main = await t.call('PATCH', `${JOBS}/work`, { status: { active: 1 }, spec: { parallelism: 2 } }, merge)
  deepEqual([main.object.status, main.object.spec.parallelism, main.object.metadata.generation], [{}, 2, 2])
  const status = { startTime: '2026-01-01T00:00:00Z', active: 1 }
  const written = await t.call('PATCH', `${JOBS}/work/status`, { status, spec: { parallelism: 5 } }, merge)
  deepEqual([written.object.status, written.object.spec.parallelism, written.object.metadata.generation], [status, 2, 2])
  const refused = await t.call('PATCH', `${JOBS}/work/status`, { status: { ready: 2 } }, merge)
  deepEqual(messages(refused), ['status.ready: Invalid value: 2: cannot set more ready pods than active'])
})

test('pods of a deleted job stay when nobody says what to do, with a warning', async () => {
  await using t = await openTestApi()
  await t.call('POST', JOBS, job())
  const deleted = await t.call('DELETE', `${JOBS}/work`)
  deepEqual(deleted.object.metadata.finalizers, ['orphan'])
  deepEqual(deleted.warnings, [
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  ])
  await t.call('POST', JOBS, { ...job(), metadata: { name: 'other' } })
  const background = await t.call('DELETE', `${JOBS}/other?propagationPolicy=Background`)
  deepEqual([background.object.status, background.warnings], ['Success', []])
})

test('a cron job counts its generations and refuses names that leave no room', async () => {
  await using t = await openTestApi()
  const cronJob = (name: string, spec: object = {}) => ({
    metadata: { name },
    spec: { schedule: '@hourly', jobTemplate: { spec: { template: { spec: podSpec } } }, ...spec },
  })
  equal((await t.call('POST', CRON_JOBS, cronJob('tick'))).object.metadata.generation, 1)
  const changed = await t.call('PATCH', `${CRON_JOBS}/tick`, { spec: { suspend: true } }, merge)
  deepEqual([changed.object.spec.suspend, changed.object.metadata.generation], [true, 2])
  const long = await t.call('POST', CRON_JOBS, cronJob('x'.repeat(53), { timeZone: 'Nowhere' }))
  deepEqual(messages(long), [
    'spec.timeZone: Invalid value: "Nowhere": unknown time zone Nowhere',
    `metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`,
  ])
})

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [container] } }
const selector = { matchLabels: { app: 'a' } }

test("a daemon set's templates are counted where older clients look", async () => {
  await using t = await openTestApi()
  const COUNT = 'deprecated.daemonset.template.generation'
  const counts = ({ object }: { object: any }) => [object.metadata.annotations[COUNT], object.metadata.generation]
  deepEqual(counts(await t.call('POST', DAEMON_SETS, { metadata: { name: 'd' }, spec: { selector, template } })), ['1', 1])
  const image = { spec: { template: { spec: { containers: [{ name: 'c', image: 'i:2' }] } } } }
  deepEqual(counts(await t.call('PATCH', `${DAEMON_SETS}/d`, image, merge)), ['2', 2])
  deepEqual(counts(await t.call('PATCH', `${DAEMON_SETS}/d`, { spec: { minReadySeconds: 1 } }, merge)), ['2', 3])
  deepEqual(counts(await t.call('PATCH', `${DAEMON_SETS}/d`, { metadata: { annotations: { [COUNT]: '9' } } }, merge)), ['2', 3])
})

test('a stateful set scales through its scale', async () => {
  await using t = await openTestApi()
  await t.call('POST', STATEFUL_SETS, { metadata: { name: 's' }, spec: { serviceName: 's', selector, template } })
  const scaled = await t.call('PATCH', `${STATEFUL_SETS}/s/scale`, { spec: { replicas: 4 } }, merge)
  deepEqual([scaled.object.kind, scaled.object.spec, scaled.object.status], ['Scale', { replicas: 4 }, { replicas: 0, selector: 'app=a' }])
  const refused = await t.call('PATCH', `${STATEFUL_SETS}/s/scale`, { spec: { replicas: -1 } }, merge)
  equal(refused.object.message, 'Scale.autoscaling "s" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0')
  const { object } = await t.call('GET', `${STATEFUL_SETS}/s`)
  deepEqual([object.spec.replicas, object.metadata.generation], [4, 2])
})

test('an autoscaler is one object in both versions', async () => {
  await using t = await openTestApi()
  const scaleTargetRef = { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' }
  const [v1, v2] = [autoscalers('v1'), autoscalers('v2')]
  const created = await t.call('POST', v1, { metadata: { name: 'a' }, spec: { scaleTargetRef, maxReplicas: 3 } })
  deepEqual(
    [created.status, created.object.apiVersion, created.object.spec],
    [201, 'autoscaling/v1', { scaleTargetRef, minReplicas: 1, maxReplicas: 3, targetCPUUtilizationPercentage: 80 }],
  )
  const memory = { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } }
  const cpu = (averageUtilization: number) => ({
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
  })
  await t.call('PATCH', `${v2}/a`, { spec: { metrics: [memory, cpu(50)] } }, merge)
  const shown = (await t.call('GET', `${v1}/a`)).object
  equal(shown.spec.targetCPUUtilizationPercentage, 50)
  shown.spec.targetCPUUtilizationPercentage = 60
  equal((await t.call('PUT', `${v1}/a`, shown)).status, 200)
  const { object } = await t.call('GET', `${v2}/a`)
  deepEqual([object.spec.metrics, object.metadata.annotations], [[memory, cpu(60)], undefined])
  const list = (await t.call('GET', v1)).object
  deepEqual([list.apiVersion, list.kind, list.items.length], ['autoscaling/v1', 'HorizontalPodAutoscalerList', 1])
})
