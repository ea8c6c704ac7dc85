/** What is wrong with the expressions of policies and webhooks: they are compiled as they are written, not when they are first needed. */

import { compileExpressionFor, type Uses } from './admission-expressions.ts'
import { mutationExpression } from './mutation-expressions.ts'
import { compileVariables } from './policy-variables.ts'
import type { MatchCondition } from './match-conditions.ts'
import type { MutatingAdmissionPolicy, Variable } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import type { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { BOOL, NULL, STRING, type Type } from '#cel/type.ts'
import { invalid, type FieldError } from '#schema/field-error.ts'

export function validatingPolicyExpressionErrors({ spec }: ValidatingAdmissionPolicy): readonly FieldError[] {
  const { validations = [], auditAnnotations = [], matchConditions = [], variables = [], paramKind } = spec ?? {}
  const params = paramKind !== undefined
  const { errors, type } = variableErrors(variables, { params, authorizer: true })
  const uses: Uses = { params, ...(type && { variables: type }) }
  return [
    ...conditionErrors(matchConditions, 'spec.matchConditions', params),
    ...errors,
    ...validations.flatMap(({ expression, messageExpression = '' }, index) => [
      ...expressionErrors(expression, `spec.validations[${index}].expression`, { ...uses, authorizer: true }, [BOOL]),
      ...expressionErrors(messageExpression, `spec.validations[${index}].messageExpression`, uses, [STRING]),
    ]),
    ...auditAnnotations.flatMap(({ valueExpression }, index) =>
      expressionErrors(valueExpression, `spec.auditAnnotations[${index}].valueExpression`, { ...uses, authorizer: true }, [STRING, NULL]),
    ),
  ]
}

export function mutatingPolicyExpressionErrors({ spec }: MutatingAdmissionPolicy): readonly FieldError[] {
  const { mutations = [], matchConditions = [], variables = [], paramKind } = spec ?? {}
  const params = paramKind !== undefined
  const { errors, type } = variableErrors(variables, { params, authorizer: true })
  const uses: Uses = { params, authorizer: true, ...(type && { variables: type }) }
  return [
    ...conditionErrors(matchConditions, 'spec.matchConditions', params),
    ...errors,
    ...mutations.flatMap((mutation, index) => {
      const member = mutation.patchType === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration'
      const source = mutation[member]?.expression ?? ''
      if (source.trim() === '') return []
      const { mistake } = mutationExpression(mutation, uses)
      return mistake === undefined ? [] : [invalid(`spec.mutations[${index}].${member}.expression`, source, mistake)]
    }),
  ]
}

export function webhookConditionErrors({
  webhooks = [],
}: {
  readonly webhooks?: readonly { readonly matchConditions?: readonly MatchCondition[] }[]
}): readonly FieldError[] {
  return webhooks.flatMap(({ matchConditions = [] }, index) =>
    conditionErrors(matchConditions, `webhooks[${index}].matchConditions`, false),
  )
}

function conditionErrors(conditions: readonly MatchCondition[], path: string, params: boolean): readonly FieldError[] {
  return conditions.flatMap(({ expression = '' }, index) =>
    expressionErrors(expression, `${path}[${index}].expression`, { params, authorizer: true }, [BOOL]),
  )
}

function variableErrors(variables: readonly Variable[], uses: Uses): { readonly errors: readonly FieldError[]; readonly type?: Type } {
  if (variables.length === 0) return { errors: [] }
  const { type, expressions } = compileVariables(variables, uses)
  const errors = variables.flatMap(({ name, expression }, index) => {
    const mistake = expressions.get(name)?.mistake
    return mistake === undefined || expression.trim() === '' ? [] : [invalid(`spec.variables[${index}].expression`, expression, mistake)]
  })
  return { errors, type }
}

/** That an expression is missing is said elsewhere. */
function expressionErrors(source: string, path: string, uses: Uses, results: readonly Type[]): readonly FieldError[] {
  if (source.trim() === '') return []
  const { mistake } = compileExpressionFor(source, uses, results)
  return mistake === undefined ? [] : [invalid(path, source, mistake)]
}
