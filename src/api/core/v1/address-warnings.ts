/** Warnings about addresses and networks that are accepted in forms that others may read otherwise. */

import { addressNumber, addressText, isIP, isIPv4 } from '#base/addresses.ts'
import { quoted } from '#schema/field-error.ts'

export function addressWarnings(address: string, path: string): readonly string[] {
  if (isIP(address) !== 6) return []
  const canonical = addressText(addressNumber(address), 'IPv6')
  return canonical === address
    ? []
    : [`${path}: IPv6 address ${quoted(address)} should be in RFC 5952 canonical format (${quoted(canonical)})`]
}

export function networkWarnings(cidr: string, path: string): readonly string[] {
  const [address = '', length = ''] = cidr.split('/')
  const family = isIPv4(address) ? 'IPv4' : 'IPv6'
  if (isIP(address) === 0 || !/^\d+$/.test(length)) return []
  const bits = family === 'IPv4' ? 32 : 128
  const number = addressNumber(address)
  const hostBits = BigInt(bits - Number(length))
  const first = (number >> hostBits) << hostBits
  const network = `${addressText(first, family)}/${length}`
  const warnings: string[] = []
  if (first !== number) {
    const single = `${addressText(number, family)}/${bits}`
    warnings.push(`${path}: CIDR value ${quoted(cidr)} is ambiguous in this context (should be ${quoted(network)} or ${quoted(single)}?)`)
  }
  if (family === 'IPv6' && addressText(number, family) !== address)
    warnings.push(`${path}: IPv6 CIDR value ${quoted(cidr)} should be in RFC 5952 canonical format (${quoted(network)})`)
  return warnings
}
