/** Runs the rules of a schema over an object and what it was, within a budget, and says what did not hold. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { duplicate, forbidden, invalid, OMITTED, quoted, required, type FieldError } from '#schema/field-error.ts'
import { OldItems, type Correlation } from './correlation.ts'
import type { Evaluation, Rule, RuleNode } from './rule-tree.ts'
import { asObject, memberPath } from './structure.ts'
import { NO_PATH } from './values.ts'

/** What all rules of one object may cost together, in upstream's units. */
const OBJECT_COST_MAX = 10_000_000
const MESSAGE_BYTES_MAX = 5 * 1024

export interface WalkOptions {
  /** The value as it was. */
  readonly old?: unknown
  /** With it, what a rule says of a part that is as it was is let through, unless the rule looks at what it was. */
  readonly correlation?: Correlation | undefined
  readonly path?: string
  readonly costMax?: number
  /** Told of what is let through. */
  readonly letThrough?: (error: FieldError) => void
}

export function brokenRules(
  tree: RuleNode,
  value: unknown,
  { old, correlation, path = '', costMax = OBJECT_COST_MAX, letThrough = () => {} }: WalkOptions = {},
): FieldError[] {
  const walk: Walk = { errors: [], left: costMax, letThrough }
  const place: Place = { value, old, path, correlation, nearest: undefined }
  try {
    visit(tree, place, walk)
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error
  }
  return walk.errors
}

interface Walk {
  readonly errors: FieldError[]
  /** Of the budget. */
  left: number
  readonly letThrough: (error: FieldError) => void
}

/** Ends the walk; what is wrong was told before. */
class OutOfBudget extends Error {}

interface Place {
  readonly value: unknown
  readonly old: unknown
  readonly path: string
  /** Undefined where nothing is known of the part as it was; then `nearest` is the innermost part around it of which something is. */
  readonly correlation: Correlation | undefined
  readonly nearest: Correlation | undefined
}

function visit(node: RuleNode, place: Place, walk: Walk): void {
  const { value, old, path } = place
  if (value === null || value === undefined) return
  runRules(node, place, walk)
  if (Array.isArray(value)) {
    if (node.items === undefined) return
    const oldItems = new OldItems(node.schema, Array.isArray(old) ? old : [])
    for (const [index, item] of value.entries()) {
      const below = correlatedBelow(place, (known) => known.item(index))
      visit(node.items, { value: item, old: oldItems.of(item), path: `${path}[${index}]`, ...below }, walk)
    }
    return
  }
  const object = asObject(value)
  if (object === undefined) return
  const before = asObject(old) ?? {}
  for (const name in object) {
    const property = node.properties.get(name)
    const below = property ?? node.more
    if (below === undefined) continue
    const at = property === undefined ? `${path}[${name}]` : memberPath(path, name)
    const was = Object.hasOwn(before, name) ? before[name] : undefined
    visit(below, { value: object[name], old: was, path: at, ...memberBelow(place, name) }, walk)
  }
}

type Below = Pick<Place, 'correlation' | 'nearest'>

function correlatedBelow({ correlation, nearest }: Place, find: (known: Correlation) => Correlation | undefined): Below {
  return correlation === undefined ? { correlation, nearest } : { correlation: find(correlation), nearest: correlation }
}

/** The object's own kind may be another in the version it was written in, so nothing is let through there. */
function memberBelow(place: Place, name: string): Below {
  const isOwnKind = place.correlation !== undefined && place.nearest === undefined && (name === 'apiVersion' || name === 'kind')
  return isOwnKind ? { correlation: undefined, nearest: undefined } : correlatedBelow(place, (known) => known.member(name))
}

function runRules({ schema, rules }: RuleNode, place: Place, walk: Walk): void {
  if (rules.length === 0) return
  const at = place.path === '' ? NO_PATH : place.path
  const type = schema.type ?? ''
  const stop = (error: FieldError): never => {
    walk.errors.push(error)
    throw new OutOfBudget()
  }
  const budgetIsSpent = 'validation failed due to running out of cost budget, no further validation rules will be run'
  if (walk.left <= 0) stop(invalid(at, type, budgetIsSpent))
  const old = place.old ?? undefined
  for (const rule of rules) {
    if (rule.problem !== undefined) {
      walk.errors.push(invalid(at, type, `rule compile error: ${rule.problem}`))
      continue
    }
    if (rule.usesOldSelf && old === undefined && !rule.declared.optionalOldSelf) continue
    const { value, error, isTooCostly, cost } = rule.run(place.value, old)
    if (cost > walk.left) stop(invalid(at, type, budgetIsSpent))
    walk.left -= cost
    if (error !== undefined) {
      const said = shown(rule)
      if (isTooCostly)
        stop(invalid(at, type, `'${error}': no further validation rules will be run due to call cost exceeds limit for rule: ${said}`))
      const isMismatch = error.startsWith('no such overload')
      const why = isMismatch
        ? `'${error}': call arguments did not match a supported operator, function or macro signature for rule: ${said}`
        : `${error} evaluating rule: ${said}`
      walk.errors.push(invalid(at, type, why))
      continue
    }
    if (value === true) continue
    blame(rule, schema, place, walk, stop)
  }
}

function shown({ declared: { rule = '', message = '' } }: Rule): string {
  return (message === '' ? rule : message).trim()
}

function blame(rule: Rule, schema: JsonSchema, place: Place, walk: Walk, stop: (error: FieldError) => never): void {
  const { declared, usesOldSelf, fieldPath } = rule
  const path = fieldPath === '' ? place.path : memberPath(place.path, fieldPath)
  const at = path === '' ? NO_PATH : path
  const isLetThrough = !usesOldSelf && ((place.correlation ?? place.nearest)?.isSame ?? false)
  const message = rule.message?.(place.value, place.old ?? undefined)
  let detail = declared.message ? declared.message.trim() : `failed rule: ${shown(rule)}`
  if (message !== undefined) {
    const problem = messageProblem(message, declared.messageExpression ?? '', walk.left)
    if (problem !== undefined) {
      const error = invalid(at, schema.type ?? '', problem)
      if (!isLetThrough) stop(error)
      walk.letThrough(error)
      throw new OutOfBudget()
    }
    walk.left -= message.cost
    detail = messageText(message) ?? detail
  }
  const value = schema.type === 'object' || schema.type === 'array' ? OMITTED : place.value
  const error = errorOf(declared.reason, at, value, detail)
  if (isLetThrough) walk.letThrough(error)
  else walk.errors.push(error)
}

/** Why no rule is run after this message. */
function messageProblem({ isTooCostly, cost }: Evaluation, source: string, left: number): string | undefined {
  if (cost > left) return 'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run'
  return isTooCostly
    ? `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${quoted(source)}`
    : undefined
}

/** Undefined for what cannot be shown, in place of which the message that is written down stands. */
function messageText({ value, error }: Evaluation): string | undefined {
  if (error !== undefined || typeof value !== 'string') return undefined
  const text = value.trim()
  return text === '' || text.includes('\n') || Buffer.byteLength(text) > MESSAGE_BYTES_MAX ? undefined : text
}

function errorOf(reason: string | undefined, path: string, value: unknown, detail: string): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return forbidden(path, detail)
    case 'FieldValueRequired':
      return required(path, detail)
    case 'FieldValueDuplicate':
      return duplicate(path, value)
    default:
      return invalid(path, value, detail)
  }
}
