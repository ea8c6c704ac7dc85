/** A ValidatingAdmissionPolicy compiled, and what it decides about a request: pure, but for what it asks the authorizer. */

import { compileExpressionFor, evaluated, OutOfBudget, type AdmissionExpression, type Evaluated } from './admission-expressions.ts'
import { allErrors, compileConditions, type Conditions } from './match-conditions.ts'
import { compileVariables, withVariables, type CompiledVariables } from './policy-variables.ts'
import type { AuditAnnotation, ValidatingAdmissionPolicy, Validation } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { PER_REQUEST_COST_MAX } from '#cel/compile.ts'
import type { Activation } from '#cel/evaluate.ts'
import { jsonValue } from '#cel/json-value.ts'
import { BOOL, NULL, STRING } from '#cel/type.ts'
import type { KubeObject } from '#schema/resource.ts'

/** What one validation did not let through. `index` is the validation's place. */
export interface Denial {
  readonly index: number
  readonly message: string
  /** Of the answer; empty where the validation could not be evaluated, for which it is Invalid. */
  readonly reason: string
}

export interface AuditNote {
  readonly key: string
  readonly value: string
}

export interface Judgement {
  readonly denials: readonly Denial[]
  readonly notes: readonly AuditNote[]
  /** Audit annotations that could not be evaluated; they deny whatever the binding's actions are. */
  readonly noteErrors: readonly string[]
  /** What could not be evaluated, and is let through as the policy wants it. */
  readonly ignored: readonly string[]
}

export interface CompiledValidatingPolicy {
  /** `activation` is of the request; may throw `AnswerPending`. */
  judge(activation: Activation, param: KubeObject | undefined): Judgement
}

const MESSAGE_BYTES_MAX = 5 * 1024
const ADMITTED: Judgement = { denials: [], notes: [], noteErrors: [], ignored: [] }

interface Rule {
  readonly declared: Validation
  readonly expression: AdmissionExpression
  readonly message: AdmissionExpression | undefined
}

export function compileValidatingPolicy({ spec }: ValidatingAdmissionPolicy): CompiledValidatingPolicy {
  const { validations = [], auditAnnotations = [], matchConditions = [], variables = [], paramKind, failurePolicy } = spec ?? {}
  const params = paramKind !== undefined
  const ignores = failurePolicy === 'Ignore'
  const compiledVariables = compileVariables(variables, { params, authorizer: true })
  const types = { params, ...(variables.length > 0 && { variables: compiledVariables.type }) }
  const conditions: Conditions = matchConditions.length === 0 ? () => true : compileConditions(matchConditions, { params })
  const rules = validations.map((declared): Rule => {
    const { messageExpression = '' } = declared
    return {
      declared,
      expression: compileExpressionFor(declared.expression, { ...types, authorizer: true }, [BOOL]),
      message: messageExpression === '' ? undefined : compileExpressionFor(messageExpression, types, [STRING]),
    }
  })
  const notes = auditAnnotations.map((declared) => ({
    declared,
    expression: compileExpressionFor(declared.valueExpression, { ...types, authorizer: true }, [STRING, NULL]),
  }))
  const failed = (message: string): Judgement => ({
    ...ADMITTED,
    ...(ignores ? { ignored: [message] } : { denials: [{ index: 0, message, reason: '' }] }),
  })

  return {
    judge(request, param) {
      const value = jsonValue(param)
      const activation: Activation = (name) => (name === 'params' ? value : request(name))
      const matched = conditions((name) => (name === 'namespaceObject' ? null : activation(name)))
      if (matched === false) return ADMITTED
      if (matched !== true) return failed(allErrors(matched.errors))
      try {
        const found = denialsOf(rules, compiledVariables, activation)
        const left = notesOf(notes, compiledVariables, activation, ignores)
        if (!ignores) return { denials: found, ...left, ignored: [] }
        const failures = found.filter(({ reason }) => reason === '').map(({ message }) => message)
        return { denials: found.filter(({ reason }) => reason !== ''), ...left, ignored: failures }
      } catch (error) {
        if (error instanceof OutOfBudget) return failed(error.message)
        throw error
      }
    },
  }
}

/** Those that could not be evaluated included. */
function denialsOf(rules: readonly Rule[], variables: CompiledVariables, activation: Activation): readonly Denial[] {
  const budget = { remaining: PER_REQUEST_COST_MAX }
  const all = withVariables(variables, activation, budget)
  const results: Evaluated[] = []
  let isHeld = true
  for (const { expression } of rules) {
    const result = evaluated(expression, all, budget)
    results.push(result)
    if (result.value !== true) isHeld = false
  }
  if (isHeld) return []
  const messages = messagesOf(rules, variables, withoutAuthorizer(activation), budget)
  return results.flatMap((result, index): readonly Denial[] => {
    const { declared } = rules[index]!
    if (result.error !== undefined) return [{ index, message: result.error, reason: '' }]
    if (typeof messages === 'string') return [{ index, message: `failed messageExpression: ${messages}`, reason: '' }]
    if (result.value === true) return []
    return [{ index, message: denialMessage(declared, messages[index]), reason: declared.reason || 'Invalid' }]
  })
}

/** The text that says why nothing more is evaluated, or what each expression gave. */
function messagesOf(
  rules: readonly Rule[],
  variables: CompiledVariables,
  activation: Activation,
  budget: { remaining: number },
): string | readonly (Evaluated | undefined)[] {
  const all = withVariables(variables, activation, budget)
  try {
    return rules.map(({ message }) => message && evaluated(message, all, budget))
  } catch (error) {
    if (error instanceof OutOfBudget) return error.message
    throw error
  }
}

function denialMessage({ expression, message = '' }: Validation, made: Evaluated | undefined): string {
  const own = typeof made?.value === 'string' ? made.value.trim() : ''
  if (own !== '' && !own.includes('\n') && Buffer.byteLength(own) <= MESSAGE_BYTES_MAX) return own
  return message.trim() || `failed expression: ${expression.trim()}`
}

function withoutAuthorizer(activation: Activation): Activation {
  return (name) => (name.startsWith('authorizer') ? undefined : activation(name))
}

function notesOf(
  notes: readonly { readonly declared: AuditAnnotation; readonly expression: AdmissionExpression }[],
  variables: CompiledVariables,
  activation: Activation,
  ignores: boolean,
): Pick<Judgement, 'notes' | 'noteErrors'> {
  if (notes.length === 0) return { notes: [], noteErrors: [] }
  const budget = { remaining: PER_REQUEST_COST_MAX }
  const all = withVariables(variables, withoutAuthorizer(activation), budget)
  const found: AuditNote[] = []
  const errors: string[] = []
  for (const { declared, expression } of notes) {
    const { value, error } = evaluated(expression, all, budget)
    if (error !== undefined && !ignores) errors.push(error)
    const text = typeof value === 'string' ? value.trim() : ''
    if (text !== '') found.push({ key: declared.key, value: text })
  }
  return { notes: found, noteErrors: errors }
}
