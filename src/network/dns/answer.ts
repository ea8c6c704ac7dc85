/** A DNS answer as bytes: the cluster's records, or the refusal that fits. */

import * as packet from 'dns-packet'
import type { DnsRecord, Records, Resolution } from './records.ts'

const NEGATIVE_TTL_SECONDS = 5 // a Service that is just being made should be found soon
const UDP_BYTES_DEFAULT = 512 // without EDNS, by RFC 1035
const UDP_BYTES_MAX = 4096 // whatever the client offers; larger answers come in fragments that get lost

export interface Query {
  readonly id: number
  readonly name: string
  readonly type: string
  readonly udpBytesMax: number
  readonly edns: boolean
  readonly recursionDesired: boolean
}

/** Reads a query; `bad` when it is none, with its number if that much can be read. */
export function readQuery(bytes: Uint8Array): Query | { readonly bad: number | undefined } {
  if (bytes.length < 12) return { bad: undefined }
  const id = (bytes[0]! << 8) | bytes[1]!
  try {
    const query = packet.decode(bytes)
    const question = query.questions?.[0]
    if (query.type !== 'query' || question === undefined || query.questions!.length !== 1)
      return { bad: query.type === 'query' ? id : undefined }
    const opt = query.additionals?.find((a) => a.type === 'OPT')
    return {
      id,
      name: question.name,
      type: question.type,
      edns: opt !== undefined,
      udpBytesMax: Math.min(Math.max(opt?.udpPayloadSize ?? UDP_BYTES_DEFAULT, UDP_BYTES_DEFAULT), UDP_BYTES_MAX),
      recursionDesired: ((query.flags ?? 0) & packet.RECURSION_DESIRED) !== 0,
    }
  } catch {
    return { bad: (bytes[2]! & 0x80) === 0 ? id : undefined }
  }
}

/** What the cluster's records answer; undefined when the name belongs to other servers. */
export function answerFrom(records: Records, query: Query): packet.Packet | undefined {
  return packetOf(records.resolve(query.name, query.type), query, records.domain)
}

function packetOf(resolution: Resolution, query: Query, domain: string): packet.Packet | undefined {
  switch (resolution.type) {
    case 'notOurs':
      return undefined
    case 'noSuchName':
      return response(query, 'NXDOMAIN', [], [soa(domain)])
    case 'found':
      if (resolution.answers.length === 0) return response(query, 'NOERROR', [], [soa(domain)])
      return response(query, 'NOERROR', resolution.answers, [], resolution.extra)
    default:
      return resolution satisfies never
  }
}

export function refusal(id: number, query: Query | undefined, rcode: 'FORMERR' | 'SERVFAIL' | 'REFUSED'): packet.Packet {
  return {
    id,
    type: 'response',
    flags: codeOf(rcode) | packet.RECURSION_AVAILABLE | (query?.recursionDesired ? packet.RECURSION_DESIRED : 0),
    questions: query === undefined ? [] : [{ name: query.name, type: query.type }],
  }
}

/** Encodes for a client that takes at most `bytesMax`; a longer answer is emptied and marked, so that the client asks by TCP. */
export function encodeAnswer(answer: packet.Packet, bytesMax: number): Uint8Array {
  const bytes = packet.encode(answer)
  if (bytes.length <= bytesMax) return bytes
  const lean = packet.encode({ ...answer, additionals: (answer.additionals ?? []).filter((a) => a.type === 'OPT') })
  if (lean.length <= bytesMax) return lean
  return packet.encode({
    ...answer,
    flags: (answer.flags ?? 0) | packet.TRUNCATED_RESPONSE,
    answers: [],
    authorities: [],
    additionals: (answer.additionals ?? []).filter((a) => a.type === 'OPT'),
  })
}

function response(
  query: Query,
  rcode: 'NOERROR' | 'NXDOMAIN',
  answers: readonly DnsRecord[],
  authorities: readonly packet.Answer[],
  extra: readonly DnsRecord[] = [],
): packet.Packet {
  return {
    id: query.id,
    type: 'response',
    flags:
      codeOf(rcode) | packet.AUTHORITATIVE_ANSWER | packet.RECURSION_AVAILABLE | (query.recursionDesired ? packet.RECURSION_DESIRED : 0),
    questions: [{ name: query.name, type: query.type }],
    answers: answers as packet.Answer[],
    authorities: [...authorities],
    additionals: [...(extra as packet.Answer[]), ...(query.edns ? [{ name: '.', type: 'OPT', udpPayloadSize: UDP_BYTES_MAX }] : [])],
  }
}

function soa(domain: string): packet.Answer {
  return {
    name: domain,
    type: 'SOA',
    ttl: NEGATIVE_TTL_SECONDS,
    data: {
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: NEGATIVE_TTL_SECONDS,
    },
  }
}

function codeOf(rcode: 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'REFUSED'): number {
  return { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 }[rcode]
}
