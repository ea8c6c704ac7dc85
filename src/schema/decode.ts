/** Turns any JSON value into a declared message's value, by Go's rules for JSON, nulls and zeros. */

import { formatDuration, parseDuration } from './duration.ts'
import { parseTime, formatTime } from './go-time.ts'
import { INT64_MAX } from './int64.ts'
import { STRICT_ERRORS_MAX } from './json-careful.ts'
import type { Message, TypeNode, VariantNode } from './message.ts'
import { dropsZero, fillAbsent, flatFields } from './presence.ts'
import { canonicalQuantity, MalformedQuantity } from './quantity.ts'
import { isObject } from './resource.ts'

export interface Decoded {
  readonly value: Record<string, unknown>
  /** `unknown field "spec.foo"` for each member the message does not have, in reading order. */
  readonly unknown: readonly string[]
}

/** A value of the wrong type; the message is what Go's decoder would say. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  /** Members from the root to the value, without list indexes and map keys, as Go counts them. */
  readonly fields: string[] = []
  struct = ''
  readonly #said: string
  readonly #goType: string | undefined

  /** `said` is the whole text, or with `goType` what was found in place of that type. */
  constructor(said: string, goType?: string) {
    super()
    this.#said = said
    this.#goType = goType
  }

  /** Called for each struct on the way out, innermost first. */
  within(struct: string, field: string): void {
    if (this.struct === '') this.struct = struct
    this.fields.unshift(field)
  }

  override get message(): string {
    if (this.#goType === undefined) return this.#said
    const place = this.fields.length === 0 ? 'Go value' : `Go struct field ${this.struct}.${this.fields.join('.')}`
    return `json: cannot unmarshal ${this.#said} into ${place} of type ${this.#goType}`
  }
}

/**
 * The message's value: types checked, unknown members and nulls dropped, zeros of omitted-when-empty members dropped, structs
 * held by value filled in, times, quantities and bytes in canonical form. The input is not modified and may share parts with
 * the result. `path` is put before the paths of unknown fields. Throws DecodeError.
 */
export function decode(message: Message, input: unknown, path = ''): Decoded {
  if (message.custom) return message.custom.decode(input ?? {})
  const state: State = { unknown: false }
  const value = messageReader(message)(input ?? {}, state) as Record<string, unknown>
  if (!state.unknown) return { value, unknown: [] }
  const unknown = new Set<string>()
  findUnknown({ type: 'message', message: () => message }, input, path, unknown)
  return { value, unknown: [...unknown] }
}

/** `strict decoding error: ...` as upstream joins them; undefined when there is nothing to complain of. */
export function strictDecodingError(problems: readonly string[]): string | undefined {
  return problems.length === 0 ? undefined : `strict decoding error: ${problems.slice(0, STRICT_ERRORS_MAX).join(', ')}`
}

interface State {
  unknown: boolean
}

/** Reads one value; undefined means it counts as absent. */
type Reader = (input: unknown, state: State) => unknown

interface Member {
  readonly name: string
  readonly read: Reader
  readonly dropsZero: boolean
}

const readers = new WeakMap<Message, Reader>()

function messageReader(message: Message): Reader {
  const known = readers.get(message)
  if (known !== undefined) return known
  const members = new Map<string, Member>()
  const struct = message.name.slice(message.name.lastIndexOf('.') + 1)
  const reader: Reader = (input, state) => {
    if (typeof input !== 'object' || input === null || Array.isArray(input))
      throw new DecodeError(kindOf(input), goType({ type: 'message', message: () => message }))
    const out: Record<string, unknown> = {}
    let name = ''
    try {
      for (name in input) {
        const member = members.get(name)
        if (member === undefined) {
          state.unknown = true
          continue
        }
        const given = (input as Record<string, unknown>)[name]
        if (given === null || given === undefined) continue
        const value = member.read(given, state)
        if (value === undefined || (member.dropsZero && isZero(value))) continue
        out[name] = value
      }
    } catch (error) {
      if (error instanceof DecodeError) error.within(struct, name)
      throw error
    }
    fillAbsent(message, out)
    return out
  }
  readers.set(message, reader)
  if (isObject(message)) for (const name of ['apiVersion', 'kind']) members.set(name, { name, read: readString, dropsZero: true })
  for (const field of flatFields(message))
    members.set(field.name, { name: field.name, read: readerOf(field.node), dropsZero: dropsZero(field) })
  return reader
}

function isZero(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value === ''
    case 'number':
      return value === 0
    case 'boolean':
      return !value
    case 'object':
      return Array.isArray(value) && value.length === 0
    default:
      return false
  }
}

function readerOf(node: TypeNode): Reader {
  switch (node.type) {
    case 'string':
    case 'enumeration':
      return readString
    case 'bool':
      return (input) => {
        if (typeof input !== 'boolean') throw new DecodeError(kindOf(input), 'bool')
        return input
      }
    case 'int32':
      return integer('int32', -(2 ** 31), 2 ** 31 - 1)
    case 'int64':
      return int64
    case 'uint32':
      return integer('uint32', 0, 2 ** 32 - 1)
    case 'uint64':
      return integer('uint64', 0, 2 ** 64)
    case 'double':
    case 'float':
      return (input) => {
        if (typeof input !== 'number') throw new DecodeError(kindOf(input), node.type === 'double' ? 'float64' : 'float32')
        return input
      }
    case 'bytes':
      return readBytes
    case 'quantity':
      return readQuantity
    case 'time':
    case 'microTime':
      return timeReader(node.type)
    case 'duration':
      return readDuration
    case 'intOrString':
      return (input) => (typeof input === 'string' ? input : INT_OR_STRING(input, { unknown: false }))
    case 'raw':
    case 'json':
    case 'fieldsV1':
      return (input) => input
    case 'list':
      return listReader(node.of, node)
    case 'map':
      return mapReader(node.of, node)
    case 'message': {
      let reader: Reader | undefined
      return (input, state) => (reader ??= messageReader(node.message()))(input, state)
    }
    case 'variant':
      return variantReader(node)
    // gRPC messages are not written in JSON.
    case 'wideInt64':
    case 'wideUint64':
    case 'binary':
      return (input) => {
        throw new DecodeError(kindOf(input), goType(node))
      }
  }
}

const readString: Reader = (input) => {
  if (typeof input !== 'string') throw new DecodeError(kindOf(input), 'string')
  return input
}

function integer(name: string, min: number, max: number): Reader {
  return (input) => {
    if (typeof input !== 'number') throw new DecodeError(kindOf(input), name)
    if (!Number.isInteger(input) || input < min || input > max) throw new DecodeError(`number ${input}`, name)
    return input === 0 ? 0 : input
  }
}

const INT64 = integer('int64', -(2 ** 63), 2 ** 63)

/** Keeps what is written later readable: JSON has already rounded the greatest integers up to 2^63. */
const int64: Reader = (input, state) => Math.min(INT64(input, state) as number, INT64_MAX)

const INT_OR_STRING = integer('int32', -(2 ** 31), 2 ** 31 - 1)

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const readBytes: Reader = (input) => {
  if (typeof input !== 'string') throw new DecodeError(kindOf(input), '[]uint8')
  if (BASE64.test(input)) return input
  const text = input.replaceAll(/[\r\n]/g, '')
  if (BASE64.test(text)) return text
  const odd = /[^A-Za-z0-9+/]/.exec(text)
  throw new DecodeError(`illegal base64 data at input byte ${odd === null ? text.length - (text.length % 4) : odd.index}`)
}

/** What most quantities look like, and canonical as it stands: below 1000 of a unit. */
const PLAIN_QUANTITY = /^(?:0|[1-9]\d{0,2}(?:[mkMGTPE]|[KMGTPE]i)?)$/

const readQuantity: Reader = (input) => {
  if (typeof input === 'string' && PLAIN_QUANTITY.test(input)) return input
  const text = typeof input === 'string' ? input.trim() : typeof input === 'number' ? String(input) : '{'
  try {
    return canonicalQuantity(text)
  } catch (error) {
    throw error instanceof MalformedQuantity ? new DecodeError(error.message) : error
  }
}

const CANONICAL_TIME = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/

function timeReader(precision: 'time' | 'microTime'): Reader {
  return (input) => {
    if (typeof input !== 'string') throw new DecodeError(kindOf(input), 'string')
    if (precision === 'time' && CANONICAL_TIME.test(input)) return input
    const instant = parseTime(input, precision)
    if (typeof instant === 'string') throw new DecodeError(instant)
    return formatTime(instant, precision)
  }
}

const readDuration: Reader = (input) => {
  if (typeof input !== 'string') throw new DecodeError(kindOf(input), 'string')
  const nanos = parseDuration(input)
  if (nanos === undefined) throw new DecodeError(`time: invalid duration ${JSON.stringify(input)}`)
  return formatDuration(nanos)
}

function listReader(of: TypeNode, node: TypeNode): Reader {
  const read = readerOf(of)
  return (input, state) => {
    if (!Array.isArray(input)) throw new DecodeError(kindOf(input), goType(node))
    return input.map((item: unknown) => (item === null ? nullOf(of) : read(item, state)))
  }
}

/** What is neither counts as absent where a list was possible, as upstream passes it over. */
function variantReader(node: VariantNode): Reader {
  const readOther = readerOf(node.other)
  let readMessage: Reader | undefined
  return (input, state) => {
    if (typeof input === 'object' && !Array.isArray(input)) return (readMessage ??= messageReader(node.message()))(input, state)
    if (node.other.type === 'list') return Array.isArray(input) ? readOther(input, state) : undefined
    if (typeof input !== 'boolean') throw new DecodeError('boolean or JSON schema expected')
    return readOther(input, state)
  }
}

function mapReader(of: TypeNode, node: TypeNode): Reader {
  const read = readerOf(of)
  return (input, state) => {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) throw new DecodeError(kindOf(input), goType(node))
    const out: Record<string, unknown> = {}
    let any = false
    for (const key in input) {
      const given = (input as Record<string, unknown>)[key]
      out[key] = given === null ? nullOf(of) : read(given, state)
      any = true
    }
    return any ? out : undefined
  }
}

/** What null means where something must stand: the type's zero. */
function nullOf(node: TypeNode): unknown {
  switch (node.type) {
    case 'string':
    case 'bytes':
      return ''
    case 'bool':
      return false
    case 'quantity':
      return '0'
    case 'list':
      return []
    case 'map':
    case 'raw':
    case 'fieldsV1':
      return {}
    case 'message':
      return messageReader(node.message())({}, { unknown: false })
    case 'json':
    case 'time':
    case 'microTime':
      return null
    case 'duration':
      return '0s'
    default:
      return 0
  }
}

function kindOf(input: unknown): string {
  if (Array.isArray(input)) return 'array'
  return typeof input === 'boolean' ? 'bool' : typeof input
}

/** The Go type as Go prints it, as far as the declaration knows it. */
function goType(node: TypeNode): string {
  switch (node.type) {
    case 'double':
      return 'float64'
    case 'bytes':
    case 'binary':
      return '[]uint8'
    case 'wideInt64':
      return 'int64'
    case 'wideUint64':
      return 'uint64'
    case 'quantity':
      return 'resource.Quantity'
    case 'time':
      return 'v1.Time'
    case 'microTime':
      return 'v1.MicroTime'
    case 'intOrString':
      return 'intstr.IntOrString'
    case 'list':
      return `[]${goType(node.of)}`
    case 'map':
      return node.of.type === 'quantity' ? 'v1.ResourceList' : `map[string]${goType(node.of)}`
    case 'message': {
      const [kind = '', pkg = ''] = node.message().name.split('.').toReversed()
      return `${pkg}.${kind}`
    }
    default:
      return node.type
  }
}

/** The slow walk that names what the reader only noticed. */
function findUnknown(node: TypeNode, input: unknown, path: string, found: Set<string>): void {
  if (typeof input !== 'object' || input === null || found.size >= STRICT_ERRORS_MAX) return
  if (node.type === 'list' && Array.isArray(input)) {
    for (const [i, item] of input.entries()) findUnknown(node.of, item, `${path}[${i}]`, found)
    return
  }
  if (node.type !== 'message' && node.type !== 'map') return
  const message = node.type === 'message' ? node.message() : undefined
  const fields = message && new Map(flatFields(message).map((f) => [f.name, f.node]))
  for (const [name, value] of Object.entries(input)) {
    const at = path === '' ? name : `${path}.${name}`
    const of = node.type === 'map' ? node.of : fields?.get(name)
    if (of !== undefined) findUnknown(of, value, at, found)
    else if (!(message && isObject(message) && (name === 'apiVersion' || name === 'kind')) && found.size < STRICT_ERRORS_MAX)
      found.add(`unknown field ${JSON.stringify(at)}`)
  }
}
