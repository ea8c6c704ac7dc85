import { deepEqual, equal } from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { makeCertificateRequest } from '#wire/x509/certificate-request.ts'
import { servingPair } from './oidc-provider.ts'
import { runProgram } from '../e2e/cluster-under-test.ts'
import { root, startServer, type ServerUnderTest } from './server-under-test.ts'

const directory = mkdtempSync(join(tmpdir(), 'attacks-'))
let server: ServerUnderTest
let n1Uid = ''

const USERS = {
  stranger: 'eve,1',
  roleWriter: 'role-writer,2',
  escalator: 'escalator,3',
  binder: 'binder,4',
  viewer: 'viewer,5',
  n1: 'system:node:n1,6,"system:nodes"',
  noName: 'system:node:,7,"system:nodes"',
  proxyReader: 'proxy-reader,8',
  impersonator: 'impersonator,9',
  execReader: 'exec-reader,10',
  approver: 'approver,11',
} as const

type User = keyof typeof USERS

before(async () => {
  const file = join(directory, 'tokens.csv')
  writeFileSync(
    file,
    Object.entries(USERS)
      .map(([token, line]) => `${token},${line}`)
      .join('\n'),
  )
  server = await startServer({ flags: ['--token-auth-file', file, '--runtime-config', 'api/beta=true'] })
  await arrange()
})

after(async () => {
  await server?.[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})

const make = async (path: string, object: object) => {
  const answer = await server.call('POST', path, object)
  equal(answer.status, 201, `${path}: ${answer.text}`)
  return answer.json<{ metadata: { uid: string } }>().metadata.uid
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const GROUP = 'rbac.authorization.k8s.io'
const rule = (verbs: string, apiGroups: string, resources: string) => ({
  verbs: verbs.split(' '),
  apiGroups: [apiGroups],
  resources: resources.split(' '),
})
const role = (name: string, ...rules: object[]) => ({ metadata: { name }, rules })
const bindingTo = (kind: string, to: string, user: string, name = `${to}-${user}`) => ({
  metadata: { name },
  roleRef: { apiGroup: GROUP, kind, name: to },
  subjects: [{ kind: 'User', apiGroup: GROUP, name: user }],
})
const podOn = (name: string, nodeName: string, spec: object = {}) => ({
  metadata: { name },
  spec: { nodeName, containers: [{ name: 'c', image: 'i' }], ...spec },
})
const mirror = (name: string, spec: object = {}, owner: object = {}, metadata: object = {}) => ({
  metadata: {
    name,
    annotations: { 'kubernetes.io/config.mirror': 'x' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: n1Uid, controller: true, ...owner }],
    ...metadata,
  },
  spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }], ...spec },
})

async function arrange(): Promise<void> {
  await make('/api/v1/namespaces', { metadata: { name: 'team' } })
  await make(`${RBAC}/clusterroles`, role('role-writer', rule('create update patch get', GROUP, '*')))
  await make(`${RBAC}/clusterroles`, role('escalator', rule('create update', GROUP, '*'), rule('escalate', GROUP, 'clusterroles')))
  await make(
    `${RBAC}/clusterroles`,
    role('binder', rule('create', GROUP, '*'), { ...rule('bind', GROUP, 'clusterroles'), resourceNames: ['view'] }),
  )
  const CSR = 'certificatesigningrequests'
  await make(
    `${RBAC}/clusterroles`,
    role('approver', rule('create get update patch', 'certificates.k8s.io', `${CSR} ${CSR}/approval ${CSR}/status`), {
      ...rule('approve', 'certificates.k8s.io', 'signers'),
      resourceNames: ['example.com/mine'],
    }),
  )
  await make(`${RBAC}/clusterroles`, role('exec-reader', rule('get', '', 'pods/exec pods/attach pods/portforward')))
  await make(`${RBAC}/clusterroles`, role('proxy-reader', rule('get', '', 'nodes/proxy pods pods/log')))
  await make(`${RBAC}/clusterroles`, role('impersonator', { ...rule('impersonate', '', 'users'), resourceNames: ['viewer'] }))
  for (const [to, user] of [
    ['role-writer', 'role-writer'],
    ['view', 'role-writer'],
    ['escalator', 'escalator'],
    ['binder', 'binder'],
    ['proxy-reader', 'proxy-reader'],
    ['impersonator', 'impersonator'],
    ['exec-reader', 'exec-reader'],
    ['approver', 'approver'],
  ] as const)
    await make(`${RBAC}/clusterrolebindings`, bindingTo('ClusterRole', to, user))
  await make(`${RBAC}/namespaces/team/roles`, role('everything', rule('*', '*', '*')))
  await make(`${RBAC}/namespaces/team/rolebindings`, bindingTo('Role', 'everything', 'viewer'))
  n1Uid = await make('/api/v1/nodes', { metadata: { name: 'n1' } })
  await make('/api/v1/nodes', { metadata: { name: 'n2' } })
  for (const name of ['mine', 'theirs', 'bait']) await make('/api/v1/namespaces/team/secrets', { metadata: { name } })
  const secretVolume = (secretName: string) => ({ volumes: [{ name: 's', secret: { secretName } }] })
  await make('/api/v1/namespaces/team/serviceaccounts', { metadata: { name: 'app' } })
  const ownUid = await make('/api/v1/namespaces/team/pods', podOn('own', 'n1', { serviceAccountName: 'app', ...secretVolume('mine') }))
  const foreignUid = await make('/api/v1/namespaces/team/pods', podOn('foreign', 'n2', secretVolume('theirs')))
  uids = { own: ownUid, foreign: foreignUid }
}

let uids: { readonly own: string; readonly foreign: string }

interface Attack {
  readonly what: string
  readonly as: User
  readonly request: () => readonly [method: string, path: string, body?: object, contentType?: string]
  readonly headers?: Readonly<Record<string, string>>
  /** The status, and the end of the message where it says more than that something is forbidden. */
  readonly expect: number | readonly [status: number, message: string]
}

const PATCH = 'application/merge-patch+json'
const TEAM = '/api/v1/namespaces/team'

async function attack({ as, request, headers }: Attack): Promise<readonly [number, string]> {
  const [method, path, body, contentType] = request()
  const answer = await server.call(method, path, body, {
    anonymous: true,
    headers: { authorization: `Bearer ${as}`, ...headers },
    ...(contentType && { contentType }),
  })
  const isStatus = answer.text.startsWith('{"kind":"Status"')
  return [answer.status, isStatus ? (answer.json<{ message?: string }>().message ?? '') : '']
}

async function withstand(attacks: readonly Attack[]): Promise<void> {
  const failures: unknown[] = []
  for (const a of attacks) {
    const [status, message] = await attack(a)
    const [wanted, text] = typeof a.expect === 'number' ? [a.expect, ''] : a.expect
    if (status !== wanted || !message.includes(text)) failures.push({ what: a.what, status, message })
  }
  deepEqual(failures, [])
}

const binding = (to: string) => bindingTo('ClusterRole', to, 'eve', `made-${to}`)
const writes = (object: object) => () => ['POST', `${RBAC}/clusterroles`, object] as const
const binds = (object: object) => () => ['POST', `${RBAC}/clusterrolebindings`, object] as const
const NOT_HELD = 'is attempting to grant RBAC permissions not currently held'

test('nobody grants more than they hold', async () => {
  await withstand([
    {
      what: 'a role with more than its writer holds',
      as: 'roleWriter',
      request: writes(role('a', rule('*', '*', '*'))),
      expect: [403, NOT_HELD],
    },
    {
      what: 'one more verb than its writer holds',
      as: 'roleWriter',
      request: writes(role('b', rule('get delete', '', 'pods'))),
      expect: [403, NOT_HELD],
    },
    { what: 'a role with what its writer holds', as: 'roleWriter', request: writes(role('c', rule('get list', '', 'pods'))), expect: 201 },
    {
      what: 'the same through an update',
      as: 'roleWriter',
      request: () => ['PATCH', `${RBAC}/clusterroles/c`, { rules: [rule('*', '', 'secrets')] }, PATCH],
      expect: [403, NOT_HELD],
    },
    {
      what: 'an aggregated role, which takes in whatever comes',
      as: 'roleWriter',
      request: writes({ metadata: { name: 'd' }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } }),
      expect: [403, 'must have cluster-admin privileges to use the aggregationRule'],
    },
    {
      what: 'all non-resource paths',
      as: 'roleWriter',
      request: writes({ metadata: { name: 'e' }, rules: [{ verbs: ['get'], nonResourceURLs: ['*'] }] }),
      expect: [403, NOT_HELD],
    },
    { what: 'with the right to escalate', as: 'escalator', request: writes(role('f', rule('*', '*', '*'))), expect: 201 },
    {
      what: 'a binding to what its writer does not hold',
      as: 'roleWriter',
      request: binds(binding('cluster-admin')),
      expect: [403, NOT_HELD],
    },
    { what: 'a binding to what its writer holds', as: 'roleWriter', request: binds(binding('view')), expect: 201 },
    {
      what: 'a binding with the right to bind that role',
      as: 'binder',
      request: binds({ ...binding('view'), metadata: { name: 'bound' } }),
      expect: 201,
    },
    { what: 'a binding with the right to bind another role', as: 'binder', request: binds(binding('edit')), expect: [403, NOT_HELD] },
    { what: 'a binding to no role at all', as: 'binder', request: binds(binding('gone')), expect: 404 },
    {
      what: 'a right in a namespace made a right to the cluster (CVE-2019-11247)',
      as: 'viewer',
      request: () => ['GET', '/api/v1/nodes'],
      expect: 403,
    },
    {
      what: 'every verb on everything, in the own namespace only',
      as: 'viewer',
      request: () => ['GET', '/api/v1/namespaces/default/secrets'],
      expect: 403,
    },
    { what: 'the own namespace', as: 'viewer', request: () => ['GET', `${TEAM}/secrets`], expect: 200 },
    {
      what: 'a name with a path in it (CVE-2022-3162)',
      as: 'viewer',
      request: () => ['GET', '/api/v1/namespaces/team/configmaps/..%2F..%2Fdefault%2Fsecrets'],
      expect: 404,
    },
    {
      what: 'a path with two dots in place of the namespace',
      as: 'viewer',
      request: () => ['GET', '/api/v1/namespaces/team/../default/secrets'],
      expect: 404,
    },
  ])
})

test('nobody acts as somebody else without the right to', async () => {
  const who = () =>
    [
      'POST',
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' },
    ] as const
  await withstand([
    {
      what: 'a user',
      as: 'stranger',
      request: who,
      headers: { 'impersonate-user': 'kubernetes-admin' },
      expect: [403, 'cannot impersonate resource "users"'],
    },
    { what: 'the allowed user', as: 'impersonator', request: who, headers: { 'impersonate-user': 'viewer' }, expect: 201 },
    { what: 'another user', as: 'impersonator', request: who, headers: { 'impersonate-user': 'kubernetes-admin' }, expect: 403 },
    {
      what: 'the allowed user in a group of choice',
      as: 'impersonator',
      request: who,
      headers: { 'impersonate-user': 'viewer', 'impersonate-group': 'system:masters' },
      expect: [403, 'cannot impersonate resource "groups"'],
    },
    {
      what: 'with extra of choice',
      as: 'impersonator',
      request: who,
      headers: { 'impersonate-user': 'viewer', 'impersonate-extra-scopes': 'all' },
      expect: [403, 'cannot impersonate resource "userextras/scopes"'],
    },
    {
      what: 'with a uid of choice',
      as: 'impersonator',
      request: who,
      headers: { 'impersonate-user': 'viewer', 'impersonate-uid': '1' },
      expect: 403,
    },
    {
      what: 'headers of the front proxy without its certificate',
      as: 'stranger',
      request: () => ['GET', '/api/v1/nodes'],
      headers: { 'x-remote-user': 'kubernetes-admin', 'x-remote-group': 'system:masters' },
      expect: 403,
    },
  ])
})

test('reading through a node’s proxy and streaming out of pods need their own rights', async () => {
  await withstand([
    ...['exec?command=id', 'attach', 'portforward'].map((how) => ({
      what: `${how} with the right to get it, as a WebSocket would`,
      as: 'execReader' as const,
      request: () => ['GET', `${TEAM}/pods/own/${how}`] as const,
      expect: [403, `cannot create resource "pods/${how.split('?')[0]}"`] as const,
    })),
    {
      what: 'exec with GET needs create of pods/exec',
      as: 'proxyReader',
      request: () => ['GET', `${TEAM}/pods/own/exec?command=id`],
      expect: [403, 'cannot get resource "pods/exec"'],
    },
    {
      what: 'exec with POST',
      as: 'proxyReader',
      request: () => ['POST', `${TEAM}/pods/own/exec?command=id`],
      expect: [403, 'cannot create resource "pods/exec"'],
    },
    { what: 'attach', as: 'proxyReader', request: () => ['POST', `${TEAM}/pods/own/attach`], expect: 403 },
    { what: 'port-forward', as: 'proxyReader', request: () => ['POST', `${TEAM}/pods/own/portforward`], expect: 403 },
    {
      what: 'writing through the proxy with the right to read',
      as: 'proxyReader',
      request: () => ['POST', '/api/v1/nodes/n1/proxy/run/team/own/c'],
      expect: [403, 'cannot create resource "nodes/proxy"'],
    },
    {
      what: 'a token for an account with the right to read pods',
      as: 'proxyReader',
      request: () => ['POST', `${TEAM}/serviceaccounts/app/token`, {}],
      expect: 403,
    },
    {
      what: 'all at once where one at a time is allowed',
      as: 'proxyReader',
      request: () => ['DELETE', `${TEAM}/pods`],
      expect: [403, 'cannot deletecollection resource "pods"'],
    },
  ])
})

const creates = (object: () => object) => () => ['POST', `${TEAM}/pods`, object()] as const
const labels = (given: object) => () => ['PATCH', '/api/v1/nodes/n1', { metadata: { labels: given } }, PATCH] as const
const CANNOT = 'node "n1" can not create pods that reference'

test('a node reads what its own pods use and nothing else', async () => {
  await withstand([
    { what: 'a secret of its pod', as: 'n1', request: () => ['GET', `${TEAM}/secrets/mine`], expect: 200 },
    {
      what: 'a secret of another node’s pod',
      as: 'n1',
      request: () => ['GET', `${TEAM}/secrets/theirs`],
      expect: [403, "no relationship found between node 'n1' and this object"],
    },
    { what: 'all secrets', as: 'n1', request: () => ['GET', `${TEAM}/secrets`], expect: [403, 'No Object name found'] },
    {
      what: 'a secret written',
      as: 'n1',
      request: () => ['PATCH', `${TEAM}/secrets/mine`, { data: {} }, PATCH],
      expect: [403, 'can only read resources of this type'],
    },
    {
      what: 'another node',
      as: 'n1',
      request: () => ['GET', '/api/v1/nodes/n2'],
      expect: [403, "node 'n1' cannot read 'n2', only its own Node object"],
    },
    {
      what: 'all nodes',
      as: 'n1',
      request: () => ['GET', '/api/v1/nodes'],
      expect: [403, "node 'n1' cannot read all nodes, only its own Node object"],
    },
    {
      what: 'pods of another node by selector',
      as: 'n1',
      request: () => ['GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn2'],
      expect: [403, 'can only list/watch pods with spec.nodeName field selector'],
    },
    { what: 'another node’s kubelet', as: 'n1', request: () => ['GET', '/api/v1/nodes/n2/proxy/pods'], expect: 403 },
    {
      what: 'a node that does not say which',
      as: 'noName',
      request: () => ['GET', '/api/v1/services'],
      expect: [403, 'unknown node for user "system:node:"'],
    },
  ])
})

test('a node writes about itself and its own pods, and gains nothing by it', async () => {
  await withstand([
    {
      what: 'another node’s labels',
      as: 'n1',
      request: () => ['PATCH', '/api/v1/nodes/n2', { metadata: { labels: { a: 'b' } } }, PATCH],
      expect: [403, 'node "n1" is not allowed to modify node "n2"'],
    },
    {
      what: 'another node’s status (CVE-2021-25735)',
      as: 'n1',
      request: () => ['PATCH', '/api/v1/nodes/n2/status', { status: {} }, PATCH],
      expect: [403, 'is not allowed to modify node "n2"'],
    },
    {
      what: 'a label that restricts nodes',
      as: 'n1',
      request: labels({ 'node-restriction.kubernetes.io/pci': 'yes' }),
      expect: [403, 'is not allowed to modify labels: node-restriction.kubernetes.io/pci'],
    },
    {
      what: 'the same below that domain',
      as: 'n1',
      request: labels({ 'x.node-restriction.kubernetes.io/pci': 'yes' }),
      expect: [403, 'is not allowed to modify labels'],
    },
    {
      what: 'the control plane’s role',
      as: 'n1',
      request: labels({ 'node-role.kubernetes.io/control-plane': '' }),
      expect: [403, 'is not allowed to modify labels: node-role.kubernetes.io/control-plane'],
    },
    { what: 'a label of kubelets', as: 'n1', request: labels({ 'topology.kubernetes.io/zone': 'a', 'example.org/x': 'y' }), expect: 200 },
    {
      what: 'its taints',
      as: 'n1',
      request: () => ['PATCH', '/api/v1/nodes/n1', { spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } }, PATCH],
      expect: [403, 'node "n1" is not allowed to modify taints'],
    },
    {
      what: 'an owner that has it deleted (CVE-2025-5187)',
      as: 'n1',
      request: () => [
        'PATCH',
        '/api/v1/nodes/n1',
        { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }] } },
        PATCH,
      ],
      expect: [403, 'node "n1" is not allowed to modify ownerReferences'],
    },
    { what: 'its own end', as: 'n1', request: () => ['DELETE', '/api/v1/nodes/n1'], expect: 403 },
    {
      what: 'a pod that is no mirror',
      as: 'n1',
      request: creates(() => podOn('x', 'n1')),
      expect: [403, 'node "n1" can only create mirror pods'],
    },
    {
      what: 'a mirror pod for another node',
      as: 'n1',
      request: creates(() => mirror('x', { nodeName: 'n2' })),
      expect: [403, 'can only create pods with spec.nodeName set to itself'],
    },
    {
      what: 'a mirror pod that names a secret',
      as: 'n1',
      request: creates(() => mirror('x', { volumes: [{ name: 's', secret: { secretName: 'bait' } }] })),
      expect: [403, 'reference secrets'],
    },
    {
      what: 'a mirror pod with all of a secret as environment (CVE-2024-3177)',
      as: 'n1',
      request: creates(() => mirror('x', { containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 'bait' } }] }] })),
      expect: [403, 'reference secrets'],
    },
    {
      what: 'a mirror pod with a ConfigMap',
      as: 'n1',
      request: creates(() => mirror('x', { volumes: [{ name: 's', configMap: { name: 'bait' } }] })),
      expect: [403, `${CANNOT} configmaps`],
    },
    {
      what: 'a mirror pod with a claim',
      as: 'n1',
      request: creates(() => mirror('x', { volumes: [{ name: 's', persistentVolumeClaim: { claimName: 'bait' } }] })),
      expect: [403, `${CANNOT} persistentvolumeclaims`],
    },
    {
      what: 'a mirror pod with a claim for devices (CVE-2025-4563)',
      as: 'n1',
      request: creates(() => mirror('x', { resourceClaims: [{ name: 'd', resourceClaimName: 'bait' }] })),
      expect: [403, `${CANNOT} resourceclaims`],
    },
    {
      what: 'a mirror pod as a service account',
      as: 'n1',
      request: creates(() => mirror('x', { serviceAccountName: 'app' })),
      expect: [403, 'service account'],
    },
    {
      what: 'a mirror pod that nobody owns',
      as: 'n1',
      request: creates(() => mirror('x', {}, {}, { ownerReferences: [] })),
      expect: [403, 'can only create pods with an owner reference set to itself'],
    },
    {
      what: 'a mirror pod of a node with another uid',
      as: 'n1',
      request: creates(() => mirror('x', {}, { uid: 'other' })),
      expect: [403, 'UID mismatch'],
    },
    { what: 'a mirror pod', as: 'n1', request: creates(() => mirror('good')), expect: 201 },
    {
      what: 'the status of another node’s pod',
      as: 'n1',
      request: () => ['PATCH', `${TEAM}/pods/foreign/status`, { status: { message: 'x' } }, PATCH],
      expect: [403, 'can only update pod status for pods with spec.nodeName set to itself'],
    },
    {
      what: 'the status of its own pod',
      as: 'n1',
      request: () => ['PATCH', `${TEAM}/pods/own/status`, { status: { message: 'x' } }, PATCH],
      expect: 200,
    },
    {
      what: 'labels of its own pod through its status',
      as: 'n1',
      request: () => ['PATCH', `${TEAM}/pods/own/status`, { metadata: { labels: { a: 'b' } } }, PATCH],
      expect: [403, 'node "n1" cannot update labels through pod status'],
    },
    {
      what: 'claims for devices through the status (CVE-2025-4563)',
      as: 'n1',
      request: () => [
        'PATCH',
        `${TEAM}/pods/own/status`,
        { status: { resourceClaimStatuses: [{ name: 'd', resourceClaimName: 'bait' }] } },
        PATCH,
      ],
      expect: [403, 'cannot update resource claim statues'],
    },
    {
      what: 'another node’s pod deleted',
      as: 'n1',
      request: () => ['DELETE', `${TEAM}/pods/foreign`],
      expect: [403, 'can only delete pods with spec.nodeName set to itself'],
    },
    {
      what: 'another node’s pod evicted',
      as: 'n1',
      request: () => [
        'POST',
        `${TEAM}/pods/foreign/eviction`,
        { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'foreign' } },
      ],
      expect: [403, 'can only evict pods with spec.nodeName set to itself'],
    },
    {
      what: 'another node’s lease',
      as: 'n1',
      request: () => ['POST', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', { metadata: { name: 'n2' } }],
      expect: [403, 'can only access node lease with the same name as the requesting node'],
    },
  ])
})

test('a request for a certificate is approved and signed only by who may for its signer', async () => {
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const asking = (name: string, signerName: string, organizations: readonly string[] = []) => ({
    metadata: { name },
    spec: {
      signerName,
      usages: ['client auth'],
      request: Buffer.from(makeCertificateRequest({ subject: { commonName: 'eve', organizations } }, privateKey)).toString('base64'),
    },
  })
  const CLIENT = 'kubernetes.io/kube-apiserver-client'
  const approval = { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'x', message: 'y' }] } }
  await withstand([
    {
      what: 'administrators’ group',
      as: 'approver',
      request: () => ['POST', path, asking('a', CLIENT, ['system:masters'])],
      expect: [403, 'system:masters'],
    },
    { what: 'a client certificate', as: 'approver', request: () => ['POST', path, asking('b', CLIENT)], expect: 201 },
    {
      what: 'the approval of one’s own',
      as: 'approver',
      request: () => ['PATCH', `${path}/b/approval`, approval, PATCH],
      expect: [403, 'user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"'],
    },
    {
      what: 'a certificate put in by hand',
      as: 'approver',
      request: () => ['PATCH', `${path}/b/status`, { status: { certificate: Buffer.from(servingPair().cert).toString('base64') } }, PATCH],
      expect: [403, 'user not permitted to sign requests with signerName "kubernetes.io/kube-apiserver-client"'],
    },
    {
      what: 'one for the signer one may approve for',
      as: 'approver',
      request: () => ['POST', path, asking('c', 'example.com/mine')],
      expect: 201,
    },
    { what: 'the approval of that', as: 'approver', request: () => ['PATCH', `${path}/c/approval`, approval, PATCH], expect: 200 },
  ])
})

const token = (name: string, uid: string, audiences?: readonly string[]) => ({
  spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid }, ...(audiences && { audiences }) },
})

test('a node gets tokens only for its pods, and only for whom their volumes say', async () => {
  const path = `${TEAM}/serviceaccounts/app/token`
  await withstand([
    { what: 'bound to nothing', as: 'n1', request: () => ['POST', path, {}], expect: [403, 'node requested token not bound to a pod'] },
    {
      what: 'bound without a uid',
      as: 'n1',
      request: () => ['POST', path, token('own', '')],
      expect: [403, 'node requested token with a pod binding without a uid'],
    },
    {
      what: 'bound to another node’s pod',
      as: 'n1',
      request: () => ['POST', path, token('foreign', uids.foreign)],
      expect: [403, 'node requested token bound to a pod scheduled on a different node'],
    },
    {
      what: 'of an account that none of its pods runs as',
      as: 'n1',
      request: () => ['POST', `${TEAM}/serviceaccounts/default/token`, token('own', uids.own)],
      expect: [403, 'no relationship found'],
    },
    {
      what: 'for an audience that no volume wants',
      as: 'n1',
      request: () => ['POST', path, token('own', uids.own, ['vault'])],
      expect: [403, 'audience "vault" not found in pod spec volume'],
    },
    {
      what: 'for two audiences',
      as: 'n1',
      request: () => ['POST', path, token('own', uids.own, ['', 'vault'])],
      expect: [403, 'node may only request 0 or 1 audiences'],
    },
    { what: 'for the pod’s own', as: 'n1', request: () => ['POST', path, token('own', uids.own)], expect: 201 },
  ])
})

test('k8ts why says which rule is missing and who could grant it', async () => {
  const why = (...words: readonly string[]) =>
    runProgram(join(root, 'k8ts'), ['why', 'can-i', ...words, '--kubeconfig', server.kubeconfig], process.env)
  deepEqual(await why('list', 'po', '-n', 'team', '--as', 'viewer'), {
    code: 0,
    out: 'yes: RBAC: allowed by RoleBinding "everything-viewer/team" of Role "everything" to User "viewer"\n',
    err: '',
  })
  const { code, out } = await why('delete', 'deploy/web', '-n', 'team', '--as', 'role-writer')
  deepEqual(
    [code, out.split('\n')],
    [
      1,
      [
        'no: user "role-writer" cannot delete resource "deployments" "web" in API group "apps" in the namespace "team"',
        '',
        'This rule would allow it:',
        '  {APIGroups:["apps"], Resources:["deployments"], ResourceNames:["web"], Verbs:["delete"]}',
        '',
        'Roles that have it:',
        '  ClusterRole edit',
        '  ClusterRole admin',
        '  ClusterRole system:aggregate-to-edit',
        '',
        'To grant it:',
        '  kubectl create rolebinding role-writer-edit --clusterrole=edit --user=role-writer --namespace=team',
        '',
        'Rules they have that come near:',
        '  ClusterRole view, by ClusterRoleBinding view-role-writer: it allows get, list, watch, not delete',
        '',
        'Who could grant it:',
        '  Group system:masters',
        '  User viewer',
        '',
      ],
    ],
  )
  const paths = await why('get', '/metrics', '--as', 'system:serviceaccount:team:app')
  deepEqual([paths.code, paths.out.split('\n')[0]], [1, 'no: user "system:serviceaccount:team:app" cannot get path "/metrics"'])
  const unknown = await why('get', 'widgets')
  deepEqual([unknown.code, unknown.err], [1, 'k8ts why: the server doesn\'t have a resource type "widgets"\n'])
})
