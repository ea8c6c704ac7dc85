/** Operators built with what npm has for them, run unchanged as processes of their own against a server. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { dump, load } from 'js-yaml'
import { freePort, startServer, type ServerUnderTest } from '../integration/server-under-test.ts'
import { eventually } from './cluster-under-test.ts'
import { startOperator } from './operators/operator-process.ts'

type Value = Record<string, any> // oxlint-disable-line typescript/no-explicit-any -- objects of every kind, where a wrong path fails anyway

// one port and one directory, for the server's second life
const port = await freePort()
const directory = mkdtempSync(join(tmpdir(), 'k8ts-operators-'))
let server: ServerUnderTest
before(async () => {
  server = await startServer({ port, directory })
})
after(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

const SITES = '/apis/example.com/v1/namespaces/default/websites'
const DATABASES = '/apis/example.org/v1/namespaces/default/databases'

test('an operator on the informers of the client library leads, reconciles, cleans up, and survives its own end and the server’s', async () => {
  await write('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', websiteDefinition)
  await established('websites.example.com')
  const kubeconfig = await operatorAccount()
  await using first = startOperator('website-operator.ts', kubeconfig, '--identity=first')
  await first.says('leading as ')
  await using second = startOperator('website-operator.ts', kubeconfig, '--identity=second')

  await write(SITES, site('shop', { html: '<p>open' }))
  await stateOf('shop', { content: '<p>open', replicas: 1, entry: '7', observedGeneration: 1 })
  const made = await read(`${SITES}/shop`)
  deepEqual(made.metadata.finalizers, ['example.com/directory'])
  const owner = {
    apiVersion: 'example.com/v1',
    kind: 'Website',
    name: 'shop',
    uid: made.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  }
  deepEqual((await read('/api/v1/namespaces/default/configmaps/shop-content')).metadata.ownerReferences, [owner])
  // the deployment is real: its controller made pods of it
  await eventually('a pod', async () => ((await read('/api/v1/namespaces/default/pods')).items.length === 1 ? true : undefined))

  await patch(`${SITES}/shop`, { spec: { html: '<p>closed', replicas: 2 } })
  await stateOf('shop', { content: '<p>closed', replicas: 2, entry: '9', observedGeneration: 2 })

  // the leader dies without a word; what changes meanwhile waits for the other
  await first.end('SIGKILL')
  await patch(`${SITES}/shop`, { spec: { replicas: 3 } })
  await second.says('leading as ')
  await stateOf('shop', { content: '<p>closed', replicas: 3, entry: '9', observedGeneration: 3 })
  const lease = await read('/apis/coordination.k8s.io/v1/namespaces/operators/leases/website-operator')
  match(lease.spec.holderIdentity, /_second$/)
  equal(lease.spec.leaseTransitions, 1)

  // the server goes and comes back; the informers go on
  await server[Symbol.asyncDispose]()
  server = await startServer({ port, directory })
  await patch(`${SITES}/shop`, { spec: { html: 'back' } })
  await stateOf('shop', { content: 'back', replicas: 3, entry: '4', observedGeneration: 4 })

  // deleted while no operator runs: the finalizer keeps it until one does
  await second.end()
  equal((await read('/apis/coordination.k8s.io/v1/namespaces/operators/leases/website-operator')).spec.holderIdentity, '')
  equal((await server.call('DELETE', `${SITES}/shop`)).status, 200)
  equal(typeof (await read(`${SITES}/shop`)).metadata.deletionTimestamp, 'string')
  await using third = startOperator('website-operator.ts', kubeconfig, '--identity=third')
  await gone(`${SITES}/shop`)
  equal((await read('/api/v1/namespaces/operators/configmaps/directory')).data, undefined)
  await gone('/api/v1/namespaces/default/configmaps/shop-content')
  await gone('/apis/apps/v1/namespaces/default/deployments/shop')
  await eventually('no pod', async () => ((await read('/api/v1/namespaces/default/pods')).items.length === 0 ? true : undefined))
  equal((await third.end()).includes('403'), false)
})

test('an operator on a framework brings its own kind, and keeps its objects until their volumes are gone', async () => {
  {
    await using operator = startOperator('database-operator.ts', server.kubeconfig)
    await operator.says('watching resource deployments.apps/v1')
    await established('databases.example.org')
    await write(DATABASES, database('orders', { engine: 'postgres', replicas: 2 }))
    await eventually('a status', async () => {
      const { status } = await read(`${DATABASES}/orders`)
      return status?.observedGeneration === 1 && status
    })
    await operator.says('replicas of orders: 2')
    const secret = await read('/api/v1/namespaces/default/secrets/orders-password')
    match(Buffer.from(secret.data.password, 'base64').toString(), /^[0-9a-f]{16}$/)
    deepEqual(await claims(), ['orders-0', 'orders-1'])
    await operator.end()
  }
  // a second life finds its kind there, and what changed meanwhile
  await server.call('PATCH', `${DATABASES}/orders/scale`, { spec: { replicas: 3 } }, { contentType: 'application/merge-patch+json' })
  await using operator = startOperator('database-operator.ts', server.kubeconfig)
  await operator.says('replicas of orders: 3')
  deepEqual((await read(`${DATABASES}/orders`)).status, { observedGeneration: 2, phase: 'Provisioned', replicas: 3 })
  deepEqual(await claims(), ['orders-0', 'orders-1', 'orders-2'])
  const refused = await server.call(
    'PATCH',
    `${DATABASES}/orders`,
    { spec: { engine: 'mysql' } },
    { contentType: 'application/merge-patch+json' },
  )
  equal(refused.status, 422)

  const deletion = await server.call('DELETE', `${DATABASES}/orders?propagationPolicy=Background`)
  equal(deletion.status, 200)
  await gone(`${DATABASES}/orders`)
  await operator.says('deleted 3 volumes of orders')
  await operator.says('gone orders')
  await eventually('no claim', async () => ((await claims()).length === 0 ? true : undefined))
  await gone('/api/v1/namespaces/default/secrets/orders-password')
  await gone('/apis/apps/v1/namespaces/default/deployments/orders')
  equal((await operator.end()).includes('error:'), false)
})

const websiteDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'websites.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'websites', singular: 'website', kind: 'Website' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: ['spec'],
            properties: {
              spec: {
                type: 'object',
                required: ['html'],
                properties: { html: { type: 'string' }, replicas: { type: 'integer', minimum: 0, default: 1 } },
              },
              status: {
                type: 'object',
                properties: { observedGeneration: { type: 'integer' }, readyReplicas: { type: 'integer' } },
              },
            },
          },
        },
      },
    ],
  },
}

const site = (name: string, spec: object) => ({ apiVersion: 'example.com/v1', kind: 'Website', metadata: { name }, spec })
const database = (name: string, spec: object) => ({ apiVersion: 'example.org/v1', kind: 'Database', metadata: { name }, spec })

async function write(path: string, body: object): Promise<Value> {
  const answer = await server.call('POST', path, body)
  equal(answer.status, 201, answer.text)
  return answer.json()
}

async function patch(path: string, body: object): Promise<void> {
  const answer = await server.call('PATCH', path, body, { contentType: 'application/merge-patch+json' })
  equal(answer.status, 200, answer.text)
}

async function read(path: string): Promise<Value> {
  const answer = await server.call('GET', path)
  equal(answer.status, 200, answer.text)
  return answer.json()
}

const gone = (path: string) =>
  eventually(`${path} is gone`, async () => ((await server.call('GET', path)).status === 404 ? true : undefined))

const established = (name: string) =>
  eventually(`${name} is established`, async () => {
    const { status } = await read(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`)
    return status?.conditions?.find((c: Value) => c.type === 'Established' && c.status === 'True')
  })

async function claims(): Promise<readonly string[]> {
  return (await read('/api/v1/namespaces/default/persistentvolumeclaims')).items.map((claim: Value) => claim.metadata.name).toSorted()
}

/** Waits until what the operator makes of a site is as expected. */
async function stateOf(name: string, expected: object): Promise<void> {
  let state: object = {}
  const look = async () => {
    const [made, content, deployment, directory] = await Promise.all([
      read(`${SITES}/${name}`),
      read(`/api/v1/namespaces/default/configmaps/${name}-content`),
      read(`/apis/apps/v1/namespaces/default/deployments/${name}`),
      read('/api/v1/namespaces/operators/configmaps/directory'),
    ])
    state = {
      content: content.data['index.html'],
      replicas: deployment.spec.replicas,
      entry: directory.data[`default.${name}`],
      observedGeneration: made.status.observedGeneration,
    }
    deepEqual(state, expected)
    return true
  }
  await eventually(`${name} as expected`, look, 20_000)
}

/** A service account with the rights the operator needs and no others, and a kubeconfig with its token. */
async function operatorAccount(): Promise<string> {
  await write('/api/v1/namespaces', { metadata: { name: 'operators' } })
  await write('/api/v1/namespaces/operators/serviceaccounts', { metadata: { name: 'websites' } })
  await write('/api/v1/namespaces/operators/configmaps', { metadata: { name: 'directory' } })
  const every = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']
  await write('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'website-operator' },
    rules: [
      { apiGroups: ['example.com'], resources: ['websites'], verbs: ['get', 'list', 'watch', 'patch'] },
      { apiGroups: ['example.com'], resources: ['websites/status'], verbs: ['patch'] },
      { apiGroups: ['example.com'], resources: ['websites/finalizers'], verbs: ['update'] },
      { apiGroups: [''], resources: ['configmaps'], verbs: every },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: every },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
    ],
  })
  await write('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'website-operator' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'website-operator' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'operators', name: 'websites' }],
  })
  const { status } = await write('/api/v1/namespaces/operators/serviceaccounts/websites/token', { spec: {} })
  const kubeconfig = load(readFileSync(server.kubeconfig, 'utf8')) as Value
  kubeconfig['users'][0].user = { token: status.token }
  const path = join(directory, 'websites.kubeconfig')
  writeFileSync(path, dump(kubeconfig))
  return path
}
