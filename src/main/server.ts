/** `k8ts server`: the whole control plane in one process, its components talking through the API without a network between. */

import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { systemClock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import { settings } from '#base/settings.ts'
import { command } from '#cli/command.ts'
import { applyClusterDns } from './cluster-dns.ts'
import { settingUp, startApi } from './api-process.ts'
import { CONTROLLER_MANAGER, controllerIdentity, runControllerManager, runSchedulerLoop, SCHEDULER } from './control-loops.ts'
import { certificateParts } from './certificate-parts.ts'
import { apiSettings } from './control-plane-settings.ts'
import { datastoreOf } from './datastore.ts'
import { loopHealth } from './loop-health.ts'
import { lookBack } from './past.ts'
import { processLog } from './process-log.ts'
import { releaseStartUpMemory } from './start-up-memory.ts'
import { createClient } from '#client/create-client.ts'
import { LeadershipLost } from '#client/leader-elector.ts'

const QUIET_RENEW_MS = 4_000 // twice upstream's period, well within the 10 s a leader has to renew
const INSTANCE_LENGTH = 12 // hex digits; tells the servers of one machine apart

export const server = command({
  usage: '[flags]',
  description:
    'Runs API server, controllers and scheduler in this process until SIGTERM. Needs no root. Writes admin.kubeconfig into the data directory.',
  settings: settings({
    ...apiSettings,
    clusterCidr: { type: 'string', flag: 'cluster-cidr', help: 'Addresses of pods; each node gets a /24', default: '10.244.0.0/16' },
    controllers: { type: 'list', flag: 'controllers', help: 'Controllers to run: *, name, -name', default: ['*'] },
    clusterDns: { type: 'string', flag: 'cluster-dns', help: "Address of the cluster's DNS Service", default: '10.96.0.10' },
  }),
  async run({ values }, environment) {
    const log = processLog('server', values.logLevel)
    const controllerManager = loopHealth('kube-system/kube-controller-manager')
    const scheduler = loopHealth('kube-system/kube-scheduler')
    const components = { 'controller-manager': controllerManager.probe, scheduler: scheduler.probe }
    await using api = await startApi(values, log, components)
    const { assembled, pki } = api
    // controllers and scheduler would act on what is no more
    if (api.past) return await lookBack(api.past, values.securePort, log, environment.signal)
    const stop = new AbortController()
    environment.signal.addEventListener('abort', () => stop.abort(environment.signal.reason), { once: true })
    if (environment.signal.aborted) return 0
    const parts = { clock: systemClock, random: systemRandom }
    // One process owns a data directory, so after a crash the Lease it left is its own: it need not wait for it to run out.
    const instance = createHash('sha256').update(resolve(values.dataDirectory)).digest('hex').slice(0, INSTANCE_LENGTH)
    // Nobody waits to take over where one process owns the store: a quieter disk is worth more there.
    const retryPeriodMs = datastoreOf(values) === 'sqlite' ? QUIET_RENEW_MS : undefined
    const election = (name: string) => ({ namespace: 'kube-system', name, instance, ...(retryPeriodMs && { retryPeriodMs }) })
    const loops = [
      standing(
        (signal) =>
          runControllerManager(
            {
              ...parts,
              election: election('kube-controller-manager'),
              onLeading: controllerManager.onLeading,
              log: log.with({ component: 'kube-controller-manager' }),
              transport: assembled.transport(CONTROLLER_MANAGER),
              transportFor: (account) => assembled.transport(controllerIdentity(account)),
              rootCa: pki.ca.cert,
              signAccountToken: api.signAccountToken,
              clusterCidr: values.clusterCidr,
              controllers: values.controllers,
              queues: api.queues,
              resources: async () => assembled.api.resources,
              certificates: certificateParts(pki),
            },
            signal,
          ),
        log,
        stop.signal,
      ),
      standing(
        (signal) =>
          runSchedulerLoop(
            {
              ...parts,
              election: election('kube-scheduler'),
              onLeading: scheduler.onLeading,
              log: log.with({ component: 'kube-scheduler' }),
              transport: assembled.transport(SCHEDULER),
            },
            signal,
          ),
        log,
        stop.signal,
      ),
    ]
    const dns = applyClusterDns(
      createClient(assembled.transport({ username: 'system:apiserver', groups: ['system:masters'] }), { userAgent: 'k8ts' }),
      values.clusterDns,
    )
    await settingUp(values.dataDirectory, dns)
    void releaseStartUpMemory(stop.signal)
    log.info('serving', { port: values.securePort, dataDirectory: values.dataDirectory })
    try {
      await Promise.all(loops)
    } finally {
      stop.abort(new Error('the server ends'))
      await Promise.allSettled(loops)
    }
    return 0
  },
})

/** Stands for election again after a loss: the API server beside the loop has something to do without it. */
async function standing(run: (signal: AbortSignal) => Promise<void>, log: Log, signal: AbortSignal): Promise<void> {
  while (!signal.aborted)
    try {
      await run(signal)
    } catch (error) {
      if (!(error instanceof LeadershipLost)) throw error
      log.warn('a loop ended and stands for election again', { error: error.message })
    }
}
