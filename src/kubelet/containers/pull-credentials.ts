/** Which logins of a pod's imagePullSecrets are for an image's registry. */

import type { Pod } from '#api/core/v1/pod.ts'
import type { Credentials } from '#runtime/runtime.ts'
import type { ObjectReader } from './environment.ts'

export interface PullCredentials {
  /** The more particular path first, as in the order they are tried. */
  readonly logins: readonly Credentials[]
  /** Secrets that could not be read. */
  readonly missing: readonly string[]
}

export async function pullCredentials(pod: Pod, reference: string, objects: ObjectReader): Promise<PullCredentials> {
  const found: { readonly place: string; readonly login: Credentials }[] = []
  const missing: string[] = []
  for (const { name = '' } of pod.spec.imagePullSecrets ?? []) {
    if (name === '') continue // upstream keeps such entries for old objects and passes over them
    const secret = await objects.secret(pod.metadata.namespace ?? 'default', name).catch(() => undefined)
    if (secret === undefined) {
      missing.push(name)
      continue
    }
    const document = secret.data?.['.dockerconfigjson']
    const text = document ?? secret.data?.['.dockercfg']
    if (text === undefined) continue
    const parsed = parseObject(Buffer.from(text, 'base64').toString('utf8'))
    const entries = document === undefined ? parsed : parsed['auths']
    for (const [place, entry] of Object.entries((entries ?? {}) as Record<string, unknown>))
      if (isFor(place, reference)) found.push({ place, login: loginOf(entry) })
  }
  found.sort((a, b) => (a.place < b.place ? 1 : a.place > b.place ? -1 : 0))
  return { logins: found.map((f) => f.login), missing }
}

/** `host[:port]` of an image reference; references without one belong to the default registry. */
export function registryOf(reference: string): string {
  const first = reference.split('/')[0]!
  if (!reference.includes('/') || !(/[.:]/.test(first) || first === 'localhost')) return DEFAULT_REGISTRY
  return first === 'docker.io' ? DEFAULT_REGISTRY : first
}

const DEFAULT_REGISTRY = 'index.docker.io'

/**
 * Only name and password go to the runtime. An address beside them would have to be a URL with the registry's host: a runtime drops, or
 * refuses to read, a login whose address is the bare host that such secrets usually have.
 */
function loginOf(entry: unknown): Credentials {
  const { username, password, auth } = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>
  if (typeof auth === 'string' && auth !== '') {
    const decoded = Buffer.from(auth, 'base64').toString('utf8')
    const colon = decoded.indexOf(':')
    if (colon !== -1) return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
  }
  return { username: String(username ?? ''), password: String(password ?? '') }
}

/** Whether a place of a docker config (`host`, `*.host`, `host:port/path`, `https://host/v1/`) covers the image. */
function isFor(place: string, reference: string): boolean {
  const [wantedHost, wantedPort, wantedPath] = split(place)
  const registry = registryOf(reference)
  const rest = registry === DEFAULT_REGISTRY ? reference.replace(/^(index\.)?docker\.io\//, '') : reference.slice(registry.length + 1)
  const [host, port] = split(registry)
  const wanted = wantedHost.split('.')
  const labels = host.split('.')
  return (
    wantedPort === port &&
    wanted.length === labels.length &&
    wanted.every((pattern, i) => globMatches(pattern, labels[i]!)) &&
    rest.startsWith(wantedPath)
  )
}

function split(place: string): readonly [host: string, port: string, path: string] {
  const bare = place
    .replace(/^https?:\/\//, '')
    .replace(/\/v[12]\/?$/, '')
    .replace(/\/$/, '')
  const slash = bare.indexOf('/')
  const authority = slash === -1 ? bare : bare.slice(0, slash)
  const colon = authority.lastIndexOf(':')
  const path = slash === -1 ? '' : bare.slice(slash + 1)
  return colon === -1 ? [authority, '', path] : [authority.slice(0, colon), authority.slice(colon + 1), path]
}

function globMatches(pattern: string, label: string): boolean {
  const source = pattern.split('*').map((part) => part.replace(/[^\w-]/g, '\\$&'))
  return new RegExp(`^${source.join('.*')}$`).test(label)
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {} // a damaged secret gives no credentials; the pull then says it was refused
  }
}
