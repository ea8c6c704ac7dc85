/** Settings that the controller manager and the scheduler share when they run alone, with upstream's flag names and defaults. */

import { PORT_OR_ZERO, settings, UsageError, type Values } from '#base/settings.ts'
import { durationMs } from '#schema/duration.ts'

export const kubeconfigSetting = settings({
  kubeconfig: { type: 'string', flag: 'kubeconfig', help: 'Names the API server and the credentials to use there' },
  logLevel: { type: 'string', flag: 'log-level', help: 'debug, info, warn or error', default: 'info' },
})

export const electionSettings = settings({
  leaderElect: { type: 'bool', flag: 'leader-elect', help: 'Act only while holding the Lease, so that several may run', default: true },
  leaseDuration: {
    type: 'string',
    flag: 'leader-elect-lease-duration',
    help: 'How long others wait for a leader that has fallen silent',
    default: '15s',
  },
  renewDeadline: {
    type: 'string',
    flag: 'leader-elect-renew-deadline',
    help: 'A leader that could not renew for so long gives up',
    default: '10s',
  },
  retryPeriod: { type: 'string', flag: 'leader-elect-retry-period', help: 'Time between tries', default: '2s' },
  leaseNamespace: { type: 'string', flag: 'leader-elect-resource-namespace', help: 'Namespace of the Lease', default: 'kube-system' },
})

export const securePortSettings = settings({
  bindAddress: { type: 'string', flag: 'bind-address', help: 'Address to serve health and metrics on', default: '0.0.0.0' },
  tlsCertFile: { type: 'string', flag: 'tls-cert-file', help: 'Certificate to serve with; by default one that signs itself' },
  tlsKeyFile: { type: 'string', flag: 'tls-private-key-file', help: 'Its key' },
  clientCaFile: {
    type: 'string',
    flag: 'client-ca-file',
    help: "Whose client certificates count; by default the kubeconfig's authority's",
  },
  alwaysAllowPaths: {
    type: 'list',
    flag: 'authorization-always-allow-paths',
    help: 'Paths that everybody may read',
    default: ['/healthz', '/readyz', '/livez'],
  },
  plainAddress: { type: 'string', flag: 'address', help: 'Address for --port', default: '127.0.0.1' },
  plainPort: {
    type: 'int',
    flag: 'port',
    help: 'Port that serves /healthz and /metrics in the clear to everybody; 0: none',
    default: 0,
    ...PORT_OR_ZERO,
  },
})

export type ElectionSettings = Values<typeof electionSettings>
export type SecurePortSettings = Values<typeof securePortSettings> & { readonly securePort: number }

/** The election as `runAsLeader` takes it; undefined when none is wanted. Throws `UsageError`. */
export function electionOf(values: ElectionSettings, name: string) {
  if (!values.leaderElect) return undefined
  const election = {
    namespace: values.leaseNamespace,
    name,
    leaseDurationMs: milliseconds(values.leaseDuration, 'leader-elect-lease-duration'),
    renewDeadlineMs: milliseconds(values.renewDeadline, 'leader-elect-renew-deadline'),
    retryPeriodMs: milliseconds(values.retryPeriod, 'leader-elect-retry-period'),
  }
  if (election.leaseDurationMs <= election.renewDeadlineMs)
    throw new UsageError('--leader-elect-lease-duration must be longer than --leader-elect-renew-deadline')
  if (election.renewDeadlineMs <= election.retryPeriodMs)
    throw new UsageError('--leader-elect-renew-deadline must be longer than --leader-elect-retry-period')
  return election
}

/** The election as `/configz` shows it. */
export function electionConfiguration(values: ElectionSettings, name: string): object {
  const { leaderElect, leaseDuration, renewDeadline, retryPeriod, leaseNamespace } = values
  return {
    leaderElect,
    leaseDuration,
    renewDeadline,
    retryPeriod,
    resourceLock: 'leases',
    resourceName: name,
    resourceNamespace: leaseNamespace,
  }
}

/** A Go duration as milliseconds. Throws `UsageError` in pflag's words. */
export function milliseconds(text: string, flag: string): number {
  const found = durationMs(text)
  if (found === undefined)
    throw new UsageError(`invalid argument ${JSON.stringify(text)} for "--${flag}" flag: time: invalid duration ${JSON.stringify(text)}`)
  return found
}

/** `address:port` with an IPv6 address in brackets; no address means all. Throws `UsageError`. */
export function listening(text: string, flag: string): { readonly host: string; readonly port: number } {
  const found = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text)
  const host = found?.[1] ?? found?.[2]
  if (found === null || host === undefined || Number(found[3]) > 65535)
    throw new UsageError(`invalid argument ${JSON.stringify(text)} for "--${flag}" flag: must be IP:port`)
  return { host: host === '' ? '0.0.0.0' : host, port: Number(found[3]) }
}
