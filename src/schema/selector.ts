/** Label and field selectors: read from text or from the API's form, matched against labels and fields. */

import { child, forbidden, invalid, required, type FieldError } from './field-error.ts'
import { labelValue, qualifiedName } from './names.ts'

export type Labels = Readonly<Record<string, string>>

export type RequirementOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'

export interface LabelRequirement {
  readonly key: string
  readonly operator: RequirementOperator
  /** Sorted, without repetition. */
  readonly values: readonly string[]
}

/** A compiled selector. `everything` matches all, without looking. */
export interface LabelSelector_ {
  readonly requirements: readonly LabelRequirement[]
  readonly everything: boolean
  readonly matches: (labels: Labels | undefined) => boolean
  /** The canonical text. */
  readonly text: string
}

/** A selector that cannot be understood; the message is what clients know. */
export class MalformedSelector extends Error {
  override readonly name = 'MalformedSelector'
}

/** The form that objects carry (`matchLabels`, `matchExpressions`). */
export interface SelectorObject {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[]
}

/** Reads `a=b,c in (d,e),!f`. Throws MalformedSelector. */
export function parseLabelSelector(text: string): LabelSelector_ {
  return selectorOf(new Reader(text).read())
}

/** An absent selector matches nothing, an empty one everything. Throws MalformedSelector. */
export function labelSelectorOf(selector: SelectorObject | undefined): LabelSelector_ {
  if (selector === undefined) return NOTHING
  const requirements = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => requirement(key, '=', [value]))
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const known = Object.hasOwn(OBJECT_OPERATORS, operator) ? OBJECT_OPERATORS[operator] : undefined
    if (known === undefined) throw new MalformedSelector(`${JSON.stringify(operator)} is not a valid label selector operator`)
    requirements.push(requirement(key, known, values))
  }
  return selectorOf(requirements)
}

/** Labels that must all be there with these values (Service and ReplicationController selectors); none matches everything. */
export function selectorFromSet(labels: Labels): LabelSelector_ {
  return selectorOf(Object.entries(labels).map(([key, value]) => ({ key, operator: '=', values: [value] })))
}

const OBJECT_OPERATORS: Readonly<Record<string, RequirementOperator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' }

const NOTHING: LabelSelector_ = { requirements: [], everything: false, matches: () => false, text: '' }

function selectorOf(list: readonly LabelRequirement[]): LabelSelector_ {
  const requirements = list.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return {
    requirements,
    everything: requirements.length === 0,
    matches: (labels = {}) => requirements.every((r) => requirementMatches(r, labels)),
    get text() {
      return requirements.map(textOf).join(',')
    },
  }
}

function requirementMatches({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value)
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case 'gt':
      return value !== undefined && isInteger(value) && BigInt(value) > BigInt(values[0]!)
    case 'lt':
      return value !== undefined && isInteger(value) && BigInt(value) < BigInt(values[0]!)
  }
}

function textOf({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`
    case 'gt':
      return `${key}>${values[0]}`
    case 'lt':
      return `${key}<${values[0]}`
    default:
      return `${key}${operator}${values[0]}`
  }
}

function isInteger(text: string): boolean {
  return /^[+-]?\d{1,19}$/.test(text)
}

/** Throws MalformedSelector with every problem of the requirement. */
function requirement(key: string, operator: RequirementOperator, given: readonly string[]): LabelRequirement {
  const values = [...new Set(given)].sort()
  const problems: string[] = []
  const blame = (field: string, value: unknown, detail: string) => problems.push(invalid(field, value, detail).message)
  const keyProblems = qualifiedName(key)
  if (keyProblems.length > 0) blame('key', key, keyProblems.join('; '))
  switch (operator) {
    case 'in':
    case 'notin':
      if (values.length === 0) blame('values', values, "for 'in', 'notin' operators, values set can't be empty")
      break
    case '=':
    case '==':
    case '!=':
      if (values.length !== 1) blame('values', values, 'exact-match compatibility requires one single value')
      break
    case 'exists':
    case '!':
      if (values.length > 0) blame('values', values, 'values set must be empty for exists and does not exist')
      break
    case 'gt':
    case 'lt':
      if (values.length !== 1) blame('values', values, "for 'Gt', 'Lt' operators, exactly one value is required")
      else if (!isInteger(values[0]!)) blame('values[0]', values[0], "for 'Gt', 'Lt' operators, the value must be an integer")
      break
  }
  for (const [index, value] of values.entries()) {
    const valueProblems = labelValue(value)
    if (valueProblems.length > 0) blame(`values[${index}][${key}]`, value, valueProblems.join('; '))
  }
  if (problems.length === 1) throw new MalformedSelector(problems[0])
  if (problems.length > 1) throw new MalformedSelector(`[${problems.join(', ')}]`)
  return { key, operator, values }
}

type Token = 'end' | 'error' | 'identifier' | '!' | ',' | '(' | ')' | '=' | '==' | '!=' | '>' | '<' | 'in' | 'notin'

interface Lexeme {
  readonly token: Token
  readonly text: string
}

const SPECIAL = new Set('=!(),><')
const SYMBOLS: ReadonlySet<string> = new Set(['!', ',', '(', ')', '=', '==', '!=', '>', '<'])
const BINARY_OPERATORS = 'in, notin, =, ==, !=, gt, lt'

function scan(text: string): Lexeme[] {
  const lexemes: Lexeme[] = []
  let at = 0
  const isSpace = (c: string) => c === ' ' || c === '\t' || c === '\r' || c === '\n'
  while (at < text.length) {
    const c = text[at]!
    if (isSpace(c)) {
      at++
    } else if (SPECIAL.has(c)) {
      const two = text.slice(at, at + 2)
      const symbol = SYMBOLS.has(two) ? two : c
      lexemes.push({ token: symbol as Token, text: symbol })
      at += symbol.length
    } else {
      const start = at
      while (at < text.length && !SPECIAL.has(text[at]!) && !isSpace(text[at]!)) at++
      const word = text.slice(start, at)
      lexemes.push({ token: word === 'in' || word === 'notin' ? word : 'identifier', text: word })
    }
  }
  return lexemes
}

const END: Lexeme = { token: 'end', text: '' }

class Reader {
  readonly #lexemes: readonly Lexeme[]
  #at = 0

  constructor(text: string) {
    this.#lexemes = scan(text)
  }

  read(): LabelRequirement[] {
    const requirements: LabelRequirement[] = []
    for (;;) {
      const next = this.#peek()
      if (next.token === 'end') return requirements
      if (next.token !== 'identifier' && next.token !== '!')
        throw new MalformedSelector(`found '${next.text}', expected: !, identifier, or 'end of string'`)
      try {
        requirements.push(this.#requirement())
      } catch (error) {
        throw new MalformedSelector(`unable to parse requirement: ${(error as Error).message}`)
      }
      const after = this.#take()
      if (after.token === 'end') return requirements
      if (after.token !== ',') throw new MalformedSelector(`found '${after.text}', expected: ',' or 'end of string'`)
      const following = this.#peek()
      if (following.token !== 'identifier' && following.token !== '!')
        throw new MalformedSelector(`found '${following.text}', expected: identifier after ','`)
    }
  }

  #requirement(): LabelRequirement {
    let first = this.#take()
    const absent = first.token === '!'
    if (absent) first = this.#take()
    if (first.token !== 'identifier') throw new MalformedSelector(`found '${first.text}', expected: identifier`)
    const problems = qualifiedName(first.text)
    if (problems.length > 0) throw new MalformedSelector(invalid('<nil>', first.text, problems.join('; ')).message)
    const { token } = this.#peek()
    if (absent) return requirement(first.text, '!', [])
    if (token === 'end' || token === ',') return requirement(first.text, 'exists', [])
    const operator = this.#operator()
    return requirement(first.text, operator, operator === 'in' || operator === 'notin' ? this.#values() : this.#exactValue())
  }

  #operator(): RequirementOperator {
    const { token, text } = this.#takeOperator()
    switch (token) {
      case 'in':
      case 'notin':
      case '=':
      case '==':
      case '!=':
        return token
      case '>':
        return 'gt'
      case '<':
        return 'lt'
      default:
        throw new MalformedSelector(`found '${text}', expected: ${BINARY_OPERATORS}`)
    }
  }

  #values(): string[] {
    const open = this.#take()
    if (open.token !== '(') throw new MalformedSelector(`found '${open.text}' expected: '('`)
    const first = this.#peek()
    switch (first.token) {
      case 'identifier':
      case ',': {
        const values = this.#list()
        if (this.#take().token !== ')') throw new MalformedSelector(`found '${first.text}', expected: ')'`)
        return values
      }
      case ')':
        this.#take()
        return ['']
      default:
        throw new MalformedSelector(`found '${first.text}', expected: ',', ')' or identifier`)
    }
  }

  #list(): string[] {
    const values: string[] = []
    for (;;) {
      const { token, text } = this.#take()
      if (token === 'identifier') {
        values.push(text)
        const next = this.#peek()
        if (next.token === ')') return values
        if (next.token !== ',') throw new MalformedSelector(`found '${next.text}', expected: ',' or ')'`)
      } else if (token === ',') {
        if (values.length === 0) values.push('')
        const next = this.#peek()
        if (next.token === ')') return [...values, '']
        if (next.token === ',') {
          this.#take()
          values.push('')
        }
      } else throw new MalformedSelector(`found '${text}', expected: ',', or identifier`)
    }
  }

  #exactValue(): string[] {
    const next = this.#peek()
    if (next.token === 'end' || next.token === ',') return ['']
    const { token, text } = this.#take()
    if (token !== 'identifier') throw new MalformedSelector(`found '${text}', expected: identifier`)
    return [text]
  }

  /** Where a value or key may stand, `in` and `notin` are words like others. */
  #peek(): Lexeme {
    const lexeme = this.#lexemes[this.#at] ?? END
    return lexeme.token === 'in' || lexeme.token === 'notin' ? { token: 'identifier', text: lexeme.text } : lexeme
  }

  #take(): Lexeme {
    const lexeme = this.#peek()
    this.#at++
    return lexeme
  }

  #takeOperator(): Lexeme {
    return this.#lexemes[this.#at++] ?? END
  }
}

export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[]
  readonly matches: (fields: (field: string) => string) => boolean
}

const ESCAPED = new Set(['\\', ',', '='])

/** Reads `metadata.name=x,status.phase!=Running`. Throws MalformedSelector. */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements: FieldRequirement[] = []
  for (const term of splitTerms(text)) {
    if (term === '') continue
    const parts = splitTerm(term)
    if (parts === undefined) throw new MalformedSelector(`invalid selector: '${text}'; can't understand '${term}'`)
    requirements.push({ ...parts, value: unescapeValue(parts.value) })
  }
  return {
    requirements,
    matches: (fields) => requirements.every(({ field, operator, value }) => (fields(field) === value) === (operator === '=')),
  }
}

function splitTerms(text: string): string[] {
  const terms: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === ',') {
      terms.push(text.slice(start, at))
      start = at + 1
    }
  }
  return [...terms, text.slice(start)]
}

function splitTerm(term: string): FieldRequirement | undefined {
  for (let at = 0; at < term.length; at++) {
    for (const operator of ['!=', '==', '=']) {
      if (!term.startsWith(operator, at)) continue
      return { field: term.slice(0, at), operator: operator === '!=' ? '!=' : '=', value: term.slice(at + operator.length) }
    }
  }
  return undefined
}

function unescapeValue(text: string): string {
  let value = ''
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!
    if (c === '\\') {
      const next = text[++at] ?? ''
      if (!ESCAPED.has(next)) throw new MalformedSelector(`invalid field selector: invalid escape sequence: \\${next}`)
      value += next
    } else if (c === ',' || c === '=') throw new MalformedSelector(`invalid field selector: unescaped character in value: ${c}`)
    else value += c
  }
  return value
}

/** Complaints about a label selector in an object. */
export function selectorErrors(selector: SelectorObject | undefined, path: string, allowInvalidValues = false): FieldError[] {
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) {
    const at = child(path, 'matchLabels')
    for (const problem of qualifiedName(key)) errors.push(invalid(at, key, problem))
    for (const problem of labelValue(value)) errors.push(invalid(at, value, problem))
  }
  for (const [index, { key, operator, values = [] }] of (selector?.matchExpressions ?? []).entries()) {
    const at = `${child(path, 'matchExpressions')}[${index}]`
    errors.push(...expressionErrors(at, key, operator, values, allowInvalidValues))
  }
  return errors
}

function expressionErrors(at: string, key: string, operator: string, values: readonly string[], allowInvalidValues: boolean): FieldError[] {
  const errors: FieldError[] = []
  const place = child(at, 'values')
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.push(required(place, "must be specified when `operator` is 'In' or 'NotIn'"))
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) errors.push(forbidden(place, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
  } else errors.push(invalid(child(at, 'operator'), operator, 'not a valid selector operator'))
  for (const problem of qualifiedName(key)) errors.push(invalid(child(at, 'key'), key, problem))
  if (!allowInvalidValues)
    for (const [index, value] of values.entries())
      for (const problem of labelValue(value)) errors.push(invalid(`${place}[${index}]`, value, problem))
  return errors
}
