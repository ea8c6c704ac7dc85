/** What is refused in network policies. */

import type { IPBlock, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from './network-policy.ts'
import { addressNumber, isIPv4 } from '#base/addresses.ts'
import { forbidden, invalid, invalidEach, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { cidr, portName, portNumber } from '#schema/names.ts'

const TYPES = ['Ingress', 'Egress']

export function networkPolicySpecErrors({ ingress = [], egress = [], policyTypes = [] }: NetworkPolicySpec, path: string): FieldError[] {
  const rule = (ports: readonly NetworkPolicyPort[] = [], peers: readonly NetworkPolicyPeer[] = [], at: string, side: 'from' | 'to') => [
    ...ports.flatMap((port, i) => portErrors(port, `${at}.ports[${i}]`)),
    ...peers.flatMap((peer, i) => peerErrors(peer, `${at}.${side}[${i}]`)),
  ]
  const errors = [
    ...ingress.flatMap(({ ports, from }, i) => rule(ports, from, `${path}.ingress[${i}]`, 'from')),
    ...egress.flatMap(({ ports, to }, i) => rule(ports, to, `${path}.egress[${i}]`, 'to')),
  ]
  if (policyTypes.length > TYPES.length)
    return [...errors, invalid(`${path}.policyTypes`, policyTypes, 'may not specify more than two policyTypes')]
  return [
    ...errors,
    ...policyTypes.flatMap((type, i) => (TYPES.includes(type) ? [] : [notSupported(`${path}.policyTypes[${i}]`, type, TYPES)])),
  ]
}

function portErrors({ port, endPort }: NetworkPolicyPort, at: string): FieldError[] {
  const end = `${at}.endPort`
  if (port === undefined) return endPort === undefined ? [] : [invalid(end, endPort, 'may not be specified when `port` is not specified')]
  if (typeof port === 'string')
    return [
      ...(endPort === undefined ? [] : [invalid(end, endPort, 'may not be specified when `port` is non-numeric')]),
      ...invalidEach(`${at}.port`, port, portName(port)),
    ]
  const errors = invalidEach(`${at}.port`, port, portNumber(port))
  if (endPort === undefined) return errors
  if (endPort < port) errors.push(invalid(end, endPort, 'must be greater than or equal to `port`'))
  return [...errors, ...invalidEach(end, endPort, portNumber(endPort))]
}

function peerErrors({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, at: string): FieldError[] {
  if (!podSelector && !namespaceSelector && !ipBlock) return [required(at, 'must specify a peer')]
  return [
    ...(ipBlock ? blockErrors(ipBlock, `${at}.ipBlock`) : []),
    ...(ipBlock && (podSelector || namespaceSelector) ? [forbidden(at, 'may not specify both ipBlock and another peer')] : []),
  ]
}

function blockErrors({ cidr: whole, except = [] }: IPBlock, at: string): FieldError[] {
  if (!whole) return [] // blamed as missing already
  const errors = invalidEach(`${at}.cidr`, whole, cidr(whole))
  if (errors.length > 0) return errors
  return except.flatMap((part, i) => {
    const where = `${at}.except[${i}]`
    const problems = cidr(part)
    if (problems.length > 0) return invalidEach(where, part, problems)
    return isStrictlyWithin(part, whole) ? [] : [invalid(where, part, 'must be a strict subset of `cidr`')]
  })
}

/** Whether every address of the first range is in the second, and not the other way round. */
function isStrictlyWithin(part: string, whole: string): boolean {
  const [address, bits] = part.split('/') as [string, string]
  const [base, length] = whole.split('/') as [string, string]
  if (isIPv4(address) !== isIPv4(base) || Number(bits) <= Number(length)) return false
  return prefix(address, Number(length)) === prefix(base, Number(length))
}

/** The first `length` bits of an address. */
function prefix(address: string, length: number): bigint {
  const width = isIPv4(address) ? 32n : 128n
  return addressNumber(address) >> (width - BigInt(length))
}
