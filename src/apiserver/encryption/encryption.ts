/** Encryption at rest as a configuration asks for it, which may change while the server runs. */

import { aesCbc, aesGcm, secretbox, type Cipher } from './cipher.ts'
import type { EncryptedResources, Provider } from './configuration.ts'
import type { Ciphers } from './encrypted-store.ts'
import { openKms, type Kms, type KmsConnection } from './kms.ts'
import { storagePrefix } from '#apiserver/registry/storage-key.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { groupResource, type Resource } from '#schema/resource.ts'

export interface Encryption extends AsyncDisposable {
  readonly ciphersOf: (storageKey: string) => Ciphers | undefined
  /** From now on; what is stored is written anew as it is updated. Throws, and changes nothing, when a key management service cannot be used. */
  configure(groups: readonly EncryptedResources[]): Promise<void>
  /** Throws with what is wrong with a key management service. */
  check(): Promise<void>
}

export interface EncryptionParts {
  /** All that are stored, but for those that definitions make. */
  readonly resources: readonly Resource[]
  readonly connect: (socket: string) => KmsConnection
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

interface Configured {
  readonly groups: readonly { readonly resources: readonly string[]; readonly ciphers: Ciphers }[]
  readonly services: readonly Kms[]
}

export async function openEncryption(groups: readonly EncryptedResources[], parts: EncryptionParts): Promise<Encryption> {
  const names = new Map(parts.resources.map((resource) => [storagePrefix(resource), groupResource(resource)]))
  let configured = await open(groups, parts)
  let known = new Map<string, Ciphers | undefined>()

  function ciphersOf(name: string): Ciphers | undefined {
    if (!known.has(name))
      known.set(name, configured.groups.find(({ resources }) => resources.some((pattern) => covers(pattern, name)))?.ciphers)
    return known.get(name)
  }

  return {
    ciphersOf(storageKey) {
      const name = resourceOf(storageKey, names)
      return name === undefined ? undefined : ciphersOf(name)
    },
    async configure(next) {
      const before = configured
      configured = await open(next, parts)
      known = new Map()
      await close(before)
    },
    async check() {
      for (const service of configured.services) await service.check()
    },
    [Symbol.asyncDispose]: () => close(configured),
  }
}

async function open(groups: readonly EncryptedResources[], parts: EncryptionParts): Promise<Configured> {
  const services: Kms[] = []
  const cipherOf = async (provider: Provider): Promise<Ciphers> => {
    switch (provider.type) {
      case 'identity':
        return [undefined]
      case 'aescbc':
        return provider.keys.map((key) => aesCbc(key, parts.random))
      case 'aesgcm':
        return provider.keys.map((key) => aesGcm(key, parts.random))
      case 'secretbox':
        return Promise.all(provider.keys.map((key): Promise<Cipher> => secretbox(key, parts.random)))
      case 'kms': {
        const service = await openKms({ ...parts, ...provider, connection: parts.connect(provider.endpoint) })
        services.push(service)
        return [service.cipher]
      }
      default:
        return provider satisfies never
    }
  }
  try {
    const opened = []
    for (const { resources, providers } of groups) {
      const ciphers: (Cipher | undefined)[] = []
      for (const provider of providers) ciphers.push(...(await cipherOf(provider)))
      opened.push({ resources, ciphers })
    }
    return { groups: opened, services }
  } catch (error) {
    await close({ groups: [], services })
    throw error
  }
}

async function close({ services }: Configured): Promise<void> {
  for (const service of services) await service[Symbol.asyncDispose]()
}

/** `secrets`, `secrets.`, `plural.group`, `*.group`, `*.` for the core group, `*.*`. */
function covers(pattern: string, name: string): boolean {
  if (pattern === '*.*') return true
  if (pattern === '*.') return !name.includes('.')
  if (pattern.startsWith('*.')) return name.slice(name.indexOf('.')) === pattern.slice(1)
  return pattern === name || pattern === `${name}.`
}

/** Resources that are defined have their group in the key, which has a dot. */
function resourceOf(storageKey: string, names: ReadonlyMap<string, string>): string | undefined {
  const [, registry, first = '', second = ''] = storageKey.split('/')
  const name = names.get(`/${registry}/${first}/`) ?? names.get(`/${registry}/${first}/${second}/`)
  if (name !== undefined) return name
  return registry === 'registry' && first.includes('.') && second !== '' ? `${second}.${first}` : undefined
}
