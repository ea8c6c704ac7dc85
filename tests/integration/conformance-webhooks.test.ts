/* oxlint-disable typescript/no-explicit-any -- steps look into reviews and objects of every kind, and a wrong path fails there anyway */
/** Conformance descriptions of admission webhooks. Each test is named after its description. */

import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, json, merge, startConformanceCluster, type Cluster } from './conformance-steps.ts'
import { openTestPki, serveTls } from './tls-server.ts'

const SLOW_MS = 5000

/** What upstream's webhook answers by path: a refusal, or the steps of a patch. */
const verdicts: Readonly<Record<string, (request: any) => object>> = {
  '/always-allow-delay-5s': () => ({ allowed: true }),
  '/always-deny': () => denied('this webhook denies all requests'),
  '/pods': ({ object }) =>
    object.metadata.name === 'webhook-to-be-mutated'
      ? changed({
          op: 'add',
          path: '/spec/initContainers',
          value: [{ image: 'webhook-added-image', name: 'webhook-added-init-container' }],
        })
      : { allowed: true },
  '/configmaps': ({ object }) =>
    object.data?.['webhook-e2e-test'] === 'webhook-disallow' ? denied('the configmap contains unwanted key and value') : { allowed: true },
  '/mutating-configmaps': ({ object }) =>
    changed(
      ...(object.data?.['mutation-start'] === 'yes' ? [{ op: 'add', path: '/data/mutation-stage-1', value: 'yes' }] : []),
      ...(object.data?.['mutation-stage-1'] === 'yes' ? [{ op: 'add', path: '/data/mutation-stage-2', value: 'yes' }] : []),
    ),
  '/custom-resource': ({ object, oldObject }) =>
    (object ?? oldObject).data?.['webhook-e2e-test'] === 'webhook-disallow'
      ? denied('the custom resource contains unwanted data')
      : { allowed: true },
  '/mutating-custom-resource': ({ object }) =>
    changed(
      ...(object.data['mutation-start'] === 'yes' ? [{ op: 'add', path: '/data/mutation-stage-1', value: 'yes' }] : []),
      ...(object.data['mutation-stage-1'] === 'yes' ? [{ op: 'add', path: '/data/mutation-stage-2', value: 'yes' }] : []),
    ),
  '/crd': ({ object }) =>
    object.metadata.labels?.['webhook-e2e-test'] === 'webhook-disallow' ? denied('the crd contains unwanted label') : { allowed: true },
  '/pods/attach': ({ name }) =>
    name === 'to-be-attached-pod' ? denied("attaching to pod 'to-be-attached-pod' is not allowed") : { allowed: true },
  '/add-label': ({ object }) =>
    changed(
      object.metadata.labels === undefined
        ? { op: 'add', path: '/metadata/labels', value: { 'added-label': 'yes' } }
        : { op: 'add', path: '/metadata/labels/added-label', value: 'yes' },
    ),
}
const denied = (message: string) => ({ allowed: false, status: { message } })
const changed = (...steps: readonly object[]) =>
  steps.length === 0
    ? { allowed: true }
    : { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(steps)).toString('base64') }

const keys = openTestPki()
const webhooks = await serveTls(keys, ['127.0.0.1'], (request, body, response) => {
  const { kind, apiVersion, request: asked } = JSON.parse(body) as any
  const path = new URL(request.url!, 'https://x').pathname
  const answer = () => response.end(JSON.stringify({ kind, apiVersion, response: { uid: asked.uid, ...verdicts[path]!(asked) } }))
  if (path === '/always-allow-delay-5s') setTimeout(answer, SLOW_MS)
  else answer()
})
let c: Cluster
before(async () => {
  c = await startConformanceCluster()
})
after(async () => {
  await c?.[Symbol.asyncDispose]()
  await webhooks[Symbol.asyncDispose]()
  keys[Symbol.dispose]()
})

const API = '/apis/admissionregistration.k8s.io/v1'
type Kind = 'mutating' | 'validating'
const rule = (resources: readonly string[], operations = ['CREATE'], apiGroups = [''], apiVersions = ['v1']) => ({
  operations,
  apiGroups,
  apiVersions,
  resources,
})

interface HookOptions {
  readonly namespace: string
  readonly rules?: readonly object[]
  readonly more?: object
}

/** A webhook for the namespaces that bear its label, as upstream's are. */
const hook = (path: string, { namespace, rules, more }: HookOptions) => ({
  name: `${path.slice(1).replaceAll('/', '-')}.example.com`,
  clientConfig: { url: `https://127.0.0.1:${webhooks.port}${path}`, caBundle: keys.caBundle },
  rules: rules ?? [rule(['configmaps'])],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  namespaceSelector: { matchLabels: { [namespace]: 'true' } },
  ...more,
})
const path = (kind: Kind, name = '') => `${API}/${kind}webhookconfigurations${name === '' ? '' : `/${name}`}`

/** The namespace of a test, which alone its webhooks are asked about. */
async function namespaced(name: string): Promise<string> {
  await c.must(201, 'POST', '/api/v1/namespaces', { metadata: { name, labels: { [name]: 'true' } } })
  await eventually(
    'a default service account',
    async () => (await c.call('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`)).status === 200,
  )
  return `/api/v1/namespaces/${name}`
}

const register = (kind: Kind, name: string, hooks: readonly object[], labels: object = {}) =>
  c.must(201, 'POST', path(kind), { metadata: { name, labels }, webhooks: hooks })

const start = (name: string) => ({ metadata: { name }, data: { 'mutation-start': 'yes' } })
const unwanted = (name: string) => ({ metadata: { name }, data: { 'webhook-e2e-test': 'webhook-disallow' } })

test('AdmissionWebhook listing mutating webhooks should work', async () => {
  const core = await namespaced('hooks-list-mutating')
  const labels = { 'e2e-list-test-uuid': 'mutating' }
  for (let n = 0; n < 10; n++) {
    await register('mutating', `list-mutating-${n}`, [hook('/mutating-configmaps', { namespace: 'hooks-list-mutating' })], labels)
  }
  const selected = `${path('mutating')}?labelSelector=e2e-list-test-uuid%3Dmutating`
  equal((await c.must(200, 'GET', selected)).items.length, 10)
  deepEqual((await c.must(201, 'POST', `${core}/configmaps`, start('one'))).data, {
    'mutation-start': 'yes',
    'mutation-stage-1': 'yes',
    'mutation-stage-2': 'yes',
  })
  await c.must(200, 'DELETE', selected)
  equal((await c.must(200, 'GET', selected)).items.length, 0)
  deepEqual((await c.must(201, 'POST', `${core}/configmaps`, start('two'))).data, { 'mutation-start': 'yes' })
})

test('AdmissionWebhook listing validating webhooks should work', async () => {
  const core = await namespaced('hooks-list-validating')
  const labels = { 'e2e-list-test-uuid': 'validating' }
  for (let n = 0; n < 10; n++) {
    await register('validating', `list-validating-${n}`, [hook('/configmaps', { namespace: 'hooks-list-validating' })], labels)
  }
  const selected = `${path('validating')}?labelSelector=e2e-list-test-uuid%3Dvalidating`
  equal((await c.must(200, 'GET', selected)).items.length, 10)
  await c.must(400, 'POST', `${core}/configmaps`, unwanted('one'))
  await c.must(200, 'DELETE', selected)
  equal((await c.must(200, 'GET', selected)).items.length, 0)
  await c.must(201, 'POST', `${core}/configmaps`, unwanted('one'))
})

test('AdmissionWebhook patching/updating a mutating webhook should work', async () => {
  const namespace = 'hooks-update-mutating'
  const core = await namespaced(namespace)
  await register('mutating', namespace, [hook('/mutating-configmaps', { namespace })])
  await updateRules('mutating', namespace, ['UPDATE'])
  deepEqual((await c.must(201, 'POST', `${core}/configmaps`, start('one'))).data, { 'mutation-start': 'yes' })
  await patchRules('mutating', namespace)
  equal((await c.must(201, 'POST', `${core}/configmaps`, start('two'))).data['mutation-stage-1'], 'yes')
})

test('AdmissionWebhook patching/updating a validating webhook should work', async () => {
  const namespace = 'hooks-update-validating'
  const core = await namespaced(namespace)
  await register('validating', namespace, [hook('/configmaps', { namespace })])
  await c.must(400, 'POST', `${core}/configmaps`, unwanted('one'))
  await updateRules('validating', namespace, ['UPDATE'])
  await c.must(201, 'POST', `${core}/configmaps`, unwanted('one'))
  await patchRules('validating', namespace)
  const refused = await c.must(400, 'POST', `${core}/configmaps`, unwanted('two'))
  equal(refused.message, 'admission webhook "configmaps.example.com" denied the request: the configmap contains unwanted key and value')
})

async function updateRules(kind: Kind, name: string, operations: readonly string[]): Promise<void> {
  const fresh = await c.must(200, 'GET', path(kind, name))
  fresh.webhooks[0].rules[0].operations = operations
  await c.must(200, 'PUT', path(kind, name), fresh)
}

async function patchRules(kind: Kind, name: string): Promise<void> {
  const steps = [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }]
  await c.must(200, 'PATCH', path(kind, name), steps, json)
}

test('AdmissionWebhook should be able to create and update mutating webhook configurations with match conditions', () =>
  keepsConditions('mutating'))

test('AdmissionWebhook should be able to create and update validating webhook configurations with match conditions', () =>
  keepsConditions('validating'))

async function keepsConditions(kind: Kind): Promise<void> {
  const name = `conditions-${kind}`
  const first = [{ name: 'expression-1', expression: "object.metadata.namespace == 'production'" }]
  await register(kind, name, [hook('/always-deny', { namespace: name, more: { matchConditions: first } })])
  const got = await c.must(200, 'GET', path(kind, name))
  deepEqual(got.webhooks[0].matchConditions, first)
  const second = [...first, { name: 'expression-2', expression: "object.metadata.namespace == 'staging'" }]
  await c.must(200, 'PUT', path(kind, name), { ...got, webhooks: [{ ...got.webhooks[0], matchConditions: second }] })
  deepEqual((await c.must(200, 'GET', path(kind, name))).webhooks[0].matchConditions, second)
}

test('AdmissionWebhook should reject mutating webhook configurations with invalid match conditions', () => rejectsConditions('mutating'))

test('AdmissionWebhook should reject validating webhook configurations with invalid match conditions', () =>
  rejectsConditions('validating'))

async function rejectsConditions(kind: Kind): Promise<void> {
  const matchConditions = [{ name: 'invalid-expression-1', expression: '... [] bad expression' }]
  const refused = await c.must(422, 'POST', path(kind), {
    metadata: { name: `bad-conditions-${kind}` },
    webhooks: [hook('/always-deny', { namespace: 'nobodys', more: { matchConditions } })],
  })
  match(refused.message, /compilation failed/)
}

test("AdmissionWebhook should mutate everything except 'skip-me' configmaps", async () => {
  const namespace = 'hooks-skip-me'
  const core = await namespaced(namespace)
  const matchConditions = [{ name: 'skip-me', expression: "object.metadata.name != 'skip-me'" }]
  await register('mutating', namespace, [hook('/mutating-configmaps', { namespace, more: { matchConditions } })])
  deepEqual((await c.must(201, 'POST', `${core}/configmaps`, start('skip-me'))).data, { 'mutation-start': 'yes' })
  equal((await c.must(201, 'POST', `${core}/configmaps`, start('other'))).data['mutation-stage-1'], 'yes')
})

test('AdmissionWebhook should mutate configmap', async () => {
  const namespace = 'hooks-configmap'
  const core = await namespaced(namespace)
  const more = (name: string) => ({ namespace, more: { name } })
  await register('mutating', namespace, [
    hook('/mutating-configmaps', more('adding-configmap-data-stage-1.example.com')),
    hook('/mutating-configmaps', more('adding-configmap-data-stage-2.example.com')),
  ])
  deepEqual((await c.must(201, 'POST', `${core}/configmaps`, start('to-be-mutated'))).data, {
    'mutation-start': 'yes',
    'mutation-stage-1': 'yes',
    'mutation-stage-2': 'yes',
  })
})

test('AdmissionWebhook should mutate pod and apply defaults after mutation', async () => {
  const namespace = 'hooks-pod'
  const core = await namespaced(namespace)
  await register('mutating', namespace, [hook('/pods', { namespace, rules: [rule(['pods'])] })])
  const pod = await c.must(201, 'POST', `${core}/pods`, podNamed('webhook-to-be-mutated'))
  deepEqual(
    pod.spec.initContainers.map((one: any) => [one.name, one.terminationMessagePolicy]),
    [['webhook-added-init-container', 'File']],
  )
})

const podNamed = (name: string) => ({ metadata: { name }, spec: { containers: [{ name: 'example', image: 'pause' }] } })

test('AdmissionWebhook should be able to deny attaching pod', async () => {
  const namespace = 'hooks-attach'
  const core = await namespaced(namespace)
  await register('validating', namespace, [hook('/pods/attach', { namespace, rules: [rule(['pods/attach'], ['CONNECT'])] })])
  await c.must(201, 'POST', `${core}/pods`, podNamed('to-be-attached-pod'))
  const refused = await c.must(400, 'POST', `${core}/pods/to-be-attached-pod/attach?stdin=true&container=example`)
  equal(
    refused.message,
    `admission webhook "pods-attach.example.com" denied the request: attaching to pod 'to-be-attached-pod' is not allowed`,
  )
})

test('AdmissionWebhook should be able to deny pod and configmap creation', async () => {
  const namespace = 'hooks-deny'
  const core = await namespaced(namespace)
  const slow = { more: { timeoutSeconds: 1, objectSelector: { matchLabels: { hang: 'true' } } } }
  await register('validating', namespace, [
    hook('/always-deny', {
      namespace,
      rules: [rule(['pods'])],
      more: { name: 'deny-pods.example.com', objectSelector: { matchLabels: { bad: 'true' } } },
    }),
    hook('/configmaps', { namespace, rules: [rule(['configmaps'], ['CREATE', 'UPDATE'])] }),
    hook('/always-allow-delay-5s', { namespace, rules: [rule(['pods'])], ...slow }),
  ])
  const labelled = (name: string, labels: object) => ({ ...podNamed(name), metadata: { name, labels } })
  const bad = await c.must(400, 'POST', `${core}/pods`, labelled('disallowed-pod', { bad: 'true' }))
  match(bad.message, /^admission webhook "deny-pods.example.com" denied the request: this webhook denies all requests$/)
  const hanging = await c.must(500, 'POST', `${core}/pods`, labelled('hanging-pod', { hang: 'true' }))
  match(hanging.message, /context deadline exceeded/)
  await c.must(404, 'GET', `${core}/pods/hanging-pod`)
  await c.must(400, 'POST', `${core}/configmaps`, unwanted('disallowed-configmap'))
  const allowed = await c.must(201, 'POST', `${core}/configmaps`, {
    metadata: { name: 'allowed-configmap' },
    data: { 'should-be-accepted': 'yes' },
  })
  const worse = { data: { 'webhook-e2e-test': 'webhook-disallow' } }
  await c.must(400, 'PUT', `${core}/configmaps/allowed-configmap`, { ...allowed, ...worse })
  await c.must(400, 'PATCH', `${core}/configmaps/allowed-configmap`, worse, merge)
  await c.must(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'hooks-deny-not' } })
  await c.must(201, 'POST', '/api/v1/namespaces/hooks-deny-not/configmaps', unwanted('disallowed-configmap'))
})

test('AdmissionWebhook should unconditionally reject operations on fail closed webhook', async () => {
  const namespace = 'hooks-fail-closed'
  const core = await namespaced(namespace)
  const clientConfig = { url: `https://127.0.0.1:${webhooks.port}/configmaps` } // without the authority it cannot be called
  await register('validating', namespace, [hook('/configmaps', { namespace, more: { clientConfig, failurePolicy: 'Fail' } })])
  const refused = await c.must(500, 'POST', `${core}/configmaps`, { metadata: { name: 'foo' } })
  equal(refused.reason, 'InternalError')
  match(refused.message, /failed calling webhook "configmaps.example.com": .*x509/)
})

test('AdmissionWebhook should not be able to mutate or prevent deletion of webhook configuration objects', async () => {
  const rules = [rule(['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'], ['*'], ['admissionregistration.k8s.io'], ['*'])]
  const everywhere = { namespace: 'any', rules, more: { namespaceSelector: {} } }
  await register('validating', 'deny-webhook-configurations', [hook('/always-deny', everywhere)])
  await register('mutating', 'mutate-webhook-configurations', [hook('/add-label', everywhere)])
  for (const kind of ['validating', 'mutating'] as const) {
    const dummy = hook('/always-deny', {
      namespace: 'nobodys',
      rules: [rule(['invalid'], ['CREATE'], [''])],
      more: { failurePolicy: 'Ignore' },
    })
    const made = await register(kind, 'dummy', [dummy])
    equal(made.metadata.labels, undefined)
    await c.must(200, 'DELETE', path(kind, 'dummy'))
  }
  await c.must(200, 'DELETE', path('validating', 'deny-webhook-configurations'))
  await c.must(200, 'DELETE', path('mutating', 'mutate-webhook-configurations'))
})

test('AdmissionWebhook should honor timeout', { timeout: 60_000 }, async () => {
  const namespace = 'hooks-slow'
  const core = await namespaced(namespace)
  const attempt = async (status: number, name: string, more: object) => {
    await register('validating', namespace, [hook('/always-allow-delay-5s', { namespace, more })])
    const answer = await c.must(status, 'POST', `${core}/configmaps`, { metadata: { name } })
    await c.must(200, 'DELETE', path('validating', namespace))
    return answer
  }
  const late = await attempt(500, 'too-late', { timeoutSeconds: 1, failurePolicy: 'Fail' })
  match(late.message, /context deadline exceeded|timeout/)
  await attempt(201, 'ignored', { timeoutSeconds: 1, failurePolicy: 'Ignore' })
  await attempt(201, 'in-time', { timeoutSeconds: 10, failurePolicy: 'Fail' })
  await attempt(201, 'by-default', { failurePolicy: 'Fail' })
})

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const open = { type: 'object', properties: { data: { type: 'object', additionalProperties: { type: 'string' } } } }
const version = (name: string, more: object = {}) => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: { openAPIV3Schema: open },
  ...more,
})
const definition = (plural: string, versions: readonly object[], labels: object = {}) => ({
  metadata: { name: `${plural}.webhook.example.com`, labels },
  spec: { group: 'webhook.example.com', scope: 'Namespaced', names: { plural, kind: `E2e${plural}` }, versions },
})

async function defined(plural: string, namespace: string, ...versions: readonly object[]): Promise<string> {
  await c.must(201, 'POST', DEFINITIONS, definition(plural, versions))
  const objects = `/apis/webhook.example.com/v1/namespaces/${namespace}/${plural}`
  await eventually(`${plural} are served`, async () => (await c.call('GET', objects)).status === 200)
  return objects
}
const custom = (plural: string, data: object, apiVersion = 'v1') => ({
  apiVersion: `webhook.example.com/${apiVersion}`,
  kind: `E2e${plural}`,
  metadata: { name: 'cr-instance-1' },
  data,
})
const customRule = (plural: string, operations: string[]) => rule([plural], operations, ['webhook.example.com'], ['*'])

test('AdmissionWebhook should be able to deny custom resource creation, update and deletion', async () => {
  const namespace = 'hooks-custom-deny'
  await namespaced(namespace)
  const objects = await defined('denieds', namespace, version('v1'))
  await register('validating', namespace, [
    hook('/custom-resource', { namespace, rules: [customRule('denieds', ['CREATE', 'UPDATE', 'DELETE'])] }),
  ])
  const bad = { 'webhook-e2e-test': 'webhook-disallow' }
  const refused = await c.must(400, 'POST', objects, custom('denieds', bad))
  match(refused.message, /the custom resource contains unwanted data/)
  const made = await c.must(201, 'POST', objects, custom('denieds', { good: 'yes' }))
  await c.must(400, 'PUT', `${objects}/cr-instance-1`, { ...made, data: bad })
  await c.must(200, 'DELETE', path('validating', namespace))
  await c.must(200, 'PATCH', `${objects}/cr-instance-1`, { data: bad }, merge)
  await register('validating', namespace, [hook('/custom-resource', { namespace, rules: [customRule('denieds', ['DELETE'])] })])
  await c.must(400, 'DELETE', `${objects}/cr-instance-1`)
  await c.must(200, 'PATCH', `${objects}/cr-instance-1`, { data: { 'webhook-e2e-test': null } }, merge)
  await c.must(200, 'DELETE', `${objects}/cr-instance-1`)
})

test('AdmissionWebhook should mutate custom resource', async () => {
  const namespace = 'hooks-custom-mutate'
  await namespaced(namespace)
  const objects = await defined('mutateds', namespace, version('v1'))
  await register('mutating', namespace, [
    hook('/mutating-custom-resource', { namespace, rules: [customRule('mutateds', ['CREATE'])], more: { name: 'stage-1.example.com' } }),
    hook('/mutating-custom-resource', { namespace, rules: [customRule('mutateds', ['CREATE'])], more: { name: 'stage-2.example.com' } }),
  ])
  deepEqual((await c.must(201, 'POST', objects, custom('mutateds', { 'mutation-start': 'yes' }))).data, {
    'mutation-start': 'yes',
    'mutation-stage-1': 'yes',
    'mutation-stage-2': 'yes',
  })
})

test('AdmissionWebhook should mutate custom resource with pruning', async () => {
  const namespace = 'hooks-custom-prune'
  await namespaced(namespace)
  const text = { type: 'string' }
  const data = { type: 'object', properties: { 'mutation-start': text, 'mutation-stage-1': text } } // without stage 2
  const openAPIV3Schema = { type: 'object', properties: { data } }
  const objects = await defined('pruneds', namespace, version('v1', { schema: { openAPIV3Schema } }))
  await register('mutating', namespace, [
    hook('/mutating-custom-resource', { namespace, rules: [customRule('pruneds', ['CREATE'])], more: { name: 'stage-1.example.com' } }),
    hook('/mutating-custom-resource', { namespace, rules: [customRule('pruneds', ['CREATE'])], more: { name: 'stage-2.example.com' } }),
  ])
  deepEqual((await c.must(201, 'POST', objects, custom('pruneds', { 'mutation-start': 'yes' }))).data, {
    'mutation-start': 'yes',
    'mutation-stage-1': 'yes',
  })
})

test('AdmissionWebhook should mutate custom resource with different stored version', async () => {
  const namespace = 'hooks-custom-stored'
  await namespaced(namespace)
  const objects = await defined('storeds', namespace, version('v1'), version('v2'))
  await register('mutating', namespace, [
    hook('/mutating-custom-resource', { namespace, rules: [customRule('storeds', ['CREATE', 'UPDATE'])] }),
  ])
  await c.must(201, 'POST', objects, custom('storeds', { 'mutation-start': 'yes' }))
  const stored = [version('v1', { storage: false }), version('v2', { storage: true })]
  await c.must(200, 'PATCH', `${DEFINITIONS}/storeds.webhook.example.com`, { spec: { versions: stored } }, merge)
  const patched = await c.must(200, 'PATCH', `${objects}/cr-instance-1`, { data: { dummy: 'test' } }, merge)
  deepEqual(patched.data, { 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes', dummy: 'test' })
})

test('AdmissionWebhook should deny crd creation', async () => {
  const more = { namespaceSelector: {}, objectSelector: { matchLabels: { 'webhook-e2e-test': 'webhook-disallow' } } }
  const rules = [rule(['customresourcedefinitions'], ['CREATE'], ['apiextensions.k8s.io'], ['*'])]
  await register('validating', 'deny-crd', [hook('/crd', { namespace: 'any', rules, more })])
  const labels = { 'webhook-e2e-test': 'webhook-disallow' }
  const refused = await c.must(400, 'POST', DEFINITIONS, definition('unwanteds', [version('v1')], labels))
  ok(refused.message.endsWith('denied the request: the crd contains unwanted label'), refused.message)
  await c.must(404, 'GET', `${DEFINITIONS}/unwanteds.webhook.example.com`)
})
