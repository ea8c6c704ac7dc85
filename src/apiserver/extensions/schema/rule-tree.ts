/** The rules of a schema in the shape of the schema: only the parts that have rules, or lead to some. */

import { fieldAt } from '#api/apiextensions/v1/field-path.ts'
import type { JsonSchema, ValidationRule } from '#api/apiextensions/v1/json-schema.ts'
import { additionalOf, itemsOf } from './structure.ts'

export interface RuleNode {
  readonly schema: JsonSchema
  readonly rules: readonly Rule[]
  readonly items?: RuleNode
  /** Of values under any name. */
  readonly more?: RuleNode
  readonly properties: ReadonlyMap<string, RuleNode>
}

export interface Evaluation {
  /** A boolean or string; undefined for anything else. */
  readonly value?: boolean | string
  /** Why there is none. */
  readonly error?: string
  /** It went over what one evaluation may cost. */
  readonly isTooCostly?: boolean
  readonly cost: number
}

type Evaluate = (self: unknown, oldSelf: unknown) => Evaluation

export interface Rule extends CompiledRule {
  readonly declared: ValidationRule
  /** Relative to the value, where not the value itself is to be blamed. */
  readonly fieldPath: string
}

export interface CompiledRule {
  /** Why it cannot be run. */
  readonly problem?: string
  /** Nothing is known of the values, so no rule can be over them. */
  readonly isUntyped?: boolean
  readonly messageProblem?: string
  readonly usesOldSelf: boolean
  /** What a run may cost at most, and its message, as far as the schema tells. */
  readonly costMax?: () => number
  readonly messageCostMax?: () => number
  /** Bytes of JSON a value takes at least. */
  readonly bytesMin?: number
  readonly run: Evaluate
  readonly message?: Evaluate
}

/** Makes the rules of one schema run; `isObject` where the value has apiVersion, kind and metadata whatever its schema says. */
export type CompileRules = (schema: JsonSchema, isObject: boolean) => readonly CompiledRule[]

/** Undefined where there are no rules. */
export function ruleTree(schema: JsonSchema, compile: CompileRules, isObject = true): RuleNode | undefined {
  const declared = schema['x-kubernetes-validations'] ?? []
  const compiled = declared.length === 0 ? [] : compile(schema, isObject)
  const rules = compiled.map((rule, index) => ({ ...rule, declared: declared[index]!, fieldPath: fieldPathOf(schema, declared[index]!) }))
  const below = (part: JsonSchema | undefined) => part && ruleTree(part, compile, part['x-kubernetes-embedded-resource'] === true)
  const [items, more] = [below(itemsOf(schema)), below(additionalOf(schema))]
  const properties = new Map(
    Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
      const node = below(property)
      return node === undefined ? [] : [[name, node] as const]
    }),
  )
  if (rules.length === 0 && items === undefined && more === undefined && properties.size === 0) return undefined
  return { schema, rules, properties, ...(items && { items }), ...(more && { more }) }
}

function fieldPathOf(schema: JsonSchema, { fieldPath = '' }: ValidationRule): string {
  const found = fieldPath === '' ? '' : fieldAt(schema, fieldPath)
  return typeof found === 'string' ? '' : found.path
}
