/** EncryptionConfiguration (apiserver.config.k8s.io/v1): which resources are kept encrypted, and how. */

import { parseYaml } from '#schema/yaml.ts'
import { durationMs } from '#schema/duration.ts'

export type Provider =
  | { readonly type: 'identity' }
  | { readonly type: 'aescbc' | 'aesgcm' | 'secretbox'; readonly keys: readonly { readonly name: string; readonly secret: Uint8Array }[] }
  | { readonly type: 'kms'; readonly name: string; readonly endpoint: string; readonly timeoutMs: number }

/** The first provider writes; all of them are tried to read. */
export interface EncryptedResources {
  /** `plural`, `plural.group`, `*.group`, `*.` for the core group, `*.*` for all. */
  readonly resources: readonly string[]
  readonly providers: readonly Provider[]
}

/** The file cannot be used; the message names every field that is wrong. Secrets are never shown. */
export class EncryptionConfigurationError extends Error {
  override readonly name = 'EncryptionConfigurationError'
}

const KEY_BYTES = { aescbc: [16, 24, 32], aesgcm: [16, 24, 32], secretbox: [32] } as const
const KMS_TIMEOUT_MS = 3000 // upstream's default

/** Throws `EncryptionConfigurationError`. */
export function parseEncryptionConfiguration(text: string): readonly EncryptedResources[] {
  let document: unknown
  try {
    document = parseYaml(Buffer.from(text)).value
  } catch (error) {
    throw new EncryptionConfigurationError(`cannot be decoded: ${(error as Error).message}`, { cause: error })
  }
  const { apiVersion, kind, resources, ...others } = record(document)
  if (apiVersion !== 'apiserver.config.k8s.io/v1' || kind !== 'EncryptionConfiguration')
    throw new EncryptionConfigurationError(
      `no kind ${JSON.stringify(kind ?? '')} is registered for version ${JSON.stringify(apiVersion ?? '')}; it must be EncryptionConfiguration of apiserver.config.k8s.io/v1`,
    )
  const problems = Object.keys(others).map((name) => `unknown field ${JSON.stringify(name)}`)
  const groups = Array.isArray(resources) ? resources : []
  if (groups.length === 0) problems.push('resources: Required value: resources must have at least one')
  const names = new Set<string>()
  const read = groups.map((one, index) => groupOf(record(one), `resources[${index}]`, names, problems))
  if (problems.length > 0) throw new EncryptionConfigurationError(problems.join(', '))
  return read
}

function groupOf({ resources, providers }: Members, path: string, kmsNames: Set<string>, problems: string[]): EncryptedResources {
  const names = Array.isArray(resources) ? resources.map(String) : []
  if (names.length === 0) problems.push(`${path}.resources: Required value: resources must have at least one`)
  for (const [index, name] of names.entries()) {
    const at = `${path}.resources[${index}]: Invalid value: ${JSON.stringify(name)}`
    if (name === '*') problems.push(`${at}: use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources`)
    if (name !== name.toLowerCase()) problems.push(`${at}: resource name should be lowercase`)
    if (name.startsWith('*.') && names.some((other, i) => i < index && covers(name, other)))
      problems.push(`${at}: using overlapping resources in the same resource list is not allowed as it has undefined behavior`)
  }
  const list = Array.isArray(providers) ? providers : []
  if (list.length === 0) problems.push(`${path}.providers: Required value: provider is not defined`)
  return {
    resources: names,
    providers: list.flatMap((provider, index) => providerOf(record(provider), `${path}.providers[${index}]`, kmsNames, problems)),
  }
}

function providerOf(provider: Members, path: string, kmsNames: Set<string>, problems: string[]): readonly Provider[] {
  const sorts = Object.keys(provider)
  if (sorts.length === 0)
    problems.push(
      `${path}: Required value: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity`,
    )
  if (sorts.length > 1)
    problems.push(`${path}: Invalid value: more than one provider specified in a single element, should split into different list elements`)
  const [sort] = sorts
  switch (sort) {
    case 'identity':
      return [{ type: 'identity' }]
    case 'aescbc':
    case 'aesgcm':
    case 'secretbox':
      return [{ type: sort, keys: keysOf(record(provider[sort])['keys'], `${path}.${sort}.keys`, KEY_BYTES[sort], problems) }]
    case 'kms':
      return kmsOf(record(provider['kms']), `${path}.kms`, kmsNames, problems)
    case undefined:
      return []
    default:
      problems.push(`unknown field ${JSON.stringify(`${path}.${sort}`)}`)
      return []
  }
}

function keysOf(value: unknown, path: string, lengths: readonly number[], problems: string[]) {
  const keys = Array.isArray(value) ? value : []
  if (keys.length === 0) problems.push(`${path}: Required value: keys must have at least one`)
  return keys.map((one, index) => {
    const { name, secret } = record(one)
    const at = `${path}[${index}]`
    if (typeof name !== 'string' || name === '') problems.push(`${at}.name: Required value: key name must be provided`)
    else if (name.includes(':')) problems.push(`${at}.name: Invalid value: ${JSON.stringify(name)}: key name must not contain ':'`)
    if (typeof secret !== 'string' || secret === '') problems.push(`${at}.secret: Required value: key secret must be provided`)
    const bytes = Buffer.from(typeof secret === 'string' ? secret : '', 'base64')
    if (typeof secret === 'string' && secret !== '' && !/^[A-Za-z0-9+/]+={0,2}$/.test(secret))
      problems.push(`${at}.secret: Invalid value: "REDACTED": secret must be base64 encoded`)
    else if (typeof secret === 'string' && secret !== '' && !lengths.includes(bytes.length))
      problems.push(
        `${at}.secret: Invalid value: "REDACTED": secret is not of the expected length, got ${bytes.length}, expected one of [${lengths.join(' ')}]`,
      )
    return { name: typeof name === 'string' ? name : '', secret: bytes }
  })
}

function kmsOf(
  { apiVersion, name, endpoint, timeout, cachesize }: Members,
  path: string,
  names: Set<string>,
  problems: string[],
): readonly Provider[] {
  if (apiVersion !== 'v2')
    problems.push(
      `${path}.apiVersion: Invalid value: ${JSON.stringify(apiVersion ?? 'v1')}: unsupported apiVersion for KMS provider, only v2 is served here`,
    )
  if (cachesize !== undefined)
    problems.push(`${path}.cachesize: Invalid value: ${JSON.stringify(cachesize)}: cachesize is not supported in v2`)
  const called = typeof name === 'string' ? name : ''
  if (called === '') problems.push(`${path}.name: Required value: name is a required`)
  else if (called.includes(':'))
    problems.push(`${path}.name: Invalid value: ${JSON.stringify(called)}: KMS provider name must not contain ':'`)
  else if (names.has(called))
    problems.push(`${path}.name: Invalid value: ${JSON.stringify(called)}: duplicate KMS provider name ${called}, names must be unique`)
  names.add(called)
  const address = typeof endpoint === 'string' ? endpoint : ''
  if (address === '') problems.push(`${path}.endpoint: Required value: endpoint is a required field`)
  else if (!address.startsWith('unix://'))
    problems.push(`${path}.endpoint: Invalid value: ${JSON.stringify(address)}: unsupported scheme, must be unix`)
  const timeoutMs = timeout === undefined ? KMS_TIMEOUT_MS : (durationMs(String(timeout)) ?? 0)
  if (timeoutMs <= 0) problems.push(`${path}.timeout: Invalid value: ${JSON.stringify(timeout)}: should be a positive value`)
  return [{ type: 'kms', name: called, endpoint: address.slice('unix://'.length), timeoutMs }]
}

function covers(pattern: string, name: string): boolean {
  return pattern === '*.*' || pattern === name || (pattern.length > 2 && name.endsWith(pattern.slice(1)))
}

type Members = Readonly<Record<string, unknown>>

function record(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {}
}
