/** The port of a component that is no API server: health, metrics and its configuration, over HTTPS. */

import { health, type HealthCheck } from '#apiserver/endpoints/health.ts'
import { systemClock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { Metrics, METRICS_TYPE } from '#base/metrics.ts'
import { OperatorError } from '#cli/command.ts'
import { createClient } from '#client/create-client.ts'
import { queueMetrics, type QueueMetrics } from '#client/queue-metrics.ts'
import type { Transport } from '#client/transport.ts'
import { CannotListen, serveHttps, type WireAnswer, type WireRequest } from '#wire/https-server.ts'
import type { SecurePortSettings } from './component-settings.ts'
import type { Connected } from './connect.ts'
import { delegatedAccess } from './delegated-access.ts'
import { processMetrics } from './process-metrics.ts'
import { readPair, readPem, selfSigned } from './read-pem.ts'

export interface ComponentServerParts extends Pick<Connected, 'transport' | 'connection'> {
  readonly values: SecurePortSettings
  readonly metrics: ComponentMetrics
  readonly checks?: readonly HealthCheck[]
  /** What `/configz` shows: configuration by its group. */
  readonly configuration: Readonly<Record<string, object>>
  readonly log: Log
}

export interface ComponentMetrics {
  /** Counts the calls that go through. */
  counting(transport: Transport, server: string): Transport
  readonly queues: QueueMetrics
  /** 1 for the holder of the Lease, 0 for those who stand by. */
  leading(name: string, is: boolean): void
  text(): Promise<string>
}

/** Metrics that all of upstream's components have, under its names. */
export function componentMetrics(): ComponentMetrics {
  const metrics = new Metrics(true)
  const ofProcess = processMetrics()
  const leader = metrics.gauge({
    name: 'leader_election_master_status',
    help: 'Whether this process holds the Lease of that name.',
    labels: ['name'],
  })
  const calls = metrics.counter({
    name: 'rest_client_requests_total',
    help: 'Calls to the API server, by code, method and host.',
    labels: ['code', 'method', 'host'],
  })
  const latency = metrics.histogram(
    {
      name: 'rest_client_request_duration_seconds',
      help: 'Seconds until the API server answered, by verb and host.',
      labels: ['verb', 'host'],
    },
    CALL_SECONDS,
  )
  return {
    queues: queueMetrics(metrics),
    counting: (transport, server) => ({
      async request(request) {
        const { host } = new URL(server)
        const start = systemClock.monotonic()
        let code = '<error>'
        try {
          const response = await transport.request(request)
          code = String(response.status)
          return response
        } finally {
          calls.of(code, request.method, host).inc()
          latency.of(request.method, host).observe((systemClock.monotonic() - start) / 1000)
        }
      },
      [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
    }),
    leading(name, is) {
      leader.of(name).value = is ? 1 : 0
    },
    text: async () => metrics.text() + (await ofProcess()),
  }
}

const CALL_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]

/** Listens; port 0 means that nothing is served, as upstream has it. Throws `OperatorError`. */
export async function serveComponent(parts: ComponentServerParts): Promise<AsyncDisposable> {
  const { values, log, connection } = parts
  const clock = systemClock
  const clientCa = values.clientCaFile === undefined ? (connection.ca ?? '') : readPem(values.clientCaFile, 'client-ca-file')
  const access = delegatedAccess({ client: createClient(parts.transport), clock, clientCa: clientCa === '' ? [] : [clientCa] })
  const pair =
    readPair(values.tlsCertFile, values.tlsKeyFile, ['tls-cert-file', 'tls-private-key-file']) ??
    selfSigned(['localhost', '127.0.0.1', ...(values.bindAddress === '0.0.0.0' ? [] : [values.bindAddress])])
  const tls = () => ({ ...pair, ...(clientCa !== '' && { clientCa }) })

  async function guarded(request: WireRequest): Promise<WireAnswer> {
    if (values.alwaysAllowPaths.some((p) => matches(p, request.path))) return answer(parts, request)
    const verb = request.method.toLowerCase()
    try {
      const user = await access.identify(request)
      if (user === undefined) return failure(401, 'Unauthorized', 'Unauthorized')
      if (await access.allowed(user, verb, request.path)) return answer(parts, request)
      return failure(
        403,
        'Forbidden',
        `forbidden: User ${JSON.stringify(user.username ?? '')} cannot ${verb} path ${JSON.stringify(request.path)}`,
      )
    } catch (error) {
      log.warn('access not reviewed', { path: request.path, error: (error as Error).message })
      return failure(
        500,
        'InternalError',
        `Internal Server Error: ${JSON.stringify(request.path)}: the API server was not reached to review access`,
      )
    }
  }
  const open = (request: WireRequest) =>
    request.path === '/metrics' || request.path.startsWith('/healthz')
      ? answer(parts, request)
      : Promise.resolve(text(404, '404 page not found\n'))

  await using listening = new AsyncDisposableStack()
  try {
    if (values.securePort !== 0)
      listening.use(await serveHttps({ tls, host: values.bindAddress, port: values.securePort, clock, log, handle: guarded }))
    if (values.plainPort !== 0)
      listening.use(await serveHttps({ host: values.plainAddress, port: values.plainPort, clock, log, handle: open }))
  } catch (error) {
    if (error instanceof CannotListen) throw new OperatorError(error.message, { cause: error })
    throw error
  }
  return listening.move()
}

/** Upstream's rule: an asterisk at the end stands for everything below. */
function matches(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path
}

async function answer(parts: ComponentServerParts, { path, query }: WireRequest): Promise<WireAnswer> {
  if (path === '/metrics') return { ...text(200, await parts.metrics.text()), headers: { 'content-type': METRICS_TYPE } }
  if (path === '/configz') return { ...text(200, JSON.stringify(parts.configuration)), headers: { 'content-type': 'application/json' } }
  const state = await health(parts.checks ?? [], { path, query })
  if (state?.type === 'bytes') return text(state.status, state.body as string)
  return text(404, '404 page not found\n')
}

function text(status: number, body: string): WireAnswer & { readonly type: 'response' } {
  return {
    type: 'response',
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: Buffer.from(body),
  }
}

function failure(code: number, reason: string, message: string): WireAnswer {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(reason === 'Forbidden' && { details: {} }),
    code,
  }
  return { ...text(code, JSON.stringify(status)), headers: { 'content-type': 'application/json' } }
}
