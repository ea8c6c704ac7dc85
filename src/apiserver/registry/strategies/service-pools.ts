/** Pools of cluster addresses and node ports. In memory: the stored services say what is taken. */

import { familyOf, type Family } from './service-families.ts'
import { addressNumber, addressText, isIP } from '#base/addresses.ts'
import type { Random } from '#base/random.ts'

const TRIES = 64 // random picks before a scan: a pool is rarely more than half full

const SIZE_MAX = 2 ** 48 // of an IPv6 range that is looked at; nobody fills it

/** Addresses of one range, without its first and, for IPv4, its last; the lower part is for hand-picked ones. */
export class AddressPool {
  readonly family: Family
  /** The range's first address: the API server's own service. */
  readonly first: string
  readonly #base: bigint
  /** One beyond the last address that may be given. */
  readonly #end: number
  readonly #offset: number
  readonly #cidr: string
  readonly #taken = new Set<number>()
  readonly #random: Random

  constructor(cidr: string, random: Random) {
    const [address, bits] = cidr.split('/') as [string, string]
    this.family = familyOf(address)
    const width = this.family === 'IPv4' ? 32 : 128
    const hostBits = BigInt(width - Number(bits))
    const size = Math.min(2 ** Number(hostBits), SIZE_MAX)
    this.#cidr = cidr
    this.#base = (addressNumber(address) >> hostBits) << hostBits
    this.#end = this.family === 'IPv4' ? size - 1 : size
    // Upstream keeps min(max(16, size/16), 256) addresses free for clients that choose, so that they seldom collide.
    this.#offset = Math.min(Math.max(16, Math.floor(size / 16)), 256)
    this.#random = random
    this.first = addressText(this.#base + 1n, this.family)
    this.#taken.add(1)
  }

  contains(ip: string): boolean {
    return familyOf(ip) === this.family && this.#indexOf(ip) !== undefined
  }

  /** An address that nobody has, `unless` somebody outside says so. */
  next(unless: (ip: string) => boolean = () => false): string | undefined {
    for (;;) {
      const found =
        pick(this.#random, this.#offset < this.#end ? this.#offset : 1, this.#end, this.#taken) ??
        pick(this.#random, 1, this.#end, this.#taken)
      if (found === undefined) return undefined
      this.#taken.add(found)
      const ip = addressText(this.#base + BigInt(found), this.family)
      if (!unless(ip)) return ip
    }
  }

  /** Undefined when the address is now the caller's, else why not. */
  claim(ip: string): string | undefined {
    const index = this.#indexOf(ip)
    if (index === undefined)
      return `the provided network does not contain the provided IP. The provided IP is not in the valid range. The range of valid IPs is ${this.#cidr}`
    // The first address is kept from random picks, and anyone but its one owner finds it taken as any other.
    if (index === 1 && !this.#taken.has(-1)) {
      this.#taken.add(-1)
      return undefined
    }
    if (this.#taken.has(index)) return 'provided IP is already allocated'
    this.#taken.add(index)
    return undefined
  }

  free(ip: string): void {
    const index = this.#indexOf(ip)
    if (index === 1) this.#taken.delete(-1)
    else if (index !== undefined) this.#taken.delete(index)
  }

  #indexOf(ip: string): number | undefined {
    if (isIP(ip) === 0 || familyOf(ip) !== this.family) return undefined
    const index = addressNumber(ip) - this.#base
    return index > 0n && index < BigInt(this.#end) ? Number(index) : undefined
  }
}

export class PortPool {
  readonly #from: number
  readonly #to: number
  readonly #taken = new Set<number>()
  readonly #random: Random

  /** Both ends belong to the range. */
  constructor([from, to]: readonly [number, number], random: Random) {
    this.#from = from
    this.#to = to
    this.#random = random
  }

  next(): number | undefined {
    // The lowest ports stay for clients that choose, as with addresses.
    const size = this.#to - this.#from + 1
    const offset = size < 32 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128)
    const found =
      pick(this.#random, this.#from + offset, this.#to + 1, this.#taken) ?? pick(this.#random, this.#from, this.#to + 1, this.#taken)
    if (found !== undefined) this.#taken.add(found)
    return found
  }

  claim(port: number): string | undefined {
    if (port < this.#from || port > this.#to)
      return `provided port is not in the valid range. The range of valid ports is ${this.#from}-${this.#to}`
    if (this.#taken.has(port)) return 'provided port is already allocated'
    this.#taken.add(port)
    return undefined
  }

  free(port: number): void {
    this.#taken.delete(port)
  }
}

function pick(random: Random, from: number, to: number, taken: ReadonlySet<number>): number | undefined {
  const size = to - from
  if (size <= 0) return undefined
  for (let i = 0; i < TRIES; i++) {
    const found = from + Math.floor(random.next() * size)
    if (!taken.has(found)) return found
  }
  const start = Math.floor(random.next() * size)
  for (let i = 0; i < size; i++) {
    const found = from + ((start + i) % size)
    if (!taken.has(found)) return found
  }
  return undefined
}
