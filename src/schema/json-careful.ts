/** The careful JSON reader: finds duplicate members and says what is wrong with a text in the words of Go's decoder. */

import { MalformedInput } from './malformed-input.ts'

/** How many strict errors are kept: upstream's own limit, so that a hostile body cannot make a huge answer. */
export const STRICT_ERRORS_MAX = 100

/** Reads a text whose depth was checked before. */
export function readCarefully(text: string): { value: unknown; duplicates: string[] } {
  const reader = new CarefulReader(text)
  const value = reader.document()
  return { value, duplicates: [...reader.duplicates] }
}

class CarefulReader {
  readonly duplicates = new Set<string>()
  readonly #text: string
  #at = 0
  readonly #path: string[] = []

  constructor(text: string) {
    this.#text = text
  }

  document(): unknown {
    const value = this.#value()
    this.#space()
    if (this.#at < this.#text.length) this.#fail('after top-level value')
    return value
  }

  #value(): unknown {
    this.#space()
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object()
      case '[':
        return this.#array()
      case '"':
        return this.#string()
      case 't':
        return this.#literal('true', true)
      case 'f':
        return this.#literal('false', false)
      case 'n':
        return this.#literal('null', null)
      default:
        return this.#number()
    }
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    this.#at++
    this.#space()
    if (this.#text[this.#at] === '}') {
      this.#at++
      return object
    }
    for (;;) {
      this.#space()
      if (this.#text[this.#at] !== '"') this.#fail('looking for beginning of object key string')
      const name = this.#string()
      if (name === '__proto__') throw new MalformedInput('the name "__proto__" is not accepted')
      this.#space()
      if (this.#text[this.#at] !== ':') this.#fail('after object key')
      this.#at++
      this.#path.push(`.${name}`)
      if (Object.hasOwn(object, name)) {
        if (this.duplicates.size < STRICT_ERRORS_MAX) this.duplicates.add(`duplicate field ${JSON.stringify(this.#path.join('').slice(1))}`)
        // A repeated member stands where it was repeated, so that what is wrong with the text can be told in its order.
        delete object[name]
      }
      object[name] = this.#value()
      this.#path.pop()
      this.#space()
      const next = this.#text[this.#at]
      if (next !== ',' && next !== '}') this.#fail('after object key:value pair')
      this.#at++
      if (next === '}') return object
    }
  }

  #array(): unknown[] {
    const array: unknown[] = []
    this.#at++
    this.#space()
    if (this.#text[this.#at] === ']') {
      this.#at++
      return array
    }
    for (;;) {
      this.#path.push(`[${array.length}]`)
      array.push(this.#value())
      this.#path.pop()
      this.#space()
      const next = this.#text[this.#at]
      if (next !== ',' && next !== ']') this.#fail('after array element')
      this.#at++
      if (next === ']') return array
    }
  }

  #string(): string {
    const start = this.#at++
    let escaped = false
    for (;;) {
      const c = this.#text[this.#at]
      if (c === '"') break
      if (c === undefined || c < ' ') this.#fail('in string literal')
      this.#at++
      if (c !== '\\') continue
      escaped = true
      const kind = this.#text[this.#at]
      if (kind === undefined || !'"\\/bfnrtu'.includes(kind)) this.#fail('in string escape code')
      this.#at++
      if (kind === 'u') this.#hexDigits()
    }
    this.#at++
    const inner = this.#text.slice(start + 1, this.#at - 1)
    return escaped ? (JSON.parse(`"${inner}"`) as string).toWellFormed() : inner
  }

  #hexDigits(): void {
    for (let i = 0; i < 4; i++, this.#at++)
      if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? '')) this.#fail('in \\u hexadecimal character escape')
  }

  #literal<T>(word: string, value: T): T {
    for (let i = 0; i < word.length; i++, this.#at++)
      if (this.#text[this.#at] !== word[i])
        this.#fail(i === 0 ? 'looking for beginning of value' : `in literal ${word} (expecting '${word[i]}')`)
    return value
  }

  #number(): number {
    const start = this.#at
    const negative = this.#text[this.#at] === '-'
    if (negative) this.#at++
    if (this.#text[this.#at] === '0') this.#at++
    else if (!this.#digits()) this.#fail(negative ? 'in numeric literal' : 'looking for beginning of value')
    if (this.#text[this.#at] === '.') {
      this.#at++
      if (!this.#digits()) this.#fail('after decimal point in numeric literal')
    }
    if (this.#text[this.#at] === 'e' || this.#text[this.#at] === 'E') {
      this.#at++
      if (this.#text[this.#at] === '+' || this.#text[this.#at] === '-') this.#at++
      if (!this.#digits()) this.#fail('in exponent of numeric literal')
    }
    return Number(this.#text.slice(start, this.#at))
  }

  #digits(): boolean {
    const start = this.#at
    for (let c = this.#text[this.#at]; c !== undefined && c >= '0' && c <= '9'; c = this.#text[this.#at]) this.#at++
    return this.#at > start
  }

  #space(): void {
    for (let c = this.#text[this.#at]; c === ' ' || c === '\n' || c === '\t' || c === '\r'; c = this.#text[this.#at]) this.#at++
  }

  #fail(where: string): never {
    const point = this.#text.codePointAt(this.#at)
    if (point === undefined) throw new MalformedInput('unexpected end of JSON input')
    throw new MalformedInput(`invalid character ${quoteCharacter(point)} ${where}`)
  }
}

/** Go names a character in single quotes with its own escapes, byte by byte. */
function quoteCharacter(point: number): string {
  const [byte] = Buffer.from(String.fromCodePoint(point))
  const named: Record<number, string> = {
    0x27: "\\'",
    0x22: '"',
    0x5c: '\\\\',
    7: '\\a',
    8: '\\b',
    9: '\\t',
    10: '\\n',
    11: '\\v',
    12: '\\f',
    13: '\\r',
  }
  const name = named[byte!]
  if (name !== undefined) return `'${name}'`
  if (byte! < 0x20 || byte === 0x7f) return `'\\x${byte!.toString(16).padStart(2, '0')}'`
  return `'${String.fromCharCode(byte!)}'`
}
