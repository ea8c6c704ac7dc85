/** The control plane as separate processes, a simulated node beside them, and the stock kubectl in front. */

import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '#base/clock.ts'
import { issueNodeCredentials } from '#cli/cluster/credentials.ts'
import { credentials, freePort, root, startServer, type ServerUnderTest } from './server-under-test.ts'

const WAIT_MS = 30_000
// short, so that a standby need not be waited for long
const ELECTION = ['--leader-elect-lease-duration', '3s', '--leader-elect-renew-deadline', '2s', '--leader-elect-retry-period', '300ms']

interface Running {
  readonly process: ChildProcess
  readonly port: number
  log(): string
}

let api: ServerUnderTest
let manager: Running
let scheduler: Running
const running: Running[] = []

before(async () => {
  api = await startServer({ command: 'kube-apiserver', flags: ['--datastore', 'memory'] })
  const nodeCredentials = await issueNodeCredentials({
    dataDirectory: api.directory,
    directory: join(api.directory, 'node'),
    nodeNames: ['apart-1'],
    addresses: ['127.0.0.1'],
    server: `https://127.0.0.1:${api.port}`,
    clock: systemClock,
  })
  manager = await component('kube-controller-manager', 'controller-manager.kubeconfig')
  scheduler = await component('kube-scheduler', 'scheduler.kubeconfig')
  start(['agent', '--runtime', 'simulated', '--node-name', 'apart-1', '--credentials', nodeCredentials], 0)
  await kubectl('wait', '--for=create', 'node/apart-1', `--timeout=${WAIT_MS}ms`)
})

after(async () => {
  await Promise.all(running.map(({ process: child }) => end(child, 'SIGTERM')))
  await api?.[Symbol.asyncDispose]()
})

function start(words: readonly string[], port: number): Running {
  const child = spawn(join(root, 'k8ts'), words, { stdio: ['ignore', 'pipe', 'pipe'] })
  let written = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (written += chunk.toString()))
  const started = { process: child, port, log: () => written }
  running.push(started)
  return started
}

/** A component on a free port, once it is well. */
async function component(name: string, kubeconfig: string): Promise<Running> {
  const port = await freePort()
  const words = [
    name,
    '--kubeconfig',
    join(api.directory, kubeconfig),
    '--secure-port',
    String(port),
    '--bind-address',
    '127.0.0.1',
    ...ELECTION,
  ]
  const started = start(words, port)
  await until(`${name} to answer`, async () => {
    if (started.process.exitCode !== null) throw new Error(`${name} ended with ${started.process.exitCode}: ${started.log()}`)
    return (await get(port, '/healthz').catch(() => undefined))?.status === 200
  })
  return started
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

/** One request over a connection of its own, whoever signed the certificate. */
function get(
  port: number,
  path: string,
  identity: { readonly cert?: string; readonly key?: string } = {},
): Promise<{ status: number; text: string }> {
  return new Promise((done, fail) => {
    const asked = httpsRequest({ host: '127.0.0.1', port, path, agent: false, rejectUnauthorized: false, ...identity }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => done({ status: response.statusCode ?? 0, text }))
    })
    asked.on('error', fail)
    asked.end()
  })
}

async function kubectl(...words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('kubectl', ['--kubeconfig', api.kubeconfig, ...words])
  return stdout.trim()
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${WAIT_MS} ms for ${what}: ${running.map((r) => r.log()).join('')}`)
    await new Promise((done) => setTimeout(done, 50))
  }
}

const holderOf = (lease: string) => kubectl('-n', 'kube-system', 'get', 'lease', lease, '-o', 'jsonpath={.spec.holderIdentity}')

test('a Deployment becomes ready with every component in a process of its own', async () => {
  await kubectl('create', 'deployment', 'web', '--image=nginx', '--replicas=3')
  await kubectl('rollout', 'status', 'deployment/web', `--timeout=${WAIT_MS}ms`)
  equal(await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.status.readyReplicas}'), '3')
  equal(await kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}'), 'apart-1 apart-1 apart-1')
})

test('each controller acts under a service account of its own', async () => {
  const accounts = await kubectl('-n', 'kube-system', 'get', 'serviceaccounts', '-o', 'name')
  for (const name of ['deployment-controller', 'replicaset-controller', 'node-controller'])
    match(accounts, new RegExp(`serviceaccount/${name}$`, 'm'))
})

test('health is for everybody, metrics and configuration for those the API server allows', async () => {
  const administrator = credentials(api.kubeconfig)
  for (const [{ port }, lease, group] of [
    [manager, 'kube-controller-manager', 'kubecontrollermanager.config.k8s.io'],
    [scheduler, 'kube-scheduler', 'componentconfig'],
  ] as const) {
    for (const path of ['/healthz', '/livez', '/readyz']) deepEqual(await get(port, path), { status: 200, text: 'ok' })
    const refused = await get(port, '/metrics')
    equal(refused.status, 403)
    match(refused.text, /forbidden: User \\"system:anonymous\\" cannot get path \\"\/metrics\\"/)
    const metrics = await get(port, '/metrics', administrator)
    equal(metrics.status, 200)
    match(metrics.text, new RegExp(`^leader_election_master_status{name="${lease}"} 1$`, 'm'))
    match(metrics.text, /^rest_client_requests_total{/m)
    const configuration = await get(port, '/configz', administrator)
    deepEqual(Object.keys(JSON.parse(configuration.text) as object), [group])
    equal((await get(port, '/nowhere', administrator)).status, 404)
  }
})

test('of two schedulers the second stands by', async () => {
  const holder = await holderOf('kube-scheduler')
  const second = await component('kube-scheduler', 'scheduler.kubeconfig')
  const metrics = await get(second.port, '/metrics', credentials(api.kubeconfig))
  match(metrics.text, /^leader_election_master_status{name="kube-scheduler"} 0$/m)
  equal(await holderOf('kube-scheduler'), holder)
  await end(second.process, 'SIGTERM')
  equal(second.process.exitCode, 0)
})

test('when the leading controller manager is killed the one standing by acts', async () => {
  const first = await holderOf('kube-controller-manager')
  const standby = await component('kube-controller-manager', 'controller-manager.kubeconfig')
  await end(manager.process, 'SIGKILL')
  await kubectl('scale', 'deployment/web', '--replicas=5')
  await kubectl('rollout', 'status', 'deployment/web', `--timeout=${WAIT_MS}ms`)
  equal(await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.status.readyReplicas}'), '5')
  notEqual(await holderOf('kube-controller-manager'), first)
  ok(standby.log().includes('became leader'))
})

test('a leader that is told to stop gives up its Lease at once', async () => {
  await end(scheduler.process, 'SIGTERM')
  deepEqual([scheduler.process.exitCode, await holderOf('kube-scheduler')], [0, ''])
})
