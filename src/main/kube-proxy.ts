/** `k8ts kube-proxy`: the service proxy of a node alone. */

import { hostname } from 'node:os'
import { settings, UsageError } from '#base/settings.ts'
import { command } from '#cli/command.ts'
import { cleanupScript } from '#proxy/proxy.ts'
import { kubeconfigSetting, listening } from './component-settings.ts'
import { connect } from './connect.ts'
import { prepareKernel } from './node-network.ts'
import { PROXY_PORTS, runNft, runNodeProxy, type Listening } from './node-proxy.ts'
import { processLog } from './process-log.ts'

const text = ({ host, port }: Listening) => `${host}:${port}`

export const kubeProxy = command({
  usage: '--kubeconfig FILE [flags]',
  description: "Keeps this machine's Service rules until SIGTERM. Needs root. The rules stay when it ends, until --cleanup removes them.",
  settings: settings({
    ...kubeconfigSetting,
    nodeName: { type: 'string', flag: 'hostname-override', help: 'Name of the node; by default the host name' },
    clusterCidr: {
      type: 'string',
      flag: 'cluster-cidr',
      help: 'Addresses of all pods: what comes to a Service from elsewhere is masqueraded',
      default: '10.244.0.0/16',
    },
    mode: { type: 'string', flag: 'proxy-mode', help: 'nftables, the only one here', default: 'nftables' },
    health: {
      type: 'string',
      flag: 'healthz-bind-address',
      help: 'Where /healthz and /livez are served',
      default: text(PROXY_PORTS.health),
    },
    metrics: {
      type: 'string',
      flag: 'metrics-bind-address',
      help: 'Where /metrics and /proxyMode are served',
      default: text(PROXY_PORTS.metrics),
    },
    cleanup: { type: 'bool', flag: 'cleanup', help: 'Remove all Service rules and exit' },
  }),
  async run({ values }, environment) {
    if (values.mode !== 'nftables')
      throw new UsageError(`invalid argument ${JSON.stringify(values.mode)} for "--proxy-mode" flag: only nftables is supported`)
    const health = listening(values.health, 'healthz-bind-address')
    const metrics = listening(values.metrics, 'metrics-bind-address')
    if (values.cleanup) {
      await runNft(cleanupScript())
      return 0
    }
    const log = processLog('kube-proxy', values.logLevel)
    const connected = connect(values.kubeconfig, 'kube-proxy', log)
    await prepareKernel()
    const nodeName = (values.nodeName ?? hostname()).trim().toLowerCase()
    await runNodeProxy({ ...connected, nodeName, clusterCidr: values.clusterCidr, log, health, metrics }, environment.signal)
    return 0
  },
})
