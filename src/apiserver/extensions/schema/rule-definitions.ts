/** Holds the rules of a definition's schema to what rules may be: they compile, look at what was only where that can be known, and cost little enough. */

import type { JsonSchema, ValidationRule } from '#api/apiextensions/v1/json-schema.ts'
import { FieldError, forbidden, invalid } from '#schema/field-error.ts'
import type { CompiledRule, CompileRules } from './rule-tree.ts'
import { additionalOf, itemsOf } from './structure.ts'

/** What one rule may cost at most as far as its schema tells, in all the places it may stand in one object. */
const RULE_COST_MAX = 10_000_000
/** What all rules of a schema may. */
const SCHEMA_COST_MAX = 100_000_000
const NAMED_MAX = 4
const REQUEST_BYTES_MAX = 3 * 1024 * 1024

/** Of a structural schema that lies at `path`. */
export function ruleDefinitionErrors(schema: JsonSchema, path: string, compile: CompileRules): FieldError[] {
  const costs: Cost[] = []
  const errors = errorsAt(schema, { path, isObject: true, times: 1, uncorrelated: undefined }, compile, costs)
  return [...errors, ...totalErrors(costs, path)]
}

interface Place {
  readonly path: string
  readonly isObject: boolean
  /** How often the value may stand in one object; undefined where no schema around it says. */
  readonly times: number | undefined
  /** Path of the outermost list whose items cannot be told apart. */
  readonly uncorrelated: string | undefined
}

interface Cost {
  readonly path: string
  readonly cost: number
}

function errorsAt(schema: JsonSchema, place: Place, compile: CompileRules, costs: Cost[]): FieldError[] {
  const errors: FieldError[] = []
  const times = place.times === undefined ? undefined : timesBelow(schema, place.times)
  const visit = (part: JsonSchema, path: string, uncorrelated = place.uncorrelated): void => {
    const below: Place = { path, isObject: part['x-kubernetes-embedded-resource'] === true, times, uncorrelated }
    for (const error of errorsAt(part, below, compile, costs)) errors.push(error)
  }
  const more = additionalOf(schema)
  if (more !== undefined) visit(more, `${place.path}.additionalProperties`)
  for (const [name, property] of Object.entries(schema.properties ?? {})) visit(property, `${place.path}.properties[${name}]`)
  const items = itemsOf(schema)
  const isCorrelated = schema['x-kubernetes-list-type'] === 'map'
  if (items !== undefined) visit(items, `${place.path}.items`, place.uncorrelated ?? (isCorrelated ? undefined : place.path))
  const declared = schema['x-kubernetes-validations'] ?? []
  if (declared.length === 0) return errors
  const compiled = compile(schema, place.isObject)
  const [untyped] = compiled.filter(({ isUntyped }) => isUntyped)
  if (untyped !== undefined) {
    const why = `internal error: failed to construct type information for x-kubernetes-validations rules: ${untyped.problem}`
    return [...errors, new FieldError('Internal', `${place.path}.x-kubernetes-validations`, '', why)]
  }
  for (const [index, rule] of compiled.entries())
    errors.push(...ruleErrors(declared[index]!, rule, place, `${place.path}.x-kubernetes-validations[${index}]`, costs))
  return errors
}

/** Undefined: as often as fit into a request. */
function timesBelow({ type, additionalProperties: more, maxProperties, maxItems }: JsonSchema, times: number): number | undefined {
  const most = type === 'array' ? maxItems : type === 'object' && more !== undefined ? maxProperties : 1
  return most === undefined ? undefined : times * Math.max(0, most)
}

function ruleErrors(declared: ValidationRule, rule: CompiledRule, place: Place, path: string, costs: Cost[]): FieldError[] {
  const errors: FieldError[] = []
  const costly = (member: string, what: string, cost: number): void => {
    if (cost > RULE_COST_MAX) errors.push(forbidden(`${path}.${member}`, overBudget(what, cost, RULE_COST_MAX)))
    costs.push({ path: `${path}.${member}`, cost })
  }
  costly('rule', 'estimated rule cost', (rule.costMax?.() ?? 0) * (place.times ?? timesInRequest(rule.bytesMin ?? 0)))
  if (rule.problem !== undefined) errors.push(invalid(`${path}.rule`, asShown(declared), rule.problem))
  if (rule.messageProblem !== undefined) errors.push(invalid(`${path}.messageExpression`, asShown(declared), rule.messageProblem))
  else if (rule.message !== undefined) costly('messageExpression', 'estimated messageExpression cost', rule.messageCostMax?.() ?? 0)
  if (rule.usesOldSelf && place.uncorrelated !== undefined) {
    const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelated}`
    errors.push(invalid(`${path}.rule`, declared.rule, why))
  } else if (!rule.usesOldSelf && declared.optionalOldSelf !== undefined)
    errors.push(invalid(`${path}.optionalOldSelf`, declared.optionalOldSelf, 'may not be set if oldSelf is not used in rule'))
  return errors
}

/** A comma takes a byte too. */
function timesInRequest(bytesMin: number): number {
  return Math.floor(REQUEST_BYTES_MAX / (bytesMin + 1))
}

/** A rule under the names that refusals have always shown. */
function asShown({
  rule = '',
  message = '',
  messageExpression = '',
  reason = '',
  fieldPath = '',
  optionalOldSelf,
}: ValidationRule): unknown {
  return {
    Rule: rule,
    Message: message,
    MessageExpression: messageExpression,
    Reason: reason === '' ? null : reason,
    FieldPath: fieldPath,
    OptionalOldSelf: optionalOldSelf ?? null,
  }
}

function totalErrors(costs: readonly Cost[], path: string): FieldError[] {
  const total = costs.reduce((sum, { cost }) => sum + cost, 0)
  if (total <= SCHEMA_COST_MAX) return []
  const named = costs.filter(({ cost }) => cost >= SCHEMA_COST_MAX / 100).toSorted((a, b) => b.cost - a.cost)
  const why = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'
  const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema'
  return [...named.slice(0, NAMED_MAX).map((cost) => forbidden(cost.path, why)), forbidden(path, overBudget(what, total, SCHEMA_COST_MAX))]
}

function overBudget(what: string, cost: number, most: number): string {
  const times = cost / most
  const factor = times > 100 ? 'more than 100x' : times < 1.5 ? `${times.toFixed(6)}x` : `${times.toFixed(1)}x`
  const advice = 'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared'
  return `${what} exceeds budget by factor of ${factor} (${advice})`
}
