/** `k8ts kube-apiserver`: the API server alone, for a control plane whose components are processes of their own. */

import { command } from '#cli/command.ts'
import { startApi } from './api-process.ts'
import { apiSettings } from './control-plane-settings.ts'
import { healthzProbe } from './healthz-probe.ts'
import { aborted, lookBack } from './past.ts'
import { processLog } from './process-log.ts'
import { releaseStartUpMemory } from './start-up-memory.ts'

// Where components of this machine answer health checks unless told otherwise.
const COMPONENTS = { 'controller-manager': healthzProbe(10257), scheduler: healthzProbe(10259) }

export const kubeApiserver = command({
  usage: '[flags]',
  description:
    'Runs the API server alone until SIGTERM. Needs no root. Writes admin.kubeconfig, controller-manager.kubeconfig and scheduler.kubeconfig into the data directory, and the keys into pki/ there.',
  settings: apiSettings,
  async run({ values }, environment) {
    const log = processLog('kube-apiserver', values.logLevel)
    await using api = await startApi(values, log, COMPONENTS)
    if (api.past) return await lookBack(api.past, values.securePort, log, environment.signal)
    void releaseStartUpMemory(environment.signal)
    log.info('serving', { port: values.securePort, dataDirectory: values.dataDirectory })
    await aborted(environment.signal)
    return 0
  },
})
