/** Chance as a parameter: the system's for processes, a seeded one for tests, so that any run can be repeated. */

import { randomBytes, randomFillSync } from 'node:crypto'

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  bytes(count: number): Uint8Array
}

export const systemRandom: Random = {
  next: () => Buffer.from(drawn(4)).readUInt32LE() / 2 ** 32,
  bytes: (count) => (count > DRAWN_MAX ? randomBytes(count) : drawn(count)),
}

const POOL_BYTES = 4096 // the cost of asking the system is in the asking
const DRAWN_MAX = 64
const pool = new Uint8Array(POOL_BYTES)
let drawnBytes = POOL_BYTES

/** Bytes drawn ahead; none is given twice, and what was given is wiped. */
function drawn(count: number): Uint8Array {
  if (drawnBytes + count > POOL_BYTES) {
    randomFillSync(pool)
    drawnBytes = 0
  }
  const bytes = pool.slice(drawnBytes, drawnBytes + count)
  pool.fill(0, drawnBytes, (drawnBytes += count))
  return bytes
}

/** A repeatable sequence (mulberry32) from a 32-bit seed. Not for keys or tokens. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return { next, bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)) }
}

/** A random (version 4) UUID. */
export function uuid(random: Random): string {
  const b = random.bytes(16)
  b[6] = (b[6]! & 0x0f) | 0x40
  b[8] = (b[8]! & 0x3f) | 0x80
  const hex = Buffer.from(b).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const SAFE_LETTERS = 'bcdfghjklmnpqrstvwxz2456789' // upstream's alphabet for generated names: no vowels, so no words

/** `length` letters for the end of a generated name. */
export function nameSuffix(random: Random, length = 5): string {
  return Array.from({ length }, () => SAFE_LETTERS[Math.floor(random.next() * SAFE_LETTERS.length)]).join('')
}
