/** Certificates: made, signed and looked into, with node's own keys and signatures. */

import { createHash, createPublicKey, sign, type KeyObject } from 'node:crypto'
import {
  bitString,
  context,
  dotted,
  elements,
  integer,
  MalformedDer,
  NULL,
  objectId,
  octetString,
  onlyElement,
  sequence,
  TAG,
  time,
  TRUE,
} from './der.ts'
import { encodeAlternativeNames, type AlternativeNames } from './names.ts'

export interface CertificateWanted {
  /** An encoded Name. */
  readonly subject: Uint8Array
  /** An encoded Name: the authority's subject. */
  readonly issuer: Uint8Array
  readonly publicKey: KeyObject
  /** Big-endian and positive; at most 20 bytes. */
  readonly serial: Uint8Array
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  readonly authority: boolean
  readonly usages: readonly string[]
  readonly names?: AlternativeNames
  /** The authority's key id; absent on a certificate that signs itself. */
  readonly authorityKeyId?: Uint8Array
}

/** The certificate in PEM, signed with `key` (EC, RSA or Ed25519). */
export function makeCertificate(wanted: CertificateWanted, key: KeyObject): string {
  const algorithm = signatureAlgorithm(key)
  const spki = wanted.publicKey.export({ type: 'spki', format: 'der' })
  const body = sequence(
    context(0, integer(Buffer.of(2))), // version 3
    integer(wanted.serial),
    algorithm,
    wanted.issuer,
    sequence(time(wanted.notBefore), time(wanted.notAfter)),
    wanted.subject,
    spki,
    context(3, sequence(...extensions(wanted, spki))),
  )
  return pem('CERTIFICATE', sequence(body, algorithm, bitString(signatureOf(body, key))))
}

function extensions(wanted: CertificateWanted, spki: Uint8Array): readonly Uint8Array[] {
  const { names } = wanted
  const named = names !== undefined && Object.values(names).some((list) => list.length > 0)
  const bits = wanted.usages.flatMap((u) => (u in KEY_USAGE_BITS ? [KEY_USAGE_BITS[u as keyof typeof KEY_USAGE_BITS]] : []))
  const extended = wanted.usages.flatMap((u) => (u in EXTENDED_USAGES ? [EXTENDED_USAGES[u as keyof typeof EXTENDED_USAGES]] : []))
  return [
    ...(bits.length > 0 ? [extension('2.5.29.15', keyUsage(bits), true)] : []),
    ...(extended.length > 0 ? [extension('2.5.29.37', sequence(...extended.map(objectId)))] : []),
    extension('2.5.29.19', sequence(...(wanted.authority ? [TRUE] : [])), true),
    ...(wanted.authority ? [extension(SUBJECT_KEY_ID, octetString(keyId(spki)))] : []),
    ...(wanted.authorityKeyId ? [extension('2.5.29.35', sequence(contextPrimitive(0, wanted.authorityKeyId)))] : []),
    // without a subject the alternative names are all there is, and so critical
    ...(named ? [extension(ALTERNATIVE_NAMES, encodeAlternativeNames(names), wanted.subject.length === 2)] : []),
  ]
}

const SUBJECT_KEY_ID = '2.5.29.14'
export const ALTERNATIVE_NAMES = '2.5.29.17'

export function extension(oid: string, value: Uint8Array, critical = false): Uint8Array {
  return sequence(objectId(oid), ...(critical ? [TRUE] : []), octetString(value))
}

function contextPrimitive(n: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(0x80 | n, bytes.length), bytes])
}

const KEY_USAGE_BITS = {
  signing: 0,
  'digital signature': 0,
  'content commitment': 1,
  'key encipherment': 2,
  'data encipherment': 3,
  'key agreement': 4,
  'cert sign': 5,
  'crl sign': 6,
  'encipher only': 7,
  'decipher only': 8,
} as const

const EXTENDED_USAGES = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
} as const

function keyUsage(bits: readonly number[]): Uint8Array {
  const value = bits.reduce((sum, bit) => sum | (0x8000 >> bit), 0)
  const last = Math.max(...bits)
  return last < 8 ? bitString(Buffer.of(value >> 8), 7 - last) : bitString(Buffer.of(value >> 8, value & 0xff), 15 - last)
}

export function signatureAlgorithm(key: KeyObject): Uint8Array {
  if (key.asymmetricKeyType === 'ec') return sequence(objectId('1.2.840.10045.4.3.2'))
  if (key.asymmetricKeyType === 'rsa') return sequence(objectId('1.2.840.113549.1.1.11'), NULL)
  if (key.asymmetricKeyType === 'ed25519') return sequence(objectId('1.3.101.112'))
  throw new Error(`cannot sign certificates with a key of type ${key.asymmetricKeyType}`)
}

export function signatureOf(bytes: Uint8Array, key: KeyObject): Uint8Array {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, key)
}

/** SHA-1 of the public key's bits, the usual way to name a key. */
function keyId(spki: Uint8Array): Uint8Array {
  const bits = elements(onlyElement(spki, TAG.sequence).content)[1]
  if (bits === undefined) throw new MalformedDer('a public key without bits')
  return createHash('sha1').update(bits.content.subarray(1)).digest()
}

/** What a certificate says that its holder must know to sign others or to write them anew. */
export interface CertificateParts {
  /** The encoded Name. */
  readonly subject: Uint8Array
  readonly publicKey: KeyObject
  readonly keyId: Uint8Array
}

export function certificateParts(certificatePem: string): CertificateParts {
  const body = elements(onlyElement(fromPem(certificatePem, 'CERTIFICATE'), TAG.sequence).content)[0]
  if (body === undefined) throw new MalformedDer('an empty certificate')
  const fields = elements(body.content).filter((f) => f.tag !== 0xa0)
  const [, , , , subject, spki] = fields
  if (subject === undefined || spki === undefined) throw new MalformedDer('a certificate without a subject or a key')
  const list = fields.find((f) => f.tag === 0xa3)
  const own = list && extensionValue(elements(list.content)[0]?.content, SUBJECT_KEY_ID)
  return {
    subject: subject.whole,
    publicKey: createPublicKey({ key: Buffer.from(spki.whole), format: 'der', type: 'spki' }),
    keyId: own ? onlyElement(own, TAG.octetString).content : keyId(spki.whole),
  }
}

/** The value of one extension in the content of an Extensions sequence. */
export function extensionValue(content: Uint8Array | undefined, oid: string): Uint8Array | undefined {
  for (const e of elements(content ?? new Uint8Array())) {
    const fields = elements(e.content)
    if (fields[0]?.tag === TAG.objectId && dotted(fields[0].content) === oid) return fields.at(-1)!.content
  }
  return undefined
}

export function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** The bytes of the first block with one of the labels. */
export function fromPem(text: string, ...labels: readonly string[]): Uint8Array {
  for (const label of labels) {
    const start = text.indexOf(`-----BEGIN ${label}-----`)
    const end = text.indexOf(`-----END ${label}-----`, start)
    if (start >= 0 && end > start) return Buffer.from(text.slice(start + label.length + 16, end), 'base64')
  }
  throw new MalformedDer(`no PEM block of type "${labels[0]}"`)
}
