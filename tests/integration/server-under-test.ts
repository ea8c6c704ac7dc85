/** A `k8ts server` process for tests that talk to it over TLS as strangers would. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type ClientHttp2Session } from 'node:http2'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { load } from 'js-yaml'

export const root = resolve(import.meta.dirname, '../..')

export interface ServerUnderTest extends AsyncDisposable {
  readonly process: ChildProcess
  readonly port: number
  readonly directory: string
  readonly kubeconfig: string
  /** One call over HTTP/2 as the administrator, unless `anonymous`. */
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>
  /** The lines of an answer that goes on, such as a watch, as they come. */
  lines(path: string): AsyncGenerator<string>
  /** What the server has written so far. */
  log(): string
}

export interface CallOptions {
  readonly contentType?: string
  readonly accept?: string
  readonly anonymous?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The body as JSON; throws when it is not. */
  json<T = Record<string, unknown>>(): T
}

/** Starts a server on a free port and waits until `/readyz` is 200. */
export async function startServer(
  options: {
    readonly flags?: readonly string[]
    readonly directory?: string
    readonly port?: number
    /** The loopback address to serve on. */
    readonly host?: string
    readonly command?: 'server' | 'kube-apiserver'
    readonly env?: NodeJS.ProcessEnv
  } = {},
): Promise<ServerUnderTest> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'k8ts-server-'))
  const port = options.port ?? (await freePort())
  const host = options.host ?? '127.0.0.1'
  const words = [
    options.command ?? 'server',
    '--data-dir',
    directory,
    '--secure-port',
    String(port),
    '--bind-address',
    host,
    ...(options.flags ?? []),
  ]
  const child = spawn(join(root, 'k8ts'), words, { stdio: ['ignore', 'pipe', 'pipe'], env: options.env ?? process.env })
  let written = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (written += chunk.toString()))
  let sessions: { admin?: ClientHttp2Session; anonymous?: ClientHttp2Session } = {}
  const kubeconfig = join(directory, 'admin.kubeconfig')

  const session = (anonymous: boolean): ClientHttp2Session => {
    const key = anonymous ? 'anonymous' : 'admin'
    const open = sessions[key]
    if (open !== undefined && !open.destroyed && !open.closed) return open
    const { ca, cert, key: privateKey } = credentials(kubeconfig)
    const made = connect(`https://${host}:${port}`, anonymous ? { ca } : { ca, cert, key: privateKey })
    made.on('error', () => {})
    sessions = { ...sessions, [key]: made }
    return made
  }
  const tryCall = async (method: string, path: string, body?: unknown, o: CallOptions = {}): Promise<Answer> => {
    const headers: Record<string, string> = { ':method': method, ':path': path, accept: o.accept ?? 'application/json', ...o.headers }
    const bytes =
      body === undefined
        ? undefined
        : body instanceof Uint8Array
          ? body
          : typeof body === 'string'
            ? Buffer.from(body)
            : Buffer.from(JSON.stringify(body))
    if (bytes !== undefined) headers['content-type'] = o.contentType ?? 'application/json'
    const stream = session(o.anonymous === true).request(headers, { endStream: bytes === undefined })
    if (bytes !== undefined) stream.end(bytes)
    const [response] = (await once(stream, 'response')) as [Record<string, string>]
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    return { status: Number(response[':status']), headers: response, text, json: <T>() => JSON.parse(text) as T }
  }
  // a server that turns a stranger's connection away refuses what was sent on it meanwhile: nothing was done, so it is asked anew
  const call: typeof tryCall = async (...args) => {
    for (let again = 0; ; again++) {
      try {
        return await tryCall(...args)
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        const isRefused = code === 'ERR_HTTP2_GOAWAY_SESSION' || message.includes('NGHTTP2_REFUSED_STREAM')
        if (!isRefused || again === REFUSALS_MAX) throw error
      }
    }
  }

  async function* lines(path: string): AsyncGenerator<string> {
    const stream = session(false).request({ ':path': path, accept: 'application/json' })
    let rest = ''
    try {
      for await (const chunk of stream) {
        const cut = (rest + (chunk as Buffer).toString()).split('\n')
        rest = cut.pop()!
        yield* cut
      }
    } finally {
      stream.close()
    }
  }

  await ready(child, call, () => written)
  return {
    process: child,
    port,
    directory,
    kubeconfig,
    call,
    lines,
    log: () => written,
    async [Symbol.asyncDispose]() {
      for (const s of Object.values(sessions)) s?.destroy()
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The embedded certificates of a kubeconfig, as PEM. */
export function credentials(kubeconfig: string): { readonly ca: string; readonly cert: string; readonly key: string } {
  const config = load(readFileSync(kubeconfig, 'utf8')) as {
    clusters: { cluster: { 'certificate-authority-data': string } }[]
    users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[]
  }
  const text = (base64: string) => Buffer.from(base64, 'base64').toString()
  const user = config.users[0]!.user
  return {
    ca: text(config.clusters[0]!.cluster['certificate-authority-data']),
    cert: text(user['client-certificate-data']),
    key: text(user['client-key-data']),
  }
}

export function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => done(port))
    })
  })
}

const READY_MS = 30_000
const REFUSALS_MAX = 3

async function ready(child: ChildProcess, call: (method: string, path: string) => Promise<Answer>, written: () => string): Promise<void> {
  const deadline = performance.now() + READY_MS
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${written()}`)
    try {
      if ((await call('GET', '/readyz')).status === 200) return
    } catch {
      // not listening yet
    }
    if (performance.now() > deadline) throw new Error(`the server was not ready in ${READY_MS} ms: ${written()}`)
    await new Promise((done) => setTimeout(done, 10))
  }
}
