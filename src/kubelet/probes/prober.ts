/** Making one probe or one lifecycle call: a command, an HTTP request, a connection, a gRPC health check. */

import { connect as connectTcp } from 'node:net'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Client, credentials } from '@grpc/grpc-js'
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
    if (handler.grpc) return grpcProbe(clock, target.podIp, handler.grpc.port, handler.grpc.service ?? '', timeoutMs)
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

/** Follows no redirect to another host; 200 to 399 is success. The certificate is not checked, as upstream documents. */
export function httpProbe(call: HttpCall): Promise<Finding> {
  const shown = `Get "${call.scheme}://${call.host.includes(':') ? `[${call.host}]` : call.host}:${call.port}${call.path.startsWith('/') ? '' : '/'}${call.path}"`
  return new Promise((resolve) => {
    const request = call.scheme === 'https' ? httpsRequest : httpRequest
    const path = call.path.startsWith('/') ? call.path : `/${call.path}`
    const outgoing = request({
      host: call.host,
      port: call.port,
      path,
      headers: { ...call.headers, Connection: 'close' },
      agent: false,
      rejectUnauthorized: false,
    })
    const timer = call.clock.timer(call.timeoutMs, () => {
      done({ result: 'failure', output: `${shown}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)` })
      outgoing.destroy()
    })
    const done = (finding: Finding) => {
      timer[Symbol.dispose]()
      resolve(finding)
    }
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      done({ result: 'failure', output: `${shown}: ${dialError(error, call.host, call.port)}` }),
    )
    outgoing.on('response', (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        if (body.length < BODY_BYTES_MAX) body += chunk
      })
      answer.on('error', () => done({ result: 'failure', output: `${shown}: EOF` }))
      answer.on('end', () => {
        const code = answer.statusCode ?? 0
        if (code >= 200 && code < 400) done({ result: 'success', output: body })
        else done({ result: 'failure', output: `HTTP probe failed with statuscode: ${code}` })
      })
    })
    outgoing.end()
  })
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

/** grpc.health.v1.Health/Check, its two messages written out by hand: a string in field 1, an enum in field 1. */
function grpcProbe(clock: Clock, host: string, port: number, service: string, timeoutMs: number): Promise<Finding> {
  const client = new Client(`${host}:${port}`, credentials.createInsecure())
  return new Promise<Finding>((resolve) => {
    const name = Buffer.from(service)
    client.makeUnaryRequest<Buffer, number>(
      '/grpc.health.v1.Health/Check',
      (value) => (value.length === 0 ? value : Buffer.concat([Buffer.from([0x0a, value.length]), value])),
      (bytes) => (bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0),
      name,
      { deadline: clock.now() + timeoutMs },
      (error, status) => {
        if (error === null)
          resolve(
            status === SERVING
              ? { result: 'success', output: 'service healthy' }
              : {
                  result: 'failure',
                  output: `service unhealthy (responded with "${['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][status ?? 0] ?? 'UNKNOWN'}")`,
                },
          )
        else if (error.code === 12)
          resolve({
            result: 'failure',
            output: `this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.details}`,
          })
        else if (error.code === 4)
          resolve({ result: 'failure', output: `timeout: health rpc did not complete within ${timeoutMs / 1000}s` })
        else resolve({ result: 'failure', output: `error: health rpc probe failed: ${error.details}` })
      },
    )
  }).finally(() => client.close())
}
