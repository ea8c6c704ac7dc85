/** The kubelet's HTTPS server: logs, exec, attach, port-forward, pods, health and metrics. */

import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { kubernetesVersion } from '#base/version.ts'
import { RuntimeFailure, type Streams } from '#runtime/runtime.ts'
import type { KubeletState } from '../kubelet.ts'
import type { ViewedContainer } from '../pod/pod-view.ts'
import { subresourcesOf, type Authorizer, type Caller } from './authorize.ts'
import { readLog } from './logs.ts'
import type { Stats } from './stats.ts'
import { isWebSocket, relaySpdy, servePortForwardTunnel, serveRemoteCommand } from './streaming.ts'

export interface KubeletServerParts {
  readonly state: KubeletState
  readonly authorizer: Authorizer
  readonly stats: Stats
  /** What `/configz` shows; by default nothing. */
  readonly configuration?: () => object
  readonly clock: Clock
  readonly log: Log
  /** PEM. `clientCa` says whose certificates count. */
  readonly tls: { readonly key: string; readonly certificate: string; readonly clientCa: string }
  readonly address?: string
  /** 0 picks a free one. */
  readonly port?: number
}

export interface KubeletServer extends AsyncDisposable {
  readonly port: number
  /** For when the certificate was renewed. */
  setCertificate(tls: { readonly key: string; readonly certificate: string }): void
}

/** An answer that is an error, as plain text. */
class Refused extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

const PORT = 10250
export const HEALTH_PORT = 10248

export async function serveKubelet(parts: KubeletServerParts): Promise<KubeletServer> {
  const { tls, log } = parts
  const server: Server = createServer({
    key: tls.key,
    cert: tls.certificate,
    ca: tls.clientCa,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  })
  server.on('request', (request, response) => {
    answer(parts, request, response).catch((error: unknown) => refuse(response, error, log))
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    upgrade(parts, request, socket, head).catch((error: unknown) => {
      const { code, message } = known(error, log)
      socket.end(
        `HTTP/1.1 ${code} ${code === 404 ? 'Not Found' : 'Error'}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(message)}\r\nConnection: close\r\n\r\n${message}`,
      )
    })
  })
  server.listen(parts.port ?? PORT, parts.address ?? '0.0.0.0')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    setCertificate: ({ key, certificate }) => server.setSecureContext({ key, cert: certificate, ca: tls.clientCa }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** The health port, plain HTTP on loopback: `ok`, or 500 with the reason. */
export async function serveHealth({
  healthy,
  port = HEALTH_PORT,
  address = '127.0.0.1',
}: {
  readonly healthy: () => string | undefined
  readonly port?: number
  readonly address?: string
}): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createHttpServer((request, response) => {
    const why = healthy()
    const path = request.url?.split('?')[0]
    if (path !== '/healthz') response.writeHead(404).end('404 page not found\n')
    else response.writeHead(why === undefined ? 200 : 500, { 'Content-Type': 'text/plain; charset=utf-8' }).end(why ?? 'ok')
  })
  server.listen(port, address)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

async function authorize({ authorizer, state }: KubeletServerParts, request: IncomingMessage, path: string): Promise<void> {
  const user = await authorizer.identify(callerOf(request))
  if (user === undefined) throw new Refused(401, 'Unauthorized')
  if (!(await authorizer.allowed(user, request.method ?? 'GET', path)))
    throw new Refused(
      403,
      `Forbidden (user=${user.username}, verb=${request.method === 'POST' ? 'create' : 'get'}, resource=nodes, subresource(s)=[${subresourcesOf(path).join(' ')}]) on ${state.nodeName}`,
    )
}

function callerOf(request: IncomingMessage): Caller {
  const socket = request.socket as TLSSocket
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (!socket.authorized) return { certificate: undefined, token }
  const { CN, O } = socket.getPeerCertificate().subject ?? {}
  const organizations = O === undefined ? [] : Array.isArray(O) ? O : [O]
  const commonName = Array.isArray(CN) ? CN[0] : CN
  return { certificate: commonName === undefined ? undefined : { commonName, organizations }, token }
}

async function answer(parts: KubeletServerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://kubelet')
  const path = url.pathname
  if (path === '/healthz' || path === '/healthz/ping') return text(response, 'ok')
  await authorize(parts, request, path)
  const [, first = '', ...rest] = path.split('/').map(decodeURIComponent)
  switch (first) {
    case 'pods':
      return json(response, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: parts.state.pods() })
    case 'runningpods':
      return json(response, {
        kind: 'PodList',
        apiVersion: 'v1',
        metadata: {},
        items: parts.state.pods().filter((p) => p.status.phase === 'Running'),
      })
    case 'containerLogs':
      return logs(parts, response, url, rest)
    case 'run':
      return run(parts, response, url, rest)
    case 'stats':
      if (rest[0] === 'summary') return json(response, await parts.stats.summary())
      break
    case 'configz':
      if (rest.length === 0 && parts.configuration !== undefined) return json(response, parts.configuration())
      break
    case 'metrics':
      if (rest[0] === 'resource') return text(response, await parts.stats.resourceMetrics())
      if (rest.length === 0) return text(response, metrics(parts.state))
      if (rest[0] === 'cadvisor') return text(response, await parts.stats.cadvisorMetrics())
      if (rest[0] === 'probes') return text(response, parts.state.probeMetrics())
      break
    case 'exec':
    case 'attach':
    case 'portForward':
      throw new Refused(400, 'Upgrade request required')
  }
  throw new Refused(404, '404 page not found')
}

function metrics(state: KubeletState): string {
  const all = state.pods()
  const running = all.filter((p) => p.status.phase === 'Running')
  const containers = running.flatMap((p) => p.status.containerStatuses ?? []).filter((s) => s.state.running)
  return [
    '# HELP kubelet_running_pods [BETA] Number of pods that have a running pod sandbox',
    '# TYPE kubelet_running_pods gauge',
    `kubelet_running_pods ${running.length}`,
    '# HELP kubelet_running_containers [BETA] Number of containers currently running',
    '# TYPE kubelet_running_containers gauge',
    `kubelet_running_containers{container_state="running"} ${containers.length}`,
    "# HELP kubelet_node_name [ALPHA] The node's name. The count is always 1.",
    '# TYPE kubelet_node_name gauge',
    `kubelet_node_name{node="${state.nodeName}"} 1`,
    "# HELP kubernetes_build_info [ALPHA] A metric with a constant '1' value labeled by version.",
    '# TYPE kubernetes_build_info gauge',
    `kubernetes_build_info{git_version="${kubernetesVersion.gitVersion}",major="${kubernetesVersion.major}",minor="${kubernetesVersion.minor}"} 1`,
    '',
  ].join('\n')
}

/** Finds the container of a path `namespace/pod[/uid]/container`. */
async function findContainer({ state }: KubeletServerParts, rest: readonly string[], previous = false): Promise<ViewedContainer> {
  const [namespace = '', name = ''] = rest
  const container = rest.at(-1) ?? ''
  const worker = state.worker(namespace, name)
  if (worker === undefined) throw new Refused(404, `pod "${name}_${namespace}" does not exist`)
  const own = worker.view.containers.filter((c) => c.name === container)
  const found = previous ? own.find((c, i) => i > 0 || c.state === 'exited') : own[0]
  if (found === undefined) {
    const waiting = [...(worker.pod.status.containerStatuses ?? []), ...(worker.pod.status.initContainerStatuses ?? [])].find(
      (s) => s.name === container,
    )
    if (previous && waiting !== undefined) throw new Refused(400, `previous terminated container "${container}" in pod "${name}" not found`)
    const reason = waiting?.state.waiting?.reason ?? 'ContainerCreating'
    throw waiting === undefined
      ? new Refused(404, `container ${container} is not valid for pod ${name}`)
      : new Refused(400, `container "${container}" in pod "${name}" is waiting to start: ${reason}`)
  }
  return found
}

async function logs(parts: KubeletServerParts, response: ServerResponse, url: URL, rest: readonly string[]): Promise<void> {
  const { state, clock } = parts
  const query = url.searchParams
  const flag = (name: string) => ['true', '1'].includes(query.get(name) ?? '')
  const number = (name: string) => (query.get(name) === null ? undefined : Number(query.get(name)))
  const container = await findContainer(parts, rest, flag('previous'))
  const { logPath } = container
  if (logPath === '') throw new Refused(500, 'this container keeps no log: it is simulated')
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const sinceSeconds = number('sinceSeconds')
  const sinceTime = query.get('sinceTime')
  const tail = number('tailLines')
  const limit = number('limitBytes')
  const options = {
    follow: flag('follow'),
    timestamps: flag('timestamps'),
    stream: (query.get('stream') as 'All' | 'Stdout' | 'Stderr' | null) ?? 'All',
    ...(tail !== undefined && { tailLines: tail }),
    ...(limit !== undefined && { limitBytes: limit }),
    ...(sinceSeconds !== undefined
      ? { sinceTime: clock.now() - sinceSeconds * 1000 }
      : sinceTime !== null
        ? { sinceTime: Date.parse(sinceTime) }
        : {}),
  }
  const alive = async () => (await state.runtime.containerStatus(container.id))?.state === 'running'
  response.writeHead(200, { 'Content-Type': 'text/plain' })
  response.flushHeaders()
  try {
    for await (const chunk of readLog({ path: logPath, clock, signal: gone.signal, alive }, options)) {
      if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
  } catch (error) {
    response.write(`failed to try resolving symlinks in path "${logPath}": ${(error as Error).message}`)
  }
  response.end()
}

/** Runs a command to its end and gives what it printed, without streams. */
async function run(parts: KubeletServerParts, response: ServerResponse, url: URL, rest: readonly string[]): Promise<void> {
  const container = await findContainer(parts, rest)
  const command =
    url.searchParams.getAll('command').length > 0 ? url.searchParams.getAll('command') : (url.searchParams.get('cmd') ?? '').split(' ')
  const { stdout, stderr, exitCode } = await parts.state.runtime.execSync(container.id, command, 0)
  if (exitCode !== 0) throw new Refused(500, `command terminated with exit code ${exitCode}: ${Buffer.from(stderr).toString()}`)
  return text(response, Buffer.concat([stdout, stderr]).toString())
}

async function upgrade(parts: KubeletServerParts, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://kubelet')
  await authorize(parts, request, url.pathname)
  const [, first = '', ...rest] = url.pathname.split('/').map(decodeURIComponent)
  const { runtime } = parts.state
  if (first === 'exec' || first === 'attach') {
    const container = await findContainer(parts, rest)
    if (container.state !== 'running') {
      const [namespace = '', pod = ''] = rest
      const gone =
        first === 'exec' ? `container not found ("${container.name}")` : `container ${container.name} not found in pod ${pod}_${namespace}`
      throw new Refused(500, gone)
    }
    const streams = streamsOf(url.searchParams)
    if (!streams.stdin && !streams.stdout && !streams.stderr) throw new Refused(400, 'you must specify at least 1 of stdin, stdout, stderr')
    const target =
      first === 'exec'
        ? await runtime.exec(container.id, url.searchParams.getAll('command'), streams)
        : await runtime.attach(container.id, streams)
    return isWebSocket(request) ? serveRemoteCommand(request, socket, head, target, streams) : relaySpdy(request, socket, head, target)
  }
  if (first === 'portForward') {
    const [namespace = '', name = ''] = rest
    const sandbox = parts.state.worker(namespace, name)?.view.sandboxes.find((s) => s.state === 'ready')
    if (sandbox === undefined) throw new Refused(404, `pod "${name}_${namespace}" does not exist or is not running`)
    const target = await runtime.portForward(sandbox.id, url.searchParams.getAll('port').map(Number))
    return isWebSocket(request) ? servePortForwardTunnel(request, socket, head, target) : relaySpdy(request, socket, head, target)
  }
  throw new Refused(404, '404 page not found')
}

/** The kubelet's own names (`input`), and the API's (`stdin`). */
function streamsOf(query: URLSearchParams): Streams {
  const flag = (...names: string[]) => names.some((n) => ['1', 'true'].includes(query.get(n) ?? ''))
  return { stdin: flag('input', 'stdin'), stdout: flag('output', 'stdout'), stderr: flag('error', 'stderr'), tty: flag('tty') }
}

function known(error: unknown, log: Log): { readonly code: number; readonly message: string } {
  if (error instanceof Refused) return { code: error.code, message: error.message }
  if (error instanceof RuntimeFailure) return { code: 500, message: error.message }
  log.error('kubelet request failed', { error: (error as Error).stack ?? String(error) })
  return { code: 500, message: 'internal error' }
}

function refuse(response: ServerResponse, error: unknown, log: Log): void {
  const { code, message } = known(error, log)
  if (!response.headersSent) response.writeHead(code, { 'Content-Type': 'text/plain; charset=utf-8' })
  response.end(`${message}\n`)
}

function text(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end(body)
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}
