/** Holds values to a schema: types, ranges, lengths, patterns, formats, and what must or must not be there, in upstream's words. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { FieldError, invalid, notSupported, quoted, required, tooLong, tooMany } from '#schema/field-error.ts'
import { goFloat } from '#schema/go-number.ts'
import { sameJson } from '#schema/json-patch.ts'
import { Correlation } from './correlation.ts'
import { isOfFormat, knownFormat } from './formats.ts'
import { compilePattern, type Pattern } from '#schema/pattern.ts'
import { additionalOf, inOrder, itemsOf, propertyOf, type Json } from './structure.ts'

/** How upstream writes the path of nothing. */
export const NO_PATH = '<nil>'

/**
 * What is wrong with `value`. With `old`, errors of parts that are as they were are let through. `base` is where the value lies;
 * the texts name paths below it.
 */
export function valueErrors(schema: JsonSchema, value: unknown, old?: Correlation, base = ''): FieldError[] {
  const all = check({ base }, schema, value, '', undefined).errors
  // most objects are sound, and need not be compared with what they were
  const errors = all.length === 0 || old === undefined ? all : check({ base }, schema, value, '', old).errors
  const seen = new Set<string>()
  return errors.filter(({ type, message }) => !seen.has(type + message) && seen.add(type + message))
}

interface Context {
  readonly base: string
}

/** `held` counts what held, by which the best of several alternatives is chosen. */
interface Result {
  readonly errors: readonly FieldError[]
  readonly held: number
}

const NOTHING: Result = { errors: [], held: 0 }
const HELD: Result = { errors: [], held: 1 }

/** A result in the making. Most values are sound, so nothing is made until an error comes. */
class Tally implements Result {
  errors: readonly FieldError[] = NOTHING.errors
  held: number

  constructor(held = 0) {
    this.held = held
  }

  add({ errors, held }: Result, more = 0): void {
    this.held += held + more
    if (errors.length > 0) this.errors = this.errors.length === 0 ? errors : [...this.errors, ...errors]
  }
}

/** `name` is the path as texts have it, from the base on. */
function check(context: Context, schema: JsonSchema, value: unknown, name: string, old: Correlation | undefined): Result {
  const result = checkAll(context, schema, value, name, old)
  return result.errors.length > 0 && old?.isSame ? { errors: [], held: result.held } : result
}

function checkAll(context: Context, schema: JsonSchema, value: unknown, name: string, old: Correlation | undefined): Result {
  const tally = new Tally()
  if (value === null) {
    tally.add(typeCheck(context, schema, value, name))
    tally.add(enumCheck(context, schema, value, name))
    return tally
  }
  const format = knownFormat(schema)
  if (typesOf(schema).length > 0 || format !== undefined) tally.add(typeCheck(context, schema, value, name), 1)
  tally.add(alternatives(context, schema, value, name), 1)
  if (typeof value === 'string') {
    tally.add(textCheck(context, schema, value, name), 1)
    if (format !== undefined && !NUMERIC_FORMATS.has(format)) tally.add(formatCheck(context, format, value, name), 1)
  } else if (typeof value === 'number') tally.add(numberCheck(context, schema, value, name), 1)
  else if (Array.isArray(value)) tally.add(listCheck(context, schema, value, name, old), 1)
  tally.add(enumCheck(context, schema, value, name), 1)
  if (typeof value === 'object' && !Array.isArray(value)) tally.add(objectCheck(context, schema, value as Json, name, old), 1)
  tally.held++
  return tally
}

const NUMERIC_FORMATS: ReadonlySet<string> = new Set(['int32', 'int64', 'float', 'double'])

function failure(error: FieldError): Result {
  return { errors: [error], held: 0 }
}

function pathOf({ base }: Context, name: string): string {
  const below = name.replace(/^\./, '')
  if (below === '') return base === '' ? NO_PATH : base
  return base === '' ? below : `${base}.${below}`
}

function wrong(context: Context, name: string, value: unknown, said: string): FieldError {
  return invalid(pathOf(context, name), value, `${name} in body ${said}`)
}

function wrongType(context: Context, name: string, wanted: string, found: string): FieldError {
  const said = `${name} in body must be of type ${wanted}: ${quoted(found)}`
  return new FieldError('TypeInvalid', pathOf(context, name), found, said)
}

/** What concerns several schemas is blamed at the whole, whatever part it is. */
function composite({ base }: Context, name: string, said: string): FieldError {
  return invalid(base === '' ? NO_PATH : base, '', `${quoted(name)} must ${said}`)
}

function typesOf({ type, 'x-kubernetes-int-or-string': isEither }: JsonSchema): readonly string[] {
  return isEither ? ['integer', 'string'] : type ? [type] : []
}

function typeCheck(context: Context, schema: JsonSchema, value: unknown, name: string): Result {
  const types = typesOf(schema)
  if (value === null) return types.length > 0 && !schema.nullable ? failure(wrongType(context, name, types.join(','), 'null')) : HELD
  const [type, itsFormat] = typeOf(value)
  const isNumber = type === 'integer' && types.includes('number')
  const format = knownFormat(schema)
  const isText = type === 'string' || type === 'array'
  const takesNumbers = types.includes('number') || types.includes('integer')
  if (format !== undefined && !isText && !types.includes(type) && !isNumber && itsFormat !== format)
    return failure(wrongType(context, name, format, itsFormat))
  // where a format is named, upstream takes a list for any string; nobody means that
  if (format !== undefined && isText && !takesNumbers && (type === 'string' || types.length === 0)) return HELD
  return types.includes(type) || isNumber ? HELD : failure(wrongType(context, name, types.join(','), type))
}

function typeOf(value: unknown): readonly [type: string, format: string] {
  if (typeof value === 'number') return Number.isInteger(value) ? ['integer', 'int64'] : ['number', 'float64']
  return [Array.isArray(value) ? 'array' : typeof value, '']
}

/** Null is among no set of values. */
function enumCheck(context: Context, schema: JsonSchema, value: unknown, name: string): Result {
  const accepted = schema.enum ?? []
  if (accepted.length === 0 || (value !== null && accepted.some((one) => sameJson(one, value)))) return NOTHING
  const shown = accepted.map((one) => (typeof one === 'string' ? one : JSON.stringify(inOrder(one))))
  return failure(notSupported(pathOf(context, name), inOrder(value), shown))
}

/** Only the first that does not hold is told. */
function textCheck(context: Context, schema: JsonSchema, value: string, name: string): Result {
  const { maxLength, minLength, pattern } = schema
  if (maxLength !== undefined && value.length > maxLength && characters(value) > maxLength)
    return failure(tooLong(pathOf(context, name), maxLength))
  if (minLength !== undefined && characters(value) < minLength)
    return failure(wrong(context, name, value, `should be at least ${minLength} chars long`))
  if (pattern && !patternOf(schema, pattern).test(value)) return failure(wrong(context, name, value, `should match '${pattern}'`))
  return NOTHING
}

const patterns = new WeakMap<JsonSchema, Pattern>()

function patternOf(schema: JsonSchema, source: string): Pattern {
  let known = patterns.get(schema)
  if (known === undefined) patterns.set(schema, (known = compilePattern(source)))
  return known
}

function characters(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

function formatCheck(context: Context, format: string, value: string, name: string): Result {
  return isOfFormat(format, value) ? NOTHING : failure(wrongType(context, name, format, value))
}

function numberCheck(context: Context, schema: JsonSchema, value: number, name: string): Result {
  const { multipleOf: factor, maximum, minimum, exclusiveMaximum, exclusiveMinimum } = schema
  const isWhole = Number.isInteger(value)
  const bound = (limit: number) => (isWhole ? Math.trunc(limit) : limit)
  const shown = (limit: number) => (isWhole && Number.isInteger(limit) ? String(limit) : goFloat(limit))
  const errors: FieldError[] = []
  if (factor !== undefined && factor < 0)
    errors.push(invalid(pathOf(context, name), factor, `factor MultipleOf declared for ${name} must be positive: ${goFloat(factor)}`))
  else if (factor !== undefined && !isMultiple(value, factor))
    errors.push(wrong(context, name, value, `should be a multiple of ${shown(factor)}`))
  if (maximum !== undefined) {
    const limit = bound(maximum)
    if (exclusiveMaximum ? value >= limit : value > limit)
      errors.push(wrong(context, name, value, `should be less than ${exclusiveMaximum ? '' : 'or equal to '}${shown(limit)}`))
  }
  if (minimum !== undefined) {
    const limit = bound(minimum)
    if (exclusiveMinimum ? value <= limit : value < limit)
      errors.push(wrong(context, name, value, `should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${shown(limit)}`))
  }
  return { errors, held: 1 }
}

function isMultiple(value: number, factor: number): boolean {
  const times = factor < 1 ? (1 / factor) * value : value / factor
  if (factor === 0 || !Number.isFinite(times)) return false
  const nearest = Math.round(times)
  return Math.abs(times - nearest) <= 1e-9 * Math.max(1, Math.abs(times))
}

function listCheck(context: Context, schema: JsonSchema, value: readonly unknown[], name: string, old: Correlation | undefined): Result {
  const { minItems, maxItems } = schema
  const items = itemsOf(schema)
  const tally = new Tally(1)
  const errors: FieldError[] = []
  if (items !== undefined)
    for (const [i, item] of value.entries()) {
      const result = check(context, items, item, `${name}[${i}]`, old?.item(i))
      tally.held += result.held
      for (const error of result.errors) errors.push(error)
    }
  const size = value.length
  if (minItems !== undefined && size < minItems) errors.push(wrong(context, name, size, `should have at least ${minItems} items`))
  if (maxItems !== undefined && size > maxItems) errors.push(tooMany(pathOf(context, name), size, maxItems))
  if (errors.length > 0) tally.errors = errors
  return tally
}

function objectCheck(context: Context, schema: JsonSchema, value: Json, name: string, old: Correlation | undefined): Result {
  const { minProperties, maxProperties } = schema
  const size = minProperties === undefined && maxProperties === undefined ? 0 : Object.keys(value).length
  if (minProperties !== undefined && size < minProperties)
    return failure(wrong(context, name, size, `should have at least ${minProperties} properties`))
  if (maxProperties !== undefined && size > maxProperties) return failure(tooMany(pathOf(context, name), size, maxProperties))
  const tally = new Tally()
  const errors: FieldError[] = []
  const more = additionalOf(schema)
  // by the value's members: a schema may have many more
  for (const member in value) {
    const property = propertyOf(schema, member)
    if (property === undefined && schema.additionalProperties === false)
      errors.push(invalid(pathOf(context, name), member, `${name}.${member} in body is a forbidden property`))
    const known = property ?? more
    if (known === undefined) continue
    const at = name === '' && property !== undefined ? member : `${name}.${member}`
    const result = check(context, known, value[member], at, old?.member(member))
    tally.held += result.held
    for (const error of result.errors) errors.push(error)
  }
  for (const member of schema.required ?? []) if (!Object.hasOwn(value, member)) errors.push(required(pathOf(context, `${name}.${member}`)))
  if (errors.length > 0) tally.errors = errors
  return tally
}

/** `anyOf`, `oneOf`, `allOf` and `not`; of alternatives that all fail, the errors of the one that came closest are told. */
function alternatives(context: Context, schema: JsonSchema, value: unknown, name: string): Result {
  const { anyOf = NONE, oneOf = NONE, allOf = NONE, not } = schema
  if (anyOf.length + oneOf.length + allOf.length === 0 && !not) return HELD
  const tally = new Tally(1)
  const tried = (part: JsonSchema) => check(context, part, value, name, undefined)
  const fails = (said: string) => tally.add(failure(composite(context, name, said)))
  if (anyOf.length > 0) {
    const found = firstHolding(anyOf, tried)
    if (found.errors.length > 0) fails('validate at least one schema (anyOf)')
    tally.add(found)
  }
  if (oneOf.length > 0) {
    const each = oneOf.map(tried)
    const holding = each.filter(({ errors }) => errors.length === 0)
    if (holding.length === 1) tally.add(holding[0]!)
    else if (holding.length > 1) fails(`validate one and only one schema (oneOf). Found ${holding.length} valid alternatives`)
    else {
      fails('validate one and only one schema (oneOf). Found none valid')
      tally.add(closest(each))
    }
  }
  if (allOf.length > 0) {
    const each = allOf.map(tried)
    for (const result of each) tally.add(result)
    const held = each.filter(({ errors }) => errors.length === 0).length
    if (held < each.length) fails(`validate all the schemas (allOf)${held === 0 ? '. None validated' : ''}`)
  }
  if (not && tried(not).errors.length === 0) fails('not validate the schema (not)')
  return tally
}

const NONE: readonly JsonSchema[] = []

function firstHolding(parts: readonly JsonSchema[], tried: (part: JsonSchema) => Result): Result {
  const failed: Result[] = []
  for (const part of parts) {
    const result = tried(part)
    if (result.errors.length === 0) return result
    failed.push(result)
  }
  return closest(failed)
}

function closest(results: readonly Result[]): Result {
  return results.reduce((best, result) => (result.held > best.held ? result : best))
}
