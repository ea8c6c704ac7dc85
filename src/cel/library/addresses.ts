/** Kubernetes' functions of IP addresses and networks. */

import { addressNumber, addressText, isIP } from '#base/addresses.ts'
import { sizeOf, traversal, TRAVERSAL } from './cost.ts'
import { func, method, nominal } from './own-type.ts'
import { declare, type FunctionDeclaration } from '../declaration.ts'
import * as t from '../type.ts'
import { CelError, Opaque, type Value } from '../value.ts'

const IP_TYPE = t.opaque('net.IP')
const CIDR_TYPE = t.opaque('net.CIDR')

class Address extends Opaque {
  readonly type = IP_TYPE
  readonly number: bigint
  readonly family: 4 | 6

  constructor(number: bigint, family: 4 | 6) {
    super()
    this.number = number
    this.family = family
  }

  equals(other: Value): boolean {
    return other instanceof Address && other.family === this.family && other.number === this.number
  }

  get bits(): number {
    return this.family === 4 ? 32 : 128
  }

  /** The first so many bits as a number. */
  prefix(length: number): bigint {
    return this.number >> BigInt(this.bits - length)
  }

  get text(): string {
    return addressText(this.number, this.family === 4 ? 'IPv4' : 'IPv6')
  }
}

class Network extends Opaque {
  readonly type = CIDR_TYPE
  readonly address: Address
  readonly length: number

  constructor(address: Address, length: number) {
    super()
    this.address = address
    this.length = length
  }

  equals(other: Value): boolean {
    return other instanceof Network && other.length === this.length && other.address.equals(this.address)
  }

  holds(address: Address): boolean {
    return address.family === this.address.family && address.prefix(this.length) === this.address.prefix(this.length)
  }
}

/** Throws an Error that says why it is none. */
function parseAddress(text: string): Address {
  const family = isIP(text)
  const shown = JSON.stringify(text)
  if (family === 0) throw new Error(`ParseAddr(${shown}): unable to parse IP`)
  if (text.includes('%')) throw new Error(`IP address ${shown} with zone value is not allowed`)
  const number = addressNumber(text)
  if (family === 6 && number >> 32n === 0xffffn) throw new Error(`IPv4-mapped IPv6 address ${shown} is not allowed`)
  return new Address(number, family as 4 | 6)
}

function parseNetwork(text: string): Network {
  const slash = text.lastIndexOf('/')
  const shown = JSON.stringify(text)
  if (slash < 0) throw new Error(`netip.ParsePrefix(${shown}): no '/'`)
  const bits = text.slice(slash + 1)
  let address: Address
  try {
    address = parseAddress(text.slice(0, slash))
  } catch (error) {
    if ((error as Error).message.endsWith('not allowed')) throw error
    throw new Error(`netip.ParsePrefix(${shown}): ${(error as Error).message}`, { cause: error })
  }
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(bits)) throw new Error(`netip.ParsePrefix(${shown}): bad bits after slash: ${JSON.stringify(bits)}`)
  if (Number(bits) > address.bits) throw new Error(`netip.ParsePrefix(${shown}): prefix length out of range`)
  return new Network(address, Number(bits))
}

function asked<T>(parse: (text: string) => T, said: (text: string) => string): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      throw new CelError(`${said(text)} parse error during conversion from string: ${(error as Error).message}`, { cause: error })
    }
  }
}

const ip = asked(parseAddress, (text) => `IP Address ${JSON.stringify(text)}`)
const cidr = asked(parseNetwork, () => 'network address')

function is(parse: (text: string) => unknown): (text: string) => boolean {
  return (text) => {
    try {
      parse(text)
      return true
    } catch {
      return false
    }
  }
}

type Kind = (address: Address) => boolean
const isUnspecified: Kind = ({ number }) => number === 0n
const isLoopback: Kind = (a) => (a.family === 4 ? a.prefix(8) === 127n : a.number === 1n)
const isLinkLocalMulticast: Kind = (a) => (a.family === 4 ? a.prefix(24) === 0xe00000n : (a.prefix(16) & 0xff0fn) === 0xff02n)
const isLinkLocalUnicast: Kind = (a) => (a.family === 4 ? a.prefix(16) === 0xa9fen : a.prefix(10) === 0x3fan)
const isMulticast: Kind = (a) => (a.family === 4 ? a.prefix(4) === 0xen : a.prefix(8) === 0xffn)
const isGlobalUnicast: Kind = (a) =>
  !(a.family === 4 && a.number === 0xffffffffn) && !isUnspecified(a) && !isLoopback(a) && !isMulticast(a) && !isLinkLocalUnicast(a)

const kinds = { isUnspecified, isLoopback, isLinkLocalMulticast, isLinkLocalUnicast, isGlobalUnicast }
const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)

function containsCost([network, other]: readonly Value[], extra: number): number {
  const size = Math.ceil(2 * addressBytes(network!) * TRAVERSAL)
  return size + extra + (typeof other === 'string' ? Math.ceil(sizeOf(other) * TRAVERSAL) : 0)
}

/** Of a network, those of its prefix. */
function addressBytes(value: Value): number {
  if (value instanceof Network) return Math.ceil(value.length / 8)
  return value instanceof Address ? value.bits / 8 : sizeOf(value)
}

const networkCost = (args: readonly Value[]): number => containsCost(args, Math.ceil(addressBytes(args[0]!) * TRAVERSAL) + 1)
const addressCost = (args: readonly Value[]): number => containsCost(args, 0)

function containsNetwork(outer: Network, inner: Network): boolean {
  return outer.holds(inner.address) && outer.length <= inner.length
}

export const addressFunctions: readonly FunctionDeclaration[] = [
  declare(
    'ip',
    func('string_to_ip', [t.STRING], IP_TYPE, ip, traversal()),
    method<Network>('cidr_ip', [CIDR_TYPE], IP_TYPE, (n) => n.address),
  ),
  declare('isIP', func('is_ip', [t.STRING], t.BOOL, is(parseAddress), traversal())),
  declare(
    'ip.isCanonical',
    func('ip_is_canonical', [t.STRING], t.BOOL, (text: string) => ip(text).text === text, traversal(2)),
  ),
  declare(
    'family',
    method<Address>('family', [IP_TYPE], t.INT, ({ family }) => BigInt(family)),
  ),
  ...Object.entries(kinds).map(([name, test]) => declare(name, method<Address>(snake(name), [IP_TYPE], t.BOOL, test))),
  declare('cidr', func('string_to_cidr', [t.STRING], CIDR_TYPE, cidr, traversal())),
  declare('isCIDR', func('is_cidr', [t.STRING], t.BOOL, is(parseNetwork), traversal())),
  declare(
    'containsIP',
    method<Network>('cidr_contains_ip_string', [CIDR_TYPE, t.STRING], t.BOOL, (n, text: string) => n.holds(ip(text)), addressCost),
    method<Network>('cidr_contains_ip_ip', [CIDR_TYPE, IP_TYPE], t.BOOL, (n, a: Address) => n.holds(a), addressCost),
  ),
  declare(
    'containsCIDR',
    method<Network>(
      'cidr_contains_cidr_string',
      [CIDR_TYPE, t.STRING],
      t.BOOL,
      (n, text: string) => containsNetwork(n, cidr(text)),
      networkCost,
    ),
    method<Network>('cidr_contains_cidr', [CIDR_TYPE, CIDR_TYPE], t.BOOL, (n, inner: Network) => containsNetwork(n, inner), networkCost),
  ),
  declare('masked', method<Network>('masked', [CIDR_TYPE], CIDR_TYPE, masked)),
  declare(
    'prefixLength',
    method<Network>('prefix_length', [CIDR_TYPE], t.INT, ({ length }) => BigInt(length)),
  ),
  declare(
    'string',
    func('ip_to_string', [IP_TYPE], t.STRING, ({ text }: Address) => text, nominal),
    func('cidr_to_string', [CIDR_TYPE], t.STRING, ({ address, length }: Network) => `${address.text}/${length}`, nominal),
  ),
]

function masked({ address, length }: Network): Network {
  const rest = BigInt(address.bits - length)
  return new Network(new Address((address.number >> rest) << rest, address.family), length)
}
