/* oxlint-disable typescript/no-explicit-any -- tests look into reviews and answers of every kind, and a wrong path fails there anyway */
/** Admission webhooks: real ones over TLS, asked by a real API. */

import { deepEqual, equal, match } from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { after, beforeEach, test } from 'node:test'
import { openTestApi, type TestApi } from '#apiserver/endpoints/test-api.ts'
import { systemClock } from '#base/clock.ts'
import { openTestPki, serveTls } from './tls-server.ts'

const keys = openTestPki()
/** Asked by path; answers with the response of a review, or does something else to the HTTP answer. */
type Answer = (request: any, response: ServerResponse) => object | undefined | Promise<object | undefined>
const answers = new Map<string, Answer>()
const asked: { readonly path: string; readonly review: any }[] = []
const webhooks = await serveTls(keys, ['127.0.0.1', 'hook.default.svc'], (request, body, response) => {
  const path = new URL(request.url!, 'https://x').pathname
  const review = JSON.parse(body) as any
  asked.push({ path, review })
  void Promise.resolve(answers.get(path)!(review.request, response)).then((given) => {
    if (given === undefined) return
    const { raw, ...verdict } = given as any
    const { kind, apiVersion } = review
    response.end(JSON.stringify(raw ?? { kind, apiVersion, response: { uid: review.request.uid, ...verdict } }))
  })
})
after(async () => {
  await webhooks[Symbol.asyncDispose]()
  keys[Symbol.dispose]()
})
beforeEach(() => {
  answers.clear()
  asked.length = 0
})

const API = '/apis/admissionregistration.k8s.io/v1'
const MAPS = '/api/v1/namespaces/default/configmaps'
const all = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['configmaps'] }
const hook = (path: string, more: object = {}) => ({
  name: `${path}.example.com`,
  clientConfig: { url: `https://127.0.0.1:${webhooks.port}/${path}`, caBundle: keys.caBundle },
  rules: [all],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
})
const open = () => openTestApi({ clock: systemClock })

async function configure(t: TestApi, kind: 'mutating' | 'validating', name: string, ...hooks: readonly object[]): Promise<void> {
  const { status, object } = await t.call('POST', `${API}/${kind}webhookconfigurations`, { metadata: { name }, webhooks: hooks })
  equal(status, 201, JSON.stringify(object))
}

const patch = (...steps: readonly object[]) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(steps)).toString('base64'),
})
const map = (name: string, more: object = {}) => ({ metadata: { name, ...more }, data: { a: '1' } })
const refusal = (answer: { readonly status: number; readonly object: any }) => [answer.status, answer.object.reason, answer.object.message]

test('a validating webhook is told all there is to know, and refuses in its own words', async () => {
  await using t = await open()
  await configure(t, 'validating', 'c', hook('deny'))
  answers.set('/deny', () => ({ allowed: false, status: { message: 'not today', code: 418, reason: 'Teapot' }, warnings: ['careful'] }))
  const made = await t.call('POST', `${MAPS}?fieldManager=me&fieldValidation=Strict`, map('x'))
  deepEqual(refusal(made), [418, 'Teapot', 'admission webhook "deny.example.com" denied the request: not today'])
  deepEqual(made.warnings, ['careful'])
  const { uid, object, ...request } = asked[0]!.review.request
  match(uid, /^[0-9a-f-]{36}$/)
  deepEqual([asked[0]!.review.apiVersion, asked[0]!.review.kind], ['admission.k8s.io/v1', 'AdmissionReview'])
  match(object.metadata.uid, /^[0-9a-f-]{36}$/)
  deepEqual([object.kind, object.metadata.name, object.metadata.managedFields[0].manager], ['ConfigMap', 'x', 'me'])
  deepEqual(request, {
    kind: { group: '', version: 'v1', kind: 'ConfigMap' },
    resource: { group: '', version: 'v1', resource: 'configmaps' },
    requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
    requestResource: { group: '', version: 'v1', resource: 'configmaps' },
    name: 'x',
    namespace: 'default',
    operation: 'CREATE',
    userInfo: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
    oldObject: null,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'me', fieldValidation: 'Strict' },
  })
  equal((await t.call('GET', `${MAPS}/x`)).status, 404)
  answers.set('/deny', () => ({ allowed: false }))
  deepEqual(refusal(await t.call('POST', MAPS, map('x'))), [
    400,
    undefined,
    'admission webhook "deny.example.com" denied the request without explanation',
  ])
})

test('a mutating webhook sees no uid yet, changes the object, and leaves what the client owns as it was', async () => {
  await using t = await open()
  await configure(t, 'mutating', 'c', hook('mutate'))
  answers.set('/mutate', () =>
    patch({ op: 'add', path: '/data/b', value: '2' }, { op: 'add', path: '/metadata/labels', value: { l: 'x' } }),
  )
  const { status, object } = await t.call('POST', `${MAPS}?fieldManager=me`, { metadata: { generateName: 'x-' }, data: { a: '1' } })
  deepEqual([status, object.data, object.metadata.labels], [201, { a: '1', b: '2' }, { l: 'x' }])
  const shown = asked[0]!.review.request
  deepEqual([shown.name, shown.object.metadata.name, shown.object.metadata.uid], [undefined, undefined, undefined])
  match(object.metadata.name, /^x-[a-z0-9]{5}$/)
  deepEqual(object.metadata.managedFields[0].fieldsV1, { 'f:data': { '.': {}, 'f:a': {} }, 'f:metadata': { 'f:generateName': {} } })
})

test('what a webhook makes is validated, and gets its defaults', async () => {
  await using t = await open()
  await configure(t, 'mutating', 'c', hook('mutate', { rules: [{ ...all, resources: ['services'] }] }))
  answers.set('/mutate', () => patch({ op: 'add', path: '/spec/ports/-', value: { name: 'more', port: 81 } }))
  const service = { metadata: { name: 's' }, spec: { ports: [{ name: 'one', port: 80 }] } }
  const made = await t.call('POST', '/api/v1/namespaces/default/services', service)
  deepEqual([made.status, made.object.spec.ports[1]], [201, { name: 'more', protocol: 'TCP', port: 81, targetPort: 81 }])
  answers.set('/mutate', () => patch({ op: 'replace', path: '/spec/ports/0/port', value: 0 }))
  const wrong = await t.call('POST', '/api/v1/namespaces/default/services', { ...service, metadata: { name: 't' } })
  deepEqual([wrong.status, wrong.object.reason, wrong.object.details.causes[0].field], [422, 'Invalid', 'spec.ports[0].port'])
})

test('updates and deletions show the old object, dry runs ask only webhooks without side effects', async () => {
  await using t = await open()
  await t.call('POST', MAPS, map('x'))
  await configure(t, 'validating', 'c', hook('see'))
  answers.set('/see', () => ({ allowed: true }))
  equal((await t.call('PUT', `${MAPS}/x`, { ...map('x'), data: { a: '2' } })).status, 200)
  equal((await t.call('PATCH', `${MAPS}/x?dryRun=All`, { data: { a: '3' } }, { contentType: 'application/merge-patch+json' })).status, 200)
  equal((await t.call('DELETE', `${MAPS}/x`, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' })).status, 200)
  deepEqual(
    asked.map(({ review: { request } }) => [
      request.operation,
      request.oldObject.data,
      request.object?.data,
      request.dryRun,
      request.options.kind,
      request.options.dryRun,
      request.options.propagationPolicy,
    ]),
    [
      ['UPDATE', { a: '1' }, { a: '2' }, false, 'UpdateOptions', undefined, undefined],
      ['UPDATE', { a: '2' }, { a: '3' }, true, 'UpdateOptions', ['All'], undefined],
      ['DELETE', { a: '2' }, undefined, false, 'DeleteOptions', undefined, 'Background'],
    ],
  )
  const { object } = await t.call('GET', `${API}/validatingwebhookconfigurations/c`)
  // side effects as only configurations of before may have them
  const old = { ...object, webhooks: object.webhooks.map((w: any) => ({ ...w, sideEffects: 'Some' })) }
  equal((await t.call('PUT', `${API}/validatingwebhookconfigurations/c`, old)).status, 422)
})

test('webhooks that fail are told by their policy: Fail refuses, Ignore lets through', async () => {
  await using t = await open()
  answers.set('/hang', () => undefined)
  answers.set('/garbage', (_, response) => void response.end('garbage'))
  answers.set('/away', (_, response) => void response.writeHead(302, { location: '/ok' }).end())
  answers.set('/broken', (_, response) => void response.writeHead(500).end('oh no'))
  answers.set('/other', () => ({
    raw: { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: 'x', allowed: true } },
  }))
  answers.set('/untyped', () => ({ allowed: true, patch: 'W10=' }))
  const failures: Readonly<Record<string, RegExp>> = {
    hang: /failed to call webhook: Post "https:\/\/127\.0\.0\.1:\d+\/hang\?timeout=1s": context deadline exceeded$/,
    garbage: /failed to call webhook: couldn't get version\/kind; json parse error: invalid character 'g' looking for beginning of value$/,
    away: /failed to call webhook: the server responded with the status code 302 but did not return more information$/,
    broken: /failed to call webhook: an error on the server \("oh no"\) has prevented the request from succeeding$/,
    other: /received invalid webhook response: expected response\.uid="[0-9a-f-]{36}", got "x"$/,
    untyped: /received invalid webhook response: webhook returned response\.patch but not response\.patchType$/,
  }
  for (const [path, text] of Object.entries(failures)) {
    await configure(t, 'mutating', 'c', hook(path, { timeoutSeconds: 1 }))
    const refused = await t.call('POST', MAPS, map('x'))
    deepEqual([refused.status, refused.object.reason], [500, 'InternalError'])
    match(refused.object.message, new RegExp(`^Internal error occurred: failed calling webhook "${path}.example.com": `))
    match(refused.object.message, text)
    await t.call('DELETE', `${API}/mutatingwebhookconfigurations/c`)
    await configure(t, 'mutating', 'c', hook(path, { timeoutSeconds: 1, failurePolicy: 'Ignore' }))
    equal((await t.call('POST', MAPS, map('x'))).status, 201, path)
    await t.call('DELETE', `${API}/mutatingwebhookconfigurations/c`)
    await t.call('DELETE', `${MAPS}/x`)
  }
})

test('nobody locks himself out: webhook configurations are changed without asking webhooks', async () => {
  await using t = await open()
  await configure(t, 'validating', 'c', hook('deny', { rules: [{ ...all, apiGroups: ['*'], resources: ['*/*'] }] }))
  answers.set('/deny', () => ({ allowed: false }))
  equal((await t.call('POST', MAPS, map('x'))).status, 400)
  equal((await t.call('DELETE', `${API}/validatingwebhookconfigurations/c`)).status, 200)
  equal((await t.call('POST', MAPS, map('x'))).status, 201)
})

test('selectors and scopes choose requests, and leaving the reach of a webhook is its business', async () => {
  await using t = await open()
  answers.set('/all', () => ({ allowed: false }))
  await configure(
    t,
    'validating',
    'c',
    hook('all', {
      rules: [{ ...all, resources: ['configmaps', 'namespaces'], scope: '*' }],
      namespaceSelector: { matchLabels: { watched: 'yes' } },
      objectSelector: { matchExpressions: [{ key: 'free', operator: 'DoesNotExist' }] },
    }),
  )
  equal((await t.call('POST', MAPS, map('x'))).status, 201)
  equal((await t.call('POST', '/api/v1/namespaces', { metadata: { name: 'n', labels: { watched: 'yes' } } })).status, 400)
  equal((await t.call('POST', '/api/v1/namespaces', { metadata: { name: 'n', labels: { watched: 'yes', free: 'y' } } })).status, 201)
  equal((await t.call('POST', '/api/v1/namespaces/n/configmaps', map('x', { labels: { free: 'y' } }))).status, 201)
  const leaving = { metadata: { labels: { free: null } } }
  const merge = { contentType: 'application/merge-patch+json' }
  equal((await t.call('PATCH', '/api/v1/namespaces/n/configmaps/x', leaving, merge)).status, 400)
  deepEqual(
    asked.map(({ review: { request } }) => [request.kind.kind, request.operation]),
    [
      ['Namespace', 'CREATE'],
      ['ConfigMap', 'UPDATE'],
    ],
  )
})

test('another version of what is asked for matches, and is what the webhook gets', async () => {
  await using t = await open()
  const rules = [{ ...all, apiGroups: ['autoscaling'], apiVersions: ['v1'], resources: ['horizontalpodautoscalers'] }]
  await configure(t, 'mutating', 'c', hook('exact', { rules, matchPolicy: 'Exact' }), hook('equivalent', { rules }))
  answers.set('/equivalent', () => patch({ op: 'replace', path: '/spec/targetCPUUtilizationPercentage', value: 77 }))
  const { status, object } = await t.call('POST', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', {
    metadata: { name: 'x' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      maxReplicas: 3,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
    },
  })
  deepEqual([status, object.apiVersion, object.spec.metrics[0].resource.target.averageUtilization], [201, 'autoscaling/v2', 77])
  deepEqual(
    asked.map(({ path, review: { request } }) => [path, request.kind.version, request.requestKind.version, request.object.apiVersion]),
    [['/equivalent', 'v1', 'v2', 'autoscaling/v1']],
  )
})

test('webhooks run by name, each on what the one before made, and again where they want to', async () => {
  await using t = await open()
  const add = (key: string) => (request: any) =>
    request.object.data[key] === undefined ? patch({ op: 'add', path: `/data/${key}`, value: 'y' }) : { allowed: true }
  answers.set('/one', add('one'))
  answers.set('/two', add('two'))
  answers.set('/three', () => ({ allowed: true }))
  await configure(t, 'mutating', 'b', hook('two'), hook('three', { reinvocationPolicy: 'IfNeeded' }))
  await configure(t, 'mutating', 'a', hook('one', { reinvocationPolicy: 'IfNeeded' }))
  equal((await t.call('POST', MAPS, map('x'))).status, 201)
  deepEqual(
    asked.map(({ path, review }) => [path, Object.keys(review.request.object.data)]),
    [
      ['/one', ['a']],
      ['/two', ['a', 'one']],
      ['/three', ['a', 'one', 'two']],
      ['/one', ['a', 'one', 'two']],
    ],
  )
})

test('validating webhooks are asked at once', async () => {
  await using t = await open()
  const waiting: (() => void)[] = []
  // each answers only when all three have been asked
  const together: Answer = () =>
    new Promise((resolve) => {
      waiting.push(() => resolve({ allowed: true }))
      if (waiting.length === 3) for (const go of waiting) go()
    })
  for (const path of ['one', 'two', 'three']) answers.set(`/${path}`, together)
  await configure(t, 'validating', 'c', hook('one'), hook('two'), hook('three'))
  equal((await t.call('POST', MAPS, map('x'))).status, 201)
})

test('subresources are shown as what they are, and may be changed, too', async () => {
  await using t = await open()
  const rules = [{ operations: ['*'], apiGroups: ['apps', ''], apiVersions: ['*'], resources: ['*/scale', 'pods/eviction', 'pods/exec'] }]
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const spec = { selector: { matchLabels: { a: 'b' } }, template, replicas: 1 }
  const deployments = '/apis/apps/v1/namespaces/default/deployments'
  equal((await t.call('POST', deployments, { metadata: { name: 'd' }, spec })).status, 201)
  await configure(t, 'mutating', 'c', hook('scale', { rules }))
  answers.set('/scale', () => patch({ op: 'replace', path: '/spec/replicas', value: 5 }))
  const scaled = await t.call('PATCH', `${deployments}/d/scale`, { spec: { replicas: 3 } }, { contentType: 'application/merge-patch+json' })
  deepEqual([scaled.status, scaled.object.spec.replicas], [200, 5])
  const { object: stored } = await t.call('GET', `${deployments}/d`)
  equal(stored.spec.replicas, 5)
  const { request } = asked[0]!.review
  deepEqual(
    [request.kind, request.resource, request.subResource, request.requestSubResource, request.object.kind, request.oldObject.spec],
    [
      { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      { group: 'apps', version: 'v1', resource: 'deployments' },
      'scale',
      'scale',
      'Scale',
      { replicas: 1 },
    ],
  )
})

test('conditions in CEL choose requests; one that fails refuses, or skips the webhook', async () => {
  await using t = await open()
  const conditions = (...expressions: readonly string[]) => expressions.map((expression, i) => ({ name: `c${i}`, expression }))
  await configure(
    t,
    'validating',
    'c',
    hook('deny', {
      matchConditions: conditions(
        "request.userInfo.username == 'admin'",
        "authorizer.requestResource.check('create').allowed()",
        "object.metadata.name.startsWith('no-')",
      ),
    }),
    hook('skipped', { matchConditions: conditions('object.data.absent == "x"'), failurePolicy: 'Ignore' }),
  )
  answers.set('/deny', () => ({ allowed: false }))
  equal((await t.call('POST', MAPS, map('yes'))).status, 201)
  equal((await t.call('POST', MAPS, map('no-x'))).status, 400)
  await configure(t, 'validating', 'd', hook('failing', { matchConditions: conditions('object.data.absent == "x"') }))
  deepEqual(refusal(await t.call('POST', MAPS, map('z'))), [
    403,
    'Forbidden',
    `configmaps "z" is forbidden: expression 'object.data.absent == "x"' resulted in error: no such key: absent`,
  ])
})

test('a webhook behind a service is called by the name of the service', async () => {
  await using t = await open()
  const service = { metadata: { name: 'hook' }, spec: { type: 'ExternalName', externalName: 'localhost' } }
  equal((await t.call('POST', '/api/v1/namespaces/default/services', service)).status, 201)
  const clientConfig = (name: string) => ({
    service: { namespace: 'default', name, path: '/ok', port: webhooks.port },
    caBundle: keys.caBundle,
  })
  answers.set('/ok', () => ({ allowed: true, auditAnnotations: { k: 'v' } }))
  await configure(t, 'validating', 'c', hook('ok', { clientConfig: clientConfig('hook') }))
  equal((await t.call('POST', MAPS, map('x'))).status, 201)
  equal(asked.length, 1)
  await configure(t, 'validating', 'd', hook('none', { clientConfig: clientConfig('absent') }))
  deepEqual(refusal(await t.call('POST', MAPS, map('y'))), [
    500,
    'InternalError',
    `Internal error occurred: failed calling webhook "none.example.com": failed to call webhook: Post "https://absent.default.svc:${webhooks.port}/ok?timeout=10s": service "absent" not found`,
  ])
})

test('owners that a webhook spoils come back, with a warning', async () => {
  await using t = await open()
  await configure(t, 'mutating', 'c', hook('spoil'))
  answers.set('/spoil', () => patch({ op: 'remove', path: '/metadata/managedFields/0/fieldsType' }))
  const { object, warnings } = await t.call('POST', `${MAPS}?fieldManager=me`, map('x'))
  deepEqual(warnings, [
    '.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: missing fieldsType in managed fields entry 0',
  ])
  deepEqual([object.metadata.managedFields.length, object.metadata.managedFields[0].fieldsType], [1, 'FieldsV1'])
})

test('questions are shown to webhooks, too, as creations', async () => {
  await using t = await open()
  const rules = [{ ...all, resources: ['tokenreviews', 'localsubjectaccessreviews'] }]
  await configure(t, 'validating', 'c', hook('see', { rules }))
  answers.set('/see', () => ({ allowed: true }))
  const local = '/apis/authorization.k8s.io/v1/namespaces/absent/localsubjectaccessreviews'
  const spec = { user: 'u', resourceAttributes: { namespace: 'absent', verb: 'get', resource: 'pods' } }
  equal((await t.call('POST', local, { metadata: { namespace: 'absent' }, spec })).status, 201)
  equal((await t.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 't' } })).status, 201)
  deepEqual(
    asked.map(({ review: { request } }) => [request.kind.kind, request.operation, request.namespace, request.object.spec]),
    [
      ['LocalSubjectAccessReview', 'CREATE', 'absent', spec],
      ['TokenReview', 'CREATE', undefined, { token: 't' }],
    ],
  )
})

test('connections are asked about before anything is dialed, evictions in place of the deletions they are', async () => {
  // nobody is dialed
  await using t = await openTestApi({ clock: systemClock, kubelets: () => ({}) as never })
  const rules = [{ ...all, apiVersions: ['v1'], resources: ['pods', 'pods/exec', 'pods/proxy', 'pods/eviction'] }]
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const pods = '/api/v1/namespaces/default/pods'
  equal((await t.call('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })).status, 201)
  equal((await t.call('POST', pods, pod)).status, 201)
  await configure(t, 'validating', 'c', hook('see', { rules }))
  answers.set('/see', ({ operation }) => ({ allowed: operation !== 'CONNECT' }))
  const exec = await t.call('POST', `${pods}/p/exec?command=sh&command=-c&stdout=true&container=c`)
  equal(exec.object.message, 'admission webhook "see.example.com" denied the request without explanation')
  equal((await t.call('POST', `${pods}/p/eviction`, { metadata: { name: 'p' } })).status, 201)
  deepEqual(
    asked.map(({ review: { request } }) => [
      request.operation,
      request.kind,
      request.subResource,
      request.name,
      request.options?.kind ?? null,
    ]),
    [
      ['CONNECT', { group: '', version: 'v1', kind: 'PodExecOptions' }, 'exec', 'p', null],
      ['CREATE', { group: 'policy', version: 'v1', kind: 'Eviction' }, 'eviction', 'p', 'CreateOptions'],
    ],
  )
  const options = asked[0]!.review.request.object
  deepEqual(options, {
    kind: 'PodExecOptions',
    apiVersion: 'v1',
    stdout: true,
    container: 'c',
    command: ['sh', '-c'],
  })
})

test('how somebody connects can be changed by a webhook', async () => {
  const dialed: string[] = []
  const kubelets = {
    kubelet: async (_: string, path: string, query: URLSearchParams) => {
      dialed.push(`${path}?${query}`)
      return { type: 'bytes' as const, status: 200, headers: {}, body: '' }
    },
  }
  await using t = await openTestApi({ clock: systemClock, kubelets: () => kubelets as never })
  const pod = { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } }
  equal((await t.call('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })).status, 201)
  equal((await t.call('POST', '/api/v1/namespaces/default/pods', pod)).status, 201)
  await configure(t, 'mutating', 'c', hook('change', { rules: [{ ...all, operations: ['CONNECT'], resources: ['pods/exec'] }] }))
  answers.set('/change', () => patch({ op: 'replace', path: '/command', value: ['id', '-u'] }, { op: 'remove', path: '/stdin' }))
  equal((await t.call('POST', '/api/v1/namespaces/default/pods/p/exec?command=sh&stdin=1&stdout=1')).status, 200)
  deepEqual(dialed, ['/exec/default/p/c?command=id&command=-u&output=1'])
})

test('a collection is deleted object by object, none of which the request names', async () => {
  await using t = await open()
  for (const name of ['x', 'y']) equal((await t.call('POST', MAPS, map(name))).status, 201)
  await configure(t, 'validating', 'c', hook('see'))
  answers.set('/see', () => ({ allowed: true }))
  equal((await t.call('DELETE', MAPS)).status, 200)
  deepEqual(
    asked.map(({ review: { request } }) => [request.operation, request.name, request.oldObject.metadata.name]),
    [
      ['DELETE', undefined, 'x'],
      ['DELETE', undefined, 'y'],
    ],
  )
})

test('how webhooks do is counted', async () => {
  await using t = await open()
  await configure(t, 'validating', 'c', hook('deny'), hook('broken', { failurePolicy: 'Ignore' }))
  answers.set('/deny', () => ({ allowed: false, status: { code: 403 } }))
  answers.set('/broken', (_, response) => void response.writeHead(500).end())
  equal((await t.call('POST', MAPS, map('x'))).status, 403)
  const { object } = await t.call('GET', '/metrics')
  const counted = (object as string).split('\n').filter((line) => /^apiserver_admission_webhook_\w+(count|total)\{/.test(line))
  const of = (name: string, more: string) => `{name="${name}.example.com",type="validating"${more}}`
  deepEqual(counted.filter((line) => !line.includes('duration')).toSorted(), [
    `apiserver_admission_webhook_fail_open_count${of('broken', '')} 1`,
    `apiserver_admission_webhook_rejection_count${of('deny', ',operation="CREATE",error_type="no_error",rejection_code="403"')} 1`,
    `apiserver_admission_webhook_request_total${of('broken', ',operation="CREATE",code="500",rejected="false"')} 1`,
    `apiserver_admission_webhook_request_total${of('deny', ',operation="CREATE",code="403",rejected="true"')} 1`,
  ])
})

for (const strategy of ['None', 'Webhook'])
  test(`custom resources are shown in the version that a webhook knows, converted by ${strategy}`, async () => {
    await using t = await open()
    const properties = { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
    const schema = { openAPIV3Schema: { type: 'object', properties } }
    const clientConfig = { url: `https://127.0.0.1:${webhooks.port}/convert`, caBundle: keys.caBundle }
    const conversion = strategy === 'None' ? { strategy } : { strategy, webhook: { clientConfig, conversionReviewVersions: ['v1'] } }
    answers.set('/convert', ({ uid, desiredAPIVersion: apiVersion, objects }) => {
      const convertedObjects = objects.map((o: any) => ({ ...o, apiVersion, spec: { ...o.spec, via: apiVersion } }))
      return {
        raw: {
          kind: 'ConversionReview',
          apiVersion: 'apiextensions.k8s.io/v1',
          response: { uid, convertedObjects, result: { status: 'Success' } },
        },
      }
    })
    const definition = {
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
        conversion,
        versions: ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === 'v2', schema })),
      },
    }
    const made = await t.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)
    equal(made.status, 201, JSON.stringify(made.object))
    const rules = [{ ...all, apiVersions: ['v1'], resources: ['widgets'] }]
    await configure(t, 'mutating', 'c', hook('set', { rules }))
    await configure(t, 'validating', 'c', hook('see', { rules }))
    answers.set('/set', () => patch({ op: 'add', path: '/spec/size', value: 3 }))
    answers.set('/see', () => ({ allowed: true }))
    const widgets = '/apis/example.com/v2/namespaces/default/widgets'
    const create = () => t.call('POST', widgets, { apiVersion: 'example.com/v2', kind: 'Widget', metadata: { name: 'w' }, spec: {} })
    let created = await create()
    for (let tries = 0; created.status === 404 && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10)) // until the definition is established
      created = await create()
    }
    const via = (version: string) => (strategy === 'None' ? {} : { via: `example.com/${version}` })
    deepEqual([created.status, created.object.apiVersion, created.object.spec], [201, 'example.com/v2', { size: 3, ...via('v2') }])
    deepEqual(
      asked
        .filter(({ path }) => path !== '/convert')
        .map(({ path, review: { request } }) => [path, request.kind.version, request.requestKind.version, request.object.spec]),
      [
        ['/set', 'v1', 'v2', via('v1')],
        ['/see', 'v1', 'v2', { size: 3, ...via('v1') }],
      ],
    )
  })
