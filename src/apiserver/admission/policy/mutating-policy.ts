/** A MutatingAdmissionPolicy compiled: what each of its mutations makes of an object. */

import { evaluated, OutOfBudget, type AdmissionExpression } from './admission-expressions.ts'
import { applyConfiguration } from './apply-configuration.ts'
import { allErrors, compileConditions, type Conditions } from './match-conditions.ts'
import { configurationOf, mutationExpression, patchOf, patchTypes } from './mutation-expressions.ts'
import { Misconfigured } from './policy-params.ts'
import { compileVariables, withVariables } from './policy-variables.ts'
import type { ObjectForm } from '../admission.ts'
import type { MutatingAdmissionPolicy } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import { PER_REQUEST_COST_MAX } from '#cel/compile.ts'
import type { Activation } from '#cel/evaluate.ts'
import { CelError, type Value } from '#cel/value.ts'
import { applyJsonPatch, JsonPatchError } from '#schema/json-patch.ts'
import type { KubeObject } from '#schema/resource.ts'

export interface CompiledMutatingPolicy {
  /** Throws `Misconfigured` when its conditions cannot be evaluated. May throw `AnswerPending`. */
  matches(activation: Activation): boolean
  readonly mutations: readonly CompiledMutation[]
}

/** What the object becomes, as its form shows it. Throws `Misconfigured`; may throw `AnswerPending`. */
export type CompiledMutation = (activation: Activation, shown: KubeObject, form: ObjectForm) => unknown

export function compileMutatingPolicy({ spec }: MutatingAdmissionPolicy): CompiledMutatingPolicy {
  const { mutations = [], matchConditions = [], variables = [], paramKind } = spec ?? {}
  const uses = { params: paramKind !== undefined, authorizer: true }
  const known = compileVariables(variables, uses, patchTypes)
  const types = { ...uses, ...(variables.length > 0 && { variables: known.type }) }
  const conditions: Conditions = matchConditions.length === 0 ? () => true : compileConditions(matchConditions, uses)

  function valueOf(expression: AdmissionExpression, activation: Activation): Value {
    const budget = { remaining: PER_REQUEST_COST_MAX }
    if (expression.mistake !== undefined) throw new Misconfigured(expression.mistake)
    try {
      const { value, error } = evaluated(expression, withVariables(known, activation, budget), budget)
      if (error !== undefined) throw new Misconfigured(error)
      return value
    } catch (error) {
      throw error instanceof OutOfBudget ? new Misconfigured(error.message) : error
    }
  }

  return {
    matches(activation) {
      const matched = conditions((name) => (name === 'namespaceObject' ? null : activation(name)))
      if (typeof matched === 'boolean') return matched
      throw new Misconfigured(allErrors(matched.errors))
    },
    mutations: mutations.map((mutation): CompiledMutation => {
      const expression = mutationExpression(mutation, types)
      const change = mutation.patchType === 'JSONPatch' ? patched : applied
      return (activation, shown, form) => asMisconfigured(() => change(valueOf(expression, activation), shown, form))
    }),
  }
}

function applied(value: Value, shown: KubeObject, form: ObjectForm): unknown {
  return applyConfiguration(configurationOf(value), shown, form)
}

function patched(value: Value, shown: KubeObject): unknown {
  const steps = patchOf(value)
  try {
    return applyJsonPatch(shown, steps)
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error
    // a test that fails says that there is nothing to do
    if (error.message.endsWith('test failed')) return shown
    throw new Misconfigured(`JSONPath: ${error.message}`)
  }
}

function asMisconfigured<T>(change: () => T): T {
  try {
    return change()
  } catch (error) {
    throw error instanceof CelError ? new Misconfigured(error.message) : error
  }
}
