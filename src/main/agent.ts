/** `k8ts agent`: a node. Its kubelet, service proxy and DNS in one process, apart from any server, so that it survives its master. */

import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { sleep, systemClock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import { command, OperatorError } from '#cli/command.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/create-client.ts'
import { createInformers } from '#client/create-informers.ts'
import { httpsTransport } from '#client/https-transport.ts'
import type { Informers } from '#client/informer.ts'
import { KubeconfigError, loadKubeconfig } from '#client/kubeconfig.ts'
import { claimReaders, runKubelet, type KubeletState } from '#kubelet/kubelet.ts'
import { nodeDisk } from '#kubelet/node/node-disk.ts'
import { readMachine } from '#kubelet/node/machine.ts'
import { cgroups } from '#kubelet/resources/cgroups.ts'
import { createAuthorizer } from '#kubelet/server/authorize.ts'
import { serveHealth, serveKubelet } from '#kubelet/server/server.ts'
import { createStats } from '#kubelet/server/stats.ts'
import { diskVolumes } from '#kubelet/volumes/pod-volumes.ts'
import { createProxy } from '#proxy/proxy.ts'
import type { HttpAnswer } from '#proxy/serving.ts'
import { simulatedRuntime } from '#runtime/simulated/simulated-runtime.ts'
import { agentSettings, type AgentSettings } from './agent-settings.ts'
import { run } from './environment.ts'
import { cniDirectory, keepNetwork, prepareKernel } from './node-network.ts'
import { runNodeDns } from './node-dns.ts'
import { openNodeRuntime } from './node-runtime.ts'
import { processLog } from './process-log.ts'

export const agent = command({
  usage: '[flags]',
  description: 'Runs a node in this process until SIGTERM: kubelet, service proxy and DNS. Pods keep running when it ends and are taken over when it comes back.',
  settings: agentSettings,
  async run({ values }, environment) {
    const log = processLog('agent', values.logLevel)
    const names = values.nodeName.length > 0 ? values.nodeName : [hostname().toLowerCase()]
    if (values.runtime === 'simulated') await runSimulatedNodes(names, values, log, environment.signal)
    else await runNode(names[0]!, values, log, environment.signal)
    return 0
  },
})

/** One node with real containers. */
async function runNode(nodeName: string, values: AgentSettings, log: Log, stop: AbortSignal): Promise<void> {
  const root = values.rootDirectory
  mkdirSync(root, { recursive: true })
  const address = values.nodeIp ?? firstAddress()
  await prepareKernel()
  const network = join(root, 'cni')
  await using runtime = await openNodeRuntime({ root, cniConfiguration: cniDirectory(network), endpoint: values.runtimeEndpoint, log })
  const failed = new AbortController()
  void runtime.ended.then((why) => failed.abort(new OperatorError(why)))
  const signal = AbortSignal.any([stop, failed.signal])

  const kubelet = connectAs(values, `kubelet-${nodeName}.kubeconfig`, 'kubelet', log)
  const proxy = connectAs(values, 'kube-proxy.kubeconfig', 'kube-proxy', log)
  const dns = connectAs(values, 'dns.kubeconfig', 'k8ts-dns', log)

  let state: KubeletState | undefined
  await using _health = await serveHealth({ healthy: () => (state === undefined ? 'the kubelet has not started' : undefined) }).catch(explainListen)
  const servers: AsyncDisposable[] = []
  const kubeletDirectory = join(root, 'kubelet')
  mkdirSync(kubeletDirectory, { recursive: true })
  const parts = { clock: systemClock, random: systemRandom }
  const loops = [
    runKubelet(
      {
        ...parts,
        client: kubelet.client,
        informers: kubelet.informers,
        runtime: runtime.runtime,
        log: log.with({ component: 'kubelet' }),
        nodeName,
        nodeAddresses: [address],
        machine: readMachine(kubeletDirectory),
        volumes: diskVolumes({ rootDirectory: kubeletDirectory, clock: systemClock, ...claimReaders(kubelet.client) }),
        cgroups: cgroups(),
        disk: nodeDisk({ rootDirectory: kubeletDirectory, logDirectory: join(root, 'logs'), log }),
        clusterDns: values.clusterDns,
        clusterDomain: values.clusterDomain,
        maxPods: values.maxPods,
        serverPort: values.port,
      },
      signal,
      (s) => {
        state = s
        const stats = createStats({ runtime: runtime.runtime, clock: systemClock, nodeName, pods: () => s.pods() })
        const authorizer = createAuthorizer({ client: kubelet.client, clock: systemClock, nodeName })
        serveKubelet({ state: s, authorizer, stats, clock: systemClock, log, tls: servingTls(values), port: values.port }).then(
          (server) => servers.push(server),
          (error: unknown) => failed.abort(error),
        )
      },
    ),
    keepNetwork({ informers: proxy.informers, nodeName, directory: network, log }, signal),
    runServiceProxy(proxy, nodeName, values, log, signal, servers),
    runNodeDns({ client: dns.client, informers: dns.informers, clock: systemClock, log: log.with({ component: 'dns' }), nodeName, address, clusterDomain: values.clusterDomain }, signal),
  ]
  dns.informers.start(signal)
  await untilStopped(loops, stop, failed)
  for (const server of servers) await server[Symbol.asyncDispose]()
}

/** Many nodes that exist in memory only, on the machine's clock. */
async function runSimulatedNodes(names: readonly string[], values: AgentSettings, log: Log, stop: AbortSignal): Promise<void> {
  const failed = new AbortController()
  const signal = AbortSignal.any([stop, failed.signal])
  const loops = names.map((nodeName, i) => {
    const { client, informers } = connectAs(values, `kubelet-${nodeName}.kubeconfig`, 'kubelet', log)
    const runtime = simulatedRuntime({ clock: systemClock, podCidr: `10.244.${i % 256}.0/24` })
    return runKubelet({ client, informers, runtime, clock: systemClock, random: systemRandom, log: log.with({ node: nodeName }), nodeName, nodeAddresses: [`10.88.${i >> 8}.${i & 255}`], maxPods: values.maxPods }, signal)
  })
  await untilStopped(loops, stop, failed)
}

async function runServiceProxy(as: Connected, nodeName: string, values: AgentSettings, log: Log, signal: AbortSignal, servers: AsyncDisposable[]): Promise<void> {
  const proxy = createProxy({
    client: as.client,
    informers: as.informers,
    clock: systemClock,
    log: log.with({ component: 'kube-proxy' }),
    nodeName,
    clusterCidr: values.clusterCidr,
    run: async (input) => void (await run({ program: 'nft', words: ['-f', '-'], input })),
    conntrack: async (words) => void (await run({ program: 'conntrack', words, mayFail: true })),
  })
  const running = proxy.run(signal)
  as.informers.start(signal)
  servers.push(await serveAnswers(10256, '0.0.0.0', (path) => proxy.health(path)), await serveAnswers(10249, '127.0.0.1', (path) => proxy.metrics(path)))
  await running
}

interface Connected {
  readonly client: Client
  readonly informers: Informers
}

function connectAs(values: AgentSettings, file: string, userAgent: string, log: Log): Connected {
  if (values.credentials === undefined) throw new OperatorError('a node needs credentials to join: name their folder with --credentials')
  try {
    const client = createClient(httpsTransport({ ...loadKubeconfig(join(values.credentials, file)), clock: systemClock }), { userAgent })
    return { client, informers: createInformers({ client, clock: systemClock, random: systemRandom, log }) }
  } catch (error) {
    if (error instanceof KubeconfigError) throw new OperatorError(error.message, { cause: error })
    throw error
  }
}

function servingTls(values: AgentSettings): { readonly key: string; readonly certificate: string; readonly clientCa: string } {
  const read = (file: string) => readFileSync(join(values.credentials ?? '', file), 'utf8')
  return { key: read('kubelet.key'), certificate: read('kubelet.crt'), clientCa: read('ca.crt') }
}

const STOP_MS = 5_000 // what ends on its own does so well within

/** Until told to stop, or until one of the loops fails, which ends the process: whoever supervises it starts it anew. */
async function untilStopped(loops: readonly Promise<void>[], stop: AbortSignal, failed: AbortController): Promise<void> {
  const all = Promise.all(loops)
  const broken = new Promise<never>((_, reject) => failed.signal.addEventListener('abort', () => reject(failed.signal.reason), { once: true }))
  const stopped = new Promise<void>((resolve) => (stop.aborted ? resolve() : stop.addEventListener('abort', () => resolve(), { once: true })))
  try {
    await Promise.race([all, broken, stopped])
    if (stop.aborted) await Promise.race([Promise.allSettled(loops), sleep(systemClock, STOP_MS)])
  } finally {
    failed.abort(new Error('the agent ends'))
    all.catch(() => {})
    broken.catch(() => {})
  }
}

/** A tiny plain HTTP server for health and metrics. */
async function serveAnswers(port: number, host: string, answer: (path: string) => HttpAnswer): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    const { status, headers, body } = answer((request.url ?? '/').split('?')[0]!)
    response.writeHead(status, headers).end(body)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  }).catch(explainListen)
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function explainListen(error: NodeJS.ErrnoException & { readonly port?: number }): never {
  if (error.code === 'EADDRINUSE') throw new OperatorError(`port ${error.port} is taken by another program, perhaps another node agent: end that program`, { cause: error })
  throw error
}

function firstAddress(): string {
  for (const list of Object.values(networkInterfaces())) for (const a of list ?? []) if (!a.internal && a.family === 'IPv4') return a.address
  return '127.0.0.1'
}
