/* oxlint-disable typescript/no-explicit-any -- tests look into answers of every kind, and a wrong path fails there anyway */
/** Admission policies in CEL, against a real API: what they refuse, change, warn about and note. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { configMaps } from '#api/core/v1/config-map.ts'
import { validatingPolicies } from '#apiserver/admission/policy/validating-policies.ts'
import { openTestApi, type Reply, type TestApi } from '#apiserver/endpoints/test-api.ts'
import { VirtualClock } from '#base/clock.ts'
import { StatusError } from '#client/client.ts'
import { validatingPolicyStatusController } from '#controllers/validating-admission-policy-status.ts'

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
  match(
    (await t.wire('GET', '/metrics')).text,
    /^apiserver_validating_admission_policy_check_total\{policy="advice",policy_binding="advice-binding",error_type="no_error",enforcement_action="warn"\} 1$/m,
  )
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

/** A mutating policy and a binding of its name. */
async function mutate(t: TestApi, name: string, spec: object, binding: object = {}): Promise<void> {
  const constraints = { resourceRules: [{ ...CONFIG_MAPS[0], operations: ['CREATE', 'UPDATE'] }] }
  await made(t, `${API}/mutatingadmissionpolicies`, {
    metadata: { name },
    spec: { matchConstraints: constraints, reinvocationPolicy: 'Never', ...spec },
  })
  await made(t, `${API}/mutatingadmissionpolicybindings`, { metadata: { name: `${name}-binding` }, spec: { policyName: name, ...binding } })
}

const apply = (expression: string) => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } })
const patch = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } })

test('policies change objects by what they apply and by patches', async () => {
  await using t = await open()
  await mutate(t, 'a-labels', {
    variables: [{ name: 'team', expression: "'team-' + request.userInfo.username" }],
    mutations: [apply("Object{metadata: Object.metadata{labels: {'team': variables.team}}}")],
  })
  await mutate(t, 'b-data', {
    mutations: [
      patch(
        `[JSONPatch{op: 'test', path: '/data/mode', value: 'auto'},
          JSONPatch{op: 'replace', path: '/data/mode', value: 'set'},
          JSONPatch{op: 'add', path: '/metadata/annotations', value: {'done/by': object.metadata.labels.team}},
          JSONPatch{op: 'add', path: '/metadata/annotations/' + jsonpatch.escapeKey('a/b'), value: 'c'}]`,
      ),
    ],
  })
  const { object } = await t.call('POST', MAPS, map('m', { mode: 'auto' }))
  const { labels, annotations } = object.metadata
  deepEqual([labels, annotations, object.data], [{ team: 'team-admin' }, { 'done/by': 'team-admin', 'a/b': 'c' }, { mode: 'set' }])
  const other = await t.call('POST', MAPS, map('n', { mode: 'own' }))
  deepEqual([other.object.metadata.annotations, other.object.data], [undefined, { mode: 'own' }])
})

test('lists are merged by their keys, and what would be lost as a whole is refused', async () => {
  await using t = await open()
  const pods = { resourceRules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }] }
  await mutate(t, 'sidecar', {
    matchConstraints: pods,
    matchConditions: [{ name: 'once', expression: "!object.spec.containers.exists(c, c.name == 'side')" }],
    mutations: [
      apply(
        `Object{spec: Object.spec{containers: object.spec.containers.map(c, Object.spec.containers{name: c.name, env: [
            Object.spec.containers.env{name: 'POD', value: 'yes'}]}) + [Object.spec.containers{name: 'side', image: 'side:1'}]}}`,
      ),
    ],
  })
  const pod = (name: string, args?: readonly string[]) => ({
    metadata: { name },
    spec: { automountServiceAccountToken: false, containers: [{ name: 'main', image: 'main:1', ...(args && { args }) }] },
  })
  await made(t, '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  const { object } = await t.call('POST', '/api/v1/namespaces/default/pods', pod('p'))
  deepEqual(
    object.spec.containers.map((c: any) => [c.name, c.image, c.env]),
    [
      ['main', 'main:1', [{ name: 'POD', value: 'yes' }]],
      ['side', 'side:1', undefined],
    ],
  )
  await mutate(t, 'arguments', {
    matchConstraints: pods,
    mutations: [apply(`Object{spec: Object.spec{containers: [Object.spec.containers{name: 'main', args: ['x']}]}}`)],
  })
  deepEqual(refusal(await t.call('POST', '/api/v1/namespaces/default/pods', pod('q', ['a']))), [
    403,
    'Invalid',
    "policy 'arguments' with binding 'arguments-binding' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.containers[0].args",
  ])
})

test('a policy that sees a change after it runs again when it wants to', async () => {
  await using t = await open()
  await mutate(t, 'a-count', {
    reinvocationPolicy: 'IfNeeded',
    mutations: [apply("Object{metadata: Object.metadata{labels: {'entries': string(size(object.data))}}}")],
  })
  await mutate(t, 'b-add', { mutations: [patch("[JSONPatch{op: 'add', path: '/data/more', value: 'x'}]")] })
  const { object } = await t.call('POST', MAPS, map('m', { one: '1' }))
  deepEqual([object.metadata.labels, Object.keys(object.data)], [{ entries: '2' }, ['one', 'more']])
})

test('a type that is not named after its place is found out', async () => {
  await using t = await open()
  await mutate(t, 'wrong', { mutations: [apply("Object{metadata: Object.spec{labels: {'a': 'b'}}}")] })
  deepEqual(refusal(await t.call('POST', MAPS, map('m'))), [
    403,
    'Invalid',
    `policy 'wrong' with binding 'wrong-binding' denied request: type mismatch: unexpected type name "Object.spec", expected "Object.metadata", which matches field name path from root Object type`,
  ])
})

test('expressions that do not compile are refused as they are written', async () => {
  await using t = await open()
  const reply = await t.call('POST', `${API}/validatingadmissionpolicies`, {
    metadata: { name: 'bad' },
    spec: {
      matchConstraints: { resourceRules: CONFIG_MAPS },
      matchConditions: [{ name: 'c', expression: 'nobody' }],
      variables: [{ name: 'v', expression: '1 +' }],
      validations: [{ expression: 'request.kinds == 1', messageExpression: '1' }],
    },
  })
  equal(reply.status, 422)
  deepEqual(
    reply.object.details.causes.map((cause: any) => [cause.field, cause.message]),
    [
      [
        'spec.matchConditions[0].expression',
        `Invalid value: "nobody": compilation failed: ERROR: <input>:1:1: undeclared reference to 'nobody' (in container '')\n | nobody\n | ^`,
      ],
      [
        'spec.variables[0].expression',
        `Invalid value: "1 +": compilation failed: ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | 1 +\n | ...^`,
      ],
      [
        'spec.validations[0].expression',
        `Invalid value: "request.kinds == 1": compilation failed: ERROR: <input>:1:8: undefined field 'kinds'\n | request.kinds == 1\n | .......^`,
      ],
      ['spec.validations[0].messageExpression', 'Invalid value: "1": must evaluate to string but got int'],
    ],
  )
})

test('types are checked against the schemas of what a policy is about', async () => {
  await using t = await open()
  const rule = (apiGroups: readonly string[], ...resources: readonly string[]) => ({
    operations: ['*'],
    apiGroups,
    apiVersions: ['v1'],
    resources,
  })
  const policy = await made(t, `${API}/validatingadmissionpolicies`, {
    metadata: { name: 'typed' },
    spec: {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConstraints: { resourceRules: [rule(['apps'], 'deployments', 'replicasets'), rule(['*'], 'pods')] },
      variables: [{ name: 'wanted', expression: 'object.spec.replicas' }],
      validations: [
        { expression: 'object.replicas > 1' },
        { expression: "object.spec.strategy.type == 'Recreate'", messageExpression: 'params.data.x + string(params.other)' },
        { expression: "variables.wanted > 'a'" },
        {
          expression: `object.spec.template.spec.containers.all(c, c.image.startsWith('x') &&
            quantity(c.resources.requests['cpu']).isLessThan(quantity('1')) && c.livenessProbe.httpGet.port == 80) &&
            object.metadata.creationTimestamp.getFullYear() > 2000 && object.metadata.labels['a'] == params.data['a']`,
        },
      ],
    },
  })
  const controller = validatingPolicyStatusController(async (path) => {
    const { status, text } = await t.wire('GET', path)
    if (status !== 200) throw new StatusError({ status: 'Failure', reason: 'NotFound', code: status, metadata: {} } as never)
    return JSON.parse(text)
  })
  const snapshot = await controller.read('typed', { get: () => policy } as never, {} as never)
  const { actions } = controller.decide(snapshot!, { wallMs: 0, monotonicMs: 0 } as never)
  const { status } = (actions[0] as any).object
  const place = (column: number, source: string, what: string) =>
    `ERROR: <input>:1:${column}: ${what}\n | ${source}\n | ${'.'.repeat(column - 1)}^\n`
  const field = (name: string) => `undefined field '${name}'`
  const none = `found no matching overload for '_>_' applied to '(int, string)'`
  const [replicas, type, other, wanted] = [
    place(7, 'object.replicas > 1', field('replicas')),
    place(12, "object.spec.strategy.type == 'Recreate'", field('strategy')),
    place(30, 'params.data.x + string(params.other)', field('other')),
    place(18, "variables.wanted > 'a'", none),
  ]
  const [deployment, replicaSet] = ['apps/v1, Kind=Deployment: ', 'apps/v1, Kind=ReplicaSet: ']
  deepEqual(status, {
    observedGeneration: 1,
    typeChecking: {
      expressionWarnings: [
        { fieldRef: 'spec.validations[0].expression', warning: `${deployment}${replicas}\n${replicaSet}${replicas}` },
        { fieldRef: 'spec.validations[1].expression', warning: `${replicaSet}${type}` },
        { fieldRef: 'spec.validations[1].messageExpression', warning: `${deployment}${other}\n${replicaSet}${other}` },
        { fieldRef: 'spec.validations[2].expression', warning: `${deployment}${wanted}\n${replicaSet}${wanted}` },
      ],
    },
  })
})

test('custom resources are judged, changed and taken for parameters', async () => {
  await using t = await open()
  const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { size: { type: 'integer' }, color: { type: 'string' } } } },
      },
    },
  }
  await made(t, DEFINITIONS, {
    metadata: { name: 'boxes.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'boxes', kind: 'Box', singular: 'box', listKind: 'BoxList' },
      versions: [version],
    },
  })
  const BOXES = '/apis/example.com/v1/namespaces/default/boxes'
  const box = (name: string, spec: object) => ({ apiVersion: 'example.com/v1', kind: 'Box', metadata: { name }, spec })
  for (let tries = 0; (await t.call('GET', BOXES)).status !== 200 && tries < 100; tries++) await t.clock.advance(100)
  const boxes = {
    resourceRules: [{ operations: ['CREATE', 'UPDATE'], apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['boxes'] }],
  }
  await made(t, BOXES, box('limit', { size: 5 }))
  await bind(
    t,
    'small',
    {
      paramKind: { apiVersion: 'example.com/v1', kind: 'Box' },
      matchConstraints: boxes,
      validations: [{ expression: 'object.spec.size <= params.spec.size', messageExpression: "'at most ' + string(params.spec.size)" }],
    },
    { paramRef: { name: 'limit', namespace: 'default', parameterNotFoundAction: 'Deny' } },
  )
  await mutate(t, 'painted', { matchConstraints: boxes, mutations: [apply("Object{spec: Object.spec{color: 'red'}}")] })
  deepEqual((await t.call('POST', BOXES, box('a', { size: 3 }))).object.spec, { size: 3, color: 'red' })
  match(
    (await t.call('POST', BOXES, box('b', { size: 9 }))).object.message,
    /^boxes.example.com "b" is forbidden: .* denied request: at most 5$/,
  )
})

test('what a policy notes for the audit log', async () => {
  const notes: [string, string][] = []
  const policies = [
    {
      metadata: { name: 'noted' },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: { resourceRules: CONFIG_MAPS, matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} },
        validations: [{ expression: 'size(object.data) == 0', message: 'not empty' }],
        auditAnnotations: [
          { key: 'keys', valueExpression: "object.data.map(k, k).join(' and ')" },
          { key: 'none', valueExpression: 'null' },
        ],
      },
    },
  ]
  const bindings = [{ metadata: { name: 'b' }, spec: { policyName: 'noted', validationActions: ['Audit'] } }]
  const plugin = validatingPolicies({
    policies: () => policies as never,
    bindings: () => bindings as never,
    namespace: async () => undefined,
    findKind: async () => undefined,
    authorizer: { authorize: () => ({ type: 'allow', reason: '' }) },
    clock: new VirtualClock(),
    counts: { decided: () => {} },
  })
  await plugin.validate!({
    operation: 'CREATE',
    resource: configMaps,
    subresource: '',
    namespace: '',
    name: 'm',
    object: map('m', { a: '1', b: '2' }),
    user: { username: 'u' },
    dryRun: false,
    warn: () => {},
    annotate: (key: string, value: string) => void notes.push([key, value]),
  } as never)
  deepEqual(notes, [
    [
      'validation.policy.admission.k8s.io/validation_failure',
      '[{"message":"not empty","policy":"noted","binding":"b","expressionIndex":0,"validationActions":["Audit"]}]',
    ],
    ['noted/keys', 'a and b'],
  ])
})

test('a policy that refuses everything can still be taken out, and questions are still answered', async () => {
  await using t = await open()
  const everything = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }]
  await bind(t, 'no', { matchConstraints: { resourceRules: everything }, validations: [{ expression: 'false', message: 'no' }] })
  equal((await t.call('POST', MAPS, map('a'))).status, 422)
  const review = { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } }
  equal((await t.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review)).status, 201)
  await made(t, `${API}/validatingadmissionpolicies`, {
    metadata: { name: 'other' },
    spec: { matchConstraints: { resourceRules: everything }, validations: [{ expression: 'true' }] },
  })
  equal((await t.call('DELETE', `${API}/validatingadmissionpolicybindings/no-binding`)).status, 200)
  equal((await t.call('POST', MAPS, map('a'))).status, 201)
})

test('what a policy may cost is bounded, for one call and for all of its validations', async () => {
  await using t = await open()
  const many = "'0123456789'.split('')"
  const loops = (count: number) => {
    const names = Array.from({ length: count }, (_, i) => `x${i}`)
    return names.reduceRight((inner, name) => `${many}.all(${name}, ${inner})`, names.map((name) => `${name} != ''`).join(' && '))
  }
  await bind(t, 'endless', { validations: [{ expression: loops(6) }] })
  const one = `expression '${loops(6)}' resulted in error: operation cancelled: actual cost limit exceeded`
  equal((await t.call('POST', MAPS, map('a'))).object.message, denied('a', 'endless', one))
  await t.call('DELETE', `${API}/validatingadmissionpolicies/endless`)
  await t.call('DELETE', `${API}/validatingadmissionpolicybindings/endless-binding`)
  await bind(t, 'many', { validations: Array.from({ length: 200 }, (_, i) => ({ expression: `${loops(4)} || ${i} == 1` })) })
  const all = 'validation failed due to running out of cost budget, no further validation rules will be run'
  equal((await t.call('POST', MAPS, map('a'))).object.message, denied('a', 'many', all))
})
