/** What expressions about requests may use, and how lists of them are compiled and evaluated within a budget. */

import { compile, ExpressionError, type Budget, type CompiledExpression, type CompileOptions } from '#cel/compile.ts'
import type { Activation } from '#cel/evaluate.ts'
import { AUTHORIZER, RESOURCE_CHECK } from '#cel/library/authorizer.ts'
import * as t from '#cel/type.ts'
import type { Type } from '#cel/type.ts'
import type { Value } from '#cel/value.ts'

export interface Uses {
  /** `params`, which policies with a kind of parameters have. */
  readonly params?: boolean
  /** `authorizer` and `authorizer.requestResource`. */
  readonly authorizer?: boolean
  /** `variables`, an object of what the policy has compiled so far. */
  readonly variables?: Type
}

/** What has been compiled, or why it could not be. */
export type AdmissionExpression =
  | { readonly source: string; readonly compiled: CompiledExpression; readonly mistake?: undefined }
  | { readonly source: string; readonly compiled?: undefined; readonly mistake: string }

/** `more`: what else is declared, on top of what all expressions about requests may use. */
export function compileExpressionFor(
  source: string,
  uses: Uses,
  results?: readonly Type[],
  more?: Partial<CompileOptions>,
): AdmissionExpression {
  try {
    const variables = new Map([...variableTypes(uses), ...(more?.variables ?? [])])
    return { source, compiled: compile(source, { ...more, variables, ...(results && { results }) }) }
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return { source, mistake: error.message }
  }
}

/** Why an expression gave no value; or the value. */
export type Evaluated = { readonly value: Value; readonly error?: undefined } | { readonly value?: undefined; readonly error: string }

/** All expressions together cost more than they may; nothing else is evaluated. */
export class OutOfBudget extends Error {
  override readonly name = 'OutOfBudget'

  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run')
  }
}

/** Throws `OutOfBudget`, and `AnswerPending` where the authorizer takes time. */
export function evaluated({ source, compiled, mistake }: AdmissionExpression, variables: Activation, budget: Budget): Evaluated {
  if (compiled === undefined) return { error: `compilation error: ${mistake}` }
  const { value, error } = compiled.evaluate(variables, budget)
  if (budget.remaining < 0) throw new OutOfBudget()
  return error ? { error: `expression '${source}' resulted in error: ${error.message}` } : { value: value! }
}

const object = (name: string, fields: Readonly<Record<string, Type>>): Type => {
  const types = new Map(Object.entries(fields))
  return { kind: 'object', name: `kubernetes.${name}`, fields: () => types }
}

const { STRING, BOOL, INT, TIMESTAMP, DYN } = t
const STRINGS = t.listOf(STRING)
const KIND = object('GroupVersionKind', { group: STRING, version: STRING, kind: STRING })
const RESOURCE = object('GroupVersionResource', { group: STRING, version: STRING, resource: STRING })

const USER = object('UserInfo', { username: STRING, uid: STRING, groups: STRINGS, extra: t.mapOf(STRING, STRINGS) })

const REQUEST = object('AdmissionRequest', {
  kind: KIND,
  resource: RESOURCE,
  subResource: STRING,
  requestKind: KIND,
  requestResource: RESOURCE,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: USER,
  dryRun: BOOL,
  options: DYN,
})

const CONDITION = object('NamespaceCondition', {
  status: STRING,
  type: STRING,
  lastTransitionTime: TIMESTAMP,
  message: STRING,
  reason: STRING,
})

const NAMESPACE = object('Namespace', {
  metadata: object('NamespaceMetadata', {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: t.mapOf(STRING, STRING),
    annotations: t.mapOf(STRING, STRING),
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: STRINGS,
  }),
  spec: object('NamespaceSpec', { finalizers: STRINGS }),
  status: object('NamespaceStatus', { conditions: t.listOf(CONDITION), phase: STRING }),
})

function variableTypes({ params = false, authorizer = false, variables }: Uses): readonly (readonly [name: string, type: Type])[] {
  return [
    ['object', DYN],
    ['oldObject', DYN],
    ['namespaceObject', NAMESPACE],
    ['request', REQUEST],
    ...(params ? [['params', DYN] as const] : []),
    ...(authorizer
      ? ([
          ['authorizer', AUTHORIZER],
          ['authorizer.requestResource', RESOURCE_CHECK],
        ] as const)
      : []),
    ...(variables ? [['variables', variables] as const] : []),
  ]
}
