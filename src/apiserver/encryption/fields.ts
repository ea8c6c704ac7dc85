/** Protocol buffers of a few strings and bytes, as key management services speak them: fields by their numbers. */

export type Field = readonly [number: number, value: string | Uint8Array | number]

const VARINT = 0
const FIXED_64 = 1
const BYTES = 2
const FIXED_32 = 5

/** Empty values are left out, as proto3 has it. */
export function encodeFields(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const [number, value] of fields) {
    if (typeof value === 'number') {
      if (value !== 0) parts.push(varint((number << 3) | VARINT), varint(value))
      continue
    }
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    if (bytes.length > 0) parts.push(varint((number << 3) | BYTES), varint(bytes.length), bytes)
  }
  return Buffer.concat(parts)
}

/** Every value of every field, in order. Throws on anything cut short. */
export function decodeFields(bytes: Uint8Array): ReadonlyMap<number, readonly (Uint8Array | number)[]> {
  const fields = new Map<number, (Uint8Array | number)[]>()
  let at = 0
  const read = (): number => {
    let value = 0
    for (let shift = 0; shift < 64; shift += 7) {
      if (at >= bytes.length) throw new Error('unexpected end of message')
      const byte = bytes[at++]!
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new Error('a number is too long')
  }
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new Error('unexpected end of message')
    return bytes.subarray(at, (at += length))
  }
  while (at < bytes.length) {
    const tag = read()
    const type = tag & 7
    let value: Uint8Array | number
    if (type === VARINT) value = read()
    else if (type === BYTES) value = take(read())
    else if (type === FIXED_64 || type === FIXED_32) value = take(type === FIXED_64 ? 8 : 4)
    else throw new Error(`wire type ${type} is not known`)
    const number = Math.floor(tag / 8)
    const known = fields.get(number)
    if (known) known.push(value)
    else fields.set(number, [value])
  }
  return fields
}

export function bytesField(fields: ReadonlyMap<number, readonly (Uint8Array | number)[]>, number: number): Uint8Array {
  const value = fields.get(number)?.at(-1)
  return value instanceof Uint8Array ? value : new Uint8Array()
}

export function textField(fields: ReadonlyMap<number, readonly (Uint8Array | number)[]>, number: number): string {
  return Buffer.from(bytesField(fields, number)).toString('utf8')
}

/** A map from strings to bytes. */
export function mapField(fields: ReadonlyMap<number, readonly (Uint8Array | number)[]>, number: number): ReadonlyMap<string, Uint8Array> {
  return new Map(
    (fields.get(number) ?? []).map((entry) => {
      const pair = decodeFields(entry as Uint8Array)
      return [textField(pair, 1), bytesField(pair, 2)]
    }),
  )
}

export function mapFields(number: number, map: ReadonlyMap<string, Uint8Array>): readonly Field[] {
  return [...map].map(([key, value]) => [
    number,
    encodeFields([
      [1, key],
      [2, value],
    ]),
  ])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
