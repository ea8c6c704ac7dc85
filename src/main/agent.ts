/** `k8ts agent`: a node. Its kubelet, service proxy and DNS in one process, apart from any server, so that it survives its master. */

import { hostname } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import { UsageError } from '#base/settings.ts'
import { command, OperatorError } from '#cli/command.ts'
import { runKubelet } from '#kubelet/kubelet.ts'
import { simulatedRuntime } from '#runtime/simulated/simulated-runtime.ts'
import { agentSettings, type AgentSettings } from './agent-settings.ts'
import { connect, type Connected } from './connect.ts'
import { makeDirectory } from '#cli/data-directory.ts'
import { cniDirectory, keepNetwork, prepareKernel } from './node-network.ts'
import { runNodeDns } from './node-dns.ts'
import { firstAddress, runNodeKubelet } from './node-kubelet.ts'
import { PROXY_PORTS, runNodeProxy } from './node-proxy.ts'
import { openNodeRuntime } from './node-runtime.ts'
import { processLog } from './process-log.ts'
import { untilStopped } from './process-life.ts'
import { readPem } from './read-pem.ts'

export const agent = command({
  usage: '[flags]',
  description:
    'Runs a node in this process until SIGTERM: kubelet, service proxy and DNS. Pods keep running when it ends and are taken over when it comes back.',
  settings: agentSettings,
  async run({ values }, environment) {
    const log = processLog('agent', values.logLevel)
    const names = values.nodeName.length > 0 ? values.nodeName : [hostname().toLowerCase()]
    if (values.runtime !== 'containerd' && values.runtime !== 'simulated')
      throw new UsageError(`invalid argument "${values.runtime}" for "--runtime" flag: must be containerd or simulated`)
    if (values.runtime === 'simulated') await runSimulatedNodes(names, values, log, environment.signal)
    else await runNode(names[0]!, values, log, environment.signal)
    return 0
  },
})

/** One node with real containers. */
async function runNode(nodeName: string, values: AgentSettings, log: Log, stop: AbortSignal): Promise<void> {
  // first what may be wrong with the credentials: nothing is started or written for a node that cannot join
  const kubelet = connectAs(values, `kubelet-${nodeName}.kubeconfig`, 'kubelet', log)
  const proxy = connectAs(values, 'kube-proxy.kubeconfig', 'kube-proxy', log)
  const dns = connectAs(values, 'dns.kubeconfig', 'k8ts-dns', log)
  const tls = servingTls(values)
  const root = values.rootDirectory
  makeDirectory(root, 'root-dir')
  const address = values.nodeIp ?? firstAddress()
  await prepareKernel()
  const network = join(root, 'cni')
  await using runtime = await openNodeRuntime({
    root,
    cniConfiguration: cniDirectory(network),
    endpoint: values.runtimeEndpoint,
    imageDirectory: values.imageDirectory,
    log,
  })
  const failed = new AbortController()
  void runtime.ended.then((why) => failed.abort(new OperatorError(why)))
  const signal = AbortSignal.any([stop, failed.signal])

  keepNetwork({ informers: proxy.informers, nodeName, directory: network, log }, signal)

  const loops = [
    runNodeKubelet(
      {
        ...kubelet,
        log,
        runtime: runtime.runtime,
        nodeName,
        nodeAddress: address,
        root,
        clusterDns: values.clusterDns,
        clusterDomain: values.clusterDomain,
        maxPods: values.maxPods,
        port: values.port,
        tls,
      },
      signal,
    ),
    runNodeProxy({ ...proxy, nodeName, clusterCidr: values.clusterCidr, log, ...PROXY_PORTS }, signal),
    runNodeDns(
      {
        client: dns.client,
        informers: dns.informers,
        clock: systemClock,
        log: log.with({ component: 'dns' }),
        nodeName,
        address,
        clusterDomain: values.clusterDomain,
      },
      signal,
    ),
  ]
  dns.informers.start(signal)
  await untilStopped(loops, stop, failed)
}

/** Many nodes that exist in memory only, on the machine's clock. */
async function runSimulatedNodes(names: readonly string[], values: AgentSettings, log: Log, stop: AbortSignal): Promise<void> {
  const failed = new AbortController()
  const signal = AbortSignal.any([stop, failed.signal])
  const loops = names.map((nodeName, i) => {
    const { client, informers } = connectAs(values, `kubelet-${nodeName}.kubeconfig`, 'kubelet', log)
    const runtime = simulatedRuntime({ clock: systemClock, podCidr: `10.244.${i % 256}.0/24` })
    return runKubelet(
      {
        client,
        informers,
        runtime,
        clock: systemClock,
        random: systemRandom,
        log: log.with({ node: nodeName }),
        nodeName,
        // nobody listens there: who asks for logs is told so at once, rather than by another cluster's node
        nodeAddresses: [`127.88.${i >> 8}.${(i & 255) + 1}`],
        maxPods: values.maxPods,
      },
      signal,
    )
  })
  await untilStopped(loops, stop, failed)
}

function connectAs(values: AgentSettings, file: string, userAgent: string, log: Log): Connected {
  if (values.credentials === undefined) throw new OperatorError('a node needs credentials to join: name their folder with --credentials')
  return connect(join(values.credentials, file), userAgent, log)
}

function servingTls(values: AgentSettings): { readonly key: string; readonly certificate: string; readonly clientCa: string } {
  const read = (file: string) => readPem(join(values.credentials ?? '', file), 'credentials')
  return { key: read('kubelet.key'), certificate: read('kubelet.crt'), clientCa: read('ca.crt') }
}
