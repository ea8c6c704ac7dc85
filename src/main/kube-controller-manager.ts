/** `k8ts kube-controller-manager`: the controllers alone, one set of several perhaps. */

import { systemClock } from '#base/clock.ts'
import { systemRandom } from '#base/random.ts'
import { PORT_OR_ZERO, settings } from '#base/settings.ts'
import { command } from '#cli/command.ts'
import { httpsTransport } from '#client/https-transport.ts'
import type { Connection } from '#client/kubeconfig.ts'
import type { Transport } from '#client/transport.ts'
import { createClient } from '#client/create-client.ts'
import { accountTransports } from './account-transports.ts'
import { certificateParts } from './certificate-parts.ts'
import { componentMetrics, serveComponent } from './component-server.ts'
import {
  electionConfiguration,
  electionOf,
  electionSettings,
  kubeconfigSetting,
  milliseconds,
  securePortSettings,
} from './component-settings.ts'
import { connect } from './connect.ts'
import { runControllerManager } from './control-loops.ts'
import { discoverResources } from './discover-resources.ts'
import { processLog } from './process-log.ts'
import { readPair, readPem } from './read-pem.ts'
import { accountTokenSigner } from './service-account-issuer.ts'

export const kubeControllerManager = command({
  usage: '--kubeconfig FILE [flags]',
  description:
    'Runs the controllers alone until SIGTERM. Of several only the holder of the Lease acts; the process ends with an error when it loses the Lease.',
  settings: settings({
    ...kubeconfigSetting,
    controllers: { type: 'list', flag: 'controllers', help: 'Controllers to run: *, name, -name', default: ['*'] },
    allocateCidrs: { type: 'bool', flag: 'allocate-node-cidrs', help: 'Give each node a /24 of --cluster-cidr', default: true },
    clusterCidr: { type: 'string', flag: 'cluster-cidr', help: 'Addresses of pods', default: '10.244.0.0/16' },
    signingCertFile: {
      type: 'string',
      flag: 'cluster-signing-cert-file',
      help: 'Authority that signs certificate requests; without it none are approved or signed',
    },
    signingKeyFile: { type: 'string', flag: 'cluster-signing-key-file', help: 'Its key' },
    rootCaFile: {
      type: 'string',
      flag: 'root-ca-file',
      help: "The API server's authority, given to every namespace; by default the kubeconfig's",
    },
    accountKeyFile: {
      type: 'string',
      flag: 'service-account-private-key-file',
      help: 'Key that signs the tokens kept in Secrets; without it Secrets get none',
    },
    // upstream's default is false, but its role for the manager allows next to nothing beside
    useAccounts: {
      type: 'bool',
      flag: 'use-service-account-credentials',
      help: 'Each controller under a service account of its own; otherwise all act as the kubeconfig says',
      default: true,
    },
    gracePeriod: { type: 'string', flag: 'node-monitor-grace-period', help: 'A node silent for so long counts as lost', default: '50s' },
    terminatedPods: {
      type: 'int',
      flag: 'terminated-pod-gc-threshold',
      help: 'Ended pods kept before the oldest are deleted',
      default: 12500,
    },
    quotaSyncPeriod: {
      type: 'string',
      flag: 'resource-quota-sync-period',
      help: 'How often the use of quotas is counted anew',
      default: '5m0s',
    },
    quotaSyncs: { type: 'int', flag: 'concurrent-resource-quota-syncs', help: 'Quotas counted at a time', default: 5, min: 1 },
    ...electionSettings,
    leaseName: { type: 'string', flag: 'leader-elect-resource-name', help: 'Name of the Lease', default: 'kube-controller-manager' },
    ...securePortSettings,
    securePort: {
      type: 'int',
      flag: 'secure-port',
      help: 'Port for health and metrics over HTTPS; 0: none',
      default: 10257,
      ...PORT_OR_ZERO,
    },
  }),
  async run({ values }, environment) {
    const log = processLog('kube-controller-manager', values.logLevel)
    const clock = systemClock
    const election = electionOf(values, values.leaseName)
    const { connection, ...connected } = connect(values.kubeconfig, 'kube-controller-manager', log)
    const ca = readPair(values.signingCertFile, values.signingKeyFile, ['cluster-signing-cert-file', 'cluster-signing-key-file'])
    const rootCa = values.rootCaFile === undefined ? connection.ca : readPem(values.rootCaFile, 'root-ca-file')
    const metrics = componentMetrics()
    const transport = metrics.counting(connected.transport, connection.server)
    const leaderElection = electionConfiguration(values, values.leaseName)
    const configuration = {
      'kubecontrollermanager.config.k8s.io': {
        Generic: { Controllers: values.controllers, LeaderElection: leaderElection, ClientConnection: { Kubeconfig: values.kubeconfig } },
        KubeCloudShared: {
          AllocateNodeCIDRs: values.allocateCidrs,
          ClusterCIDR: values.clusterCidr,
          UseServiceAccountCredentials: values.useAccounts,
        },
        NodeLifecycleController: { NodeMonitorGracePeriod: values.gracePeriod },
        PodGCController: { TerminatedPodGCThreshold: values.terminatedPods },
        ResourceQuotaController: { ResourceQuotaSyncPeriod: values.quotaSyncPeriod, ConcurrentResourceQuotaSyncs: values.quotaSyncs },
      },
    }
    await using _server = await serveComponent({ values, transport, connection, metrics, configuration, log })
    await runControllerManager(
      {
        clock,
        random: systemRandom,
        log,
        transport,
        ...(values.useAccounts && { transportFor: accounts(transport, metrics.counting(strangerTo(connection), connection.server)) }),
        ...(rootCa !== undefined && { rootCa }),
        ...(ca && { certificates: certificateParts({ ca }) }),
        ...(values.accountKeyFile !== undefined && {
          signAccountToken: accountTokenSigner(values.accountKeyFile, 'service-account-private-key-file'),
        }),
        ...(values.allocateCidrs && { clusterCidr: values.clusterCidr }),
        nodeMonitorGracePeriodMs: milliseconds(values.gracePeriod, 'node-monitor-grace-period'),
        terminatedPodsMax: values.terminatedPods,
        resourceQuota: { resyncMs: milliseconds(values.quotaSyncPeriod, 'resource-quota-sync-period'), workers: values.quotaSyncs },
        controllers: values.controllers,
        queues: metrics.queues,
        resources: (client, signal) => discoverResources({ client, clock, log }, signal),
        ...(election && { election }),
        onLeading: (is) => metrics.leading(values.leaseName, is),
      },
      environment.signal,
    )
    return 0
  },
})

const accounts = (manager: Transport, transport: Transport) =>
  accountTransports({ client: createClient(manager, { userAgent: 'kube-controller-manager' }), transport, clock: systemClock })

/** The same server without credentials, which would win over the accounts' tokens. */
function strangerTo({ server, ca, insecure, serverName }: Connection): Transport {
  return httpsTransport({ server, ...(ca && { ca }), ...(insecure && { insecure }), ...(serverName && { serverName }), clock: systemClock })
}
