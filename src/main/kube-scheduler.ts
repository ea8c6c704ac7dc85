/** `k8ts kube-scheduler`: the scheduler alone, one of several perhaps. */

import { systemClock } from '#base/clock.ts'
import { systemRandom } from '#base/random.ts'
import { PORT_OR_ZERO, settings } from '#base/settings.ts'
import { command } from '#cli/command.ts'
import { componentMetrics, serveComponent } from './component-server.ts'
import { electionConfiguration, electionOf, electionSettings, kubeconfigSetting, securePortSettings } from './component-settings.ts'
import { connect } from './connect.ts'
import { runSchedulerLoop } from './control-loops.ts'
import { processLog } from './process-log.ts'

export const kubeScheduler = command({
  usage: '--kubeconfig FILE [flags]',
  description:
    'Runs the scheduler alone until SIGTERM. Of several only the holder of the Lease acts; the process ends with an error when it loses the Lease.',
  settings: settings({
    ...kubeconfigSetting,
    ...electionSettings,
    leaseName: { type: 'string', flag: 'leader-elect-resource-name', help: 'Name of the Lease', default: 'kube-scheduler' },
    ...securePortSettings,
    securePort: {
      type: 'int',
      flag: 'secure-port',
      help: 'Port for health and metrics over HTTPS; 0: none',
      default: 10259,
      ...PORT_OR_ZERO,
    },
  }),
  async run({ values }, environment) {
    const log = processLog('kube-scheduler', values.logLevel)
    const election = electionOf(values, values.leaseName)
    const { connection, ...connected } = connect(values.kubeconfig, 'kube-scheduler', log)
    const metrics = componentMetrics()
    const transport = metrics.counting(connected.transport, connection.server)
    const configuration = {
      componentconfig: {
        kind: 'KubeSchedulerConfiguration',
        apiVersion: 'kubescheduler.config.k8s.io/v1',
        leaderElection: electionConfiguration(values, values.leaseName),
        clientConnection: { kubeconfig: values.kubeconfig },
        profiles: [{ schedulerName: 'default-scheduler' }],
      },
    }
    await using _server = await serveComponent({ values, transport, connection, metrics, configuration, log })
    await runSchedulerLoop(
      {
        clock: systemClock,
        random: systemRandom,
        log,
        transport,
        ...(election && { election }),
        onLeading: (is) => metrics.leading(values.leaseName, is),
      },
      environment.signal,
    )
    return 0
  },
})
