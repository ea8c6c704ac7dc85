/** The formats of strings that schemas of custom resources know; every other is ignored. */

import { isIP } from '#base/addresses.ts'
import { parseDuration } from '#schema/duration.ts'
import { isQuantity } from '#schema/quantity.ts'
import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { compilePattern, type Pattern } from '#schema/pattern.ts'

/** The schema's format where it means something for its type; undefined for formats that are ignored. */
export function knownFormat({ type = '', format = '', 'x-kubernetes-int-or-string': isEither }: JsonSchema): string | undefined {
  if (format === '') return undefined
  switch (isEither ? '' : type) {
    case '':
    case 'string':
      return CHECKS.has(normalized(format)) ? format : undefined
    case 'integer':
      return format === 'int32' || format === 'int64' ? format : undefined
    case 'number':
      return format === 'float' || format === 'double' ? format : undefined
    default:
      return undefined
  }
}

/** Whether the text is of a format that `knownFormat` let through for strings. */
export function isOfFormat(format: string, text: string): boolean {
  return CHECKS.get(normalized(format))?.(text) ?? true
}

function normalized(format: string): string {
  return format.replaceAll('-', '')
}

function matching(source: string): (text: string) => boolean {
  let pattern: Pattern | undefined
  return (text) => (pattern ??= compilePattern(source)).test(text)
}

const SYMBOL = '[a-zA-Z0-9\\p{S}\\p{L}]'
const HOST_NAME = matching(
  `^(${SYMBOL}((-?${SYMBOL}{0,62})?)|(${SYMBOL}(([a-zA-Z0-9-\\p{S}\\p{L}]{0,61}${SYMBOL})?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63})$`,
)
const HEX = '[0-9a-f]'
const uuid = (third: string, fourth: string) => matching(`(?i)^${HEX}{8}-?${HEX}{4}-?${third}-?${fourth}-?${HEX}{12}$`)
const CHANNEL = '\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*'
const SHORT_NAME = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const IS_SHORT_NAME = matching(`^${SHORT_NAME}$`)
const IS_LONG_NAME = matching(`^${SHORT_NAME}(\\.${SHORT_NAME})*$`)
const CARD =
  '^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\\d{3})\\d{11})$'

const IS_CARD = matching(CARD)

const CHECKS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['bsonobjectid', matching('^[0-9a-fA-F]{24}$')],
  ['uri', isRequestUri],
  ['email', (text) => isEmail(text)],
  ['hostname', (text) => HOST_NAME(text) && text.length <= 255 && text.split('.').every((part) => Buffer.byteLength(part) <= 63)],
  ['ipv4', (text) => text.includes('.') && isAddress(text)],
  ['ipv6', (text) => text.includes(':') && isAddress(text)],
  ['cidr', isCidr],
  ['mac', isMac],
  ['uuid', uuid(`${HEX}{4}`, `${HEX}{4}`)],
  ['uuid3', uuid(`3${HEX}{3}`, `${HEX}{4}`)],
  ['uuid4', uuid(`4${HEX}{3}`, `[89ab]${HEX}{3}`)],
  ['uuid5', uuid(`5${HEX}{3}`, `[89ab]${HEX}{3}`)],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', isCreditCard],
  ['ssn', matching('^\\d{3}[- ]?\\d{2}[- ]?\\d{4}$')],
  ['hexcolor', matching('^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$')],
  ['rgbcolor', matching(`^rgb\\(${CHANNEL},${CHANNEL},${CHANNEL}\\)$`)],
  ['byte', matching('^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$')],
  ['password', () => true],
  ['date', isDate],
  ['duration', isDuration],
  ['datetime', isDateTime],
  ['quantity', isQuantity],
  ['k8sshortname', (text) => text.length <= 63 && IS_SHORT_NAME(text)],
  ['k8slongname', (text) => text.length <= 253 && IS_LONG_NAME(text)],
])

/** Octets may begin with zeros, as long ago. */
function isAddress(text: string): boolean {
  return !text.includes('%') && isIP(text.replaceAll(/(^|[.:])0+(\d+)(?=$|\.)/g, '$1$2')) !== 0
}

function isCidr(text: string): boolean {
  const [, address, bits] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? []
  if (address === undefined || !isAddress(address)) return false
  return Number(bits) <= (address.includes(':') ? 128 : 32)
}

function isMac(text: string): boolean {
  const separated = /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2})*$/i.test(text) && [17, 23, 59].includes(text.length)
  return separated || (/^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i.test(text) && [14, 19, 49].includes(text.length))
}

function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? []
  if (year === undefined) return false
  const [m, d] = [Number(month), Number(day)]
  const isLeap = Number(year) % 4 === 0 && (Number(year) % 100 !== 0 || Number(year) % 400 === 0)
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  return m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1]!
}

function isDateTime(text: string): boolean {
  const [date = '', time] = text.toLowerCase().split('t')
  if (time === undefined || !isDate(date)) return false
  const [, hour, minute, second] = /^(\d{2}):(\d{2}):(\d{2})(?:.\d+)?(?:z|[+-]\d{2}:\d{2})$/.exec(time) ?? []
  return hour !== undefined && hour <= '23' && minute! <= '59' && second! <= '59'
}

const DURATION_UNITS = ['ns', 'us', 'µs', 'ms', 's', 'm', 'h', 'hr', 'd', 'w', 'wk']
const IN_WORDS = matching('^\\s*(?:\\d+\\s*[A-Za-zµ]+\\s*)+$')
const DURATION_WORDS = ['nano', 'micro', 'milli', 'sec', 'min', 'hour', 'day', 'week']

/** Go's durations, and Scala's: `3 days 2 hours`. */
function isDuration(text: string): boolean {
  if (parseDuration(text) !== undefined) return true
  if (!IN_WORDS(text)) return false
  return [...text.matchAll(/\d+\s*([A-Za-zµ]+)/g)].some(([, word]) => {
    const unit = word!.toLowerCase()
    return DURATION_UNITS.includes(unit) || DURATION_WORDS.some((known) => unit.startsWith(known))
  })
}

function isIsbn10(text: string): boolean {
  const digits = text.replaceAll(/[\s-]+/g, '')
  if (!/^\d{9}[\dX]$/.test(digits)) return false
  const sum = [...digits].reduce((total, c, i) => total + (i + 1) * (c === 'X' ? 10 : Number(c)), 0)
  return sum % 11 === 0
}

function isIsbn13(text: string): boolean {
  const digits = text.replaceAll(/[\s-]+/g, '')
  if (!/^\d{13}$/.test(digits)) return false
  const sum = [...digits].reduce((total, c, i) => total + (i % 2 === 0 ? 1 : 3) * Number(c), 0)
  return sum % 10 === 0
}

function isCreditCard(text: string): boolean {
  const digits = text.replaceAll(/\D+/g, '')
  if (!IS_CARD(digits)) return false
  const sum = [...digits].toReversed().reduce((total, c, i) => {
    const value = Number(c) * (i % 2 === 0 ? 1 : 2)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return sum % 10 === 0
}

/** As Go reads the target of a request: absolute, or with a path from the root. */
function isRequestUri(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  if (text === '' || /[\u0000-\u001f\u007f]/.test(text)) return false
  if (text === '*') return true
  const [, scheme, after] = /^([a-zA-Z][a-zA-Z0-9+.-]*):(.*)$/s.exec(text) ?? []
  const rest = (after ?? text).replace(/\?.*$/s, '')
  if (scheme === undefined && !text.startsWith('/')) return false
  if (!rest.startsWith('/')) return scheme !== undefined
  const isRelative = scheme === undefined || !rest.startsWith('//') || rest.startsWith('///')
  if (isRelative) return isEscaped(rest)
  const end = rest.indexOf('/', 2)
  const authority = rest.slice(2, end < 0 ? undefined : end)
  return isAuthority(authority) && isEscaped(end < 0 ? '' : rest.slice(end))
}

function isEscaped(text: string): boolean {
  return !/%(?![0-9a-fA-F]{2})/.test(text)
}

function isAuthority(text: string): boolean {
  const at = text.lastIndexOf('@')
  if (at >= 0 && (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(text.slice(0, at)) || !isEscaped(text.slice(0, at)))) return false
  const host = text.slice(at + 1)
  if (host.startsWith('[')) return /^\[[^\]]*\](?::\d*)?$/.test(host)
  const [, name, port] = /^([^:]*)(?::(.*))?$/s.exec(host) ?? []
  if (name === undefined || (port !== undefined && !/^\d*$/.test(port))) return false
  return isEscaped(name) && !/[ "<>\\^`{|}]/.test(name)
}

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\x{80}-\\x{10ffff}]+"
const QUOTED = '"(?:[^"\\\\\\x00-\\x1f\\x7f]|\\\\[\\x20-\\x7e])*"'
const ADDRESS = `(?:${ATOM}(?:\\.${ATOM})*|${QUOTED})@(?:${ATOM}(?:\\.${ATOM})*|\\[[0-9A-Fa-f:.]+\\])`

/** An address as in a mail's header, with or without a name before it. */
const isEmail = matching(`^\\s*(?:${ADDRESS}|(?:(?:${ATOM}|${QUOTED}|[.\\s])+)?<${ADDRESS}>)\\s*$`)
