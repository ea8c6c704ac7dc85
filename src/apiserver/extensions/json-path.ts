/** JSON paths as columns of custom resources are written: `.spec.ports[0].name`, `.status.conditions[?(@.type=="Ready")].status`. */

/** Finds values in document order; what is missing on the way is nothing found. */
export type JsonPath = (value: unknown) => readonly unknown[]

/** A path that does not end as it began. */
export class MalformedPath extends Error {
  override readonly name = 'MalformedPath'
}

type Step = (values: readonly unknown[]) => readonly unknown[]

export function parseJsonPath(text: string): JsonPath {
  const steps = new PathReader(text).read()
  return (value) => steps.reduce((values, step) => (values.length === 0 ? values : step(values)), [value] as readonly unknown[])
}

/** The members on the way where a path has only plain names, as paths of scales and selectable fields have. */
export function simplePath(text: string): readonly string[] {
  return text.replace(/^\./, '').split('.')
}

/** Undefined where anything on the way is missing or no object. */
export function memberAt(value: unknown, path: readonly string[]): unknown {
  let found = value
  for (const name of path) {
    if (!isObject(found) || !Object.hasOwn(found, name)) return undefined
    found = found[name]
  }
  return found
}

class PathReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): readonly Step[] {
    const steps: Step[] = []
    if (this.#text[this.#at] === '$' || this.#text[this.#at] === '@') this.#at++
    while (this.#at < this.#text.length) steps.push(this.#step())
    return steps
  }

  #step(): Step {
    const first = this.#text[this.#at]
    if (first === '[') return this.#bracket()
    const recursive = this.#text.startsWith('..', this.#at)
    if (recursive) this.#at += 2
    else if (first === '.') this.#at++
    if (recursive && this.#text[this.#at] === '[') return everythingBelow
    const name = this.#name()
    if (name === '' && !recursive) {
      if (this.#at >= this.#text.length || this.#text[this.#at] === '[') return (values) => values
      throw new MalformedPath(`unrecognized character in path ${JSON.stringify(this.#text)}`)
    }
    const step: Step = name === '*' ? allMembers : memberNamed(name)
    return recursive ? (values) => step(everythingBelow(values)) : step
  }

  /** Up to what ends a name; a backslash takes the next character as it is. */
  #name(): string {
    let name = ''
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at]!
      if (c === '\\') name += this.#text[++this.#at] ?? ''
      else if (c === '.' || c === '[' || c === ']') break
      else name += c
    }
    return name.trim()
  }

  #bracket(): Step {
    const inside = this.#inside()
    if (inside.startsWith('?(') && inside.endsWith(')')) return filter(inside.slice(2, -1))
    if (inside === '*') return allMembers
    const choices = splitOutsideQuotes(inside, ',').map((choice) => one(choice.trim()))
    return choices.length === 1 ? choices[0]! : (values) => choices.flatMap((choice) => choice(values))
  }

  #inside(): string {
    const start = ++this.#at
    let depth = 1
    let quote = ''
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at]!
      if (quote !== '') {
        if (c === quote) quote = ''
      } else if (c === '"' || c === "'") quote = c
      else if (c === '[') depth++
      else if (c === ']' && --depth === 0) return this.#text.slice(start, this.#at++).trim()
    }
    throw new MalformedPath('unterminated array')
  }
}

/** One choice in brackets: a quoted name, an index, a slice. */
function one(text: string): Step {
  const quoted = /^(['"])(.*)\1$/s.exec(text)
  if (quoted) return memberNamed(quoted[2]!)
  const slice = /^(-?\d*)(?::(-?\d*))?(?::(-?\d*))?$/.exec(text)
  if (slice === null || text === '') throw new MalformedPath(`invalid array index ${text}`)
  if (!text.includes(':')) {
    const index = Number(text)
    return (values) => values.flatMap((v) => (Array.isArray(v) && v.at(index) !== undefined ? [v.at(index)] : []))
  }
  const bound = (part: string | undefined) => (part ? Number(part) : undefined)
  const [from, to, by] = [bound(slice[1]), bound(slice[2]), bound(slice[3]) ?? 1]
  return (values) => values.flatMap((v) => (Array.isArray(v) ? v.slice(from, to).filter((_, i) => i % by === 0) : []))
}

const COMPARISONS: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<=': (a, b) => typeof a === typeof b && (a as number) <= (b as number),
  '>=': (a, b) => typeof a === typeof b && (a as number) >= (b as number),
  '<': (a, b) => typeof a === typeof b && (a as number) < (b as number),
  '>': (a, b) => typeof a === typeof b && (a as number) > (b as number),
}

function filter(text: string): Step {
  const found = Object.keys(COMPARISONS).find((operator) => splitOutsideQuotes(text, operator).length === 2)
  if (found === undefined) {
    const exists = operand(text.trim())
    return (values) => items(values).filter((item) => exists(item).length > 0)
  }
  const [left, right] = splitOutsideQuotes(text, found).map((side) => operand(side.trim())) as [JsonPath, JsonPath]
  const holds = COMPARISONS[found]!
  return (values) =>
    items(values).filter((item) => {
      const [a, b] = [left(item), right(item)]
      return a.length === 1 && b.length === 1 && holds(a[0], b[0])
    })
}

function operand(text: string): JsonPath {
  const quoted = /^(['"])(.*)\1$/s.exec(text)
  if (quoted) return () => [quoted[2]!]
  if (text === 'true' || text === 'false') return () => [text === 'true']
  if (/^-?\d+(\.\d+)?$/.test(text)) return () => [Number(text)]
  return parseJsonPath(text)
}

function splitOutsideQuotes(text: string, separator: string): readonly string[] {
  const parts: string[] = []
  let quote = ''
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!
    if (quote !== '') {
      if (c === quote) quote = ''
    } else if (c === '"' || c === "'") quote = c
    else if (text.startsWith(separator, at)) {
      parts.push(text.slice(start, at))
      at += separator.length - 1
      start = at + 1
    }
  }
  return [...parts, text.slice(start)]
}

function memberNamed(name: string): Step {
  return (values) => values.flatMap((v) => (isObject(v) && Object.hasOwn(v, name) ? [v[name]] : []))
}

const allMembers: Step = (values) => values.flatMap((v) => (Array.isArray(v) ? v : isObject(v) ? Object.values(v) : []))

const everythingBelow: Step = (values) => values.flatMap((v) => [v, ...everythingBelow(allMembers([v]))])

function items(values: readonly unknown[]): readonly unknown[] {
  return values.flatMap((v) => (Array.isArray(v) ? (v as unknown[]) : []))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
