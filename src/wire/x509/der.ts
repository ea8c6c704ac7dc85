/** DER, as much of it as certificates and certificate requests need: writing elements, and reading them from anyone. */

export function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts)
  if (content.length < 0x80) return Buffer.concat([Buffer.of(tag, content.length), content])
  const length: number[] = []
  for (let n = content.length; n > 0; n = Math.floor(n / 256)) length.unshift(n % 256)
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length, ...length), content])
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectId: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
} as const

export const sequence = (...parts: readonly Uint8Array[]) => element(TAG.sequence, ...parts)
export const setOf = (...parts: readonly Uint8Array[]) => element(TAG.set, ...parts)
export const octetString = (bytes: Uint8Array) => element(TAG.octetString, bytes)
export const utf8String = (text: string) => element(TAG.utf8String, Buffer.from(text))
export const bitString = (bytes: Uint8Array, unused = 0) => element(TAG.bitString, Buffer.of(unused), bytes)
export const TRUE = element(TAG.boolean, Buffer.of(0xff))
export const NULL = element(TAG.null)
/** A constructed element of the context class: `[n]`. */
export const context = (n: number, ...parts: readonly Uint8Array[]) => element(0xa0 | n, ...parts)

/** A non-negative integer from its big-endian bytes. */
export function integer(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const trimmed = bytes.subarray(start)
  return element(TAG.integer, trimmed[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), trimmed]) : trimmed)
}

export function objectId(dotted: string): Uint8Array {
  const [first, second, ...rest] = dotted.split('.').map(Number)
  const bytes: number[] = []
  for (const arc of [first! * 40 + second!, ...rest]) {
    const groups = [arc % 128]
    for (let n = Math.floor(arc / 128); n > 0; n = Math.floor(n / 128)) groups.unshift((n % 128) | 0x80)
    bytes.push(...groups)
  }
  return element(TAG.objectId, Buffer.from(bytes))
}

/** RFC 5280's time: UTCTime until 2049, GeneralizedTime after. */
export function time(at: number): Uint8Array {
  const digits = `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`
  return new Date(at).getUTCFullYear() < 2050 ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits))
}

/** One element read: `content` without its head, `whole` with it. */
export interface Element {
  readonly tag: number
  readonly content: Uint8Array
  readonly whole: Uint8Array
}

export class MalformedDer extends Error {
  override readonly name = 'MalformedDer'
}

/** Every element of `bytes`, which they must fill to the last. Indefinite lengths and tags beyond one byte are refused. */
export function elements(bytes: Uint8Array): readonly Element[] {
  const found: Element[] = []
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at]!
    if ((tag & 0x1f) === 0x1f) throw new MalformedDer('a tag of more than one byte')
    let length = bytes[at + 1] ?? -1
    let head = 2
    if (length > 0x80) {
      const count = length & 0x7f
      if (count > 4) throw new MalformedDer('a length of more than four bytes')
      length = 0
      for (let i = 0; i < count; i++) length = length * 256 + (bytes[at + head++] ?? Number.NaN)
    } else if (length === 0x80) throw new MalformedDer('an indefinite length')
    const end = at + head + length
    if (!(length >= 0 && end <= bytes.length)) throw new MalformedDer('an element goes past its end')
    found.push({ tag, content: bytes.subarray(at + head, end), whole: bytes.subarray(at, end) })
    at = end
  }
  return found
}

/** The one element that `bytes` are. */
export function onlyElement(bytes: Uint8Array, tag: number): Element {
  const [only, ...more] = elements(bytes)
  if (only === undefined || more.length > 0 || only.tag !== tag) throw new MalformedDer(`not a single element of tag ${tag}`)
  return only
}

/** The dotted text of an object identifier's content. */
export function dotted(content: Uint8Array): string {
  const arcs: number[] = []
  let arc = 0
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f)
    if (byte < 0x80) {
      arcs.push(arc)
      arc = 0
    }
  }
  const first = Math.min(2, Math.floor((arcs[0] ?? 0) / 40))
  return [first, (arcs[0] ?? 0) - first * 40, ...arcs.slice(1)].join('.')
}
