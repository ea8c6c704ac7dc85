/* oxlint-disable typescript/no-explicit-any -- steps look into objects of every kind, and a wrong path fails there anyway */
/** Conformance descriptions of who may do what: certificates, service accounts, reviews. Each test is named after its description. */

import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { credentials } from './server-under-test.ts'
import {
  apiOperations,
  deleteOperations,
  eventually,
  inDiscovery,
  merge,
  startConformanceCluster,
  type Cluster,
} from './conformance-steps.ts'

let c: Cluster
before(async () => {
  c = await startConformanceCluster()
})
after(() => c?.[Symbol.asyncDispose]())

/** A namespace of its own for each test, once pods may be made in it. */
async function inNamespace(name: string): Promise<string> {
  await c.must(201, 'POST', '/api/v1/namespaces', { metadata: { name } })
  const core = `/api/v1/namespaces/${name}`
  await eventually('a default service account', async () => (await c.call('GET', `${core}/serviceaccounts/default`)).status === 200)
  return core
}

function certificateRequest(): string {
  const words = [
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    '/dev/null',
    '-subj',
    '/CN=e2e-csr',
  ]
  return execFileSync('openssl', words, { stdio: ['ignore', 'pipe', 'ignore'] }).toString('base64')
}

test('Certificates API should support CSR API operations', async () => {
  const request = certificateRequest()
  const of = {
    group: 'certificates.k8s.io',
    version: 'v1',
    plural: 'certificatesigningrequests',
    subresources: ['approval', 'status'],
    make: () => ({
      spec: { request, signerName: 'example.com/e2e-csr', usages: ['digital signature', 'client auth'], expirationSeconds: 3600 },
    }),
  }
  const { spec } = await apiOperations(c, of)
  deepEqual([spec.username, spec.request, spec.expirationSeconds], ['kubernetes-admin', request, 3600])
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests/one'
  const condition = (type: string) => ({ type, status: 'True', reason: `Set${type}`, message: `set as ${type}` })
  const told = ({ status }: any) => (status.conditions ?? []).map((one: any) => [one.type, one.status, one.reason, one.message])
  const expected = (...types: readonly string[]) => types.map((type) => Object.values(condition(type)))

  deepEqual(told(await c.must(200, 'GET', `${path}/approval`)), [])
  const approvalPatch = { metadata: { annotations: { patchedapproval: 'true' } }, status: { conditions: [condition('ApprovalPatch')] } }
  const approving = await c.must(200, 'PATCH', `${path}/approval`, approvalPatch, merge)
  deepEqual(told(approving), expected('ApprovalPatch'))
  equal(approving.metadata.annotations.patchedapproval, 'true')
  approving.status.conditions.push(condition('Approved'))
  deepEqual(told(await c.must(200, 'PUT', `${path}/approval`, approving)), expected('ApprovalPatch', 'Approved'))

  deepEqual(told(await c.must(200, 'GET', `${path}/status`)), expected('ApprovalPatch', 'Approved'))
  const certificate = Buffer.from(credentials(c.kubeconfig).cert).toString('base64')
  const statusPatch = { metadata: { annotations: { patchedstatus: 'true' } }, status: { certificate } }
  const issued = await c.must(200, 'PATCH', `${path}/status`, statusPatch, merge)
  equal(issued.status.certificate, certificate)
  equal(issued.metadata.annotations.patchedstatus, 'true')
  issued.status.conditions.push(condition('StatusUpdate'))
  deepEqual(told(await c.must(200, 'PUT', `${path}/status`, issued)), expected('ApprovalPatch', 'Approved', 'StatusUpdate'))
  deepEqual((await c.must(200, 'GET', path)).spec, spec)
  await deleteOperations(c, of)
})

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'

test('ServiceAccounts should allow opting out of API token automount', async () => {
  const core = await inNamespace('automount')
  for (const [name, automountServiceAccountToken] of [
    ['mount', true],
    ['nomount', false],
  ] as const) {
    await c.must(201, 'POST', `${core}/serviceaccounts`, { metadata: { name }, automountServiceAccountToken })
  }
  const mounts: Record<string, boolean> = {}
  for (const serviceAccountName of ['default', 'mount', 'nomount']) {
    for (const wish of [undefined, true, false]) {
      const name = `${serviceAccountName}-${wish ?? 'unset'}`
      const containers = [{ name: 'token-test', image: 'agnhost' }]
      const pod = await c.must(201, 'POST', `${core}/pods`, {
        metadata: { name },
        spec: { serviceAccountName, containers, ...(wish !== undefined && { automountServiceAccountToken: wish }) },
      })
      const [mount, ...more] = (pod.spec.containers[0].volumeMounts ?? []).filter((one: any) => one.mountPath === TOKEN_PATH)
      deepEqual(more, [])
      const volume = (pod.spec.volumes ?? []).find((one: any) => one.name === mount?.name)
      equal(volume?.projected?.sources[0].serviceAccountToken.path, mount && 'token')
      mounts[name] = mount !== undefined
    }
  }
  deepEqual(mounts, {
    'default-unset': true,
    'default-true': true,
    'default-false': false,
    'mount-unset': true,
    'mount-true': true,
    'mount-false': false,
    'nomount-unset': false,
    'nomount-true': true,
    'nomount-false': false,
  })
})

test('ServiceAccounts should create a serviceAccountToken and ensure a successful TokenReview', async () => {
  const core = await inNamespace('tokens')
  const account = await c.must(201, 'POST', `${core}/serviceaccounts`, { metadata: { name: 'reviewed' } })
  const { status } = await c.must(201, 'POST', `${core}/serviceaccounts/reviewed/token`, { spec: { audiences: null } })
  notEqual(status.token, '')
  const review = (spec: object) => c.must(201, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec })
  const reviewed = (await review({ token: status.token })).status
  deepEqual(
    [reviewed.authenticated, reviewed.error, reviewed.user.username, reviewed.user.uid, reviewed.user.groups],
    [
      true,
      undefined,
      'system:serviceaccount:tokens:reviewed',
      account.metadata.uid,
      ['system:serviceaccounts', 'system:serviceaccounts:tokens', 'system:authenticated'],
    ],
  )
  equal((await review({ token: `${status.token}x` })).status.authenticated, undefined)
})

test('ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace', async () => {
  const core = await inNamespace('root-ca')
  const path = `${core}/configmaps/kube-root-ca.crt`
  const read = (what: string, wanted: (map: any) => boolean) =>
    eventually(what, async () => {
      const answer = await c.call('GET', path)
      const map: any = answer.status === 200 && answer.json()
      return map && wanted(map) && map
    })
  const first = await read('created', () => true)
  equal(first.data['ca.crt'].trim(), credentials(c.kubeconfig).ca.trim())
  await c.must(200, 'DELETE', path)
  const second = await read('created anew', (map) => map.metadata.uid !== first.metadata.uid)
  deepEqual(second.data, first.data)
  await c.must(200, 'PUT', path, { ...second, data: { 'ca.crt': '' } })
  deepEqual((await read('reconciled', (map) => map.data['ca.crt'] !== '')).data, first.data)
})

test('ServiceAccounts should run through the lifecycle of a ServiceAccount', async () => {
  const core = await inNamespace('lifecycle')
  const path = `${core}/serviceaccounts`
  const labels = { 'test-serviceaccount-static': 'true' }
  const selected = `/serviceaccounts?labelSelector=test-serviceaccount-static%3Dtrue`
  const { metadata } = await c.must(200, 'GET', `/api/v1${selected}`)
  await using watch = c.watch(`${core}${selected}&watch=1&resourceVersion=${metadata.resourceVersion}`)
  await c.must(201, 'POST', path, { metadata: { name: 'testserviceaccount', labels } })
  const added = await watch.event('added', (e) => e.type === 'ADDED')
  deepEqual([added.object.metadata.name, added.object.metadata.labels], ['testserviceaccount', labels])
  const patched = await c.must(200, 'PATCH', `${path}/testserviceaccount`, { automountServiceAccountToken: false }, merge)
  equal(patched.automountServiceAccountToken, false)
  const { items } = await c.must(200, 'GET', `/api/v1${selected}`)
  deepEqual(
    items.map((one: any) => [one.metadata.namespace, one.metadata.name, one.automountServiceAccountToken]),
    [['lifecycle', 'testserviceaccount', false]],
  )
  await c.must(200, 'DELETE', `${core}${selected}`)
  await watch.event('deleted', (e) => e.type === 'DELETED' && e.object.metadata.uid === added.object.metadata.uid)
  await c.must(404, 'GET', `${path}/testserviceaccount`)
})

test('ServiceAccounts should update a ServiceAccount', async () => {
  const path = `${await inNamespace('update')}/serviceaccounts`
  const created = await c.must(201, 'POST', path, { metadata: { name: 'e2e-sa' }, automountServiceAccountToken: false })
  equal(created.automountServiceAccountToken, false)
  const updated = await c.must(200, 'PUT', `${path}/e2e-sa`, { ...created, automountServiceAccountToken: true })
  deepEqual([updated.automountServiceAccountToken, updated.metadata.uid], [true, created.metadata.uid])
  equal((await c.must(200, 'GET', `${path}/e2e-sa`)).automountServiceAccountToken, true)
})

test('SubjectReview should support SubjectReview API operations', async () => {
  const core = await inNamespace('reviews')
  await c.must(201, 'POST', `${core}/serviceaccounts`, { metadata: { name: 'e2e' } })
  const user = 'system:serviceaccount:reviews:e2e'
  const as = { headers: { 'impersonate-user': user, 'impersonate-group': 'system:authenticated' } }
  const reviews = '/apis/authorization.k8s.io/v1'
  await inDiscovery(c, 'authorization.k8s.io', 'v1', ['localsubjectaccessreviews', 'selfsubjectaccessreviews', 'subjectaccessreviews'])

  const asked = async (verb: string, kept: Partial<Record<string, string>> = {}) => {
    const spec = {
      user,
      groups: ['system:authenticated'],
      resourceAttributes: { verb, resource: 'configmaps', namespace: 'reviews', version: 'v1', ...kept },
    }
    const anywhere = await c.must(201, 'POST', `${reviews}/subjectaccessreviews`, { spec })
    const there = await c.must(201, 'POST', `${reviews}/namespaces/reviews/localsubjectaccessreviews`, {
      metadata: { namespace: 'reviews' },
      spec,
    })
    return [anywhere.status.allowed, there.status.allowed]
  }
  const called = async (path: string) => (await c.call('GET', path, undefined, as)).status

  deepEqual([await asked('list'), await called(`${core}/configmaps`)], [[false, false], 403])
  deepEqual([await asked('get', { name: 'kube-root-ca.crt' }), await called(`${core}/configmaps/kube-root-ca.crt`)], [[false, false], 403])
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/reviews'
  await c.must(201, 'POST', `${rbac}/roles`, {
    metadata: { name: 'lists' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
  })
  await c.must(201, 'POST', `${rbac}/rolebindings`, {
    metadata: { name: 'lists' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'lists' },
    subjects: [{ kind: 'ServiceAccount', name: 'e2e', namespace: 'reviews' }],
  })
  await eventually('the role is in force', async () => (await asked('list')).every(Boolean))
  deepEqual([await asked('list'), await called(`${core}/configmaps`)], [[true, true], 200])
  deepEqual([await asked('get', { name: 'kube-root-ca.crt' }), await called(`${core}/configmaps/kube-root-ca.crt`)], [[false, false], 403])
  equal(await called('/api/v1/namespaces/default/configmaps'), 403)
})
