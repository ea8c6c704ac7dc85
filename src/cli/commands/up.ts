/** `k8ts up`: a whole cluster on this machine, step by step, until its demo answers. */

import { existsSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { leases } from '#api/coordination/v1/lease.ts'
import { nodes, type Node } from '#api/core/v1/node.ts'
import { pods } from '#api/core/v1/pod.ts'
import { endpointSlices } from '#api/discovery/v1/endpoint-slice.ts'
import { PORT, settings, UsageError } from '#base/settings.ts'
import { sleep } from '#base/clock.ts'
import type { Client } from '#client/client.ts'
import { command, OperatorError, type Environment } from '../command.ts'
import { makeDirectory } from '../data-directory.ts'
import { connect, waitReady } from '../cluster/connection.ts'
import { applyDemo, askDemo, demoAvailable } from '../cluster/demo.ts'
import { issueNodeCredentials } from '../cluster/credentials.ts'
import { bringImage, DEMO_IMAGE, demoImage, imageDirectory } from '../cluster/images.ts'
import { bridgeUp, machineNames, makeBridge, nodeDown, nodeNames, nodeUp } from '../cluster/machine-plan.ts'
import { lockCluster } from '../cluster/lock.ts'
import { findMissing } from '../cluster/preflight.ts'
import { ClusterRecords, markOf, type ClusterRecord, type NodeRecord } from '../cluster/record.ts'
import { endsIn } from '../cluster/supervised.ts'
import { step } from '../progress.ts'
import { nodeDirectory, stop, takeDown } from './down.ts'

const DEFAULT_PORT = 6443
const READY_MS = 60_000
const NODE_READY_MS = 120_000
const AGENT_ENDS_MAX = 3 // one that fails so often right after its start will not get better
const PORT_TRIES = 5
const FULL_BYTES = 64 * 1024 // what a log or the database takes at least at a time
const FREE_BYTES_MIN = 4 * 2 ** 20 // keys, a new database with its log, and the logs of a start

export const up = command({
  usage: '[flags]',
  description:
    'Starts a cluster on this machine (control plane, nodes and a demo) and returns when the demo has answered through its Service.',
  settings: settings({
    name: { type: 'string', flag: 'name', help: 'Name of the cluster', default: 'k8ts' },
    nodes: { type: 'int', flag: 'nodes', help: 'Nodes wanted; 1 by default', min: 1 },
    runtime: {
      type: 'string',
      flag: 'runtime',
      help: 'What runs the containers: containerd (Linux, root), the default, or simulated',
    },
    dataDirectory: { type: 'string', flag: 'data-dir', help: 'Where the cluster keeps its data' },
    securePort: {
      type: 'int',
      flag: 'secure-port',
      help: 'Port of the API server; by default 6443, or a free one when that is taken',
      ...PORT,
    },
    noDemo: { type: 'bool', flag: 'no-demo', help: 'Start without the demo' },
    foreground: { type: 'bool', flag: 'foreground', help: 'Stay until interrupted, then take the cluster down' },
  }),
  async run({ values }, environment) {
    const { nodes: wanted = 1, runtime = 'containerd' } = values
    if (runtime !== 'containerd' && runtime !== 'simulated') {
      throw new UsageError(`invalid argument "${runtime}" for "--runtime" flag: must be containerd or simulated`)
    }
    if (!/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/.test(values.name))
      throw new UsageError(`invalid argument "${values.name}" for "--name" flag: use lower-case letters, digits and '-'`)
    using lock = await lockCluster(values.name, environment)
    const records = new ClusterRecords(environment.home)
    const old = records.get(values.name)
    if (old?.serverPid !== undefined && environment.alive(old.serverPid, markOf(old))) {
      if ((values.runtime ?? old.runtime) !== old.runtime || (values.nodes ?? old.nodes.length) !== old.nodes.length)
        throw new OperatorError(runsOtherwise(old))
      const missing = old.nodes.filter((n) => n.pid === undefined || !environment.alive(n.pid, markOf(old)))
      if (missing.length > 0) await startAgain(missing, old, records, environment)
      environment.out(
        missing.length > 0
          ? `\nCluster ${old.name} runs already; ${missing.map((n) => n.name).join(', ')} had ended and run${missing.length === 1 ? 's' : ''} again.\n${nextCommands(old, environment)}`
          : `Cluster ${old.name} runs already.\n${nextCommands(old, environment)}`,
      )
      return 0
    }
    if (old !== undefined) await takeDown(old, records, environment, false)

    const started = environment.clock.monotonic()
    const plan = { ...values, nodes: wanted, runtime } as const
    let record: ClusterRecord | undefined
    try {
      const images = values.noDemo || runtime === 'simulated' ? undefined : demoImage(environment.architecture)
      images?.catch(() => {}) // reported by the step that needs it
      record = await start(plan, records, environment, (r) => (record = r))
      const url = values.noDemo ? undefined : await runDemo(record, images, environment)
      const seconds = ((environment.clock.monotonic() - started) / 1000).toFixed(1)
      environment.out(
        `\nCluster ${record.name} is up after ${seconds} s.\n${url === undefined ? '' : `  demo         ${url}\n`}${nextCommands(record, environment)}`,
      )
      if (!values.foreground) return 0
      lock[Symbol.dispose]() // others may take it down meanwhile
      await new Promise<void>((resolve) =>
        environment.signal.aborted ? resolve() : environment.signal.addEventListener('abort', () => resolve()),
      )
      await takeDown(record, records, environment, false)
      return 0
    } catch (error) {
      // Half a cluster is of no use; its logs lie in the data directory.
      if (record !== undefined) await takeDown(record, records, { ...environment, signal: new AbortController().signal }, false, true)
      if (environment.signal.aborted)
        throw new OperatorError('interrupted, so what had been started was taken down again', { cause: error })
      throw error
    }
  },
})

interface Plan {
  readonly name: string
  readonly nodes: number
  readonly runtime: 'containerd' | 'simulated'
  readonly dataDirectory: string | undefined
  readonly securePort: number | undefined
}

async function start(
  plan: Plan,
  records: ClusterRecords,
  environment: Environment,
  saved: (record: ClusterRecord) => void,
): Promise<ClusterRecord> {
  const real = plan.runtime === 'containerd'
  if (real) {
    await step(environment, 'machine checked', async () => {
      const missing = await findMissing(environment)
      if (missing !== undefined) throw new OperatorError(missing)
    })
  }
  const dataDirectory = resolve(plan.dataDirectory ?? records.defaultDataDirectory(plan.name))
  let securePort = await choosePort(plan.securePort)
  checkRoom(dataDirectory)
  makeDirectory(dataDirectory, 'data-dir')
  const index = real ? await reserveBridge(records, environment) : records.freeIndex(() => false)
  const addresses = real ? ['127.0.0.1', machineNames(index).hostAddress] : ['127.0.0.1']
  let record: ClusterRecord = {
    name: plan.name,
    index,
    dataDirectory,
    runtime: plan.runtime,
    securePort,
    kubeconfig: join(dataDirectory, 'admin.kubeconfig'),
    nodes: [],
  }
  const save = (change: Partial<ClusterRecord>) => {
    record = { ...record, ...change }
    records.save(record)
    saved(record)
  }
  save({})

  const client = await step(environment, 'control plane ready', async (say) => {
    if (real) for (const c of bridgeUp(index)) await environment.run(c)
    const words = () => [
      '--data-dir',
      dataDirectory,
      '--secure-port',
      String(securePort),
      '--bind-address',
      addresses.join(','),
      '--advertise-address',
      addresses.at(-1)!,
    ]
    const log = join(dataDirectory, 'server.log')
    for (let tries = 1; ; tries++) {
      const ended = endsIn(log, 1)
      save({ securePort, serverPid: launch(environment, log, 'server', words()) })
      say(`port ${securePort}`)
      const why = () =>
        ended() ?? fullDisk(dataDirectory) ?? (environment.alive(record.serverPid!, markOf(record)) ? undefined : `its log is ${log}`)
      try {
        await waitReady(record.kubeconfig, environment, READY_MS, why, log)
        return connect(record.kubeconfig)
      } catch (error) {
        // another cluster that starts at the same moment may have been quicker to take the port
        if (plan.securePort !== undefined || tries === PORT_TRIES || !ended()?.startsWith(`port ${securePort} on `)) throw error
        await stop(record.serverPid!, markOf(record), environment)
        securePort = await freePort()
      }
    }
  })

  await step(environment, plan.nodes === 1 ? 'node ready' : `${plan.nodes} nodes ready`, async (say) => {
    const since = environment.clock.now()
    const server = `https://${addresses.at(-1)!}:${securePort}`
    if (real) {
      for (let number = 1; number <= plan.nodes; number++) {
        for (const c of nodeUp(index, number)) await environment.run(c)
        save({ nodes: [...record.nodes, await startNode(index, number, record, server, environment)] })
      }
    } else {
      const names = Array.from({ length: plan.nodes }, (_, i) => `node-${i + 1}`)
      save({ nodes: await startSimulated(names, record, server, environment) })
    }
    await nodesReady(client, record.nodes, record, environment, say, since)
  })
  return record
}

/**
 * Starts nodes of a running cluster that ended, as after a loss of power: with the disk they had, in a network of their own made anew. Other
 * nodes and what runs on them are left alone, also when it fails.
 */
async function startAgain(
  missing: readonly NodeRecord[],
  old: ClusterRecord,
  records: ClusterRecords,
  environment: Environment,
): Promise<void> {
  const names = missing.map((n) => n.name)
  await step(environment, `${names.join(', ')} started again`, async (say) => {
    const since = environment.clock.now()
    const started = new Map<string, NodeRecord>()
    const host = old.runtime === 'containerd' ? machineNames(old.index).hostAddress : '127.0.0.1'
    const server = `https://${host}:${old.securePort}`
    let record = old
    const save = (nodes: readonly NodeRecord[]) => {
      for (const n of nodes) started.set(n.name, n)
      record = { ...old, nodes: old.nodes.map((n) => started.get(n.name) ?? n) }
      records.save(record)
    }
    if (old.runtime === 'simulated') save(await startSimulated(names, old, server, environment))
    else {
      for (const { name } of missing) {
        const number = old.nodes.findIndex((n) => n.name === name) + 1
        for (const c of [...nodeDown(old.index, number), ...nodeUp(old.index, number)]) await environment.run(c)
        save([await startNode(old.index, number, old, server, environment)])
      }
    }
    await nodesReady(await connect(old.kubeconfig), [...started.values()], record, environment, say, since)
  })
}

/** One agent runs them all. */
async function startSimulated(
  names: readonly string[],
  { dataDirectory }: ClusterRecord,
  server: string,
  environment: Environment,
): Promise<readonly NodeRecord[]> {
  const directory = nodeDirectory(dataDirectory, 'simulated')
  const credentials = await issueNodeCredentials({
    dataDirectory,
    directory,
    nodeNames: names,
    addresses: ['127.0.0.1'],
    server,
    clock: environment.clock,
  })
  const words = ['--runtime', 'simulated', '--credentials', credentials, '--root-dir', directory, '--node-name', names.join(',')]
  const pid = launch(environment, join(directory, 'agent.log'), 'agent', words)
  return names.map((name) => ({ name, address: '127.0.0.1', directory, pid }))
}

async function startNode(
  index: number,
  number: number,
  record: ClusterRecord,
  server: string,
  environment: Environment,
): Promise<NodeRecord> {
  const name = `node-${number}`
  const names = nodeNames(index, number)
  const directory = nodeDirectory(record.dataDirectory, name)
  const credentials = await issueNodeCredentials({
    dataDirectory: record.dataDirectory,
    directory,
    nodeNames: [name],
    addresses: [names.address],
    server,
    clock: environment.clock,
  })
  const words = ['--credentials', credentials, '--root-dir', directory, '--node-name', name, '--node-ip', names.address]
  words.push('--image-dir', imageDirectory(record.dataDirectory))
  const pid = environment.launch(
    join(environment.root, 'scripts/machine/start'),
    [names.networkNamespace, names.cgroup, directory, name, join(environment.root, 'k8ts'), 'agent', ...words],
    join(directory, 'node.log'),
  )
  return {
    name,
    address: names.address,
    directory,
    pid,
    networkNamespace: names.networkNamespace,
    cgroup: names.cgroup,
    runtimeSocket: join(directory, 'containerd', 'containerd.sock'),
  }
}

function isReady(node: Node): boolean {
  return node.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true
}

/** Nodes heard of since: what an earlier life reported may still stand, but a kubelet renews its lease only after its own first report. */
async function heardSince(client: Client, since: number): Promise<ReadonlySet<string>> {
  const { items } = await client.list(leases, { namespace: 'kube-node-lease' })
  return new Set(items.filter((l) => Date.parse(l.spec?.renewTime ?? '') >= since).map((l) => l.metadata.name))
}

/** Waits for `awaited` among the nodes of the cluster. */
async function nodesReady(
  client: Client,
  awaited: readonly NodeRecord[],
  record: ClusterRecord,
  environment: Environment,
  say: (detail: string) => void,
  since: number,
): Promise<void> {
  const deadline = environment.clock.monotonic() + NODE_READY_MS
  const wanted = awaited.length
  const names = new Set(awaited.map((n) => n.name))
  const ends = [...new Set(awaited.map((n) => n.directory))].map((d) => endsIn(join(d, 'agent.log'), AGENT_ENDS_MAX))
  await removeGoneNodes(client, new Set(record.nodes.map((n) => n.name)))
  for (;;) {
    const heard = await heardSince(client, since)
    const { items } = await client.list(nodes)
    const resolving = record.runtime === 'simulated' ? names : await announcedResolvers(client)
    const ready = items.filter(
      (n) => names.has(n.metadata.name) && isReady(n) && heard.has(n.metadata.name) && resolving.has(n.metadata.name),
    ).length
    say(`${ready} of ${wanted}`)
    if (ready >= wanted) return
    for (const ended of ends) {
      const why = ended()
      if (why !== undefined) throw new OperatorError(`a node ended again and again: ${why}`)
    }
    const dead = awaited.find((n) => n.pid !== undefined && !environment.alive(n.pid, markOf(record)))
    if (dead !== undefined) throw new OperatorError(`node ${dead.name} ended at once: its log is ${join(dead.directory, 'node.log')}`)
    if (environment.clock.monotonic() > deadline)
      throw new OperatorError(`only ${ready} of ${wanted} nodes became ready: see ${join(awaited[0]!.directory, 'agent.log')}`)
    await sleep(environment.clock, 50, environment.signal)
  }
}

/** Nodes that pods are sent to with their questions about names; only agents on real networks answer any. */
async function announcedResolvers(client: Client): Promise<ReadonlySet<string>> {
  const { items } = await client.list(endpointSlices, { namespace: 'kube-system', labelSelector: 'kubernetes.io/service-name=kube-dns' })
  return new Set(items.flatMap((slice) => slice.endpoints ?? []).flatMap(({ nodeName }) => nodeName ?? []))
}

/**
 * Nodes of an earlier life of the cluster that are not started this time will not come back, and nobody else ends their pods soon. The nodes
 * go first: a replacement must not land on another of them.
 */
async function removeGoneNodes(client: Client, names: ReadonlySet<string>): Promise<void> {
  const gone = (await client.list(nodes)).items.filter((n) => !names.has(n.metadata.name))
  for (const { metadata } of gone) await client.delete(nodes, { name: metadata.name })
  for (const { metadata } of gone) {
    const { items } = await client.list(pods, { fieldSelector: `spec.nodeName=${metadata.name}` })
    for (const p of items) await client.delete(pods, p.metadata as Required<typeof p.metadata>, { gracePeriodSeconds: 0 })
  }
}

async function runDemo(
  record: ClusterRecord,
  image: Promise<Uint8Array> | undefined,
  environment: Environment,
): Promise<string | undefined> {
  const client = await connect(record.kubeconfig)
  if (image !== undefined) {
    await step(environment, 'demo image built and imported', async () => {
      const archive = await image
      await bringImage(record, DEMO_IMAGE, archive, environment)
    })
  }
  return step(environment, 'demo answers through its Service', async (say) => {
    const nodePort = await applyDemo(client)
    await demoAvailable(client, environment, say, NODE_READY_MS)
    if (record.runtime === 'simulated') return undefined
    const url = `http://${record.nodes[0]!.address}:${nodePort}/`
    say(await askDemo(url, environment, READY_MS))
    return url
  })
}

/** Starts a command of our own, kept running by the supervisor script. */
function launch(environment: Environment, log: string, name: string, words: readonly string[]): number {
  return environment.launch(
    join(environment.root, 'scripts/supervise'),
    [log, join(environment.root, 'k8ts'), name, ...words],
    `${log}.supervise`,
  )
}

/** The kernel makes a bridge of a name once: whoever made it has the number, also among clusters of other homes, which are in no record here. */
async function reserveBridge(records: ClusterRecords, environment: Environment): Promise<number> {
  const there = (index: number) => existsSync(`/sys/class/net/${machineNames(index).bridge}`)
  for (;;) {
    const index = records.freeIndex(there)
    try {
      await environment.run(makeBridge(index))
      return index
    } catch (error) {
      if (!there(index)) throw error
    }
  }
}

/** A full disk is told before anything is started on it. */
function checkRoom(dataDirectory: string): void {
  const free = freeBytes(dataDirectory)
  if (free >= FREE_BYTES_MIN) return
  const shown = `${Math.floor(free / 1024)} KiB are free, a cluster needs ${FREE_BYTES_MIN / 1024} to start`
  throw new OperatorError(
    `cannot use the data directory ${dataDirectory}: no space is left on its device (${shown}); choose another with --data-dir`,
  )
}

/** A disk that fills up keeps even the log from saying so. */
function fullDisk(dataDirectory: string): string | undefined {
  return freeBytes(dataDirectory) < FULL_BYTES ? `no space is left on the device of its data directory ${dataDirectory}` : undefined
}

function freeBytes(directory: string): number {
  try {
    const { blocks, bavail, bsize } = statfsSync(existingPart(directory))
    return blocks === 0 ? Infinity : bavail * bsize
  } catch {
    return Infinity // what is wrong with the folder shows when it is written to
  }
}

/** The folder, or the closest one above that is there. */
function existingPart(directory: string): string {
  return existsSync(directory) ? directory : existingPart(dirname(directory))
}

/** The asked port, which must be free, or the usual one, or any that is free. */
async function choosePort(asked: number | undefined): Promise<number> {
  if (asked !== undefined) {
    if (await isFree(asked)) return asked
    throw new OperatorError(`port ${asked} is taken by another program: choose another with --secure-port, or end that program`)
  }
  return (await isFree(DEFAULT_PORT)) ? DEFAULT_PORT : freePort()
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.on('error', () => resolve(false))
    probe.listen(port, '0.0.0.0', () => probe.close(() => resolve(true)))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** A cluster keeps the nodes it was started with. */
function runsOtherwise({ name, runtime, nodes: { length } }: ClusterRecord): string {
  return `cluster ${name} runs already, with ${length} ${runtime} node${length === 1 ? '' : 's'}: take it down first with 'k8ts down --name ${name}', or choose another --name`
}

function nextCommands(record: ClusterRecord, environment: Environment): string {
  const launcher = existsSync(join(environment.root, 'src')) ? './k8ts' : 'k8ts'
  return `  kubeconfig   ${record.kubeconfig}

Next:
  export KUBECONFIG=${record.kubeconfig}
  kubectl get pods -A -o wide
  ${launcher} status
`
}
