/* oxlint-disable typescript/no-explicit-any -- steps look into objects of every kind, and a wrong path fails there anyway */
/** Conformance descriptions of the API server: what it serves, lists and watches. Each test is named after its description. */

import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  apiOperations,
  deleteOperations,
  eventually,
  merge,
  startConformanceCluster,
  strategic,
  type Cluster,
} from './conformance-steps.ts'

let c: Cluster
before(async () => {
  c = await startConformanceCluster()
})
after(() => c?.[Symbol.asyncDispose]())

const MAPS = '/api/v1/namespaces/default/configmaps'

test('API priority and fairness should support FlowSchema API operations', async () => {
  const of = {
    group: 'flowcontrol.apiserver.k8s.io',
    version: 'v1',
    plural: 'flowschemas',
    subresources: ['status'],
    make: () => ({
      spec: {
        matchingPrecedence: 10000,
        priorityLevelConfiguration: { name: 'global-default' },
        distinguisherMethod: { type: 'ByUser' },
        rules: [
          {
            subjects: [{ kind: 'User', user: { name: 'example-e2e-non-existent-user' } }],
            nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
          },
        ],
      },
    }),
  }
  await apiOperations(c, of)
  const path = `/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/one`
  await statusOperations(path, 'Dangling')
  await deleteOperations(c, of)
})

test('API priority and fairness should support PriorityLevelConfiguration API operations', async () => {
  const of = {
    group: 'flowcontrol.apiserver.k8s.io',
    version: 'v1',
    plural: 'prioritylevelconfigurations',
    subresources: ['status'],
    make: () => ({ spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } } }),
  }
  await apiOperations(c, of)
  await statusOperations(`/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations/one`, 'Test')
  await deleteOperations(c, of)
})

/** Gets, patches and updates a status; the conditions are there afterwards, and the spec is as it was. */
async function statusOperations(path: string, type: string): Promise<void> {
  const { spec } = await c.must(200, 'GET', `${path}/status`)
  const condition = (reason: string) => ({ type, status: 'True', reason, message: reason, lastTransitionTime: '2026-01-01T00:00:00Z' })
  const patched = await c.must(200, 'PATCH', `${path}/status`, { status: { conditions: [condition('Patched')] } }, merge)
  deepEqual(patched.status.conditions, [condition('Patched')])
  const fresh = await c.must(200, 'GET', `${path}/status`)
  const conditions = [...fresh.status.conditions, { ...condition('Updated'), type: 'StatusUpdated' }]
  const updated = await c.must(200, 'PUT', `${path}/status`, { ...fresh, status: { ...fresh.status, conditions } })
  deepEqual(updated.status.conditions.map((one: any) => one.reason).toSorted(), ['Patched', 'Updated'])
  deepEqual((await c.must(200, 'GET', path)).spec, spec)
}

const policySpec = {
  failurePolicy: 'Ignore',
  matchConstraints: { resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }] },
  validations: [{ expression: 'object.spec.replicas <= 100' }],
}
const POLICIES = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies'
const BINDINGS = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings'

test('ValidatingAdmissionPolicy should support ValidatingAdmissionPolicy API operations', async () => {
  const of = {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    plural: 'validatingadmissionpolicies',
    subresources: ['status'],
    make: () => ({ spec: policySpec }),
  }
  await apiOperations(c, of)
  await statusOperations(`${POLICIES}/one`, 'StatusPatched')
  await deleteOperations(c, of)
})

test('ValidatingAdmissionPolicy should support ValidatingAdmissionPolicyBinding API operations', async () => {
  const of = {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    plural: 'validatingadmissionpolicybindings',
    subresources: [],
    make: () => ({ spec: { policyName: 'nobody.example.com', validationActions: ['Deny'] } }),
  }
  await apiOperations(c, of)
  await deleteOperations(c, of)
})

const deployment = (name: string, replicas: number) => ({
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'nginx', image: 'nginx' }] } },
  },
})

/** Makes a policy and its binding for the namespace, and waits until a Deployment it does not want is refused; answers with what was said then. */
async function inForce(name: string, spec: object, refused: object): Promise<any> {
  const namespace = `policy-${name}`
  await c.must(201, 'POST', '/api/v1/namespaces', { metadata: { name: namespace, labels: { [namespace]: 'true' } } })
  await c.must(201, 'POST', POLICIES, { metadata: { name: `${name}.policy.example.com` }, spec })
  await c.must(201, 'POST', BINDINGS, {
    metadata: { name: `${name}.policy-binding.example.com` },
    spec: {
      policyName: `${name}.policy.example.com`,
      validationActions: ['Deny'],
      matchResources: { namespaceSelector: { matchLabels: { [namespace]: 'true' } } },
    },
  })
  return c.must(422, 'POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, refused)
}

test('ValidatingAdmissionPolicy should validate against a Deployment', async () => {
  const spec = {
    ...policySpec,
    failurePolicy: 'Fail',
    validations: [
      { expression: 'object.spec.replicas > 1', messageExpression: "'wants replicas > 1, got ' + string(object.spec.replicas)" },
      { expression: "namespaceObject.metadata.name == 'policy-plain'", message: 'Internal error! Other namespace should not be allowed.' },
    ],
  }
  const refused = await inForce('plain', spec, deployment('replicated-no', 1))
  match(refused.message, /ValidatingAdmissionPolicy 'plain.policy.example.com' .*denied request: wants replicas > 1, got 1$/)
  equal(refused.reason, 'Invalid')
  await c.must(201, 'POST', '/apis/apps/v1/namespaces/policy-plain/deployments', deployment('replicated', 2))
})

test('ValidatingAdmissionPolicy should allow expressions to refer variables.', async () => {
  const spec = {
    ...policySpec,
    failurePolicy: 'Fail',
    variables: [
      { name: 'replicas', expression: 'object.spec.replicas' },
      { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
    ],
    validations: [{ expression: 'variables.replicas > 1' }, { expression: 'variables.oddReplicas' }],
  }
  const refused = await inForce('variables', spec, deployment('replicated-no', 1))
  match(refused.message, /denied request: failed expression: variables.replicas > 1$/)
  const path = '/apis/apps/v1/namespaces/policy-variables/deployments'
  await c.must(201, 'POST', path, deployment('replicated', 3))
  match((await c.must(422, 'POST', path, deployment('even', 2))).message, /denied request: failed expression: variables.oddReplicas$/)
})

test('Discovery should validate PreferredVersion for each APIGroup', async () => {
  const { groups } = await c.must(200, 'GET', '/apis')
  ok(groups.length > 10)
  for (const { name } of groups) {
    const group = await c.must(200, 'GET', `/apis/${name}`)
    ok(
      group.versions.some(
        (v: any) => v.groupVersion === group.preferredVersion.groupVersion && v.version === group.preferredVersion.version,
      ),
      name,
    )
  }
})

test('Discovery should locate the groupVersion and a resource within each APIGroup', async () => {
  const expected = [
    ['apps/v1', 'deployments'],
    ['admissionregistration.k8s.io/v1', 'validatingwebhookconfigurations'],
    ['apiextensions.k8s.io/v1', 'customresourcedefinitions'],
    ['apiregistration.k8s.io/v1', 'apiservices'],
    ['authentication.k8s.io/v1', 'tokenreviews'],
    ['authorization.k8s.io/v1', 'selfsubjectaccessreviews'],
    ['autoscaling/v1', 'horizontalpodautoscalers'],
    ['autoscaling/v2', 'horizontalpodautoscalers'],
    ['batch/v1', 'cronjobs'],
    ['certificates.k8s.io/v1', 'certificatesigningrequests'],
    ['coordination.k8s.io/v1', 'leases'],
    ['discovery.k8s.io/v1', 'endpointslices'],
    ['events.k8s.io/v1', 'events'],
    ['networking.k8s.io/v1', 'ingresses'],
    ['node.k8s.io/v1', 'runtimeclasses'],
    ['policy/v1', 'poddisruptionbudgets'],
    ['scheduling.k8s.io/v1', 'priorityclasses'],
    ['storage.k8s.io/v1', 'csidrivers'],
  ] as const
  for (const [groupVersion, resource] of expected) {
    const list = await c.must(200, 'GET', `/apis/${groupVersion}`)
    equal(list.groupVersion, groupVersion)
    ok(
      list.resources.some((r: any) => r.name === resource),
      `${groupVersion} ${resource}`,
    )
  }
})

test('AdmissionWebhook should include webhook resources in discovery documents', async () => {
  const groups = await c.must(200, 'GET', '/apis')
  const group = groups.groups.find((g: any) => g.name === 'admissionregistration.k8s.io')
  ok(group.versions.some((v: any) => v.groupVersion === 'admissionregistration.k8s.io/v1'))
  deepEqual(
    (await c.must(200, 'GET', '/apis/admissionregistration.k8s.io')).versions.filter((v: any) => v.version === 'v1'),
    [{ groupVersion: 'admissionregistration.k8s.io/v1', version: 'v1' }],
  )
  const names = (await c.must(200, 'GET', '/apis/admissionregistration.k8s.io/v1')).resources.map((r: any) => r.name)
  ok(names.includes('mutatingwebhookconfigurations') && names.includes('validatingwebhookconfigurations'))
})

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

test('AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers', async () => {
  for (const path of ['/api', '/apis']) {
    const answer = await c.call('GET', path, undefined, { accept: AGGREGATED })
    equal(answer.headers['content-type'], AGGREGATED)
    const found = answer.json<any>()
    deepEqual([found.kind, found.apiVersion], ['APIGroupDiscoveryList', 'apidiscovery.k8s.io/v2'])
    for (const [group, version, resource] of builtIn.filter(([g]) => (g === '') === (path === '/api'))) {
      const served = found.items.find((g: any) => (g.metadata.name ?? '') === group)?.versions.find((v: any) => v.version === version)
      ok(
        served?.resources.some((r: any) => r.resource === resource),
        `${group}/${version} ${resource}`,
      )
    }
  }
})

const builtIn = [
  ['', 'v1', 'namespaces'],
  ['', 'v1', 'pods'],
  ['', 'v1', 'serviceaccounts'],
  ['apps', 'v1', 'daemonsets'],
  ['apps', 'v1', 'deployments'],
  ['batch', 'v1', 'jobs'],
  ['rbac.authorization.k8s.io', 'v1', 'clusterroles'],
  ['storage.k8s.io', 'v1', 'storageclasses'],
] as const

test('Servers with support for Table transformation should return a 406 for a backend which does not implement metadata', async () => {
  const review = { spec: { resourceAttributes: { namespace: 'default', verb: 'list', resource: 'pods' } } }
  const refused = await c.must(406, 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review, {
    accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
  })
  equal(refused.reason, 'NotAcceptable')
})

test('server version should find the server version', async () => {
  const { major, minor } = await c.must(200, 'GET', '/version')
  match(major, /^\d+$/)
  match(minor, /^\d+$/)
})

const TEMPLATES = '/api/v1/namespaces/default/podtemplates'
const LIMIT = 7
const TEMPLATES_MADE = 40
const podTemplate = (name: string) => ({ metadata: { name }, template: { spec: { containers: [{ name: 'test', image: 'test2' }] } } })

test('Servers with support for API chunking should return chunks of results for list calls', async () => {
  for (let n = 0; n < TEMPLATES_MADE; n++) {
    const name = `template-${String(n).padStart(4, '0')}`
    await c.must(201, 'POST', TEMPLATES, podTemplate(name))
  }
  let found: string[] = []
  let revision = ''
  let next = ''
  do {
    const page = await c.must(200, 'GET', `${TEMPLATES}?limit=${LIMIT}&continue=${next}`)
    ok(page.items.length <= LIMIT)
    if (revision === '') revision = page.metadata.resourceVersion
    equal(page.metadata.resourceVersion, revision)
    found = [...found, ...page.items.map((item: any) => item.metadata.name)]
    next = page.metadata.continue ?? ''
    const remaining = TEMPLATES_MADE - found.length
    equal(page.metadata.remainingItemCount, remaining === 0 ? undefined : remaining)
    // What comes while somebody reads is not in the list of before.
    if (found.length === LIMIT) await c.must(201, 'POST', TEMPLATES, podTemplate('zlate'))
  } while (next !== '')
  equal(found.length, TEMPLATES_MADE)
  deepEqual(found, found.toSorted())
  await c.must(200, 'DELETE', `${TEMPLATES}/zlate`)
  const whole = await c.must(200, 'GET', `${TEMPLATES}?limit=0`)
  deepEqual(
    whole.items.map((item: any) => item.metadata.name),
    found,
  )
})

test('Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent', async () => {
  await using forgetful = await startConformanceCluster('--etcd-compaction-interval', '1s')
  for (let n = 0; n < TEMPLATES_MADE; n++) {
    const name = `template-${String(n).padStart(4, '0')}`
    await forgetful.must(201, 'POST', TEMPLATES, podTemplate(name))
  }
  const page = (next: string) => forgetful.must(200, 'GET', `${TEMPLATES}?limit=${LIMIT}&continue=${next}`)
  const names = (list: any) => list.items.map((item: any) => item.metadata.name)
  const first = await page('')
  deepEqual([first.items.length, first.metadata.remainingItemCount], [LIMIT, TEMPLATES_MADE - LIMIT])
  const refused = await eventually('the token has expired', async () => {
    // Something must be written for an older revision to be there.
    await forgetful.call('PATCH', `${TEMPLATES}/template-0000`, { metadata: { labels: { at: String(Math.random()) } } }, merge)
    const answer = await forgetful.call('GET', `${TEMPLATES}?limit=${LIMIT}&continue=${first.metadata.continue}`)
    return answer.status === 410 && answer.json<any>()
  })
  deepEqual([refused.reason, typeof refused.metadata.continue], ['Expired', 'string'])

  let list = await page(refused.metadata.continue)
  const revision = list.metadata.resourceVersion
  notEqual(revision, first.metadata.resourceVersion)
  let found = [...names(first), ...names(list)]
  equal(list.metadata.remainingItemCount, TEMPLATES_MADE - found.length)
  while (list.metadata.continue) {
    list = await page(list.metadata.continue)
    ok(list.items.length <= LIMIT)
    equal(list.metadata.resourceVersion, revision)
    found = [...found, ...names(list)]
    equal(list.metadata.remainingItemCount ?? 0, TEMPLATES_MADE - found.length)
  }
  deepEqual([found.length, found], [TEMPLATES_MADE, found.toSorted()])
})

test('Watchers should observe add, update, and delete watch notifications on configmaps', async () => {
  const selected = (selector: string) => `${MAPS}?watch=1&labelSelector=${encodeURIComponent(selector)}`
  await using watchA = c.watch(selected('watch-this-configmap=multiple-watchers-A'))
  await using watchB = c.watch(selected('watch-this-configmap=multiple-watchers-B'))
  await using watchBoth = c.watch(selected('watch-this-configmap in (multiple-watchers-A,multiple-watchers-B)'))
  const map = (letter: string) => ({
    metadata: { name: `e2e-watch-test-configmap-${letter}`, labels: { 'watch-this-configmap': `multiple-watchers-${letter}` } },
  })
  const a = `${MAPS}/e2e-watch-test-configmap-A`.toLowerCase()
  const b = `${MAPS}/e2e-watch-test-configmap-B`.toLowerCase()
  const lower = (o: any) => ({ metadata: { ...o.metadata, name: o.metadata.name.toLowerCase() } })
  await c.must(201, 'POST', MAPS, lower(map('A')))
  await c.must(200, 'PATCH', a, { data: { mutation: '1' } }, merge)
  await c.must(200, 'PATCH', a, { data: { mutation: '2' } }, merge)
  await c.must(200, 'DELETE', a)
  await c.must(201, 'POST', MAPS, lower(map('B')))
  await c.must(200, 'DELETE', b)
  const seen = (events: readonly any[]) => events.map((e) => [e.type, e.object.metadata.name.at(-1), e.object.data?.mutation])
  const ofA = [
    ['ADDED', 'a', undefined],
    ['MODIFIED', 'a', '1'],
    ['MODIFIED', 'a', '2'],
    ['DELETED', 'a', '2'],
  ]
  const ofB = [
    ['ADDED', 'b', undefined],
    ['DELETED', 'b', undefined],
  ]
  for (const watch of [watchB, watchBoth])
    await watch.event('b deleted', (e) => e.type === 'DELETED' && e.object.metadata.name.endsWith('b'))
  await watchA.event('a deleted', (e) => e.type === 'DELETED')
  deepEqual([seen(watchA.events), seen(watchB.events), seen(watchBoth.events)], [ofA, ofB, [...ofA, ...ofB]])
})

test('Watchers should be able to start watching from a specific resource version', async () => {
  const labels = { 'watch-this-configmap': 'from-resource-version' }
  const name = 'e2e-watch-test-resource-version'
  await c.must(201, 'POST', MAPS, { metadata: { name, labels } })
  const first = await c.must(200, 'PATCH', `${MAPS}/${name}`, { data: { mutation: '1' } }, merge)
  await c.must(200, 'PATCH', `${MAPS}/${name}`, { data: { mutation: '2' } }, merge)
  await c.must(200, 'DELETE', `${MAPS}/${name}`)
  await using watch = c.watch(
    `${MAPS}?watch=1&labelSelector=watch-this-configmap%3Dfrom-resource-version&resourceVersion=${first.metadata.resourceVersion}`,
  )
  await watch.event('deleted', (e) => e.type === 'DELETED')
  deepEqual(
    watch.events.map((e) => [e.type, e.object.data.mutation]),
    [
      ['MODIFIED', '2'],
      ['DELETED', '2'],
    ],
  )
})

test('Watchers should be able to restart watching from the last resource version observed by the previous watch', async () => {
  const selected = `${MAPS}?watch=1&labelSelector=watch-this-configmap%3Dwatch-closed-and-restarted`
  const name = 'e2e-watch-test-watch-closed'
  let last: any
  {
    await using watch = c.watch(selected)
    await c.must(201, 'POST', MAPS, { metadata: { name, labels: { 'watch-this-configmap': 'watch-closed-and-restarted' } } })
    await c.must(200, 'PATCH', `${MAPS}/${name}`, { data: { mutation: '1' } }, merge)
    await watch.event('added', (e) => e.type === 'ADDED')
    last = await watch.event('changed', (e) => e.type === 'MODIFIED' && e.object.data.mutation === '1')
  }
  await c.must(200, 'PATCH', `${MAPS}/${name}`, { data: { mutation: '2' } }, merge)
  await using watch = c.watch(`${selected}&resourceVersion=${last.object.metadata.resourceVersion}`)
  await c.must(200, 'DELETE', `${MAPS}/${name}`)
  await watch.event('deleted', (e) => e.type === 'DELETED')
  deepEqual(
    watch.events.map((e) => [e.type, e.object.data.mutation]),
    [
      ['MODIFIED', '2'],
      ['DELETED', '2'],
    ],
  )
})

test('Watchers should observe an object deletion if it stops meeting the requirements of the selector', async () => {
  await using watch = c.watch(`${MAPS}?watch=1&labelSelector=watch-this-configmap%3Dlabel-changed-and-restored`)
  const path = `${MAPS}/e2e-watch-test-label-changed`
  const labelled = (value: string, data: object = {}) => ({ metadata: { labels: { 'watch-this-configmap': value } }, data })
  const wanted = 'label-changed-and-restored'
  await c.must(201, 'POST', MAPS, { metadata: { name: 'e2e-watch-test-label-changed', labels: { 'watch-this-configmap': wanted } } })
  await c.must(200, 'PATCH', path, { data: { mutation: '1' } }, merge)
  await c.must(200, 'PATCH', path, labelled('wrong-value'), merge)
  await watch.event('left', (e) => e.type === 'DELETED')
  await c.must(200, 'PATCH', path, { data: { mutation: '2' } }, merge)
  await c.must(200, 'PATCH', path, labelled(wanted), merge)
  await c.must(200, 'PATCH', path, { data: { mutation: '3' } }, merge)
  await c.must(200, 'DELETE', path)
  await watch.event('gone', (e) => e.type === 'DELETED' && e.object.data?.mutation === '3')
  deepEqual(
    watch.events.map((e) => [e.type, e.object.data?.mutation]),
    [
      ['ADDED', undefined],
      ['MODIFIED', '1'],
      ['DELETED', '1'],
      ['ADDED', '2'],
      ['MODIFIED', '3'],
      ['DELETED', '3'],
    ],
  )
})

test('Watchers should receive events on concurrent watches in same order', { timeout: 60_000 }, async () => {
  const namespace = 'concurrent-watches'
  await c.must(201, 'POST', '/api/v1/namespaces', { metadata: { name: namespace } })
  const maps = `/api/v1/namespaces/${namespace}/configmaps`
  const { metadata } = await c.must(200, 'GET', maps)
  const WATCHES = 30
  await using first = c.watch(`${maps}?watch=1&resourceVersion=${metadata.resourceVersion}`)
  const writing = (async () => {
    for (let n = 0; n < WATCHES * 2; n++) {
      const path = `${maps}/configmap-${n % 5}`
      if (n % 15 < 5) await c.must(201, 'POST', maps, { metadata: { name: `configmap-${n % 5}` } })
      else if (n % 15 < 10) await c.must(200, 'PATCH', path, { data: { n: String(n) } }, strategic)
      else await c.must(200, 'DELETE', path)
    }
  })()
  const watches: ReturnType<Cluster['watch']>[] = []
  const versions = (events: readonly any[]): readonly string[] => events.map((e) => e.object.metadata.resourceVersion)
  try {
    for (let n = 0; n < WATCHES; n++) {
      await first.event(`number ${n}`, () => first.events.filter(ofTest).length > n)
      watches.push(c.watch(`${maps}?watch=1&resourceVersion=${versions(first.events)[n]}`))
    }
    await writing
    const end = (await c.must(201, 'POST', maps, { metadata: { name: 'end' } })).metadata.resourceVersion
    for (const watch of [first, ...watches]) await watch.event('the end', (e) => e.object.metadata.resourceVersion === end)
    watches.forEach((watch, n) => deepEqual(versions(watch.events), versions(first.events).slice(n + 1)))
  } finally {
    for (const watch of watches) await watch[Symbol.asyncDispose]()
  }
})

const ofTest = (event: any): boolean => event.type !== 'BOOKMARK'

test('Namespaces should patch a Namespace', async () => {
  await c.must(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'nspatchtest' } })
  await c.must(200, 'PATCH', '/api/v1/namespaces/nspatchtest', { metadata: { labels: { testLabel: 'testValue' } } }, strategic)
  equal((await c.must(200, 'GET', '/api/v1/namespaces/nspatchtest')).metadata.labels.testLabel, 'testValue')
})

test('Namespaces should apply an update to a Namespace', async () => {
  const path = '/api/v1/namespaces/nsupdatetest'
  const made = await c.must(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'nsupdatetest' } })
  const updated = await c.must(200, 'PUT', path, {
    ...made,
    metadata: { name: 'nsupdatetest', labels: { ...made.metadata.labels, nsupdatetest: 'updated' } },
  })
  equal(updated.metadata.labels.nsupdatetest, 'updated')
})

test('Namespaces should apply changes to a namespace status', async () => {
  const path = '/api/v1/namespaces/nsstatustest'
  await c.must(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'nsstatustest' } })
  const status = await c.must(200, 'GET', `${path}/status`)
  equal(status.status.phase, 'Active')
  const patch = {
    metadata: { annotations: { 'e2e-patched-ns-status': 'ns' } },
    status: { conditions: [{ type: 'StatusPatch', status: 'True', reason: 'E2E', message: 'Patched by an e2e test' }] },
  }
  const patched = await c.must(200, 'PATCH', `${path}/status`, patch, merge)
  equal(patched.metadata.annotations['e2e-patched-ns-status'], 'ns')
  deepEqual(
    patched.status.conditions.map((one: any) => [one.type, one.status, one.reason, one.message]),
    [['StatusPatch', 'True', 'E2E', 'Patched by an e2e test']],
  )
  const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Updated by an e2e test' }
  const updated = await c.must(200, 'PUT', `${path}/status`, {
    ...patched,
    status: { ...patched.status, conditions: [...patched.status.conditions, condition] },
  })
  deepEqual(updated.status.conditions.at(-1).message, 'Updated by an e2e test')
})

test('Namespaces should apply a finalizer to a Namespace', async () => {
  const path = '/api/v1/namespaces/nsfinalizertest'
  const made = await c.must(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'nsfinalizertest' } })
  const finalizers = [...made.spec.finalizers, 'e2e.example.com/fakeFinalizer']
  const updated = await c.must(200, 'PUT', `${path}/finalize`, { ...made, spec: { finalizers } })
  deepEqual(updated.spec.finalizers, ['kubernetes', 'e2e.example.com/fakeFinalizer'])
  const removed = await c.must(200, 'PUT', `${path}/finalize`, { ...updated, spec: { finalizers: ['kubernetes'] } })
  deepEqual(removed.spec.finalizers, ['kubernetes'])
})

test('FieldValidation should detect unknown and duplicate fields of a typed object', async () => {
  const path = '/apis/apps/v1/namespaces/default/deployments'
  const doubled = `{"metadata":{"name":"my-dep","labels":{"app":"nginx"}},"spec":{"unknown1":"val1","unknownDupe":"valDupe","unknownDupe":"valDupe2","paused":true,"paused":false,"selector":{"matchLabels":{"app":"nginx"}},"template":{"metadata":{"labels":{"app":"nginx"}},"spec":{"containers":[{"name":"nginx","image":"nginx:latest","unknownNested":"val1","imagePullPolicy":"Always","imagePullPolicy":"Never"}]}}}}`
  const refused = await c.must(400, 'POST', `${path}?fieldValidation=Strict`, doubled)
  equal(
    refused.message,
    'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.unknown1", unknown field "spec.unknownDupe", duplicate field "spec.paused", unknown field "spec.template.spec.containers[0].unknownNested", duplicate field "spec.template.spec.containers[0].imagePullPolicy"',
  )
})

test('FieldValidation should detect unknown metadata fields of a typed object', async () => {
  const body = { ...deployment('my-dep', 1), metadata: { name: 'my-dep', unknownMeta: 'unknownVal' } }
  const refused = await c.must(400, 'POST', '/apis/apps/v1/namespaces/default/deployments?fieldValidation=Strict', body)
  equal(
    refused.message,
    'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "metadata.unknownMeta"',
  )
  await c.must(404, 'GET', '/apis/apps/v1/namespaces/default/deployments/my-dep')
})
