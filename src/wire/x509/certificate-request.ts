/** Certificate requests (PKCS #10): made by those who want a certificate, read and checked by those who sign. */

import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { ALTERNATIVE_NAMES, extension, extensionValue, fromPem, pem, signatureAlgorithm, signatureOf } from './certificate.ts'
import { bitString, context, dotted, elements, integer, MalformedDer, objectId, onlyElement, sequence, setOf, TAG } from './der.ts'
import {
  decodeAlternativeNames,
  decodeName,
  encodeAlternativeNames,
  encodeName,
  NO_ALTERNATIVE_NAMES,
  type AlternativeNames,
  type DistinguishedName,
} from './names.ts'

export interface CertificateRequest {
  readonly subject: DistinguishedName
  /** The subject as it was written, with whatever else it holds. */
  readonly encodedSubject: Uint8Array
  readonly publicKey: KeyObject
  readonly names: AlternativeNames
}

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'

/** A request in PEM, signed with the private key that the certificate is for. */
export function makeCertificateRequest(
  wanted: { readonly subject: DistinguishedName; readonly names?: Partial<AlternativeNames> },
  key: KeyObject,
): string {
  const names = { ...NO_ALTERNATIVE_NAMES, ...wanted.names }
  const named = Object.values(names).some((list) => list.length > 0)
  const body = sequence(
    integer(Buffer.of(0)),
    encodeName(wanted.subject),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    context(
      0,
      ...(named
        ? [sequence(objectId(EXTENSION_REQUEST), setOf(sequence(extension(ALTERNATIVE_NAMES, encodeAlternativeNames(names)))))]
        : []),
    ),
  )
  return pem('CERTIFICATE REQUEST', sequence(body, signatureAlgorithm(key), bitString(signatureOf(body, key))))
}

/** Reads a request and checks that its sender holds the key. Throws `MalformedDer` with one plain sentence. */
export function readCertificateRequest(text: string): CertificateRequest {
  const [body, algorithm, signature] = elements(
    onlyElement(fromPem(text, 'CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'), TAG.sequence).content,
  )
  if (body === undefined || algorithm === undefined || signature === undefined) throw new MalformedDer('an incomplete certificate request')
  const [, subject, spki, ...attributes] = elements(body.content)
  if (subject === undefined || spki === undefined) throw new MalformedDer('a certificate request without a subject or a key')
  let publicKey: KeyObject
  try {
    publicKey = createPublicKey({ key: Buffer.from(spki.whole), format: 'der', type: 'spki' })
  } catch (cause) {
    throw new MalformedDer('a certificate request with an unusable key', { cause })
  }
  const oid = dotted(elements(algorithm.content)[0]?.content ?? new Uint8Array())
  if (!(oid in HASHES)) throw new MalformedDer(`a certificate request signed by an unknown algorithm (${oid})`)
  if (!verify(HASHES[oid as keyof typeof HASHES], body.whole, publicKey, signature.content.subarray(1)))
    throw new MalformedDer('a certificate request whose signature does not match its key')
  return { subject: decodeName(subject.content), encodedSubject: subject.whole, publicKey, names: requestedNames(attributes[0]?.content) }
}

// RSA and ECDSA with SHA-2, and Ed25519; older hashes are not accepted
const HASHES = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
} as const

function requestedNames(attributes: Uint8Array | undefined): AlternativeNames {
  for (const attribute of elements(attributes ?? new Uint8Array())) {
    const [type, values] = elements(attribute.content)
    if (type === undefined || values === undefined || dotted(type.content) !== EXTENSION_REQUEST) continue
    const found = extensionValue(elements(values.content)[0]?.content, ALTERNATIVE_NAMES)
    if (found) return decodeAlternativeNames(found)
  }
  return NO_ALTERNATIVE_NAMES
}
