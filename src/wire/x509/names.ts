/** The names in certificates: distinguished names and subject alternative names. */

import { isIPv4, isIPv6 } from 'node:net'
import { dotted, element, elements, MalformedDer, objectId, sequence, setOf, TAG, utf8String, type Element } from './der.ts'

export interface DistinguishedName {
  readonly commonName: string
  readonly organizations: readonly string[]
}

export interface AlternativeNames {
  readonly dnsNames: readonly string[]
  /** In the text form of `canonicalAddress`. */
  readonly ipAddresses: readonly string[]
  readonly emailAddresses: readonly string[]
  readonly uris: readonly string[]
}

export const NO_ALTERNATIVE_NAMES: AlternativeNames = { dnsNames: [], ipAddresses: [], emailAddresses: [], uris: [] }

const COMMON_NAME = '2.5.4.3'
const ORGANIZATION = '2.5.4.10'

/** Organizations before the common name, as Go writes them. */
export function encodeName(name: DistinguishedName): Uint8Array {
  const attribute = (oid: string, value: string) => sequence(objectId(oid), utf8String(value))
  return sequence(
    ...(name.organizations.length > 0 ? [setOf(...name.organizations.map((o) => attribute(ORGANIZATION, o)))] : []),
    ...(name.commonName === '' ? [] : [setOf(attribute(COMMON_NAME, name.commonName))]),
  )
}

/** Reads a Name's content; other attributes than the two are passed over. */
export function decodeName(content: Uint8Array): DistinguishedName {
  let commonName = ''
  const organizations: string[] = []
  for (const set of elements(content))
    for (const attribute of elements(set.content)) {
      const [oid, value] = elements(attribute.content)
      if (oid === undefined || value === undefined) throw new MalformedDer('an attribute without a value')
      const type = dotted(oid.content)
      if (type === COMMON_NAME) commonName = textOf(value)
      else if (type === ORGANIZATION) organizations.push(textOf(value))
    }
  return { commonName, organizations }
}

const BMP_STRING = 0x1e

function textOf(value: Element): string {
  if (value.tag === BMP_STRING) return Buffer.from(value.content).swap16().toString('utf16le')
  if (value.tag === TAG.utf8String || value.tag === 0x13 || value.tag === 0x16) return Buffer.from(value.content).toString()
  throw new MalformedDer(`a string of tag ${value.tag}`)
}

const EMAIL = 0x81
const DNS = 0x82
const URI = 0x86
const ADDRESS = 0x87

export function encodeAlternativeNames(names: AlternativeNames): Uint8Array {
  const text = (tag: number) => (value: string) => element(tag, Buffer.from(value))
  return sequence(
    ...names.dnsNames.map(text(DNS)),
    ...names.emailAddresses.map(text(EMAIL)),
    ...names.ipAddresses.map((a) => element(ADDRESS, addressBytes(a))),
    ...names.uris.map(text(URI)),
  )
}

export function decodeAlternativeNames(bytes: Uint8Array): AlternativeNames {
  const found = elements(elements(bytes)[0]?.content ?? bytes)
  const texts = (tag: number) => found.filter((e) => e.tag === tag).map((e) => Buffer.from(e.content).toString())
  return {
    dnsNames: texts(DNS),
    ipAddresses: found.filter((e) => e.tag === ADDRESS).map((e) => addressText(e.content)),
    emailAddresses: texts(EMAIL),
    uris: texts(URI),
  }
}

/** The bytes of an IPv4 or IPv6 address; throws when the text is neither. */
export function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  if (!isIPv6(address)) throw new Error(`not an IP address: ${address}`)
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address)
  const four = tail === null ? [] : tail[2]!.split('.').map(Number)
  const text =
    tail === null ? address : `${tail[1]}${((four[0]! << 8) | four[1]!).toString(16)}:${((four[2]! << 8) | four[3]!).toString(16)}`
  const [left = '', right] = text.split('::')
  const groups = (half: string) => (half === '' ? [] : half.split(':').map((g) => Number.parseInt(g, 16)))
  const before = groups(left)
  const after = right === undefined ? [] : groups(right)
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
  return Buffer.from(all.flatMap((g) => [g >> 8, g & 0xff]))
}

export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return [...bytes].join('.')
  if (bytes.length !== 16) throw new MalformedDer('an address that is neither 4 nor 16 bytes long')
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16))
  // the longest run of zero groups is left out, the first of equals (RFC 5952)
  const runs = [...groups.join(':').matchAll(/(?<![\da-f])0(?::0)+(?![\da-f])/g)]
  const longest = runs.reduce<RegExpExecArray | undefined>((best, r) => (best && best[0].length >= r[0].length ? best : r), undefined)
  const whole = groups.join(':')
  if (longest === undefined) return whole
  const before = whole.slice(0, longest.index).replace(/:$/, '')
  const after = whole.slice(longest.index + longest[0].length).replace(/^:/, '')
  return `${before}::${after}`
}

/** The one text form an address has, so that two spellings of it compare equal. */
export const canonicalAddress = (address: string) => addressText(addressBytes(address))
