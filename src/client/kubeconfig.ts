/** Reads kubeconfig files: which server, how to trust it, and who to be. */

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { load } from 'js-yaml'

/** What a kubeconfig's current context says; certificates and keys are PEM. */
export interface Connection {
  readonly server: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly token?: string
  readonly username?: string
  readonly password?: string
  readonly insecure?: boolean
  /** Name the server's certificate must carry when that is not the host in `server`. */
  readonly serverName?: string
  readonly namespace?: string
}

/** The kubeconfig cannot be used; the message is one plain sentence. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError'
}

/** Reads the file at `path`; relative file names in it are relative to its folder. Throws `KubeconfigError`. */
export function loadKubeconfig(path: string, contextName?: string): Connection {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'this user may not read it' : (error as Error).message
    throw new KubeconfigError(`cannot read the kubeconfig ${path}: ${why}`, { cause: error })
  }
  return parseKubeconfig(text, path, dirname(resolve(path)), contextName)
}

interface Named<K extends string, T> {
  readonly name: string
  readonly value?: T
  readonly [key: string]: unknown
  readonly kind?: K
}

interface Config {
  readonly 'current-context'?: string
  readonly contexts?: readonly Named<'context', never>[]
  readonly clusters?: readonly Named<'cluster', never>[]
  readonly users?: readonly Named<'user', never>[]
}

/** Reads a kubeconfig's text; `name` is what errors call it. */
export function parseKubeconfig(text: string, name: string, directory: string, contextName?: string): Connection {
  if (text.trim() === '') throw new KubeconfigError(`cannot read the kubeconfig ${name}: it is empty`)
  let config: Config
  try {
    config = load(text) as Config
  } catch (error) {
    throw new KubeconfigError(`cannot read the kubeconfig ${name}: it is not YAML (${(error as Error).message.split('\n')[0]})`, {
      cause: error,
    })
  }
  if (config === null || config === undefined) throw new KubeconfigError(`cannot read the kubeconfig ${name}: it is empty`)
  if (typeof config !== 'object' || Array.isArray(config))
    throw new KubeconfigError(`cannot read the kubeconfig ${name}: it is no kubeconfig, which has contexts, clusters and users`)
  const find = (list: unknown, wanted: unknown, member: string): Readonly<Record<string, unknown>> => {
    const entry = Array.isArray(list) ? list.find((e: { name?: unknown }) => e?.name === wanted) : undefined
    if (entry === undefined)
      throw new KubeconfigError(`cannot use the kubeconfig ${name}: it has no ${member} named ${JSON.stringify(wanted ?? '')}`)
    return (entry[member] ?? {}) as Readonly<Record<string, unknown>>
  }
  const context = find(config.contexts, contextName ?? config['current-context'], 'context')
  const cluster = find(config.clusters, context['cluster'], 'cluster')
  const user = context['user'] === undefined || context['user'] === '' ? {} : find(config.users, context['user'], 'user')
  for (const unsupported of ['exec', 'auth-provider']) {
    if (user[unsupported] !== undefined)
      throw new KubeconfigError(
        `cannot use the kubeconfig ${name}: its user takes credentials from ${unsupported}, which is not supported: use a token or a client certificate`,
      )
  }
  const textOf = (from: Readonly<Record<string, unknown>>, member: string) =>
    typeof from[member] === 'string' && from[member] !== '' ? (from[member] as string) : undefined
  const pem = (from: Readonly<Record<string, unknown>>, member: string) => {
    const data = textOf(from, `${member}-data`)
    if (data !== undefined) return Buffer.from(data, 'base64').toString()
    const file = textOf(from, member)
    return file === undefined ? undefined : readPart(resolve(directory, file), name)
  }
  const tokenFile = textOf(user, 'tokenFile')
  const server = textOf(cluster, 'server')
  if (server === undefined || !URL.canParse(server))
    throw new KubeconfigError(`cannot use the kubeconfig ${name}: its server ${JSON.stringify(server ?? '')} is not a URL`)
  return defined({
    server: server.replace(/\/+$/, ''),
    ca: pem(cluster, 'certificate-authority'),
    cert: pem(user, 'client-certificate'),
    key: pem(user, 'client-key'),
    token: textOf(user, 'token') ?? (tokenFile === undefined ? undefined : readPart(resolve(directory, tokenFile), name).trim()),
    username: textOf(user, 'username'),
    password: textOf(user, 'password'),
    insecure: cluster['insecure-skip-tls-verify'] === true ? true : undefined,
    serverName: textOf(cluster, 'tls-server-name'),
    namespace: textOf(context, 'namespace'),
  })
}

function readPart(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new KubeconfigError(`cannot use the kubeconfig ${name}: it names ${path}, which cannot be read`, { cause: error })
  }
}

function defined<T extends object>(value: T): { readonly [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as never
}
