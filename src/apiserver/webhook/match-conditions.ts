/** The conditions of webhooks on requests, in CEL: what is left of the requests that their rules ask for. */

import type { Hook } from './admission-hooks.ts'
import { admissionReview } from './admission-review.ts'
import type { AdmissionRequest, ObjectForm } from '#apiserver/admission/admission.ts'
import { forbidden } from '#apiserver/endpoints/errors.ts'
import { compile, ExpressionError, type Budget, type CompiledExpression } from '#cel/compile.ts'
import { jsonValue } from '#cel/json-value.ts'
import { BOOL, DYN } from '#cel/type.ts'
import type { Value } from '#cel/value.ts'

/** Whether all conditions of the webhook hold. Throws `StatusError` (Forbidden) when that cannot be told and its policy is to fail. */
export type MatchConditions = (hook: Hook, request: AdmissionRequest, form: ObjectForm, requested: ObjectForm) => boolean

const COST_MAX = 2_500_000 // upstream's, for all conditions of one webhook
const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run'

type Condition = CompiledExpression | { readonly source: string; readonly mistake: string }

export function matchConditions(): MatchConditions {
  const known = new WeakMap<Hook, readonly Condition[]>()
  return (hook, request, form, requested) => {
    if (!hook.webhook.matchConditions?.length) return true
    let conditions = known.get(hook)
    if (conditions === undefined) known.set(hook, (conditions = compiled(hook)))
    const errors = problems(conditions, request, form, requested)
    if (errors === 'not all hold') return false
    if (errors.length === 0) return true
    if (hook.webhook.failurePolicy === 'Ignore') return false
    const { group, resource } = requested.resource
    const why = errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]`
    throw forbidden({ group, plural: resource }, request.name, why)
  }
}

function compiled({ webhook }: Hook): readonly Condition[] {
  const variables = new Map(['object', 'oldObject', 'request'].map((name) => [name, DYN]))
  return (webhook.matchConditions ?? []).map(({ expression }): Condition => {
    try {
      return compile(expression, { variables, results: [BOOL] })
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error
      return { source: expression, mistake: `compilation error: ${error.message}` }
    }
  })
}

/** One that does not hold decides, whatever is wrong with others. */
function problems(
  conditions: readonly Condition[],
  request: AdmissionRequest,
  form: ObjectForm,
  requested: ObjectForm,
): readonly string[] | 'not all hold' {
  const variables = activation(request, form, requested)
  const budget: Budget = { remaining: COST_MAX }
  const errors: string[] = []
  for (const condition of conditions) {
    if ('mistake' in condition) {
      errors.push(condition.mistake)
      continue
    }
    const outcome = condition.evaluate(variables, budget)
    if (budget.remaining < 0) return [OUT_OF_BUDGET]
    if (outcome.error) errors.push(`expression '${condition.source}' resulted in error: ${outcome.error.message}`)
    else if (outcome.value === false) return 'not all hold'
  }
  return errors
}

function activation(request: AdmissionRequest, form: ObjectForm, requested: ObjectForm): (name: string) => Value | undefined {
  const { request: asked } = admissionReview('v1', '', request, form, requested) as { readonly request: Readonly<Record<string, unknown>> }
  const { object, oldObject, uid: _, ...facts } = asked
  const values = new Map([
    ['object', jsonValue(object)],
    ['oldObject', jsonValue(oldObject)],
    ['request', jsonValue(facts)],
  ])
  return (name) => values.get(name)
}
