/** Kubernetes' named formats of strings, with the words that say what is wrong with one. */

import { dns1035Label, dns1123Label, dns1123Subdomain, labelValue, maskTrailingDash, qualifiedName } from '#schema/names.ts'
import { PATTERN, sizeOf, TRAVERSAL } from './cost.ts'
import { parseUrl } from './go-url.ts'
import { func, method, nominal } from './own-type.ts'
import { parseTimestamp } from './time.ts'
import { declare, type FunctionDeclaration } from '../declaration.ts'
import { none, some } from '../optional.ts'
import * as t from '../type.ts'
import { ArrayList, Opaque, type Value } from '../value.ts'

const TYPE = t.opaque('kubernetes.NamedFormat')
/** The longest pattern of a format, in characters: what checking one costs. */
export const FORMAT_PATTERN_MAX = 128

type Problems = (text: string) => readonly string[]

const PATTERN_LENGTHS: Readonly<Record<string, number>> = {
  dns1123Label: 30,
  dns1123LabelPrefix: 30,
  dns1035Label: 30,
  dns1035LabelPrefix: 30,
  dns1123Subdomain: 60,
  dns1123SubdomainPrefix: 60,
  qualifiedName: 60,
  labelValue: 40,
}

class Format extends Opaque {
  readonly type = TYPE
  readonly name: string
  readonly problems: Problems
  /** Characters of its pattern, which is what checking costs. */
  readonly patternLength: number

  constructor(name: string, problems: Problems) {
    super()
    this.name = name
    this.problems = problems
    this.patternLength = PATTERN_LENGTHS[name] ?? FORMAT_PATTERN_MAX
  }

  equals(other: Value): boolean {
    return other instanceof Format && other.name === this.name
  }
}

const prefix =
  (check: Problems): Problems =>
  (text) =>
    check(maskTrailingDash(text))
const holding =
  (test: (text: string) => boolean, problem: string): Problems =>
  (text) =>
    test(text) ? [] : [problem]

function uri(text: string): readonly string[] {
  try {
    parseUrl(text, true)
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

function isInstant(text: string): boolean {
  try {
    parseTimestamp(text)
    return true
  } catch {
    return false
  }
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const isDate = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text) && isInstant(`${text}T00:00:00Z`)

const FORMATS: ReadonlyMap<string, Format> = new Map(
  Object.entries({
    dns1123Label,
    dns1123Subdomain,
    dns1035Label,
    qualifiedName,
    dns1123LabelPrefix: prefix(dns1123Label),
    dns1123SubdomainPrefix: prefix(dns1123Subdomain),
    dns1035LabelPrefix: prefix(dns1035Label),
    labelValue,
    uri,
    uuid: holding((text) => UUID.test(text), 'does not match the UUID format'),
    byte: holding((text) => text !== '' && BASE64.test(text), 'invalid base64'),
    date: holding(isDate, 'invalid date'),
    datetime: holding(isInstant, 'invalid datetime'),
  }).map(([name, problems]) => [name, new Format(name, problems)]),
)

function validate(format: Format, text: string): Value {
  const problems = format.problems(text)
  return problems.length === 0 ? none : some(new ArrayList(problems))
}

export const formatFunctions: readonly FunctionDeclaration[] = [
  ...[...FORMATS].map(([name, format]) =>
    declare(
      `format.${name}`,
      func(`format.${name}`, [], TYPE, () => format, nominal),
    ),
  ),
  declare(
    'format.named',
    func('format-named', [t.STRING], t.optionalOf(TYPE), (name: string) => (FORMATS.has(name) ? some(FORMATS.get(name)!) : none), nominal),
  ),
  declare(
    'validate',
    method<Format>(
      'format-validate',
      [TYPE, t.STRING],
      t.optionalOf(t.listOf(t.STRING)),
      validate,
      ([format, text]) => Math.ceil(sizeOf(text!) * TRAVERSAL) * Math.ceil((format as Format).patternLength * PATTERN),
    ),
  ),
]
