/** The part of dns-packet's interface used here; the package carries no types. */
declare module 'dns-packet' {
  export interface Question {
    name: string
    type: string
    class?: string
  }
  export interface Answer {
    name: string
    type: string
    class?: string
    ttl?: number
    data?: unknown
    udpPayloadSize?: number
  }
  export interface Packet {
    id?: number
    type?: 'query' | 'response'
    flags?: number
    rcode?: string
    opcode?: string
    questions?: Question[]
    answers?: Answer[]
    authorities?: Answer[]
    additionals?: Answer[]
  }
  export const AUTHORITATIVE_ANSWER: number
  export const TRUNCATED_RESPONSE: number
  export const RECURSION_DESIRED: number
  export const RECURSION_AVAILABLE: number
  export function encode(packet: Packet): Buffer
  export function decode(bytes: Uint8Array): Packet
}
