/** Looking back: servers that show the past, the history of objects, and what has changed since. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { needsEtcd, startEtcd } from '../conformance/etcd-under-test.ts'
import { eventually, runProgram } from '../e2e/cluster-under-test.ts'
import { freePort, root, startServer, type ServerUnderTest } from './server-under-test.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'

interface Listed {
  readonly metadata: { readonly resourceVersion: string }
  readonly items: readonly { readonly metadata: { readonly name: string }; readonly data?: Readonly<Record<string, string>> }[]
}

const configMap = (name: string, value: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value } })

async function shown(server: ServerUnderTest): Promise<Readonly<Record<string, string | undefined>>> {
  const { items } = (await server.call('GET', MAPS)).json<Listed>()
  return Object.fromEntries(items.filter((i) => i.metadata.name !== 'kube-root-ca.crt').map((i) => [i.metadata.name, i.data?.['value']]))
}

/** The resourceVersion after which `a` is old and `b` is there, and `a` is changed and `b` deleted by now. */
async function live(server: ServerUnderTest): Promise<string> {
  equal((await server.call('POST', MAPS, configMap('a', 'old'))).status, 201)
  equal((await server.call('POST', MAPS, configMap('b', 'kept'))).status, 201)
  const then = (await server.call('GET', MAPS)).json<Listed>().metadata.resourceVersion
  equal((await server.call('PUT', `${MAPS}/a`, configMap('a', 'new'))).status, 200)
  equal((await server.call('DELETE', `${MAPS}/b`)).status, 200)
  return then
}

async function checkPast(past: ServerUnderTest, then: string): Promise<void> {
  deepEqual(await shown(past), { a: 'old', b: 'kept' })
  equal((await past.call('GET', MAPS)).json<Listed>().metadata.resourceVersion, then)
  const because = `this server shows the cluster as of resourceVersion ${then} and takes no writes`
  for (const [method, path, body] of [
    ['POST', MAPS, configMap('c', 'x')],
    ['PUT', `${MAPS}/a`, configMap('a', 'x')],
    ['PATCH', `${MAPS}/a`, { data: { value: 'x' } }],
    ['DELETE', `${MAPS}/a`, undefined],
    ['DELETE', MAPS, undefined],
    ['POST', '/api/v1/namespaces/default/serviceaccounts/default/token', {}],
    ['GET', '/api/v1/namespaces/default/pods/p/log', undefined],
  ] as const) {
    const answer = await past.call(method, path, body)
    const { kind, reason, message, code } = answer.json()
    deepEqual([answer.status, kind, reason, message, code], [405, 'Status', 'MethodNotAllowed', because, 405], `${method} ${path}`)
  }
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
  }
  equal((await past.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review)).status, 201)
  const lines = past.lines(`${MAPS}?watch=true&resourceVersion=${then}&timeoutSeconds=2`)
  deepEqual(await Array.fromAsync(lines), [])
  deepEqual(await shown(past), { a: 'old', b: 'kept' })
}

test('a server shows the past beside the one that writes on, and after it', { timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-past-test-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const kubeconfig = join(directory, 'admin.kubeconfig')
  let then: string
  {
    await using server = await startServer({ directory })
    then = await live(server)
    const administrator = readFileSync(kubeconfig, 'utf8')
    await using past = await startServer({ directory, flags: ['--read-only', '--at', then] })
    await checkPast(past, then)
    deepEqual(await shown(server), { a: 'new' }, 'the one that writes does so undisturbed')
    equal((await server.call('POST', MAPS, configMap('d', 'later'))).status, 201)
    deepEqual(await shown(past), { a: 'old', b: 'kept' })
    equal(readFileSync(kubeconfig, 'utf8'), administrator)
    const folder = /"kubeconfig":"([^"]+)\/admin.kubeconfig"/.exec(past.log())?.[1]
    equal(existsSync(folder!), true)
    past.process.kill('SIGTERM')
    await new Promise((resolve) => past.process.once('exit', resolve))
    equal(existsSync(folder!), false, 'nothing is left of the copy')
  }
  await using past = await startServer({ directory, flags: ['--read-only', '--at', then] })
  await checkPast(past, then)
  await using today = await startServer({ directory, flags: ['--read-only', '--at', '0s ago'] })
  deepEqual(await shown(today), { a: 'new', d: 'later' })
})

test('the history of a heartbeat, which is kept in memory only, begins with the server', { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-past-test-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  {
    await using before = await startServer({ directory, command: 'kube-apiserver' })
    equal((await before.call('POST', MAPS, configMap('a', 'x'))).status, 201)
  }
  const server = stack.use(await startServer({ directory, command: 'kube-apiserver' }))
  const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'n' }, spec: { holderIdentity: 'one' } }
  equal((await server.call('POST', LEASES, lease)).status, 201)
  const merge = { contentType: 'application/merge-patch+json' }
  equal((await server.call('PATCH', `${LEASES}/n`, { spec: { holderIdentity: 'two' } }, merge)).status, 200)
  const { items } = (await server.call('GET', `${LEASES}/n?history=true`)).json<{
    items: { object: { spec: { holderIdentity: string } } }[]
  }>()
  deepEqual(
    items.map((i) => i.object.spec.holderIdentity),
    ['one', 'two'],
  )
})

test('custom resources whose definition is gone and encrypted Secrets are shown as they were', { timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-past-test-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const encryption = join(directory, 'encryption.yaml')
  const key = { name: 'k', secret: Buffer.alloc(32, 7).toString('base64') }
  const resources = [{ resources: ['secrets'], providers: [{ aescbc: { keys: [key] } }, { identity: {} }] }]
  writeFileSync(encryption, JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources }))
  const flags = ['--encryption-provider-config', encryption]
  const server = stack.use(await startServer({ directory, flags }))
  const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { plural: 'things', kind: 'Thing' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  }
  equal((await server.call('POST', DEFINITIONS, definition)).status, 201)
  const THINGS = '/apis/example.com/v1/things'
  const thing = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 't' }, size: 3 }
  await eventually('the resource', async () => ((await server.call('POST', THINGS, thing)).status === 201 ? true : undefined))
  const SECRET = '/api/v1/namespaces/default/secrets/s'
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { p: 'before' } }
  const made = await server.call('POST', '/api/v1/namespaces/default/secrets', secret)
  const then = made.json<Listed>().metadata.resourceVersion
  equal((await server.call('PUT', SECRET, { ...secret, stringData: { p: 'after' } })).status, 200)
  equal((await server.call('DELETE', `${DEFINITIONS}/things.example.com`)).status, 200)
  await eventually('its end', async () => ((await server.call('GET', THINGS)).status === 404 ? true : undefined))

  const past = stack.use(await startServer({ directory, flags: [...flags, '--read-only', '--at', then] }))
  const seen = await eventually('the resource as it was', async () => {
    const answer = await past.call('GET', `${THINGS}/t`)
    return answer.status === 200 ? answer.json<{ size: number }>() : undefined
  })
  equal(seen.size, 3)
  const { data } = (await past.call('GET', SECRET)).json<{ data: { p: string } }>()
  equal(Buffer.from(data.p, 'base64').toString(), 'before')
  const told = (await server.call('GET', `${SECRET}?history=true`)).json<{ items: { object: { data: { p: string } } }[] }>()
  deepEqual(
    told.items.map((i) => Buffer.from(i.object.data.p, 'base64').toString()),
    ['before', 'after'],
  )
})

test('a server shows the past of an etcd that is written to', { skip: needsEtcd, timeout: 120_000 }, async () => {
  await using etcd = await startEtcd()
  const flags = ['--etcd-servers', etcd.endpoints[0]!]
  await using server = await startServer({ flags })
  const then = await live(server)
  await using past = await startServer({ directory: server.directory, flags: [...flags, '--read-only', '--at', then] })
  await checkPast(past, then)
})

test('a moment that cannot be shown is refused in one sentence', { timeout: 60_000 }, async () => {
  await using server = await startServer()
  await live(server)
  const port = String(await freePort())
  for (const [words, code, said] of [
    [['--at', '5'], 2, /--at goes with --read-only/],
    [['--read-only', '--at', 'yesterday'], 2, /expected a resourceVersion, a time such as/],
    [
      ['--read-only', '--at', '2001-01-01T00:00:00Z'],
      1,
      /^k8ts server: 2001-01-01T00:00:00Z is before the history of this store, which begins at 20\S+Z\n$/,
    ],
    [['--read-only', '--at', '999999999'], 1, /^k8ts server: resourceVersion 999999999 has not come yet: the newest is \d+\n$/],
    [['--read-only', '--datastore', 'memory'], 2, /--read-only reads a store that is there/],
    [
      ['--read-only', '--data-dir', join(tmpdir(), 'k8ts-nowhere')],
      1,
      /^k8ts server: there is no store in \S+k8ts-nowhere, which --data-dir names\n$/,
    ],
  ] as const) {
    const ran = await runProgram(
      join(root, 'k8ts'),
      ['server', '--secure-port', port, '--data-dir', server.directory, ...words],
      process.env,
    )
    match(ran.err, said)
    equal(ran.code, code, words.join(' '))
  }
})

for (const datastore of ['sqlite', 'etcd'] as const)
  test(
    `history tells what became of an object, and diff what has changed in it (${datastore})`,
    { skip: datastore === 'etcd' && needsEtcd, timeout: 120_000 },
    async () => {
      await using stack = new AsyncDisposableStack()
      const flags = datastore === 'etcd' ? ['--etcd-servers', stack.use(await startEtcd()).endpoints[0]!] : []
      const server = stack.use(await startServer({ flags }))
      const run = (...words: string[]) => runProgram(join(root, 'k8ts'), [...words, '--kubeconfig', server.kubeconfig], process.env)
      const version = async (answer: ReturnType<typeof server.call>) =>
        (await answer).json<{ metadata: { resourceVersion: string } }>().metadata.resourceVersion
      const made = await version(server.call('POST', `${MAPS}?fieldManager=alice`, configMap('a', 'one')))
      const changed = await version(
        server.call('PUT', `${MAPS}/a?fieldManager=bob`, { ...configMap('a', 'two'), data: { value: 'two', more: 'x' } }),
      )
      equal((await server.call('DELETE', `${MAPS}/a`)).status, 200)
      const again = await version(server.call('POST', `${MAPS}?fieldManager=alice`, configMap('a', 'three')))

      const told = await run('history', 'configmap/a')
      deepEqual([told.code, told.err], [0, ''])
      const rows = told.out
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {3,}/))
      const deleted = rows[3]![0]!
      const time = /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
      deepEqual(rows[0], ['REVISION', 'TIME', 'WHO', 'OPERATION', 'CHANGED'])
      deepEqual(
        rows.slice(1).map(([revision, when, ...rest]) => [revision, time.test(when!), ...rest]),
        [
          [made, true, 'alice', 'Create'],
          [changed, true, 'bob', 'Update', 'data.value, data.more'],
          [deleted, datastore === 'sqlite', '-', 'Delete'],
          [again, true, 'alice', 'Create'],
        ],
      )
      const whole = await run('history', 'cm', 'a', '-o', 'json')
      const { items } = JSON.parse(whole.out) as { items: { type: string; object: { data: { value: string } } }[] }
      deepEqual(
        items.map((i) => [i.type, i.object.data.value]),
        [
          ['ADDED', 'one'],
          ['MODIFIED', 'two'],
          ['DELETED', 'two'],
          ['ADDED', 'three'],
        ],
      )

      const compared = await run('diff', 'cm/a', '--at', made, '--to', changed)
      equal(compared.code, 1)
      match(compared.out, new RegExp(`^--- cm/a\t${made} \\S+\n\\+\\+\\+ cm/a\t${changed} \\S+\n@@ `))
      match(compared.out, /\n data:\n- {2}value: one\n\+ {2}value: two\n\+ {2}more: x\n/)
      deepEqual(await run('diff', 'cm/a', '--at', again), { code: 0, out: '', err: '' })
      const gone = await run('diff', 'cm/a', '--at', changed, '--to', deleted)
      match(gone.out, /\n\+\+\+ \/dev\/null\n/)
      equal((await run('diff', 'cm/a', '--at', '0s ago')).code, 0)
      const early = await run('diff', 'cm/a', '--at', '2001-01-01T00:00:00Z')
      equal(early.code, 2)
      match(early.err, /^k8ts diff: 2001-01-01T00:00:00Z is before the history that is still known, which begins at 20/)
      equal((await run('diff', 'cm/a', '--at', '999999999')).code, 2)
      const none = await run('history', 'cm/never')
      deepEqual([none.code, none.err], [1, 'k8ts history: configmaps "never" not found\n'])

      const stranger = { headers: { 'impersonate-user': 'eve' } }
      equal((await server.call('GET', `${MAPS}/a?history=true`, undefined, stranger)).status, 403)
    },
  )
