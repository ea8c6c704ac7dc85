/** Values under keys that a key management service guards (KMS v2, upstream's KEP-3299): it sees only the seeds that keys are derived from, never the values. */

import type { Cipher } from './cipher.ts'
import { openSeeded, openWithKey, sealSeeded } from './cipher.ts'
import { bytesField, decodeFields, encodeFields, mapField, mapFields, textField } from './fields.ts'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { uuid, type Random } from '#base/random.ts'

/** The calls of `v2.KeyManagementService`, message bytes in and out. Throws when the service does not answer. */
export interface KmsConnection extends AsyncDisposable {
  call(method: 'Status' | 'Encrypt' | 'Decrypt', request: Uint8Array, timeoutMs: number): Promise<Uint8Array>
}

export interface KmsParts {
  readonly name: string
  readonly connection: KmsConnection
  readonly timeoutMs: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface Kms extends AsyncDisposable {
  readonly cipher: Cipher
  /** Throws with why the service cannot be used. */
  check(): Promise<void>
}

const SEED_BYTES = 32
const SEED_FROM_HKDF = 1 // EncryptedDEKSourceType: the source is a seed rather than a key
const STATUS_EVERY_MS = 60_000 // upstream's; sooner while something is wrong
const STATUS_AFTER_FAILURE_MS = 10_000
const SEEDS_KEPT = 1000

interface Source {
  readonly keyId: string
  readonly seed: Uint8Array
  readonly encrypted: Uint8Array
  readonly annotations: ReadonlyMap<string, Uint8Array>
}

/** Asks the service for its key and a first seed. Throws when it cannot be used. */
export async function openKms(parts: KmsParts): Promise<Kms> {
  const { name, connection, timeoutMs, clock, random, log } = parts
  const stop = new AbortController()
  const seeds = new Map<string, Uint8Array>()
  let source: Source | undefined
  let trouble: Error | undefined

  async function status(): Promise<string> {
    const answer = decodeFields(await connection.call('Status', new Uint8Array(), timeoutMs))
    const version = textField(answer, 1)
    if (version !== 'v2' && version !== 'v2beta1')
      throw new Error(`unsupported version ${JSON.stringify(version)} of the KMS plugin ${name}`)
    const health = textField(answer, 2)
    if (health !== 'ok') throw new Error(`the KMS plugin ${name} is not well: ${health}`)
    const keyId = textField(answer, 3)
    if (keyId === '') throw new Error(`the KMS plugin ${name} has no key`)
    return keyId
  }

  async function newSource(): Promise<Source> {
    const seed = random.bytes(SEED_BYTES)
    const answer = decodeFields(
      await connection.call(
        'Encrypt',
        encodeFields([
          [1, seed],
          [2, uuid(random)],
        ]),
        timeoutMs,
      ),
    )
    return { seed, encrypted: bytesField(answer, 1), keyId: textField(answer, 2), annotations: mapField(answer, 3) }
  }

  /** A new seed whenever the service has another key. */
  async function renew(): Promise<void> {
    try {
      const keyId = await status()
      if (source?.keyId !== keyId) source = await newSource()
      trouble = undefined
    } catch (error) {
      trouble = error as Error
      log.error('key management service not well', { name, error })
    }
  }

  async function seedOf(encrypted: Uint8Array, keyId: string, annotations: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
    const key = Buffer.from(encrypted).toString('base64')
    let seed = source && Buffer.compare(source.encrypted, encrypted) === 0 ? source.seed : seeds.get(key)
    if (seed === undefined) {
      const request = encodeFields([[1, encrypted], [2, uuid(random)], [3, keyId], ...mapFields(4, annotations)])
      seed = bytesField(decodeFields(await connection.call('Decrypt', request, timeoutMs)), 1)
      if (seeds.size >= SEEDS_KEPT) seeds.clear()
      seeds.set(key, seed)
    }
    return seed
  }

  await renew()
  if (source === undefined) {
    await connection[Symbol.asyncDispose]()
    throw trouble!
  }
  const watching = (async () => {
    while (!stop.signal.aborted) {
      await sleep(clock, trouble ? STATUS_AFTER_FAILURE_MS : STATUS_EVERY_MS, stop.signal).catch(() => {})
      if (!stop.signal.aborted) await renew()
    }
  })()

  return {
    cipher: {
      prefix: `k8s:enc:kms:v2:${name}:`,
      encrypt(value, storageKey) {
        const { seed, encrypted, keyId, annotations } = source!
        return encodeFields([
          [1, sealSeeded(seed, value, storageKey, random)],
          [2, keyId],
          [3, encrypted],
          ...mapFields(4, annotations),
          [5, SEED_FROM_HKDF],
        ])
      },
      async decrypt(value, storageKey) {
        const object = decodeFields(value)
        const seed = await seedOf(bytesField(object, 3), textField(object, 2), mapField(object, 4))
        const open = object.get(5)?.at(-1) === SEED_FROM_HKDF ? openSeeded : openWithKey
        return open(seed, bytesField(object, 1), storageKey)
      },
      outdated: (value) => textField(decodeFields(value), 2) !== source!.keyId,
    },
    async check() {
      if (trouble) throw trouble
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await watching
      await connection[Symbol.asyncDispose]()
    },
  }
}
