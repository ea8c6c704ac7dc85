import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { dump } from 'js-yaml'
import { startReviewServer, type ReviewServer } from './review-server.ts'
import { startServer, type Answer, type ServerUnderTest } from './server-under-test.ts'

const directory = mkdtempSync(join(tmpdir(), 'authorization-'))
const kubeconfig = join(directory, 'webhook.kubeconfig')
const configFile = join(directory, 'authorization.yaml')
const tokenFile = join(directory, 'tokens.csv')
let webhook: ReviewServer
let server: ServerUnderTest
let broken = false

const configuration = (failurePolicy: string, namespace: string) =>
  dump({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthorizationConfiguration',
    authorizers: [
      {
        type: 'Webhook',
        name: 'hook',
        webhook: {
          timeout: '3s',
          authorizedTTL: '1s',
          unauthorizedTTL: '1s',
          subjectAccessReviewVersion: 'v1',
          matchConditionSubjectAccessReviewVersion: 'v1',
          failurePolicy,
          connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: kubeconfig },
          matchConditions: [{ expression: `has(request.resourceAttributes) && request.resourceAttributes.namespace == '${namespace}'` }],
        },
      },
      { type: 'Node', name: 'node' },
      { type: 'RBAC', name: 'rbac' },
    ],
  })

before(async () => {
  webhook = await startReviewServer(kubeconfig, ({ resourceAttributes }) => {
    if (broken) return 400
    const { verb, name } = resourceAttributes as { readonly verb: string; readonly name?: string }
    return verb === 'delete' ? { allowed: false, denied: true, reason: 'never' } : { allowed: name !== 'secret', reason: 'asked' }
  })
  writeFileSync(configFile, configuration('Deny', 'hooked'))
  writeFileSync(
    tokenFile,
    ['joe', 'ann', 'bob', 'system:node:n1,x,"system:nodes"', 'system:node:n2,x,"system:nodes"']
      .map((user, index) => `token-${index},${user.includes(',') ? user : `${user},${index}`}`)
      .join('\n'),
  )
  server = await startServer({ flags: ['--authorization-config', configFile, '--token-auth-file', tokenFile] })
})

after(async () => {
  await server?.[Symbol.asyncDispose]()
  await webhook?.[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})

const [JOE, ANN, , N1] = ['token-0', 'token-1', 'token-2', 'token-3']

function as(token: string | undefined, method: string, path: string, body?: unknown, contentType?: string): Promise<Answer> {
  return server.call(method, path, body, {
    anonymous: true,
    headers: { authorization: `Bearer ${token}` },
    ...(contentType && { contentType }),
  })
}

async function until<T>(ask: () => Promise<T>, done: (value: T) => boolean): Promise<T> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const value = await ask()
    if (done(value) || performance.now() > deadline) return value
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const made = async (path: string, object: object) => {
  const answer = await server.call('POST', path, object)
  equal(answer.status, 201, answer.text)
  return answer.json<{ metadata: { uid: string; resourceVersion: string } }>()
}

test('a webhook decides about what it is asked, before the rules', async () => {
  await made('/api/v1/namespaces', { metadata: { name: 'hooked' } })
  const path = '/api/v1/namespaces/hooked/configmaps'
  equal((await as(JOE, 'GET', `${path}?labelSelector=a%3Db`)).status, 200)
  deepEqual(webhook.asked.at(-1)?.spec, {
    resourceAttributes: {
      namespace: 'hooked',
      verb: 'list',
      version: 'v1',
      resource: 'configmaps',
      labelSelector: { requirements: [{ key: 'a', operator: 'In', values: ['b'] }] },
    },
    user: 'joe',
    groups: ['system:authenticated'],
    uid: '0',
  })
  const denied = await as(JOE, 'DELETE', `${path}/x`)
  deepEqual(
    [denied.status, denied.json().message],
    [403, 'configmaps "x" is forbidden: User "joe" cannot delete resource "configmaps" in API group "" in the namespace "hooked": never'],
  )
  const asked = webhook.asked.length
  equal((await as(JOE, 'GET', '/api/v1/namespaces/default/configmaps')).status, 403)
  equal((await server.call('DELETE', `${path}/x`)).status, 404)
  equal(webhook.asked.length, asked)
})

test('while the webhook is broken nothing is allowed that it should have been asked about', async () => {
  broken = true
  const answer = await until(
    () => as(JOE, 'GET', '/api/v1/namespaces/hooked/secrets'),
    (a) => a.status === 500,
  )
  equal(answer.status, 500)
  match(answer.text, /^Internal Server Error: "\/api\/v1\/namespaces\/hooked\/secrets": /)
  equal((await as(ANN, 'GET', '/api')).status, 200)
  broken = false
})

test('a changed configuration takes over while the server runs, and a wrong one does not', async () => {
  const put = (text: string) => {
    writeFileSync(`${configFile}.new`, text)
    renameSync(`${configFile}.new`, configFile)
  }
  put(configuration('NoOpinion', 'default'))
  const list = () => as(JOE, 'GET', '/api/v1/namespaces/default/configmaps')
  equal((await until(list, (a) => a.status === 200)).status, 200)
  put(configuration('Sometimes', 'other'))
  await until(
    async () => server.log(),
    (log) => log.includes('Unsupported value'),
  )
  ok(server.log().includes('the old one stays'))
  equal((await list()).status, 200)
  put(configuration('NoOpinion', 'nowhere'))
  equal((await until(list, (a) => a.status === 403)).status, 403)
})

test('a review of access takes selectors as a request would have them', async () => {
  const review = async (resourceAttributes: object) =>
    (
      await server.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        spec: { user: 'system:node:n1', groups: ['system:nodes'], resourceAttributes },
      })
    ).json<{ status?: object; message?: string }>()
  const pods = { verb: 'list', version: 'v1', resource: 'pods' }
  const only = (...values: string[]) => ({ fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values }] } })
  deepEqual((await review({ ...pods, ...only('n1') })).status, { allowed: true })
  deepEqual((await review({ ...pods, ...only('n2') })).status, {
    allowed: false,
    reason: 'can only list/watch pods with spec.nodeName field selector',
  })
  deepEqual((await review({ ...pods, fieldSelector: { rawSelector: 'spec.nodeName=n1' } })).status, { allowed: true })
  match(
    (await review({ ...pods, fieldSelector: {} })).message ?? '',
    /spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified/,
  )
})

test('a kubelet lists the pods of its own node only', async () => {
  const list = async (query: string) => (await as(N1, 'GET', `/api/v1/pods${query}`)).status
  deepEqual(
    [await list('?fieldSelector=spec.nodeName%3Dn1'), await list('?fieldSelector=spec.nodeName%3Dn2'), await list('')],
    [200, 403, 403],
  )
})
