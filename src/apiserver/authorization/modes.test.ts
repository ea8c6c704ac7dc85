import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { test } from 'node:test'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import { ConfigurationError } from '#apiserver/authentication/configuration.ts'
import { authorize } from '#apiserver/filters/authorization.ts'
import { AuthorizerFailed } from '#apiserver/filters/failure.ts'
import { parseRequestInfo } from '#apiserver/filters/request-info.ts'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { abacAuthorizer } from './abac.ts'
import type { Authorizer, Decision } from './authorizer.ts'
import { parseAuthorizationConfiguration, type WantedAuthorizer } from './configuration.ts'
import { openConfiguredAuthorizer } from './configured.ts'
import { reviewSpecOf, selectorErrors, selectorsOf } from './review-spec.ts'
import { reviewRules } from './rules-review.ts'
import { alwaysAllow, alwaysDeny, firstWithOpinion, privilegedGroups } from './union.ts'
import { webhookAuthorizer, type WebhookAuthorizerParts } from './webhook.ts'

const joe: UserInfo = { username: 'joe', uid: '7', groups: ['dev', 'system:authenticated'], extra: { k: ['v'] } }
const stranger: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] }

function request(method: string, url: string, user: UserInfo = joe) {
  const [path = '', query = ''] = url.split('?')
  return { user, info: parseRequestInfo(method, path, new URLSearchParams(query)) }
}

test('policies of a file allow by user or group, namespace, resource, group, path and reading', async () => {
  const authorizer = abacAuthorizer(
    `# comment
{"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": {"user": "joe", "namespace": "ns", "resource": "pods", "apiGroup": "", "readonly": true}}

{"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": {"group": "*", "nonResourcePath": "/version*"}}
{"user": "old", "resource": "services"}
{"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": {"namespace": "*", "resource": "*", "apiGroup": "*"}}
`,
    'policy.jsonl',
  )
  const old: UserInfo = { username: 'old', groups: ['system:authenticated'] }
  const asked: readonly (readonly [string, string, UserInfo, boolean])[] = [
    ['GET', '/api/v1/namespaces/ns/pods/a', joe, true],
    ['DELETE', '/api/v1/namespaces/ns/pods/a', joe, false],
    ['GET', '/api/v1/namespaces/other/pods/a', joe, false],
    ['GET', '/apis/apps/v1/namespaces/ns/deployments', joe, false],
    ['GET', '/version/x', joe, true],
    ['GET', '/version', stranger, false],
    ['GET', '/metrics', joe, false],
    ['DELETE', '/api/v1/namespaces/x/services/s', old, true],
    ['GET', '/version', old, true],
    ['GET', '/api/v1/namespaces/ns/pods/a', old, false],
  ]
  deepEqual(
    await Promise.all(asked.map(async ([m, url, user]) => (await authorizer.authorize(request(m, url, user))).type === 'allow')),
    asked.map(([, , , expected]) => expected),
  )
  deepEqual(await authorizer.authorize(request('GET', '/metrics')), { type: 'no-opinion', reason: 'No policy matched.' })
  throws(() => abacAuthorizer('\n{"user": 3}', 'f'), { message: 'error reading policy file f, line 2: {"user": 3}: user must be a string' })
  throws(() => abacAuthorizer('{"kind": "Pod", "apiVersion": "v1"}', 'f'), /no kind "Pod" is registered for version "v1"/)
})

test('what all authorizers allow is listed together, and what cannot be listed is said', () => {
  const abac = abacAuthorizer('{"user": "joe", "namespace": "ns", "resource": "pods", "readonly": true}\n{"user": "ann"}', 'policy.jsonl')
  const hook = webhookAuthorizer({} as never)
  const both = firstWithOpinion([privilegedGroups('system:masters'), abac, hook, alwaysDeny, alwaysAllow])
  deepEqual(reviewRules(both.rulesFor!(joe, 'ns')), {
    resourceRules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: ['*'], resources: ['pods'] },
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    ],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    incomplete: true,
    evaluationError: 'webhook authorizer does not support user rule resolution',
  })
  deepEqual(abac.rulesFor!(joe, 'other').rules, [])
})

test('a review says who wants to do what, selectors included', () => {
  deepEqual(
    reviewSpecOf(
      request('GET', '/api/v1/namespaces/ns/pods?labelSelector=a%3Db,c+in+(e,d),!f,g%3E1&fieldSelector=spec.nodeName%3Dn1,x!%3D'),
    ),
    {
      resourceAttributes: {
        namespace: 'ns',
        verb: 'list',
        version: 'v1',
        resource: 'pods',
        fieldSelector: {
          requirements: [
            { key: 'spec.nodeName', operator: 'In', values: ['n1'] },
            { key: 'x', operator: 'Exists' },
          ],
        },
        labelSelector: {
          requirements: [
            { key: 'a', operator: 'In', values: ['b'] },
            { key: 'c', operator: 'In', values: ['d', 'e'] },
            { key: 'f', operator: 'DoesNotExist' },
          ],
        },
      },
      user: 'joe',
      groups: ['dev', 'system:authenticated'],
      extra: { k: ['v'] },
      uid: '7',
    },
  )
  deepEqual(reviewSpecOf(request('GET', '/healthz', stranger)), {
    nonResourceAttributes: { path: '/healthz', verb: 'get' },
    user: 'system:anonymous',
    groups: ['system:unauthenticated'],
  })
})

test('selectors of a review become those of a request, as far as they are known', () => {
  deepEqual(
    selectorsOf({
      fieldSelector: {
        requirements: [
          { key: 'spec.nodeName', operator: 'In', values: ['a,b'] },
          { key: 'x', operator: 'NotIn', values: ['1', '2'] },
          { key: 'y', operator: 'Newer', values: ['1'] },
        ],
      },
      labelSelector: {
        requirements: [
          { key: 'a', operator: 'In', values: ['b'] },
          { key: 'c', operator: 'Exists' },
        ],
      },
    }),
    { fieldSelector: 'spec.nodeName=a\\,b', labelSelector: 'a in (b),c' },
  )
  deepEqual(
    selectorErrors(
      {
        fieldSelector: { rawSelector: 'a=b', requirements: [{ key: '', operator: 'In' }] },
        labelSelector: {},
      },
      'spec.resourceAttributes',
    ).map((e) => e.message),
    [
      'spec.resourceAttributes.fieldSelector.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements',
      'spec.resourceAttributes.fieldSelector.requirements[0].key: Required value: must be specified',
      "spec.resourceAttributes.fieldSelector.requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      'spec.resourceAttributes.labelSelector.requirements: Required value: when spec.resourceAttributes.labelSelector is specified, requirements or rawSelector is required',
    ],
  )
})

function webhook(answer: (spec: never) => object | Error, change: Partial<WebhookAuthorizerParts> = {}) {
  const clock = new VirtualClock()
  const asked: object[] = []
  const authorizer = webhookAuthorizer({
    webhook: {
      async review(body) {
        asked.push(body)
        const status = answer((body as { spec: never }).spec)
        if (status instanceof Error) throw status
        return { ...body, status }
      },
    },
    version: 'v1',
    authorizedMs: 300_000,
    unauthorizedMs: 30_000,
    failurePolicy: 'NoOpinion',
    clock,
    log: silentLog,
    ...change,
  })
  return { clock, asked, ask: async (method: string, url: string) => authorizer.authorize(request(method, url)) }
}

test('a webhook allows, forbids or has no opinion, and is asked again when its answer is old', async () => {
  const { ask, asked, clock } = webhook(({ resourceAttributes }: { resourceAttributes?: { verb?: string } }) =>
    resourceAttributes?.verb === 'get'
      ? { allowed: true, reason: 'fine' }
      : { allowed: false, denied: resourceAttributes !== undefined, reason: 'no' },
  )
  const url = '/api/v1/namespaces/ns/pods/a'
  deepEqual(
    [await ask('GET', url), await ask('DELETE', url), await ask('GET', '/metrics')],
    [
      { type: 'allow', reason: 'fine' },
      { type: 'deny', reason: 'no' },
      { type: 'no-opinion', reason: 'no' },
    ],
  )
  await ask('GET', url)
  await ask('DELETE', url)
  equal(asked.length, 3)
  await clock.advance(30_000)
  await ask('GET', url)
  await ask('DELETE', url)
  equal(asked.length, 4)
  await clock.advance(270_000)
  await ask('GET', url)
  equal(asked.length, 5)
  await ask('GET', `/api/v1/namespaces/ns/pods/${'a'.repeat(10_000)}`)
  await ask('GET', `/api/v1/namespaces/ns/pods/${'a'.repeat(10_000)}`)
  equal(asked.length, 7)
})

test('a webhook that fails or contradicts itself is no reason to allow anything', async () => {
  const broken = () => new Error('connection refused')
  const url = '/api/v1/pods'
  deepEqual(
    [
      await webhook(broken).ask('GET', url),
      await webhook(broken, { failurePolicy: 'Deny' }).ask('GET', url),
      await webhook(() => ({ allowed: true, denied: true, reason: 'x' })).ask('GET', url),
    ],
    [
      { type: 'no-opinion', reason: '', error: 'connection refused' },
      { type: 'deny', reason: '', error: 'connection refused' },
      { type: 'deny', reason: 'x', error: 'webhook subject access review returned both allow and deny response' },
    ],
  )
  const failing: Authorizer = { authorize: () => ({ type: 'no-opinion', reason: '', error: 'connection refused' }) }
  await rejects(authorize(failing, request('GET', url)), AuthorizerFailed)
})

const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n'
const hook = (more = '') => `
- type: Webhook
  name: hook
  webhook:
    timeout: 3s
    subjectAccessReviewVersion: v1
    matchConditionSubjectAccessReviewVersion: v1
    failurePolicy: Deny
    connectionInfo: {type: KubeConfigFile, kubeConfigFile: /hook}
${more}`

test('a webhook is asked only about requests that meet its conditions', async () => {
  const conditions = `    matchConditions:
    - expression: has(request.resourceAttributes)
    - expression: request.resourceAttributes.namespace.startsWith('team-') && !('admins' in request.groups)
`
  const [wanted] = parseAuthorizationConfiguration(`${head}authorizers:${hook(conditions)}`, () => undefined)
  if (wanted?.type !== 'Webhook') throw new Error('no webhook')
  const { kubeconfig, timeoutMs, conditions: compiled, ...rest } = wanted.webhook
  deepEqual([kubeconfig, timeoutMs], ['/hook', 3000])
  const { ask, asked } = webhook(() => ({ allowed: true }), { ...rest, conditions: compiled })
  deepEqual(
    [
      (await ask('GET', '/api/v1/namespaces/team-a/pods')).type,
      (await ask('GET', '/api/v1/pods')).type,
      (await ask('GET', '/healthz')).type,
    ],
    ['allow', 'no-opinion', 'no-opinion'],
  )
  equal(asked.length, 1)
  const [failing] = parseAuthorizationConfiguration(
    `${head}authorizers:${hook(`    matchConditions: [{expression: "request.extra['x'][0] == 'y'"}]`)}`,
    () => undefined,
  )
  if (failing?.type !== 'Webhook') throw new Error('no webhook')
  const denying = webhook(() => ({ allowed: true }), { ...rest, conditions: failing.webhook.conditions })
  const decision: Decision = await denying.ask('GET', '/api/v1/pods')
  deepEqual([decision.type, denying.asked.length], ['deny', 0])
  equal(decision.error, "cel evaluation error: expression 'request.extra['x'][0] == 'y'' resulted in error: no such key: x")
})

test('a configuration that makes no sense is refused, every mistake at once', () => {
  const refusal = (text: string) => {
    try {
      parseAuthorizationConfiguration(head + text, (path) => (path === '/gone' ? 'error loading file: none' : undefined))
      return []
    } catch (error) {
      return (error as ConfigurationError).message.split(', authorizers')
    }
  }
  deepEqual(refusal(''), ['authorizers: Required value: at least one authorization mode must be defined'])
  deepEqual(
    refusal(`authorizers:
- {name: a}
- {type: Other, name: a}
- {type: Node, name: node}
- {type: Node, name: m}
- {type: RBAC, name: node}
- {type: ABAC, name: A, webhook: {}}
- {type: Webhook, name: w}
- type: Webhook
  name: x
  webhook:
    timeout: 31s
    authorizedTTL: -1s
    subjectAccessReviewVersion: v2
    failurePolicy: Maybe
    connectionInfo: {type: KubeConfigFile, kubeConfigFile: gone}
    matchConditions: [{expression: ""}, {expression: "request.user"}, {expression: "request.name == ''"}]
`),
    [
      'authorizers[0].type: Required value',
      '[1].type: Unsupported value: "Other": supported values: "ABAC", "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"',
      '[3].type: Duplicate value: "Node"',
      '[4].name: Duplicate value: "node"',
      "[5].name: Invalid value: \"A\": authorizer name is invalid: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      '[5].webhook: Invalid value: "non-null": may only be specified when type=Webhook',
      '[6].webhook: Required value: required when type=Webhook',
      '[7].timeout: Invalid value: "31s": must be > 0s and <= 30s',
      '[7].authorizedTTL: Invalid value: "-1s": must be > 0s',
      '[7].subjectAccessReviewVersion: Unsupported value: "v2": supported values: "v1", "v1beta1"',
      '[7].matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified',
      '[7].failurePolicy: Unsupported value: "Maybe": supported values: "NoOpinion", "Deny"',
      '[7].connectionInfo.kubeConfigFile: Invalid value: "gone": must be an absolute path',
      '[7].matchConditions[0].expression: Required value',
      '[7].matchConditions[1].expression: Invalid value: "request.user": must evaluate to bool but got string',
      "[7].matchConditions[2].expression: Invalid value: \"request.name == ''\": compilation failed: ERROR: <input>:1:8: undefined field 'name'\n | request.name == ''\n | .......^",
    ],
  )
})

test('another configuration takes over at once, and one that cannot be made changes nothing', async () => {
  const made: string[] = []
  const configured = openConfiguredAuthorizer([{ type: 'RBAC' }], {
    first: privilegedGroups('system:masters'),
    make(type) {
      made.push(type)
      return type === 'AlwaysDeny' ? alwaysDeny : { authorize: () => ({ type: 'allow', reason: type }) }
    },
    webhook() {
      throw new Error('there is no such file')
    },
    clock: new VirtualClock(),
    log: silentLog,
  })
  const ask = () => configured.authorize(request('GET', '/api'))
  deepEqual(await ask(), { type: 'allow', reason: 'RBAC' })
  configured.replace([{ type: 'AlwaysDeny' }])
  deepEqual(await ask(), { type: 'no-opinion', reason: 'Everything is forbidden.' })
  const [wanted] = parseAuthorizationConfiguration(`${head}authorizers:${hook()}`, () => undefined)
  throws(() => configured.replace([wanted as WantedAuthorizer]), /there is no such file/)
  deepEqual(await ask(), { type: 'no-opinion', reason: 'Everything is forbidden.' })
  configured.replace([{ type: 'RBAC' }, { type: 'AlwaysDeny' }])
  deepEqual([await ask(), made], [{ type: 'allow', reason: 'RBAC' }, ['RBAC', 'AlwaysDeny']])
})
