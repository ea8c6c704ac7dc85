/** Ways to keep values so that the disk alone does not tell them; each writes what upstream's of the same name writes, so either reads the other's. */

import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import type { Random } from '#base/random.ts'

/** Values are bound to the key they are stored under where the cipher can do that. */
export interface Cipher {
  /** What its values begin with. */
  readonly prefix: string
  /** Without the prefix, both ways. Throw when the value is not what was written. */
  encrypt(value: Uint8Array, storageKey: string): Uint8Array | Promise<Uint8Array>
  decrypt(value: Uint8Array, storageKey: string): Uint8Array | Promise<Uint8Array>
  /** Whether a value that could be decrypted ought to be written anew. */
  outdated?(value: Uint8Array): boolean
}

export interface NamedKey {
  readonly name: string
  readonly secret: Uint8Array
}

const CBC_BLOCK_BYTES = 16
const GCM_NONCE_BYTES = 12
const GCM_TAG_BYTES = 16
const SECRETBOX_NONCE_BYTES = 24

export function aesCbc({ name, secret }: NamedKey, random: Random): Cipher {
  const algorithm = `aes-${secret.length * 8}-cbc`
  return {
    prefix: `k8s:enc:aescbc:v1:${name}:`,
    encrypt(value) {
      const iv = random.bytes(CBC_BLOCK_BYTES)
      const cipher = createCipheriv(algorithm, secret, iv)
      return Buffer.concat([iv, cipher.update(value), cipher.final()])
    },
    decrypt(value) {
      const cipher = createDecipheriv(algorithm, secret, value.subarray(0, CBC_BLOCK_BYTES))
      return Buffer.concat([cipher.update(value.subarray(CBC_BLOCK_BYTES)), cipher.final()])
    },
  }
}

export function aesGcm({ name, secret }: NamedKey, random: Random): Cipher {
  return {
    prefix: `k8s:enc:aesgcm:v1:${name}:`,
    encrypt: (value, storageKey) => sealGcm(secret, random.bytes(GCM_NONCE_BYTES), value, storageKey),
    decrypt: (value, storageKey) => openGcm(secret, value, storageKey),
  }
}

/** Nonce, ciphertext and tag. */
function sealGcm(secret: Uint8Array, nonce: Uint8Array, value: Uint8Array, bound: string): Uint8Array {
  const cipher = createCipheriv(`aes-${secret.length * 8}-gcm` as 'aes-256-gcm', secret, nonce)
  cipher.setAAD(Buffer.from(bound))
  return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()])
}

function openGcm(secret: Uint8Array, value: Uint8Array, bound: string): Uint8Array {
  if (value.length < GCM_NONCE_BYTES + GCM_TAG_BYTES) throw new Error('the stored data was shorter than the required size')
  const cipher = createDecipheriv(`aes-${secret.length * 8}-gcm` as 'aes-256-gcm', secret, value.subarray(0, GCM_NONCE_BYTES))
  cipher.setAAD(Buffer.from(bound))
  cipher.setAuthTag(value.subarray(-GCM_TAG_BYTES))
  return Buffer.concat([cipher.update(value.subarray(GCM_NONCE_BYTES, -GCM_TAG_BYTES)), cipher.final()])
}

export async function secretbox({ name, secret }: NamedKey, random: Random): Promise<Cipher> {
  const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js')
  return {
    prefix: `k8s:enc:secretbox:v1:${name}:`,
    encrypt(value) {
      const nonce = random.bytes(SECRETBOX_NONCE_BYTES)
      return Buffer.concat([nonce, xsalsa20poly1305(secret, nonce).encrypt(value)])
    },
    decrypt: (value) => xsalsa20poly1305(secret, value.subarray(0, SECRETBOX_NONCE_BYTES)).decrypt(value.subarray(SECRETBOX_NONCE_BYTES)),
  }
}

const SEED_INFO_BYTES = 32

/** AES-GCM under a key of its own for every value, derived from a seed: as many values may be written under one seed as one likes. */
export function sealSeeded(seed: Uint8Array, value: Uint8Array, storageKey: string, random: Random): Uint8Array {
  const info = random.bytes(SEED_INFO_BYTES)
  return Buffer.concat([info, sealGcm(derived(seed, info), random.bytes(GCM_NONCE_BYTES), value, storageKey)])
}

export function openSeeded(seed: Uint8Array, value: Uint8Array, storageKey: string): Uint8Array {
  return openGcm(derived(seed, value.subarray(0, SEED_INFO_BYTES)), value.subarray(SEED_INFO_BYTES), storageKey)
}

/** The first block of HKDF's expansion with SHA-256 (RFC 5869): the seed is a pseudorandom key already. */
function derived(seed: Uint8Array, info: Uint8Array): Uint8Array {
  return createHmac('sha256', seed).update(info).update(Uint8Array.of(1)).digest()
}

/** As earlier versions of key management wrote: the key itself rather than a seed of it. */
export function openWithKey(key: Uint8Array, value: Uint8Array, storageKey: string): Uint8Array {
  return openGcm(key, value, storageKey)
}
