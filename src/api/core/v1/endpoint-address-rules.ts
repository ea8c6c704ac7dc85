/** Which addresses an endpoint may not have: those that mean something else on every node, or lead to the node itself. */

import { addressNumber, isIP, isIPv4 } from '#base/addresses.ts'
import { invalid, type FieldError } from '#schema/field-error.ts'

/** Upstream's ValidateEndpointIP, which keeps whoever may write endpoints from what listens on nodes for nodes only (CVE-2021-25737). */
export function endpointAddressProblems(path: string, address: string): FieldError[] {
  if (isIP(address) === 0 || address.includes('%')) return [invalid(path, address, 'must be a valid IP address')]
  const found = SPECIAL.find(({ is }) => is(plain(address)))
  return found === undefined ? [] : [invalid(path, address, found.text(address))]
}

interface Address {
  readonly number: bigint
  readonly four: boolean
}

/** An IPv4 address that is written as an IPv6 one is the IPv4 address. */
function plain(address: string): Address {
  const number = addressNumber(address)
  if (isIPv4(address)) return { number, four: true }
  return number >> 32n === 0xffffn ? { number: number & 0xffff_ffffn, four: true } : { number, four: false }
}

const within = ({ number, four }: Address, v4: readonly [prefix: bigint, length: bigint], v6: readonly [prefix: bigint, length: bigint]) =>
  four ? number >> (32n - v4[1]) === v4[0] : number >> (128n - v6[1]) === v6[0]

const SPECIAL: readonly { readonly is: (address: Address) => boolean; readonly text: (address: string) => string }[] = [
  { is: ({ number }) => number === 0n, text: (address) => `may not be unspecified (${address})` },
  { is: (a) => within(a, [127n, 8n], [1n, 128n]), text: () => 'may not be in the loopback range (127.0.0.0/8, ::1/128)' },
  {
    is: (a) => within(a, [0xa9fen, 16n], [0xfe80n >> 6n, 10n]),
    text: () => 'may not be in the link-local range (169.254.0.0/16, fe80::/10)',
  },
  {
    is: (a) => within(a, [0xe00000n, 24n], [0xff02n, 16n]),
    text: () => 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
  },
]
