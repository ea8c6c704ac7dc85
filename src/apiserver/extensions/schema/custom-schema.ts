/** All that the schema of a custom resource's version says of its objects. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { invalid, type FieldError, type FieldErrorType } from '#schema/field-error.ts'
import type { Message } from '#schema/message.ts'
import { Correlation } from './correlation.ts'
import { declarationOf } from './declaration.ts'
import { coerceEmbedded, type Coerced } from './embedded.ts'
import { embeddedErrors } from './embedded-rules.ts'
import { fillDefaults } from './fill.ts'
import { listErrors } from './lists.ts'
import { dropNulls, prune, type Pruned } from './prune.ts'
import { compileRules } from './rule-program.ts'
import { ruleTree, type RuleNode } from './rule-tree.ts'
import { brokenRules } from './rule-walk.ts'
import { propertyOf, type Json } from './structure.ts'
import { NO_PATH, valueErrors } from './values.ts'

/**
 * Objects are whole ones, `apiVersion`, `kind` and `metadata` included, which are the caller's to check; each step answers the
 * same reference when it has nothing to change. On the way in: `prune`, `coerce`, `fillDefaults`; then `validate`.
 */
export interface CustomSchema {
  /** Without unknown members and without nulls that may not be. A no-op where unknown fields are preserved. */
  prune<T extends Json>(object: T): Pruned<T>
  /** Embedded objects in canonical form; `dropInvalid` for what is stored already, where nobody can be told. */
  coerce<T extends Json>(object: T, options?: { readonly dropInvalid?: boolean }): Coerced<T>
  fillDefaults<T extends Json>(object: T): T
  /**
   * What is wrong with an object, on an update only as far as it was not so before. The object's own metadata is not looked at;
   * what is wrong with it is given as `before`, since rules are only run on objects that are sound otherwise.
   */
  validate(object: Json, options?: ValidateOptions): readonly FieldError[]
  /** What clients are told of an object that was validated: the rules it broke before too. */
  warnings(object: Json): readonly string[]
  /** For server-side apply: who may own what. */
  readonly declaration: Message
}

export interface ValidateOptions {
  /** The object as it was. */
  readonly old?: Json
  /** Whether the change came by the status path: of values only the status is looked at. */
  readonly isStatus?: boolean
  readonly before?: readonly FieldError[]
}

/** Of a version without a schema, nothing is known: all fields go unless they are preserved. */
export function customSchema(
  schema: JsonSchema | undefined,
  { kind, preserveUnknownFields = false }: { readonly kind: string; readonly preserveUnknownFields?: boolean },
): CustomSchema {
  let rules: { readonly tree: RuleNode | undefined } | undefined
  const letThrough = new WeakMap<Json, string[]>()
  const rulesOf = (of: JsonSchema) => (rules ??= { tree: ruleTree(of, compileRules) }).tree
  return {
    prune: (object) => {
      if (preserveUnknownFields) return { object, pruned: [] }
      const known = prune(object, schema)
      return { object: dropNulls(known.object, schema), pruned: known.pruned }
    },
    coerce: (object, options) => coerceEmbedded(object, schema, options),
    fillDefaults: (object) => fillDefaults(object, schema),
    warnings: (object) => letThrough.get(object) ?? [],
    validate: (object, { old, isStatus = false, before = [] } = {}) => {
      if (schema === undefined) return []
      const correlation = old && new Correlation(schema, object, old)
      const errors = formErrors(schema, object, old, correlation, isStatus)
      const tree = rulesOf(schema)
      if (tree === undefined) return errors
      if ([...before, ...errors].some(({ type }) => BLOCKING.has(type))) return [...errors, UNCHECKED]
      const told: string[] = []
      const broken = brokenRules(tree, object, { old, correlation, letThrough: ({ message }) => void told.push(message) })
      if (told.length > 0) letThrough.set(object, told)
      return [...errors, ...broken]
    },
    declaration: declarationOf(kind, schema, preserveUnknownFields || schema?.['x-kubernetes-preserve-unknown-fields'] === true),
  }
}

/** All but what rules say. */
function formErrors(
  schema: JsonSchema,
  object: Json,
  old: Json | undefined,
  correlation: Correlation | undefined,
  isStatus: boolean,
): readonly FieldError[] {
  return [
    ...(isStatus ? statusErrors(schema, object, correlation) : valueErrors(schema, object, correlation)),
    ...(isStatus ? [] : embeddedErrors(schema, object)),
    ...repeatedErrors(schema, object, old),
  ]
}

/** What was not unique before may stay so. */
function repeatedErrors(schema: JsonSchema, object: Json, old: Json | undefined): readonly FieldError[] {
  const errors = listErrors(schema, object)
  return errors.length > 0 && old !== undefined && listErrors(schema, old).length > 0 ? [] : errors
}

const BLOCKING: ReadonlySet<FieldErrorType> = new Set(['NotSupported', 'Required', 'TooLong', 'TooMany', 'TypeInvalid'])

/** Rules expect values of the types and sizes that their schemas say. */
const UNCHECKED = invalid(
  NO_PATH,
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
)

function statusErrors(schema: JsonSchema, object: Json, correlation: Correlation | undefined): FieldError[] {
  const status = propertyOf(schema, 'status')
  if (status === undefined || !Object.hasOwn(object, 'status')) return []
  return valueErrors(status, object['status'], correlation?.member('status'), 'status')
}
