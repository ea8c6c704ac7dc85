/** What is wrong with one field of an object, worded as clients know it. */

import { goFloat } from './go-number.ts'

export type FieldErrorType =
  | 'NotFound'
  | 'Required'
  | 'Duplicate'
  | 'Invalid'
  | 'NotSupported'
  | 'Forbidden'
  | 'TooLong'
  | 'TooMany'
  | 'Internal'
  | 'TypeInvalid'

const WORDS: Readonly<Record<FieldErrorType, string>> = {
  NotFound: 'Not found',
  Required: 'Required value',
  Duplicate: 'Duplicate value',
  Invalid: 'Invalid value',
  NotSupported: 'Unsupported value',
  Forbidden: 'Forbidden',
  TooLong: 'Too long',
  TooMany: 'Too many',
  Internal: 'Internal error',
  TypeInvalid: 'Invalid value',
}

/** In place of a value that would tell nobody anything. */
export const OMITTED: unique symbol = Symbol('omitted')

const VALUELESS: ReadonlySet<FieldErrorType> = new Set(['Required', 'Forbidden', 'TooLong', 'Internal'])

/** One complaint. `field` is the whole path, `spec.containers[0].image`; `value` is shown only where the type shows one. */
export class FieldError {
  readonly type: FieldErrorType
  readonly field: string
  readonly value: unknown
  readonly detail: string

  constructor(type: FieldErrorType, field: string, value: unknown, detail = '') {
    this.type = type
    this.field = field
    this.value = value
    this.detail = detail
  }

  /** The problem without the field: what a StatusCause's message says. */
  get body(): string {
    const word = VALUELESS.has(this.type) || this.value === OMITTED ? WORDS[this.type] : `${WORDS[this.type]}: ${shown(this.value)}`
    return this.detail === '' ? word : `${word}: ${this.detail}`
  }

  /** The whole line. */
  get message(): string {
    return `${this.field}: ${this.body}`
  }
}

export interface Cause {
  readonly reason: string
  readonly message: string
  readonly field: string
}

export function causeOf(error: FieldError): Cause {
  const reason = error.type === 'Internal' ? 'InternalError' : `FieldValue${error.type}`
  return { reason, message: error.body, field: error.field }
}

/** The causes of a 422's details, in the order of the errors. */
export function causes(errors: readonly FieldError[]): Cause[] {
  return errors.map(causeOf)
}

export function required(field: string, detail = ''): FieldError {
  return new FieldError('Required', field, '', detail)
}

export function invalid(field: string, value: unknown, detail: string): FieldError {
  return new FieldError('Invalid', field, value, detail)
}

export function duplicate(field: string, value: unknown): FieldError {
  return new FieldError('Duplicate', field, value)
}

export function forbidden(field: string, detail: string): FieldError {
  return new FieldError('Forbidden', field, '', detail)
}

export function notFound(field: string, value: unknown): FieldError {
  return new FieldError('NotFound', field, value)
}

/** The supported values are listed in the order given. */
export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const detail = supported.length === 0 ? '' : `supported values: ${supported.map(quoted).join(', ')}`
  return new FieldError('NotSupported', field, value, detail)
}

export function tooLong(field: string, bytesMax: number): FieldError {
  return new FieldError('TooLong', field, '', `may not be more than ${bytesMax} ${bytesMax === 1 ? 'byte' : 'bytes'}`)
}

export function tooMany(field: string, actual: number, itemsMax: number): FieldError {
  return new FieldError('TooMany', field, actual, `must have at most ${itemsMax} ${itemsMax === 1 ? 'item' : 'items'}`)
}

/** One Invalid error per problem. */
export function invalidEach(field: string, value: unknown, problems: readonly string[]): FieldError[] {
  return problems.map((problem) => invalid(field, value, problem))
}

export const IMMUTABLE = 'field is immutable'

/** The path of a member, an element or a map's key. */
export function child(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (value === undefined) return 'null'
  if (typeof value === 'object') return goJson(value)
  if (typeof value === 'number' && !Number.isInteger(value)) return goFloat(value)
  return String(value)
}

/** A string as Go's %q writes it. */
export function quoted(text: string): string {
  return JSON.stringify(text)
    .replaceAll(/\\u00([0-9a-f]{2})/g, '\\x$1')
    .replaceAll('\\x07', '\\a')
    .replaceAll('\\x0b', '\\v')
    .replaceAll('\u007f', '\\x7f')
}

/** JSON as Go's encoder writes it: map-like members in order, `<`, `>` and `&` escaped. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
