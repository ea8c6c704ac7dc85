/** Reads the public key out of a PKCS#10 request, and whether its private key signed it. */

import { constants, createPublicKey, verify, type KeyObject } from 'node:crypto'

const SEQUENCE = 0x30
const OBJECT_ID = 0x06
const BIT_STRING = 0x03

/** Hash by the algorithm of the signature, as DER of its object id in hexadecimal; null where the key itself says. */
const HASHES: Readonly<Record<string, string | null>> = {
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2b6570': null,
}
const PSS = '2a864886f70d01010a'

export interface StubRequest {
  readonly key: KeyObject
  readonly isSigned: boolean
}

/** Undefined when the bytes are no request. */
export function readStubRequest(bytes: Buffer): StubRequest | undefined {
  try {
    const outer = children(element(bytes, 0, SEQUENCE))
    const [info, algorithm, signature] = outer
    if (outer.length !== 3 || !info || !algorithm || signature?.tag !== BIT_STRING || signature.content[0] !== 0) return undefined
    const [, , spki] = children(info)
    const oid = children(algorithm)[0]
    if (spki?.tag !== SEQUENCE || oid?.tag !== OBJECT_ID) return undefined
    const key = createPublicKey({ key: spki.whole, format: 'der', type: 'spki' })
    return { key, isSigned: isSigned(info.whole, oid.content.toString('hex'), key, signature.content.subarray(1)) }
  } catch {
    return undefined
  }
}

function isSigned(content: Buffer, algorithm: string, key: KeyObject, signature: Buffer): boolean {
  try {
    if (algorithm === PSS)
      return ['sha256', 'sha384', 'sha512'].some((hash) =>
        verify(hash, content, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }, signature),
      )
    const hash = HASHES[algorithm]
    return hash !== undefined && verify(hash, content, key, signature)
  } catch {
    return false
  }
}

interface Element {
  readonly tag: number
  readonly whole: Buffer
  readonly content: Buffer
}

function children({ content }: Element): Element[] {
  const found: Element[] = []
  for (let at = 0; at < content.length;) {
    const next = element(content, at)
    found.push(next)
    at += next.whole.length
  }
  return found
}

/** One DER element, of at most four bytes of length. Throws when it does not fit. */
function element(bytes: Buffer, at: number, wanted?: number): Element {
  const tag = bytes.readUInt8(at)
  const first = bytes.readUInt8(at + 1)
  const long = first < 0x80 ? 0 : first & 0x7f
  if (long > 4 || first === 0x80) throw new RangeError('length of a DER element')
  const length = long === 0 ? first : bytes.readUIntBE(at + 2, long)
  const start = at + 2 + long
  if (start + length > bytes.length || (wanted !== undefined && (tag !== wanted || start + length !== bytes.length)))
    throw new RangeError('DER element')
  return { tag, whole: bytes.subarray(at, start + length), content: bytes.subarray(start, start + length) }
}
