/** Pools of cluster addresses and node ports. In memory: the stored services say what is taken. */

import type { Random } from '#base/random.ts'

const TRIES = 64 // random picks before a scan: a pool is rarely more than half full

/** IPv4 addresses of one range, without its network and broadcast address; the lower part is for hand-picked ones. */
export class AddressPool {
  /** The range's first address: the API server's own service. */
  readonly first: string
  readonly #base: number
  readonly #size: number
  readonly #offset: number
  readonly #cidr: string
  readonly #taken = new Set<number>()
  readonly #random: Random

  constructor(cidr: string, random: Random) {
    const [address, bits] = cidr.split('/')
    const mask = Number(bits)
    this.#cidr = cidr
    this.#size = 2 ** (32 - mask)
    this.#base = Math.floor(toNumber(address!) / this.#size) * this.#size
    // Upstream keeps min(max(16, size/16), 256) addresses free for clients that choose, so that they seldom collide.
    this.#offset = Math.min(Math.max(16, Math.floor(this.#size / 16)), 256)
    this.#random = random
    this.first = toText(this.#base + 1)
    this.#taken
      .add(0)
      .add(this.#size - 1)
      .add(1)
  }

  next(): string | undefined {
    const found =
      pick(this.#random, this.#offset < this.#size - 1 ? this.#offset : 1, this.#size - 1, this.#taken) ??
      pick(this.#random, 1, this.#size - 1, this.#taken)
    if (found === undefined) return undefined
    this.#taken.add(found)
    return toText(this.#base + found)
  }

  /** Undefined when the address is now the caller's, else why not. */
  claim(ip: string): string | undefined {
    const number = toNumber(ip)
    const index = number - this.#base
    if (Number.isNaN(number) || index <= 0 || index >= this.#size - 1)
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
    const index = toNumber(ip) - this.#base
    if (index === 1) this.#taken.delete(-1)
    else if (index > 1 && index < this.#size - 1) this.#taken.delete(index)
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

function toNumber(ip: string): number {
  const parts = ip.split('.')
  if (parts.length !== 4 || !parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) < 256)) return Number.NaN
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0)
}

function toText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')
}
