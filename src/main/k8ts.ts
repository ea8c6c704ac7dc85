/** The command line's entry: which commands there are, and the process around them. */

import './built-from.ts'
import { OperatorError, ProgramFailed, runCommandLine, type Listed } from '#cli/command.ts'
import { StoreUnavailable } from '#store/store.ts'
import { realEnvironment } from './environment.ts'

const commands: Readonly<Record<string, Listed>> = {
  up: {
    group: 'Clusters',
    summary: 'Start a cluster on this machine, with a demo',
    load: async () => (await import('#cli/commands/up.ts')).up as never,
  },
  down: { group: 'Clusters', summary: 'Take a cluster down', load: async () => (await import('#cli/commands/down.ts')).down as never },
  status: { group: 'Clusters', summary: 'Show what runs', load: async () => (await import('#cli/commands/status.ts')).status as never },
  kubeconfig: {
    group: 'Clusters',
    summary: "Print the path of a cluster's kubeconfig",
    load: async () => (await import('#cli/commands/kubeconfig.ts')).kubeconfig as never,
  },
  image: {
    group: 'Clusters',
    summary: 'Build, import and list container images',
    load: async () => (await import('#cli/commands/image.ts')).image as never,
  },
  server: {
    group: 'Components',
    summary: 'Run the whole control plane in this process',
    load: async () => (await import('./server.ts')).server as never,
  },
  agent: {
    group: 'Components',
    summary: 'Run a node: kubelet, service proxy and DNS',
    load: async () => (await import('./agent.ts')).agent as never,
  },
  'kube-apiserver': {
    group: 'Components',
    summary: 'Run the API server alone',
    load: async () => (await import('./kube-apiserver.ts')).kubeApiserver as never,
  },
  'kube-controller-manager': {
    group: 'Components',
    summary: 'Run the controllers alone',
    load: async () => (await import('./kube-controller-manager.ts')).kubeControllerManager as never,
  },
  'kube-scheduler': {
    group: 'Components',
    summary: 'Run the scheduler alone',
    load: async () => (await import('./kube-scheduler.ts')).kubeScheduler as never,
  },
  kubelet: { group: 'Components', summary: 'Run the kubelet alone', load: async () => (await import('./kubelet.ts')).kubelet as never },
  'kube-proxy': {
    group: 'Components',
    summary: 'Run the service proxy alone',
    load: async () => (await import('./kube-proxy.ts')).kubeProxy as never,
  },
  ha: {
    group: 'Other',
    summary: 'Print the configuration of a load balancer before several servers',
    load: async () => (await import('#cli/commands/ha.ts')).ha as never,
  },
  datastore: {
    group: 'Other',
    summary: 'Move the datastore of a cluster to etcd',
    load: async () => (await import('./datastore-command.ts')).datastore as never,
  },
  snapshot: {
    group: 'Other',
    summary: 'Save, examine and restore what a cluster stores',
    load: async () => (await import('./snapshot-command.ts')).snapshot as never,
  },
  doctor: {
    group: 'Other',
    summary: 'Check this machine and the current cluster',
    load: async () => (await import('#cli/commands/doctor.ts')).doctor as never,
  },
  why: {
    group: 'Other',
    summary: 'Say why somebody may not do something, and who could let them',
    load: async () => (await import('#cli/commands/why.ts')).why as never,
  },
  history: {
    group: 'Other',
    summary: 'Show what became of an object, and who did it',
    load: async () => (await import('#cli/commands/history.ts')).history as never,
  },
  diff: {
    group: 'Other',
    summary: 'Show what has changed in an object since some moment',
    load: async () => (await import('#cli/commands/diff.ts')).diff as never,
  },
  version: { group: 'Other', summary: 'Print versions', load: async () => (await import('#cli/commands/version.ts')).version as never },
}

// A reader that goes away (`k8ts status | head -1`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

const environment = realEnvironment()
try {
  process.exitCode = await runCommandLine(commands, process.argv.slice(2), environment)
} catch (error) {
  if (error instanceof OperatorError || error instanceof ProgramFailed || error instanceof StoreUnavailable)
    environment.err(`k8ts: ${error.message}\n`)
  else if (environment.signal.aborted && error === environment.signal.reason) environment.err('k8ts: interrupted\n')
  else environment.err(`k8ts: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exitCode = 1
}
// Idle connections must not keep a finished command alive.
process.exit()
