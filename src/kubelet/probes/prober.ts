/** Making one probe or one lifecycle call: a command, an HTTP request, a connection, a gRPC health check. */

import { connect as connectTcp } from 'node:net'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Client, credentials, status } from '@grpc/grpc-js'
import type { Container, ProbeHandler } from '#api/core/v1/container.ts'
import type { Clock } from '#base/clock.ts'
import { RuntimeFailure, type Runtime } from '#runtime/runtime.ts'

/** `unknown`: the probe could not be made, which counts neither way. */
export interface Finding {
  readonly result: 'success' | 'failure' | 'unknown'
  readonly output: string
}

export interface ProbeTarget {
  readonly containerId: string
  readonly container: Container
  readonly podIp: string
  /** Which probe it is; absent for lifecycle hooks. */
  readonly kind?: 'startup' | 'liveness' | 'readiness'
}

export type Prober = (handler: ProbeHandler, target: ProbeTarget, timeoutSeconds: number) => Promise<Finding>

const BODY_BYTES_MAX = 10 * 1024 // as much of an answer as upstream reads

export function createProber({
  runtime,
  clock,
  userAgent = 'kube-probe/1.36',
}: {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly userAgent?: string
}): Prober {
  return async (handler, target, timeoutSeconds) => {
    const timeoutMs = timeoutSeconds * 1000
    if (runtime.probe !== undefined) {
      const good = target.kind === undefined || runtime.probe(target.containerId, target.kind)
      return good ? { result: 'success', output: '' } : { result: 'failure', output: 'the simulated container says no' }
    }
    if (handler.exec) return execProbe(runtime, target.containerId, handler.exec.command ?? [], timeoutSeconds)
    if (handler.httpGet) {
      const get = handler.httpGet
      const port = portOf(get.port, target.container)
      if (port === undefined) return { result: 'unknown', output: `couldn't find port: ${String(get.port)}` }
      return httpProbe({
        clock,
        timeoutMs,
        scheme: (get.scheme ?? 'HTTP') === 'HTTPS' ? 'https' : 'http',
        host: get.host || target.podIp,
        port,
        path: get.path || '/',
        headers: headersOf(get.httpHeaders ?? [], userAgent),
      })
    }
    if (handler.tcpSocket) {
      const port = portOf(handler.tcpSocket.port, target.container)
      if (port === undefined) return { result: 'unknown', output: `couldn't find port: ${String(handler.tcpSocket.port)}` }
      return tcpProbe(clock, handler.tcpSocket.host || target.podIp, port, timeoutMs)
    }
    if (handler.grpc) {
      const { port, service = '' } = handler.grpc
      return grpcProbe({ clock, timeoutMs, host: target.podIp, port, service, userAgent })
    }
    return { result: 'unknown', output: 'missing probe handler' }
  }
}

/** A container port by number or by name. */
export function portOf(port: number | string, container: Container): number | undefined {
  if (typeof port === 'number') return port
  const named = container.ports?.find((p) => p.name === port)?.containerPort
  if (named !== undefined) return named
  return /^\d+$/.test(port) ? Number(port) : undefined
}

function headersOf(given: readonly { readonly name: string; readonly value: string }[], userAgent: string): Record<string, string> {
  const headers: Record<string, string> = { 'User-Agent': userAgent, Accept: '*/*' }
  for (const { name, value } of given) {
    const known = Object.keys(headers).find((h) => h.toLowerCase() === name.toLowerCase())
    if (known !== undefined) delete headers[known]
    if (value !== '' || known === undefined) headers[name] = value
  }
  return headers
}

async function execProbe(runtime: Runtime, id: string, command: readonly string[], timeoutSeconds: number): Promise<Finding> {
  try {
    const { stdout, stderr, exitCode } = await runtime.execSync(id, command, timeoutSeconds)
    const output = Buffer.concat([stdout, stderr]).toString('utf8').slice(0, BODY_BYTES_MAX)
    return { result: exitCode === 0 ? 'success' : 'failure', output }
  } catch (error) {
    if (error instanceof RuntimeFailure && (error.code === 'DeadlineExceeded' || /timed out|exceeded/.test(error.message)))
      return { result: 'failure', output: `command timed out: "${command.join(' ')}" timed out after ${timeoutSeconds}s` }
    return { result: 'unknown', output: (error as Error).message }
  }
}

interface HttpCall {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * 200 to 299 is success. A redirect within the host is followed, one elsewhere counts as success and is not followed. The certificate is not
 * checked, as upstream documents. Of the body only as much is read as is shown.
 */
export async function httpProbe(call: HttpCall): Promise<Finding> {
  const start = new URL(call.path.startsWith('/') ? call.path : `/${call.path}`, `${call.scheme}://${bracketed(call.host)}:${call.port}`)
  const shown = `Get "${call.scheme}://${bracketed(call.host)}:${call.port}${call.path.startsWith('/') ? '' : '/'}${call.path}"`
  const deadline = call.clock.monotonic() + call.timeoutMs
  let url = start
  for (let redirects = 0; ; redirects++) {
    const answer = await getOnce(call, url, deadline - call.clock.monotonic())
    if ('failed' in answer)
      return { result: 'failure', output: `${url === start ? shown : `Get ${JSON.stringify(url.href)}`}: ${answer.failed}` }
    const { code, body, location } = answer
    const next = REDIRECTS.has(code) && location !== undefined && URL.canParse(location, url) ? new URL(location, url) : undefined
    if (next === undefined || next.hostname !== start.hostname) {
      if (code >= 200 && code < 300) return { result: 'success', output: body }
      if (code >= 300 && code < 400) return { result: 'success', output: `Probe terminated redirects, Response body: ${body}` }
      return { result: 'failure', output: `HTTP probe failed with statuscode: ${code}` }
    }
    if (redirects + 1 >= REDIRECTS_MAX) return { result: 'failure', output: `Get ${JSON.stringify(location)}: stopped after 10 redirects` }
    url = next
  }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
const REDIRECTS_MAX = 10 // Go's client and upstream's prober stop there

type HttpAnswer = { readonly code: number; readonly body: string; readonly location: string | undefined } | { readonly failed: string }

function getOnce({ clock, headers }: HttpCall, url: URL, timeoutMs: number): Promise<HttpAnswer> {
  return new Promise((resolve) => {
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
    const outgoing = request({
      host,
      port,
      path: `${url.pathname}${url.search}`,
      headers: { ...headers, Connection: 'close' },
      agent: false,
      rejectUnauthorized: false,
    })
    const done = (answer: HttpAnswer) => {
      timer[Symbol.dispose]()
      resolve(answer)
      outgoing.destroy()
    }
    const timer = clock.timer(Math.max(timeoutMs, 0), () =>
      done({ failed: 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)' }),
    )
    outgoing.on('error', (error: NodeJS.ErrnoException) => done({ failed: dialError(error, host, port) }))
    outgoing.on('response', (answer) => {
      const location = answer.headers.location
      const code = answer.statusCode ?? 0
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        body += chunk
        if (body.length >= BODY_BYTES_MAX) done({ code, body: body.slice(0, BODY_BYTES_MAX), location })
      })
      answer.on('error', () => done({ failed: 'EOF' }))
      answer.on('end', () => done({ code, body, location }))
    })
    outgoing.end()
  })
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function tcpProbe(clock: Clock, host: string, port: number, timeoutMs: number): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port })
    const done = (finding: Finding) => {
      timer[Symbol.dispose]()
      socket.destroy()
      resolve(finding)
    }
    const timer = clock.timer(timeoutMs, () => done({ result: 'failure', output: `dial tcp ${host}:${port}: i/o timeout` }))
    socket.on('connect', () => done({ result: 'success', output: '' }))
    socket.on('error', (error) => done({ result: 'failure', output: dialError(error, host, port) }))
  })
}

function dialError(error: NodeJS.ErrnoException, host: string, port: number): string {
  const texts: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ECONNRESET: 'read: connection reset by peer',
    ETIMEDOUT: 'i/o timeout',
  }
  if (error.code === 'ECONNRESET' && /socket hang up/.test(error.message)) return 'EOF'
  return `dial tcp ${host}:${port}: ${texts[error.code ?? ''] ?? error.message}`
}

const SERVING = 1
const UNIMPLEMENTED = 12
const DEADLINE_EXCEEDED = 4

interface GrpcCall {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly host: string
  readonly port: number
  readonly service: string
  readonly userAgent: string
}

/**
 * grpc.health.v1.Health/Check, its two messages written out by hand: a string in field 1, an enum in field 1. A server that is not there
 * yet is tried again until the time is over, as upstream's blocking dial does.
 */
export async function grpcProbe({ clock, timeoutMs, host, port, service, userAgent }: GrpcCall): Promise<Finding> {
  const address = `${bracketed(host)}:${port}`
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.primary_user_agent': userAgent,
    'grpc.enable_http_proxy': 0,
    'grpc.initial_reconnect_backoff_ms': RECONNECT_MS,
    'grpc.use_local_subchannel_pool': 1, // else a later probe inherits the pause after this one's refused connection
  })
  const deadline = clock.now() + timeoutMs
  const timeout = `${timeoutMs / 1000}s`
  try {
    const connected = await new Promise<boolean>((resolve) => client.waitForReady(deadline, (error) => resolve(error === undefined)))
    if (!connected)
      return { result: 'failure', output: `timeout: failed to connect service "${address}" within ${timeout}: context deadline exceeded` }
    return await new Promise<Finding>((resolve) =>
      client.makeUnaryRequest<Buffer, number>(
        '/grpc.health.v1.Health/Check',
        (value) => value,
        (bytes) => (bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0),
        checkRequest(service),
        { deadline },
        (error, health) => {
          if (error === null)
            resolve(
              health === SERVING
                ? { result: 'success', output: 'service healthy' }
                : {
                    result: 'failure',
                    output: `service unhealthy (responded with "${['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][health ?? 0] ?? 'UNKNOWN'}")`,
                  },
            )
          else if (error.code === UNIMPLEMENTED)
            resolve({
              result: 'failure',
              output: `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.details}`,
            })
          else if (error.code === DEADLINE_EXCEEDED)
            resolve({ result: 'failure', output: `timeout: health rpc did not complete within ${timeout}` })
          else
            resolve({
              result: 'failure',
              output: `error: health rpc probe failed: rpc error: code = ${goCodeName(error.code)} desc = ${error.details}`,
            })
        },
      ),
    )
  } finally {
    client.close()
  }
}

const RECONNECT_MS = 100 // probes time out after a second by default; the library's own first pause would use it up

/** A code as Go's gRPC prints it: NOT_FOUND is NotFound, CANCELLED is Canceled. */
function goCodeName(code: number): string {
  if (code === status.CANCELLED) return 'Canceled'
  if (code === status.OK) return 'OK'
  const words = (status[code] ?? 'UNKNOWN').toLowerCase().split('_')
  return words.map((w) => w.charAt(0).toUpperCase() + w.slice(1)).join('')
}

function checkRequest(service: string): Buffer {
  const name = Buffer.from(service)
  if (name.length === 0) return name
  const length: number[] = []
  for (let rest = name.length; rest > 0; rest >>>= 7) length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
  return Buffer.concat([Buffer.from([0x0a, ...length]), name])
}
