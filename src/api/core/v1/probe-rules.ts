/** The rules of probes and of what a container does as it starts and stops. */

import type { HTTPGetAction, Lifecycle, LifecycleHandler, Probe, ProbeHandler } from './container.ts'
import { forbidden, invalid, invalidEach, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { httpHeaderName, portNumber, portNumberOrName } from '#schema/names.ts'

/** What hooks depend on of their pod. */
export interface HookContext {
  readonly gracePeriodSeconds: number | undefined
  readonly os: string | undefined
}

const NOT_NEGATIVE = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const

export function probeErrors(probe: Probe | undefined, path: string, kind: 'liveness' | 'readiness' | 'startup'): FieldError[] {
  if (probe === undefined) return []
  const errors = actionErrors(probe, path, ['exec', 'httpGet', 'tcpSocket', 'grpc'])
  for (const member of NOT_NEGATIVE)
    if ((probe[member] ?? 0) < 0) errors.push(invalid(`${path}.${member}`, probe[member], 'must be greater than or equal to 0'))
  const grace = probe.terminationGracePeriodSeconds
  const at = `${path}.terminationGracePeriodSeconds`
  if (grace !== undefined && grace <= 0) errors.push(invalid(at, grace, 'must be greater than 0'))
  if (kind === 'readiness') {
    if (grace !== undefined) errors.push(invalid(at, grace, 'must not be set for readinessProbes'))
  } else if ((probe.successThreshold ?? 1) !== 1) errors.push(invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1'))
  return errors
}

export function lifecycleErrors(lifecycle: Lifecycle | undefined, path: string, context: HookContext): FieldError[] {
  if (lifecycle === undefined) return []
  return [
    ...hookErrors(lifecycle.postStart, `${path}.postStart`, context),
    ...hookErrors(lifecycle.preStop, `${path}.preStop`, context),
    ...stopSignalErrors(lifecycle.stopSignal, `${path}.stopSignal`, context.os),
  ]
}

function hookErrors(hook: LifecycleHandler | undefined, path: string, { gracePeriodSeconds: grace }: HookContext): FieldError[] {
  if (hook === undefined) return []
  const errors = actionErrors(hook, path, ['exec', 'httpGet', 'tcpSocket', 'sleep'])
  const seconds = hook.sleep && (hook.sleep.seconds ?? 0)
  const isOnly = !hook.exec && !hook.httpGet && !hook.tcpSocket
  if (isOnly && seconds !== undefined && grace !== undefined && (seconds < 0 || seconds > grace))
    errors.push(invalid(`${path}.sleep`, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`))
  return errors
}

type Actions = ProbeHandler & Pick<LifecycleHandler, 'sleep'>

/** Of several actions only the first is looked at. */
function actionErrors(handler: Actions, path: string, members: readonly (keyof Actions)[]): FieldError[] {
  const [first, ...others] = members.filter((member) => handler[member] !== undefined)
  if (first === undefined) return [required(path, 'must specify a handler type')]
  const at = `${path}.${first}`
  const excess = others.map((member) => forbidden(`${path}.${member}`, 'may not specify more than 1 handler type'))
  switch (first) {
    case 'exec':
      return [...((handler.exec!.command ?? []).length === 0 ? [required(`${at}.command`)] : []), ...excess]
    case 'httpGet':
      return [...httpErrors(handler.httpGet!, at), ...excess]
    case 'tcpSocket':
      return [...invalidEach(`${at}.port`, handler.tcpSocket!.port ?? 0, portNumberOrName(handler.tcpSocket!.port ?? 0)), ...excess]
    case 'grpc':
      return [...invalidEach(`${at}.port`, handler.grpc!.port ?? 0, portNumber(handler.grpc!.port ?? 0)), ...excess]
    default:
      return excess
  }
}

function httpErrors(action: HTTPGetAction, path: string): FieldError[] {
  const headers = (action.httpHeaders ?? []).map((header) => header.name ?? '')
  return [
    ...invalidEach(`${path}.port`, action.port ?? 0, portNumberOrName(action.port ?? 0)),
    ...headers.flatMap((name) => invalidEach(`${path}.httpHeaders`, name, httpHeaderName(name))),
  ]
}

const NAMED_SIGNALS = [
  ...['ABRT', 'ALRM', 'BUS', 'CHLD', 'CLD', 'CONT', 'FPE', 'HUP', 'ILL', 'INT', 'IO', 'IOT', 'KILL', 'PIPE', 'POLL', 'PROF', 'PWR'],
  ...['QUIT', 'SEGV', 'STKFLT', 'STOP', 'SYS', 'TERM', 'TRAP', 'TSTP', 'TTIN', 'TTOU', 'URG', 'USR1', 'USR2', 'VTALRM', 'WINCH'],
  ...['XCPU', 'XFSZ', 'RTMIN', 'RTMAX'],
].map((name) => `SIG${name}`)
const COUNTED_SIGNALS = [
  ...Array.from({ length: 15 }, (_, i) => `SIGRTMIN+${i + 1}`),
  ...Array.from({ length: 14 }, (_, i) => `SIGRTMAX-${i + 1}`),
]
const SIGNALS: Readonly<Record<string, readonly string[]>> = {
  linux: [...NAMED_SIGNALS, ...COUNTED_SIGNALS].sort(),
  windows: ['SIGKILL', 'SIGTERM'],
}

function stopSignalErrors(signal: string | undefined, path: string, os: string | undefined): FieldError[] {
  if (signal === undefined) return []
  if (os === undefined) return [forbidden(path, 'may not be set for containers with empty `spec.os.name`')]
  const known = SIGNALS[os]
  return known && !known.includes(signal) ? [notSupported(path, signal, known)] : []
}
