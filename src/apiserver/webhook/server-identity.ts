/** Whether a server's certificate is for the host that was meant, and what Go says when it is not. */

import { X509Certificate } from 'node:crypto'
import { Agent, type AgentOptions } from 'node:https'
import { isIP } from 'node:net'
import { canonicalAddress } from '#wire/x509/names.ts'

export class NotThisHost extends Error {
  override readonly name = 'NotThisHost'
}

const IDLE_SOCKETS_MAX = 25 // upstream's per host

/** Keeps connections. Its check is one for all requests, as one that came with each would keep connections from being shared. */
export function checkingAgent(): Agent {
  return new Agent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS_MAX, checkServerIdentity } as AgentOptions)
}

/** `host` is the server name asked for, or the address dialed where there is none. */
export function checkServerIdentity(host: string, certificate: { readonly raw: Buffer }): Error | undefined {
  return matchesHost(host, certificate.raw)
}

/** As TLS libraries ask: undefined when it is. Common names count for nothing, as in Go. */
function matchesHost(host: string, der: Uint8Array): NotThisHost | undefined {
  const certificate = new X509Certificate(der)
  const { dns, addresses } = alternativeNames(certificate.subjectAltName ?? '')
  if (isIP(host) !== 0) {
    if (addresses.includes(canonicalAddress(host))) return undefined
    if (addresses.length === 0) return new NotThisHost(`cannot validate certificate for ${host} because it doesn't contain any IP SANs`)
    return new NotThisHost(`certificate is valid for ${addresses.join(', ')}, not ${host}`)
  }
  if (dns.some((pattern) => matches(pattern.toLowerCase(), host.toLowerCase()))) return undefined
  if (dns.length > 0) return new NotThisHost(`certificate is valid for ${dns.join(', ')}, not ${host}`)
  if (certificate.subjectAltName === undefined && /^CN=.*\./m.test(certificate.subject))
    return new NotThisHost('certificate relies on legacy Common Name field, use SANs instead')
  return new NotThisHost(`certificate is not valid for any names, but wanted to match ${host}`)
}

function alternativeNames(text: string): { readonly dns: readonly string[]; readonly addresses: readonly string[] } {
  const dns: string[] = []
  const addresses: string[] = []
  for (const part of text.split(', ')) {
    if (part.startsWith('DNS:')) dns.push(part.slice('DNS:'.length))
    else if (part.startsWith('IP Address:')) addresses.push(canonicalAddress(part.slice('IP Address:'.length)))
  }
  return { dns, addresses }
}

/** A star stands for one whole label, the first. */
function matches(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === host
  const dot = host.indexOf('.')
  return dot > 0 && host.slice(dot) === pattern.slice(1)
}
