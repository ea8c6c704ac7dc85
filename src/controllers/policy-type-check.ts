/** Checks a validating policy's expressions against the schemas of what it is about; what it finds are warnings. */

import type { Variable } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import type { ExpressionWarning, ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { admissionVariables } from '#cel/admission-variables.ts'
import { compile, ExpressionError } from '#cel/compile.ts'
import { schemaType, type Schema } from '#cel/schema-type.ts'
import { DYN, type Type } from '#cel/type.ts'

/** A kind and what is known of its objects. */
export interface KnownKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly schema: Schema
}

/** `kinds` are those of the policy's rules, in order. */
export function typeWarnings(
  { spec }: ValidatingAdmissionPolicy,
  kinds: readonly KnownKind[],
  params: KnownKind | undefined,
): readonly ExpressionWarning[] {
  const { validations = [], variables = [], paramKind } = spec ?? {}
  const paramType = params && objectType(params)
  const checks = kinds.map((kind) => {
    const declared = { params: paramKind !== undefined, authorizer: true, object: objectType(kind), ...(paramType && { paramType }) }
    const known = withVariables(variables, declared)
    return (expression: string): string => {
      const problem = mistake(expression, known).problem
      return problem === undefined ? '' : `${kind.group}/${kind.version}, Kind=${kind.kind}: ${problem}\n`
    }
  })
  const warning = (fieldRef: string, expression: string): readonly ExpressionWarning[] => {
    if (expression === '') return []
    const found = checks.map((check) => check(expression)).filter((text) => text !== '')
    return found.length === 0 ? [] : [{ fieldRef, warning: found.join('\n') }]
  }
  return validations.flatMap(({ expression, messageExpression = '' }, index) => [
    ...warning(`spec.validations[${index}].expression`, expression),
    ...warning(`spec.validations[${index}].messageExpression`, messageExpression),
  ])
}

function objectType({ schema, kind }: KnownKind): Type {
  return schemaType(schema, { root: true, name: kind })?.type ?? DYN
}

type Declared = Parameters<typeof admissionVariables>[0]

/** What does not compile may be anything to those that use it. */
function withVariables(variables: readonly Variable[], declared: Declared): Declared {
  if (variables.length === 0) return declared
  const fields = new Map<string, Type>()
  const type: Type = { kind: 'object', name: 'kubernetes.variables', fields: () => fields }
  const all = { ...declared, variables: type }
  for (const { name, expression } of variables) fields.set(name, mistake(expression, all).type ?? DYN)
  return all
}

function mistake(expression: string, declared: Declared): { readonly type?: Type; readonly problem?: string } {
  try {
    return { type: compile(expression, { variables: new Map(admissionVariables(declared)) }).type }
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return { problem: error.message.replace(/^compilation failed: /, '') }
  }
}
