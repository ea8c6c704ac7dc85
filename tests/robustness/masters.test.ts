/** Several servers on one etcd behind HAProxy: a watching client sees every event once, in order, while servers and members are killed in turn. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { caller, type Answer } from './api-caller.ts'
import { needsEtcd, startEtcd } from '../conformance/etcd-under-test.ts'
import { eventually, runProgram } from '../e2e/cluster-under-test.ts'
import { credentials, freePort, root, startServer, type ServerUnderTest } from '../integration/server-under-test.ts'

const HAPROXY = '/usr/sbin/haproxy'
const skip = needsEtcd || (existsSync(HAPROXY) ? false : 'needs haproxy')
const AUTHORITIES = ['ca.crt', 'ca.key', 'front-proxy-ca.crt', 'front-proxy-ca.key', 'sa.key', 'sa.pub']
const HOSTS = ['127.0.0.1', '127.0.0.2'] as const
/** What the servers are to be reached at from elsewhere; an endpoint may not be on the loopback. */
const ADVERTISED = ['10.99.0.1', '10.99.0.2'] as const
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'

test(
  'a watch through the load balancer misses nothing and repeats nothing while masters are killed',
  { skip, timeout: 240_000 },
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'k8ts-masters-'))
    await using stack = new AsyncDisposableStack()
    stack.defer(() => rmSync(directory, { recursive: true, force: true }))
    const etcd = stack.use(await startEtcd(3))
    const port = await freePort()
    const servers: ServerUnderTest[] = []
    stack.defer(async () => void (await Promise.all(servers.map((s) => s[Symbol.asyncDispose]()))))
    const start = async (i: number) => {
      const flags = ['--etcd-servers', etcd.endpoints.join(','), '--advertise-address', ADVERTISED[i]!]
      servers[i] = await startServer({ directory: join(directory, `s${i}`), port, host: HOSTS[i]!, flags })
    }
    await start(0)
    mkdirSync(join(directory, 's1/pki'), { recursive: true })
    for (const file of AUTHORITIES) cpSync(join(directory, 's0/pki', file), join(directory, 's1/pki', file))
    await start(1)

    const balanced = await freePort()
    const made = await runProgram(
      join(root, 'k8ts'),
      ['ha', 'config', ...HOSTS.map((h) => `${h}:${port}`), '--bind', `127.0.0.1:${balanced}`],
      process.env,
    )
    equal(made.err, '')
    writeFileSync(join(directory, 'haproxy.cfg'), made.out)
    const haproxy = spawn(HAPROXY, ['-f', join(directory, 'haproxy.cfg'), '-db'], { stdio: 'ignore' })
    stack.defer(async () => {
      haproxy.kill('SIGKILL')
      if (haproxy.exitCode === null && haproxy.signalCode === null) await once(haproxy, 'exit')
    })
    const call = caller({ ...credentials(servers[0]!.kubeconfig), host: '127.0.0.1', port: balanced })
    const listed = JSON.parse((await insist(() => call('GET', CONFIG_MAPS))).text) as { metadata: { resourceVersion: string } }

    const seen: { readonly type: string; readonly name: string; readonly revision: number }[] = []
    const stop = new AbortController()
    const watching = (async () => {
      let from = listed.metadata.resourceVersion
      let opened = 0
      while (!stop.signal.aborted)
        try {
          opened++
          await call('GET', `${CONFIG_MAPS}?watch=true&resourceVersion=${from}`, undefined, {
            signal: stop.signal,
            line: (line) => {
              const { type, object } = JSON.parse(line) as {
                type: string
                object: { metadata: { name: string; resourceVersion: string }; code?: number }
              }
              equal(type === 'ERROR' ? object.code : undefined, undefined)
              from = object.metadata.resourceVersion
              if (object.metadata.name.startsWith('c-')) seen.push({ type, name: object.metadata.name, revision: Number(from) })
            },
          })
        } catch (error) {
          if ((error as Error).name === 'AssertionError') throw error
          await setTimeout(50)
        }
      return opened
    })()

    let created = 0
    let writing = true
    const writer = (async () => {
      while (writing) {
        const name = `c-${created}`
        await insist(() => call('POST', CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }))
        created++
        await setTimeout(10)
      }
    })()
    await setTimeout(1500)
    for (const victim of [0, 1]) {
      servers[victim]!.process.kill('SIGKILL')
      await setTimeout(2500)
      await start(victim)
      await setTimeout(2000)
    }
    for (const member of [0, 1, 2]) {
      await etcd.kill(member)
      await setTimeout(2500)
      await etcd.start(member)
      await setTimeout(1500)
    }
    writing = false
    await writer
    const deadline = performance.now() + 20_000
    while (seen.length < created && performance.now() < deadline) await setTimeout(50)
    stop.abort()
    const opened = await watching

    ok(created > 50, `only ${created} were created`)
    ok(opened > 1, 'the watch was never cut')
    deepEqual(
      seen.map(({ type, name }) => `${type} ${name}`),
      Array.from({ length: created }, (_, i) => `ADDED c-${i}`),
    )
    deepEqual(
      seen.map((s) => s.revision),
      seen.map((s) => s.revision).toSorted((a, b) => a - b),
    )
    const slices = JSON.parse(
      (await insist(() => call('GET', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes'))).text,
    ) as {
      endpoints: { addresses: string[] }[]
    }
    deepEqual(
      slices.endpoints.flatMap((e) => e.addresses),
      [...ADVERTISED],
    )
  },
)

test('what one server has acknowledged, another shows at once, by name and in lists', { skip: needsEtcd, timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-masters-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const etcd = stack.use(await startEtcd())
  const start = (name: string) =>
    startServer({ command: 'kube-apiserver', directory: join(directory, name), flags: ['--etcd-servers', etcd.endpoints.join(',')] })
  const servers = [stack.use(await start('a')), stack.use(await start('b'))] as const
  const endpoints = (await servers[0].call('GET', '/api/v1/namespaces/default/endpoints/kubernetes')).json<{
    subsets?: { addresses: { ip: string }[] }[]
  }>()
  deepEqual(
    endpoints.subsets?.[0]?.addresses.map(({ ip }) => isOfThisMachine(ip)),
    [true],
    'servers on the loopback name no address',
  )
  const stale: string[] = []
  for (let i = 0; i < 100; i++) {
    const [writer, reader] = i % 2 === 0 ? servers : servers.toReversed()
    const name = `c-${i}`
    const made = await writer!.call('POST', CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
    equal(made.status, 201)
    const [found, list] = await Promise.all([reader!.call('GET', `${CONFIG_MAPS}/${name}`), reader!.call('GET', CONFIG_MAPS)])
    if (found.status !== 200 || !list.text.includes(`"${name}"`)) stale.push(name)
    const { resourceVersion } = made.json<{ metadata: { resourceVersion: string } }>().metadata
    const changed = (by: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, resourceVersion }, data: { by } })
    const both = await Promise.all(servers.map((server, j) => server.call('PUT', `${CONFIG_MAPS}/${name}`, changed(`server ${j}`))))
    deepEqual(both.map((answer) => answer.status).toSorted(), [200, 409])
  }
  deepEqual(stale, [])
})

test('one server runs the controllers; when it dies another takes over', { skip: needsEtcd, timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-masters-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const etcd = stack.use(await startEtcd())
  const start = (name: string) => startServer({ directory: join(directory, name), flags: ['--etcd-servers', etcd.endpoints.join(',')] })
  const servers = [stack.use(await start('a')), stack.use(await start('b'))] as const
  const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager'
  const holder = async (of: ServerUnderTest) =>
    (await of.call('GET', lease)).json<{ spec: { holderIdentity: string } }>().spec.holderIdentity
  const leads = (of: ServerUnderTest) => /"kube-controller-manager"[^\n]*"became leader"/.test(of.log())
  const leader = await eventually('a leader', async () => servers.find(leads))
  const other = servers.find((s) => s !== leader)!
  ok(!leads(other))
  const before = await holder(other)
  const replicas = (count: number) => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'r' },
    spec: {
      replicas: count,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    },
  })
  const pods = async () => (await other.call('GET', '/api/v1/namespaces/default/pods')).json<{ items: object[] }>().items.length
  equal((await other.call('POST', '/apis/apps/v1/namespaces/default/replicasets', replicas(1))).status, 201)
  await eventually('a pod', async () => ((await pods()) === 1 ? true : undefined))
  leader.process.kill('SIGKILL')
  const patched = await other.call(
    'PATCH',
    '/apis/apps/v1/namespaces/default/replicasets/r',
    { spec: { replicas: 3 } },
    { contentType: 'application/merge-patch+json' },
  )
  equal(patched.status, 200)
  await eventually('three pods', async () => ((await pods()) === 3 ? true : undefined))
  ok((await holder(other)) !== before)
})

test(
  'a server outlives an etcd that is away for longer than it can lead, and goes on by itself',
  { skip: needsEtcd, timeout: 120_000 },
  async () => {
    await using etcd = await startEtcd()
    await using server = await startServer({ flags: ['--etcd-servers', etcd.endpoints.join(',')] })
    const lost = (of: string) => server.log().includes(`leadership of kube-system/${of} was lost`)
    await eventually('a leader', async () => (server.log().includes('became leader') ? true : undefined))
    await etcd.kill(0)
    await eventually('both loops lose their lease', async () =>
      lost('kube-controller-manager') && lost('kube-scheduler') ? true : undefined,
    )
    const away = await server.call('GET', CONFIG_MAPS)
    deepEqual([away.status, away.json()['reason']], [503, 'ServiceUnavailable'])
    await etcd.start(0)
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'after' } }
    await eventually('a namespace', async () =>
      (await server.call('POST', '/api/v1/namespaces', namespace)).status === 201 ? true : undefined,
    )
    const account = '/api/v1/namespaces/after/serviceaccounts/default'
    await eventually('the account that a controller makes', async () =>
      (await server.call('GET', account)).status === 200 ? true : undefined,
    )
  },
)

function isOfThisMachine(address: string): boolean {
  return Object.values(networkInterfaces()).some((of) => of?.some((a) => !a.internal && a.address === address))
}

/** Until it is done; that a creation had been done already, unheard of, is as good. */
async function insist(attempt: () => Promise<Answer>): Promise<Answer> {
  const deadline = performance.now() + 30_000
  let last = ''
  while (performance.now() < deadline) {
    try {
      const answer = await attempt()
      if (answer.status < 300 || answer.status === 409) return answer
      last = answer.text
    } catch (error) {
      last = (error as Error).message
    }
    await setTimeout(100)
  }
  throw new Error(`not answered in 30 s: ${last}`)
}
