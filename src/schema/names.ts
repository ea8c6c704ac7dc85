/** What names may look like: each check answers the list of what is wrong, empty when nothing is. */

import { isIP, isIPv4 } from '#base/addresses.ts'

const DNS1123_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const DNS1035_LABEL = '[a-z]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${DNS1123_LABEL}(\\.${DNS1123_LABEL})*`
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const LABEL_VALUE = `(${QUALIFIED})?`
const CONFIG_KEY = '[-._a-zA-Z0-9]+'
const HTTP_HEADER = '[-A-Za-z0-9]+'

export const LABEL_LENGTH_MAX = 63 // RFC 1123
export const SUBDOMAIN_LENGTH_MAX = 253 // RFC 1123

const QUALIFIED_TEXT = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"

const patterns = new Map<string, RegExp>()

function matches(text: string, pattern: string): boolean {
  let regexp = patterns.get(pattern)
  if (regexp === undefined) patterns.set(pattern, (regexp = new RegExp(`^(?:${pattern})$`)))
  return regexp.test(text)
}

/** The text of a mismatch: what is wanted, examples, the pattern. */
export function patternText(wanted: string, pattern: string, ...examples: readonly string[]): string {
  if (examples.length === 0) return `${wanted} (regex used for validation is '${pattern}')`
  return `${wanted} (e.g. ${examples.map((e) => `'${e}', `).join(' or ')}regex used for validation is '${pattern}')`
}

export function lengthText(bytesMax: number): string {
  return `must be no more than ${bytesMax} bytes`
}

export const EMPTY_TEXT = 'must be non-empty'

function rangeText(min: number, max: number): string {
  return `must be between ${min} and ${max}, inclusive`
}

function lengthOf(text: string): number {
  return Buffer.byteLength(text)
}

/** A lowercase RFC 1123 label: names of namespaces, containers, volumes. */
export function dns1123Label(text: string): string[] {
  const problems = lengthOf(text) > LABEL_LENGTH_MAX ? [lengthText(LABEL_LENGTH_MAX)] : []
  if (matches(text, DNS1123_LABEL)) return problems
  // A name with dots was meant to be a subdomain: say what a label is without suggesting one.
  if (matches(text, SUBDOMAIN)) return [...problems, 'must not contain dots']
  const wanted =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
  return [...problems, patternText(wanted, DNS1123_LABEL, 'my-name', '123-abc')]
}

/** A lowercase RFC 1123 subdomain: what most objects are named. */
export function dns1123Subdomain(text: string): string[] {
  const problems = lengthOf(text) > SUBDOMAIN_LENGTH_MAX ? [lengthText(SUBDOMAIN_LENGTH_MAX)] : []
  if (matches(text, SUBDOMAIN)) return problems
  const wanted =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
  return [...problems, patternText(wanted, SUBDOMAIN, 'example.com')]
}

/** A DNS-1035 label: what Services are named. */
export function dns1035Label(text: string): string[] {
  const problems = lengthOf(text) > LABEL_LENGTH_MAX ? [lengthText(LABEL_LENGTH_MAX)] : []
  if (matches(text, DNS1035_LABEL)) return problems
  const wanted =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"
  return [...problems, patternText(wanted, DNS1035_LABEL, 'my-name', 'abc-123')]
}

/** A path segment: roles, and whatever else only has to fit into a URL. */
export function pathSegment(text: string, prefix = false): string[] {
  if (!prefix && (text === '.' || text === '..')) return [`may not be '${text}'`]
  return ['/', '%'].filter((c) => text.includes(c)).map((c) => `may not contain '${c}'`)
}

/** Keys of labels, taints, annotations, extended resources: `name` or `example.com/name`. */
export function qualifiedName(text: string): string[] {
  const parts = text.split('/')
  const problems: string[] = []
  if (parts.length > 2) {
    const wanted = `a qualified name ${patternText(QUALIFIED_TEXT, QUALIFIED, 'MyName', 'my.name', '123-abc')}`
    return [`${wanted} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const name = parts.at(-1)!
  if (parts.length === 2) {
    const prefix = parts[0]!
    if (prefix === '') problems.push(`prefix part ${EMPTY_TEXT}`)
    else problems.push(...dns1123Subdomain(prefix).map((p) => `prefix part ${p}`))
  }
  if (name === '') problems.push(`name part ${EMPTY_TEXT}`)
  else if (lengthOf(name) > LABEL_LENGTH_MAX) problems.push(`name part ${lengthText(LABEL_LENGTH_MAX)}`)
  if (!matches(name, QUALIFIED)) problems.push(`name part ${patternText(QUALIFIED_TEXT, QUALIFIED, 'MyName', 'my.name', '123-abc')}`)
  return problems
}

export function labelValue(text: string): string[] {
  const problems = lengthOf(text) > LABEL_LENGTH_MAX ? [lengthText(LABEL_LENGTH_MAX)] : []
  if (matches(text, LABEL_VALUE)) return problems
  const wanted = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`
  return [...problems, patternText(wanted, LABEL_VALUE, 'MyValue', 'my_value', '12345')]
}

/** Keys of ConfigMaps and Secrets, which become file names. */
export function configKey(text: string): string[] {
  const problems = lengthOf(text) > SUBDOMAIN_LENGTH_MAX ? [lengthText(SUBDOMAIN_LENGTH_MAX)] : []
  if (!matches(text, CONFIG_KEY))
    problems.push(
      patternText(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        CONFIG_KEY,
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    )
  if (text === '.') problems.push(`must not be '.'`)
  else if (text === '..') problems.push(`must not be '..'`)
  else if (text.startsWith('..')) problems.push(`must not start with '..'`)
  return problems
}

/** Any printable ASCII but `=`. */
export function environmentVariableName(text: string): string[] {
  if (text === '') return ['environment variable name must be non-empty']
  return /^[ -<>-~]+$/.test(text)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

export function portName(text: string): string[] {
  const problems: string[] = []
  if (text.length > 15) problems.push('must be no more than 15 characters')
  if (!/^[-a-z0-9]+$/.test(text)) problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(text)) problems.push('must contain at least one letter (a-z)')
  if (text.includes('--')) problems.push('must not contain consecutive hyphens')
  if (text.startsWith('-') || text.endsWith('-')) problems.push('must not begin or end with a hyphen')
  return problems
}

export function portNumber(port: number): string[] {
  return port >= 1 && port <= 65_535 ? [] : [rangeText(1, 65_535)]
}

export function portNumberOrName(port: number | string): string[] {
  return typeof port === 'number' ? portNumber(port) : portName(port)
}

export function inRange(value: number, min: number, max: number): string[] {
  return value >= min && value <= max ? [] : [rangeText(min, max)]
}

export function httpHeaderName(text: string): string[] {
  return matches(text, HTTP_HEADER)
    ? []
    : [patternText("a valid HTTP header must consist of alphanumeric characters or '-'", HTTP_HEADER, 'X-Header-Name')]
}

export function sysctlName(text: string): boolean {
  return text.length <= SUBDOMAIN_LENGTH_MAX && matches(text, '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?')
}

/** An address without leading zeros, which readers disagree on, and not an IPv4 one dressed as IPv6. */
export function ipAddress(text: string): string[] {
  if (isIP(text) === 0 || text.includes('%')) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
  if (/^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(text)) return ['must not be an IPv4-mapped IPv6 address']
  return []
}

export function cidr(text: string): string[] {
  const parts = text.split('/')
  const bits = parts[1] ?? ''
  const good = parts.length === 2 && isIP(parts[0]!) !== 0 && /^(0|[1-9]\d*)$/.test(bits) && Number(bits) <= (isIPv4(parts[0]!) ? 32 : 128)
  return good ? [] : ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']
}

export function percentage(text: string): string[] {
  return matches(text, '[0-9]+%')
    ? []
    : [patternText("a valid percent string must be a numeric string followed by an ending '%'", '[0-9]+%', '1%', '93%')]
}

/** What remains to be checked of a generated name's base: its last dash will be followed by letters. */
export function maskTrailingDash(text: string): string {
  return text.length > 1 && text.endsWith('-') ? `${text.slice(0, -2)}a` : text
}
