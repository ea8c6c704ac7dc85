/** What is logged of requests, stage by stage and as much as the policy asks for. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAudit } from './audit.ts'
import type { AuditEvent, AuditSink } from './event.ts'
import { AuditPolicyError, parseAuditPolicy } from './policy.ts'
import { createHandler, type Incoming } from '#apiserver/filters/handler.ts'
import { openTestApi } from '#apiserver/endpoints/test-api.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'

const policyOf = (...rules: object[]) => parseAuditPolicy(JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules }))
const ANN: UserInfo = { username: 'ann', groups: ['dev', 'system:authenticated'] }

async function audited(rules: readonly object[], options: { sink?: AuditSink; strict?: boolean } = {}) {
  const t = await openTestApi()
  const events: AuditEvent[] = []
  const sink = options.sink ?? { write: (batch: readonly AuditEvent[]) => void events.push(...batch) }
  const handle = createHandler({
    api: t.api,
    authenticator: {
      authenticate: ({ headers }) =>
        headers['authorization'] === 'Bearer bad'
          ? { type: 'refused', why: 'unknown' }
          : { type: 'user', user: { username: 'ann', groups: ['dev'] } },
    },
    authorizer: {
      authorize: ({ info }) => (info.resource === 'secrets' ? { type: 'deny', reason: 'no' } : { type: 'allow', reason: 'because' }),
    },
    clock: t.clock,
    random: seededRandom(2),
    log: silentLog,
    audit: openAudit({ policy: policyOf(...rules), sinks: [{ sink, strict: options.strict ?? false }], clock: t.clock, log: silentLog }),
  })
  const call = (method: string, url: string, body?: unknown, headers: Record<string, string> = {}) => {
    const [path = '', query = ''] = url.split('?')
    const incoming: Incoming = {
      method,
      path,
      query: new URLSearchParams(query),
      headers: { 'user-agent': 'test', ...headers },
      body:
        body === undefined
          ? { type: 'none' }
          : {
              type: 'bytes',
              contentType: headers['content-type'] ?? 'application/json',
              read: async () => Buffer.from(JSON.stringify(body)),
            },
      peer: { type: 'network', address: '10.0.0.9' },
      signal: new AbortController().signal,
    }
    return handle(incoming)
  }
  return { events, call, stages: () => events.map((e) => e.stage), [Symbol.asyncDispose]: () => t[Symbol.asyncDispose]() }
}

const MAPS = '/api/v1/namespaces/default/configmaps'

test('a write at the highest level: who, what, both objects, and what decided', async () => {
  await using t = await audited([{ level: 'RequestResponse', omitManagedFields: true }])
  const sent = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '1' } }
  const { context } = await t.call('POST', `${MAPS}?pretty=0`, sent, { 'x-forwarded-for': '192.0.2.1, 192.0.2.2' })
  assert.deepEqual(t.stages(), ['RequestReceived', 'ResponseComplete'])
  const { responseObject, stageTimestamp: _, requestReceivedTimestamp: __, ...event } = t.events[1]!
  assert.deepEqual(event, {
    kind: 'Event',
    level: 'RequestResponse',
    apiVersion: 'audit.k8s.io/v1',
    auditID: context.auditId,
    stage: 'ResponseComplete',
    requestURI: `${MAPS}?pretty=0`,
    verb: 'create',
    user: ANN,
    sourceIPs: ['192.0.2.1', '192.0.2.2', '10.0.0.9'],
    userAgent: 'test',
    objectRef: { resource: 'configmaps', namespace: 'default', name: 'c', apiVersion: 'v1' },
    requestObject: sent,
    responseStatus: { metadata: {}, code: 201 },
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': 'because' },
  })
  const { metadata, data } = responseObject as { metadata: Record<string, unknown>; data: object }
  assert.deepEqual([data, metadata['name'], metadata['managedFields']], [{ a: '1' }, 'c', undefined])
})

test('lower levels leave out the objects, and refusals say why', async () => {
  await using t = await audited([{ level: 'Metadata', verbs: ['get'] }, { level: 'Request' }])
  await t.call('GET', '/api/v1/namespaces/default/secrets/s')
  assert.deepEqual(
    [t.events[1]!.responseStatus, t.events[1]!.responseObject, t.events[1]!.annotations],
    [
      {
        metadata: {},
        status: 'Failure',
        message: 'secrets "s" is forbidden: User "ann" cannot get resource "secrets" in API group "" in the namespace "default": no',
        reason: 'Forbidden',
        details: { name: 's', kind: 'secrets' },
        code: 403,
      },
      undefined,
      { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': 'no' },
    ],
  )
  await t.call('PATCH', `${MAPS}/gone`, { data: null }, { 'content-type': 'application/merge-patch+json' })
  await t.call('DELETE', `${MAPS}/gone`, { propagationPolicy: 'Orphan' })
  assert.deepEqual(
    t.events.filter((e) => e.stage === 'ResponseComplete').map((e) => [e.verb, e.requestObject, e.responseObject]),
    [
      ['get', undefined, undefined],
      ['patch', { data: null }, undefined],
      ['delete', { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', propagationPolicy: 'Orphan' }, undefined],
    ],
  )
})

test('a watch is logged as it begins and as it ends', async () => {
  await using t = await audited([{ level: 'Metadata', verbs: ['watch'], omitStages: ['RequestReceived'] }])
  await t.call('POST', MAPS, { metadata: { name: 'c' } })
  const { answer } = await t.call('GET', `${MAPS}?watch=1&timeoutSeconds=1`)
  assert.deepEqual(t.stages(), ['ResponseStarted'])
  if (answer.type !== 'watch') throw new Error(answer.type)
  const events = answer.events[Symbol.asyncIterator]()
  await events.next()
  await events.return!()
  assert.deepEqual(t.stages(), ['ResponseStarted', 'ResponseComplete'])
})

test('credentials that are no good leave a trace', async () => {
  await using t = await audited([{ level: 'Metadata' }])
  await t.call('GET', MAPS, undefined, { authorization: 'Bearer bad' })
  assert.deepEqual(
    t.events.map((e) => [e.stage, e.user, e.responseStatus]),
    [
      [
        'ResponseStarted',
        {},
        { metadata: {}, status: 'Failure', message: 'Authentication failed, attempted: bearer', reason: 'Unauthorized', code: 401 },
      ],
    ],
  )
})

test('who acts as another is logged as both', async () => {
  await using t = await audited([{ level: 'Metadata', users: ['ann'] }])
  await t.call('GET', MAPS, undefined, { 'impersonate-user': 'bob', 'audit-id': 'mine' })
  assert.deepEqual(
    t.events.map((e) => [e.stage, e.auditID, e.user.username, e.impersonatedUser?.username]),
    [
      ['RequestReceived', 'mine', 'ann', undefined],
      ['ResponseComplete', 'mine', 'ann', 'bob'],
    ],
  )
})

test('where the log may have no gaps, what cannot be logged is not done', async () => {
  const full: AuditSink = {
    write() {
      throw new Error('no space left on device')
    },
  }
  const sent = { metadata: { name: 'c' } }
  await using strict = await audited([{ level: 'Metadata' }], { sink: full, strict: true })
  const { answer } = await strict.call('POST', MAPS, sent)
  assert.equal(answer.type === 'object' && answer.status, 500)
  await using lenient = await audited([{ level: 'Metadata' }], { sink: full })
  const done = (await lenient.call('POST', MAPS, sent)).answer
  assert.equal(done.type === 'object' && done.status, 201)
})

test('the first rule that matches decides', async () => {
  const rules = [
    { level: 'None', users: ['system:kube-proxy'], verbs: ['watch'] },
    { level: 'None', nonResourceURLs: ['/healthz*', '/version'] },
    { level: 'Metadata', resources: [{ group: '', resources: ['secrets', 'pods/log', '*/scale'] }] },
    { level: 'Request', resources: [{ group: 'apps', resources: ['deployments'], resourceNames: ['web'] }] },
    { level: 'RequestResponse', namespaces: ['shop'], userGroups: ['dev'] },
  ]
  await using t = await audited(rules)
  const levelOf = async (url: string) => {
    const before = t.events.length
    await t.call('GET', url)
    return t.events[before]?.level ?? 'None'
  }
  assert.deepEqual(
    [
      await levelOf('/version'),
      await levelOf('/api/v1/namespaces/shop/secrets/s'),
      await levelOf('/api/v1/namespaces/shop/replicationcontrollers/r/scale'),
      await levelOf('/apis/apps/v1/namespaces/a/deployments/web'),
      await levelOf('/apis/apps/v1/namespaces/a/deployments/other'),
      await levelOf('/api/v1/namespaces/shop/configmaps/c'),
    ],
    ['None', 'Metadata', 'Metadata', 'Request', 'None', 'RequestResponse'],
  )
})

test('a policy that is wrong is refused, with all that is wrong', () => {
  const problem = (policy: object) => {
    try {
      parseAuditPolicy(JSON.stringify(policy))
    } catch (error) {
      assert.ok(error instanceof AuditPolicyError)
      return error.message
    }
    return undefined
  }
  const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy' }
  assert.equal(problem(policy), 'loaded illegal policy with 0 rules')
  assert.equal(problem({ ...policy, kind: 'Pod' }), 'unknown group version field "audit.k8s.io/v1" in policy file, kind "Pod"')
  assert.equal(
    problem({
      ...policy,
      rules: [
        { level: 'Some', ressources: [], nonResourceURLs: ['a', '/b*c'] },
        { omitStages: ['Later'], namespaces: ['n'], nonResourceURLs: ['/x'] },
      ],
    }),
    [
      'unknown field "rules[0].ressources"',
      'rules[0].level: Unsupported value: "Some": supported values: "None", "Metadata", "Request", "RequestResponse"',
      `rules[0].nonResourceURLs[0]: Invalid value: "a": non-resource URL rules must begin with a '/' character`,
      `rules[0].nonResourceURLs[1]: Invalid value: "/b*c": non-resource URL wildcards '*' must be the final character of the rule`,
      'rules[1].level: Required value',
      'rules[1].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs',
      'rules[1].omitStages[0]: Unsupported value: "Later": supported values: "RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"',
    ].join(', '),
  )
})
