/* oxlint-disable typescript/no-explicit-any -- tests look into answers of every kind, and a wrong path fails there anyway */
/** Admission policies in CEL, against a real API: what they refuse, change, warn about and note. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi, type Reply, type TestApi } from '#apiserver/endpoints/test-api.ts'

const API = '/apis/admissionregistration.k8s.io/v1'
const MAPS = '/api/v1/namespaces/default/configmaps'
const CONFIG_MAPS = [{ operations: ['CREATE', 'UPDATE', 'DELETE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }]

const open = () => openTestApi({ withDefaultObjects: true })

async function made(t: TestApi, path: string, object: object): Promise<any> {
  const reply = await t.call('POST', path, object)
  equal(reply.status, 201, JSON.stringify(reply.object))
  return reply.object
}

/** A policy and a binding of its name. */
async function bind(t: TestApi, name: string, spec: object, binding: object = {}): Promise<void> {
  await made(t, `${API}/validatingadmissionpolicies`, {
    metadata: { name },
    spec: { matchConstraints: { resourceRules: CONFIG_MAPS }, ...spec },
  })
  await made(t, `${API}/validatingadmissionpolicybindings`, {
    metadata: { name: `${name}-binding` },
    spec: { policyName: name, validationActions: ['Deny'], ...binding },
  })
}

const map = (name: string, data: object = {}, more: object = {}) => ({ metadata: { name, ...more }, data })
const refusal = ({ status, object }: Reply) => [status, object.reason, object.message]
const denied = (name: string, policy: string, message: string) =>
  `configmaps "${name}" is forbidden: ValidatingAdmissionPolicy '${policy}' with binding '${policy}-binding' denied request: ${message}`

test('what does not hold is refused, in the words of the policy', async () => {
  await using t = await open()
  await bind(t, 'sized', { validations: [{ expression: 'size(object.data) < 2', message: 'too many entries' }] })
  await bind(t, 'named', {
    validations: [
      { expression: "object.metadata.name.startsWith('a')", reason: 'Forbidden', messageExpression: "'not named ' + object.metadata.name" },
    ],
  })
  equal((await t.call('POST', MAPS, map('a', { x: '1' }))).status, 201)
  const refused = await t.call('POST', MAPS, map('ab', { x: '1', y: '2' }))
  deepEqual(refusal(refused), [422, 'Invalid', denied('ab', 'sized', 'too many entries')])
  deepEqual(refused.object.details, {
    name: 'ab',
    kind: 'configmaps',
    causes: [{ message: "ValidatingAdmissionPolicy 'sized' with binding 'sized-binding' denied request: too many entries" }],
  })
  deepEqual(refusal(await t.call('POST', MAPS, map('b', { x: '1' }))), [403, 'Forbidden', denied('b', 'named', 'not named b')])
})

test('an expression that fails is decided upon by the failure policy', async () => {
  await using t = await open()
  await bind(t, 'strict', { validations: [{ expression: "object.data.missing == 'x'" }] })
  const text = "expression 'object.data.missing == 'x'' resulted in error: no such key: missing"
  deepEqual(refusal(await t.call('POST', MAPS, map('a', { b: '1' }))), [422, 'Invalid', denied('a', 'strict', text)])
  await t.call('DELETE', `${API}/validatingadmissionpolicies/strict`)
  await bind(t, 'lenient', { failurePolicy: 'Ignore', validations: [{ expression: "object.data.missing == 'x'" }] })
  equal((await t.call('POST', MAPS, map('a', { b: '1' }))).status, 201)
})

test('conditions, variables and the request itself', async () => {
  await using t = await open()
  await bind(t, 'kept', {
    matchConditions: [{ name: 'not-by-admin', expression: "request.userInfo.username != 'root'" }],
    variables: [
      { name: 'old', expression: 'oldObject == null ? {} : oldObject.data' },
      { name: 'gone', expression: "variables.old.filter(k, request.operation == 'DELETE' || !(k in object.data))" },
    ],
    validations: [{ expression: 'variables.gone.size() == 0', messageExpression: "'lost: ' + variables.gone.join(', ')" }],
  })
  await made(t, MAPS, map('m', { a: '1', b: '2' }))
  deepEqual(refusal(await t.call('PUT', `${MAPS}/m`, map('m', { a: '1' }))), [422, 'Invalid', denied('m', 'kept', 'lost: b')])
  deepEqual(refusal(await t.call('DELETE', `${MAPS}/m`)), [422, 'Invalid', denied('m', 'kept', 'lost: a, b')])
  equal((await t.call('DELETE', `${MAPS}/m`, undefined, { user: { username: 'root', groups: ['system:masters'] } })).status, 200)
})

test('parameters: by name, by labels, in the namespace of the request, and when there are none', async () => {
  await using t = await open()
  const spec = {
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    matchConstraints: { resourceRules: [{ ...CONFIG_MAPS[0], resources: ['secrets'] }] },
    validations: [{ expression: 'size(object.data) <= int(params.data.max)', messageExpression: "'at most ' + params.data.max" }],
  }
  const SECRETS = '/api/v1/namespaces/default/secrets'
  const secret = (...keys: readonly string[]) => ({ metadata: { name: 's' }, data: Object.fromEntries(keys.map((key) => [key, 'eA=='])) })
  await bind(t, 'limited', spec, { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } })
  const none = 'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction'
  match((await t.call('POST', SECRETS, secret('a'))).object.message, new RegExp(`denied request: ${none}$`))
  await made(t, MAPS, map('limits', { max: '1' }, { labels: { limits: 'yes' } }))
  match((await t.call('POST', SECRETS, secret('a', 'b'))).object.message, /denied request: at most 1$/)
  await t.call('DELETE', `${API}/validatingadmissionpolicybindings/limited-binding`)
  await made(t, `${API}/validatingadmissionpolicybindings`, {
    metadata: { name: 'selecting' },
    spec: {
      policyName: 'limited',
      validationActions: ['Deny'],
      paramRef: { selector: { matchLabels: { limits: 'yes' } }, parameterNotFoundAction: 'Allow' },
    },
  })
  match((await t.call('POST', SECRETS, secret('a', 'b'))).object.message, /with binding 'selecting' denied request: at most 1$/)
  await t.call('DELETE', `${MAPS}/limits`)
  equal((await t.call('POST', SECRETS, secret('a', 'b'))).status, 201)
})

test('a kind of parameters nobody serves is a mistake of the policy', async () => {
  await using t = await open()
  await bind(
    t,
    'lost',
    { paramKind: { apiVersion: 'example.com/v1', kind: 'Limit' }, validations: [{ expression: 'params != null' }] },
    { paramRef: { name: 'x', parameterNotFoundAction: 'Deny' } },
  )
  const why = "failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'"
  deepEqual(refusal(await t.call('POST', MAPS, map('a'))), [
    422,
    'Invalid',
    `configmaps "a" is forbidden: ValidatingAdmissionPolicy 'lost' denied request: ${why}`,
  ])
})

test('a binding may only warn', async () => {
  await using t = await open()
  await bind(
    t,
    'advice',
    { validations: [{ expression: 'has(object.metadata.labels)', message: 'no labels' }] },
    { validationActions: ['Warn', 'Audit'] },
  )
  const { status, warnings } = await t.call('POST', MAPS, map('a'))
  deepEqual(
    [status, warnings],
    [201, ["Validation failed for ValidatingAdmissionPolicy 'advice' with binding 'advice-binding': no labels"]],
  )
})

test('bindings narrow a policy down by namespace, object and name', async () => {
  await using t = await open()
  await made(t, '/api/v1/namespaces', { metadata: { name: 'strict', labels: { strict: 'yes' } } })
  await bind(
    t,
    'never',
    { validations: [{ expression: 'namespaceObject.metadata.labels.strict != "yes"', message: 'never here' }] },
    {
      matchResources: {
        namespaceSelector: { matchLabels: { strict: 'yes' } },
        objectSelector: { matchExpressions: [{ key: 'free', operator: 'DoesNotExist' }] },
      },
    },
  )
  equal((await t.call('POST', MAPS, map('a'))).status, 201)
  equal((await t.call('POST', '/api/v1/namespaces/strict/configmaps', map('a'))).status, 422)
  equal((await t.call('POST', '/api/v1/namespaces/strict/configmaps', map('a', {}, { labels: { free: '' } }))).status, 201)
})

test('policies ask the authorizer, even one that takes its time', async () => {
  await using t = await openTestApi({
    withDefaultObjects: true,
    authorizer: () => ({
      authorize: async ({ user, info }) =>
        user.username === 'system:serviceaccount:default:robot' || info.verb === 'approve'
          ? { type: 'deny', reason: 'no robots' }
          : { type: 'allow', reason: '' },
    }),
  })
  await bind(t, 'asked', {
    validations: [
      { expression: "authorizer.requestResource.check('approve').allowed() || object.metadata.name == 'free'", message: 'not approved' },
      { expression: "authorizer.serviceAccount('default', 'robot').group('').resource('pods').check('get').reason() == 'no robots'" },
    ],
  })
  deepEqual(refusal(await t.call('POST', MAPS, map('a'))), [422, 'Invalid', denied('a', 'asked', 'not approved')])
  equal((await t.call('POST', MAPS, map('free'))).status, 201)
})
