/** proto3 messages of etcd, declared as tables and read without copying: values stay views into what the wire delivered. */

/** `id` is a 64-bit number whose every bit counts, `int` one below 2^53. */
type Scalar = 'int' | 'id' | 'bool' | 'bytes' | 'string'
type Kind = Scalar | MessageTable | readonly [Scalar | MessageTable]

/** Fields by name: number and kind; a kind in a list is repeated. */
export interface MessageTable {
  readonly [name: string]: readonly [number: number, kind: Kind]
}

type ScalarValue<K> = K extends 'int'
  ? number
  : K extends 'id'
    ? bigint
    : K extends 'bool'
      ? boolean
      : K extends 'bytes'
        ? Uint8Array
        : string

/** What a message reads as: absent scalars are their zero, absent messages undefined. */
export type Read<T> = {
  readonly [N in keyof T]: T[N] extends readonly [number, infer K]
    ? K extends readonly [infer E]
      ? readonly (E extends Scalar ? ScalarValue<E> : Read<E>)[]
      : K extends Scalar
        ? ScalarValue<K>
        : Read<K> | undefined
    : never
}

/** What a message is written from: anything may be left out. */
export type Written<T> = {
  readonly [N in keyof T]?:
    | (T[N] extends readonly [number, infer K]
        ? K extends readonly [infer E]
          ? readonly (E extends Scalar ? ScalarValue<E> : Written<E>)[]
          : K extends Scalar
            ? ScalarValue<K>
            : Written<K>
        : never)
    | undefined
}

/** Messages that are present are written even when empty, which is how a member of a oneof is chosen; scalars that are zero are not. */
export function encode<T extends MessageTable>(table: T, value: Written<T>): Buffer {
  const parts: Uint8Array[] = []
  write(parts, table, value as Readonly<Record<string, unknown>>)
  return Buffer.concat(parts)
}

/** Unknown fields are skipped. Throws on bytes that are no message. */
export function decode<T extends MessageTable>(table: T, bytes: Uint8Array): Read<T> {
  return new Reader(bytes).message(table, bytes.length) as Read<T>
}

function write(parts: Uint8Array[], table: MessageTable, value: Readonly<Record<string, unknown>>): void {
  for (const [name, [number, kind]] of Object.entries(table)) {
    const v = value[name]
    if (v === undefined) continue
    if (isRepeated(kind)) for (const element of v as readonly unknown[]) writeField(parts, number, kind[0], element, true)
    else writeField(parts, number, kind, v, false)
  }
}

function writeField(parts: Uint8Array[], number: number, kind: Scalar | MessageTable, v: unknown, keepZero: boolean): void {
  switch (kind) {
    case 'int':
    case 'id':
    case 'bool': {
      const n = BigInt(v as number | bigint | boolean)
      if (n !== 0n || keepZero) parts.push(varint(BigInt(number << 3)), varint(BigInt.asUintN(64, n)))
      return
    }
    case 'string':
    case 'bytes': {
      const bytes = typeof v === 'string' ? Buffer.from(v) : (v as Uint8Array)
      if (bytes.length > 0 || keepZero) parts.push(varint(BigInt((number << 3) | 2)), varint(BigInt(bytes.length)), bytes)
      return
    }
    default: {
      const inner: Uint8Array[] = []
      write(inner, kind, v as Readonly<Record<string, unknown>>)
      const length = inner.reduce((sum, part) => sum + part.length, 0)
      parts.push(varint(BigInt((number << 3) | 2)), varint(BigInt(length)), ...inner)
    }
  }
}

function varint(n: bigint): Uint8Array {
  if (n < 0x80n) return Uint8Array.of(Number(n))
  const bytes: number[] = []
  for (; n > 0x7fn; n >>= 7n) bytes.push(Number(n & 0x7fn) | 0x80)
  bytes.push(Number(n))
  return Uint8Array.from(bytes)
}

function isRepeated(kind: Kind): kind is readonly [Scalar | MessageTable] {
  return Array.isArray(kind)
}

interface Layout {
  readonly fields: ReadonlyMap<number, readonly [name: string, kind: Kind]>
  readonly zero: () => Record<string, unknown>
}

const EMPTY = new Uint8Array(0)
const layouts = new WeakMap<MessageTable, Layout>()

function layoutOf(table: MessageTable): Layout {
  let layout = layouts.get(table)
  if (layout === undefined) {
    const fields = Object.entries(table)
    const zeros = fields.map(([name, [, kind]]) => [name, zeroOf(kind)] as const)
    const lists = fields.filter(([, [, kind]]) => isRepeated(kind)).map(([name]) => name)
    const template = Object.fromEntries(zeros)
    layout = {
      fields: new Map(fields.map(([name, [number, kind]]) => [number, [name, kind]])),
      zero: () => {
        const value = { ...template }
        for (const name of lists) value[name] = []
        return value
      },
    }
    layouts.set(table, layout)
  }
  return layout
}

function zeroOf(kind: Kind): unknown {
  switch (kind) {
    case 'int':
      return 0
    case 'id':
      return 0n
    case 'bool':
      return false
    case 'string':
      return ''
    case 'bytes':
      return EMPTY
    default:
      return undefined
  }
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  message(table: MessageTable, end: number): Record<string, unknown> {
    const { fields, zero } = layoutOf(table)
    const value = zero()
    while (this.#at < end) {
      const tag = this.#number()
      const wire = tag & 7
      const field = fields.get(tag >>> 3)
      if (field === undefined) {
        this.#skip(wire)
        continue
      }
      const [name, kind] = field
      if (!isRepeated(kind)) value[name] = this.#value(kind)
      else if (wire === 2 && (kind[0] === 'int' || kind[0] === 'id' || kind[0] === 'bool'))
        for (const until = this.#end(); this.#at < until;) (value[name] as unknown[]).push(this.#value(kind[0]))
      else (value[name] as unknown[]).push(this.#value(kind[0]))
    }
    if (this.#at !== end) throw new Error('a message from etcd is cut short')
    return value
  }

  #value(kind: Scalar | MessageTable): unknown {
    switch (kind) {
      case 'int':
        return this.#number()
      case 'id':
        return BigInt.asIntN(64, this.#big())
      case 'bool':
        return this.#number() !== 0
      case 'bytes':
        return this.#view()
      case 'string': {
        const { buffer, byteOffset, length } = this.#view()
        return Buffer.from(buffer, byteOffset, length).toString('utf8')
      }
      default:
        return this.message(kind, this.#end())
    }
  }

  /** Where the length-delimited field that starts here ends. */
  #end(): number {
    const length = this.#number()
    const end = this.#at + length
    if (end > this.#bytes.length) throw new Error('a message from etcd is cut short')
    return end
  }

  #view(): Uint8Array {
    const end = this.#end()
    const view = new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, end - this.#at)
    this.#at = end
    return view
  }

  #number(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    let value = first & 0x7f
    for (let scale = 0x80; ; scale *= 0x80) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value > Number.MAX_SAFE_INTEGER ? Number(BigInt.asIntN(64, BigInt(value))) : value
    }
  }

  #big(): bigint {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new Error('a message from etcd is cut short')
    return byte
  }

  #skip(wire: number): void {
    if (wire === 0) this.#big()
    else if (wire === 1) this.#at += 8
    else if (wire === 2) this.#at = this.#end()
    else if (wire === 5) this.#at += 4
    else throw new Error(`etcd sent a field of wire type ${wire}`)
  }
}
