/** The rules of admission policies and their bindings. Expressions only have to be there: they are compiled where they are run. */

import { choiceErrors, conditionErrors, FAILURE_POLICIES, matchResourcesErrors, OPERATIONS } from './match-rules.ts'
import type { MatchResources, MutatingAdmissionPolicy, Mutation, ParamKind, Variable } from './mutating-admission-policy.ts'
import type { MutatingAdmissionPolicyBinding, ParamRef } from './mutating-admission-policy-binding.ts'
import type { AuditAnnotation, ValidatingAdmissionPolicy, Validation } from './validating-admission-policy.ts'
import type { ValidatingAdmissionPolicyBinding } from './validating-admission-policy-binding.ts'
import { duplicate, forbidden, invalid, invalidEach, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { dns1035Label, dns1123Subdomain, pathSegment, qualifiedName } from '#schema/names.ts'

const ANNOTATIONS_MAX = 20
const ANNOTATION_EXPRESSION_BYTES_MAX = 5 * 1024
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']
const ACTIONS = ['Audit', 'Deny', 'Warn']
const PATCH_TYPES = ['ApplyConfiguration', 'JSONPatch']
/** What is deleted can no longer be changed. */
const MUTABLE_OPERATIONS = OPERATIONS.filter((operation) => operation !== 'DELETE')
const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
)

export function validatingPolicyErrors({ metadata, spec }: ValidatingAdmissionPolicy): FieldError[] {
  if (!spec) return []
  const { validations = [], auditAnnotations = [] } = spec
  const errors = commonErrors(spec)
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const one = 'validations or auditAnnotations must contain at least one item'
    return [...errors, required('spec.validations', one), required('spec.auditAnnotations', one)]
  }
  for (const [index, validation] of validations.entries()) errors.push(...validationErrors(validation, `spec.validations[${index}]`))
  if (auditAnnotations.length > ANNOTATIONS_MAX)
    errors.push(invalid('spec.auditAnnotations', auditAnnotations, `must not have more than ${ANNOTATIONS_MAX} auditAnnotations`))
  const keys = new Set<string>()
  for (const [index, annotation] of auditAnnotations.entries()) {
    const at = `spec.auditAnnotations[${index}]`
    errors.push(...annotationErrors(annotation, metadata?.name, at))
    if (keys.has(annotation.key)) errors.push(duplicate(`${at}.key`, annotation.key))
    keys.add(annotation.key)
  }
  return errors
}

type CommonSpec = Pick<
  NonNullable<ValidatingAdmissionPolicy['spec']>,
  'failurePolicy' | 'paramKind' | 'matchConstraints' | 'matchConditions' | 'variables'
>

function commonErrors(spec: CommonSpec): FieldError[] {
  const errors = spec.failurePolicy === undefined ? [required('spec.failurePolicy')] : []
  errors.push(...choiceErrors(spec.failurePolicy, 'spec.failurePolicy', FAILURE_POLICIES))
  if (spec.paramKind) errors.push(...paramKindErrors(spec.paramKind, 'spec.paramKind'))
  const match = spec.matchConstraints
  if (match === undefined) errors.push(required('spec.matchConstraints'))
  else {
    errors.push(...matchResourcesErrors(match, 'spec.matchConstraints'))
    if ((match.resourceRules ?? []).length === 0) errors.push(required('spec.matchConstraints.resourceRules'))
  }
  errors.push(...conditionErrors(spec.matchConditions, 'spec.matchConditions'))
  return [...errors, ...(spec.variables ?? []).flatMap((variable, index) => variableErrors(variable, `spec.variables[${index}]`))]
}

function paramKindErrors({ apiVersion = '', kind = '' }: ParamKind, at: string): FieldError[] {
  const errors: FieldError[] = []
  const parts = apiVersion === '/' ? ['', ''] : apiVersion.split('/')
  if (apiVersion === '') errors.push(required(`${at}.apiVersion`))
  else if (parts.length > 2) errors.push(invalid(`${at}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  else {
    const version = parts.at(-1)!
    const group = parts.length === 2 ? parts[0]! : ''
    const groupProblems = group === '' ? [] : dns1123Subdomain(group)
    if (groupProblems.length > 0) errors.push(invalid(`${at}.apiVersion`, group, groupProblems.join(',')))
    const problems = dns1035Label(version)
    if (version === '') errors.push(invalid(`${at}.apiVersion`, apiVersion, 'version must be specified'))
    else if (problems.length > 0) errors.push(invalid(`${at}.apiVersion`, version, problems.join(',')))
  }
  const problems = dns1035Label(kind.toLowerCase())
  if (kind === '') errors.push(required(`${at}.kind`))
  else if (problems.length > 0)
    errors.push(invalid(`${at}.kind`, kind, `may have mixed case, but should otherwise match: ${problems.join(',')}`))
  return errors
}

function variableErrors({ name = '', expression = '' }: Variable, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (name.trim() === '') errors.push(required(`${at}.name`, 'name is not specified'))
  else if (!IDENTIFIER.test(name) || RESERVED.has(name)) errors.push(invalid(`${at}.name`, name, 'name is not a valid CEL identifier'))
  if (expression.trim() === '') errors.push(required(`${at}.expression`, 'expression is not specified'))
  return errors
}

function validationErrors({ expression = '', message = '', messageExpression = '', reason }: Validation, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (expression.trim() === '') errors.push(required(`${at}.expression`, 'expression is not specified'))
  if (messageExpression !== '' && messageExpression.trim() === '')
    errors.push(invalid(`${at}.messageExpression`, messageExpression, 'must be non-empty if specified'))
  if (message !== '' && message.trim() === '') errors.push(invalid(`${at}.message`, message, 'message must be non-empty if specified'))
  else if (/[\n\r]/.test(message.trim())) errors.push(invalid(`${at}.message`, message, 'message must not contain line breaks'))
  return [...errors, ...choiceErrors(reason, `${at}.reason`, REASONS)]
}

function annotationErrors({ key = '', valueExpression = '' }: AuditAnnotation, policy: string | undefined, at: string): FieldError[] {
  const whole = `${policy}/${key}`
  const errors = policy
    ? invalidEach(`${at}.key`, whole, qualifiedName(whole))
    : [invalid(`${at}.key`, key, 'requires metadata.name be non-empty')]
  const expression = valueExpression.trim()
  if (expression === '') errors.push(required(`${at}.valueExpression`, 'valueExpression is not specified'))
  else if (Buffer.byteLength(expression) > ANNOTATION_EXPRESSION_BYTES_MAX)
    errors.push(required(`${at}.valueExpression`, `must not exceed ${ANNOTATION_EXPRESSION_BYTES_MAX} bytes in length`))
  return errors
}

/** By the status path: what was found in checking types. */
export function policyStatusErrors({ status }: ValidatingAdmissionPolicy): FieldError[] {
  return (status.typeChecking?.expressionWarnings ?? []).flatMap(({ warning, fieldRef = '' }, index) => {
    const at = `status.typeChecking.expressionWarnings[${index}]`
    return [...(warning ? [] : [required(`${at}.warning`)]), ...(fieldRef.trim() === '' ? [required(`${at}.fieldRef`)] : [])]
  })
}

export function mutatingPolicyErrors({ spec }: MutatingAdmissionPolicy): FieldError[] {
  if (!spec) return []
  const errors = [...commonErrors(spec), ...mutableErrors(spec.matchConstraints, 'spec.matchConstraints')]
  const { mutations = [], reinvocationPolicy } = spec
  if (mutations.length === 0) errors.push(required('spec.mutations', 'mutations must contain at least one item'))
  for (const [index, mutation] of mutations.entries()) errors.push(...mutationErrors(mutation, `spec.mutations[${index}]`))
  if (!reinvocationPolicy) errors.push(required('spec.reinvocationPolicy'))
  else errors.push(...choiceErrors(reinvocationPolicy, 'spec.reinvocationPolicy', ['Never', 'IfNeeded']))
  return errors
}

function mutableErrors(match: MatchResources | undefined, at: string): FieldError[] {
  return (['resourceRules', 'excludeResourceRules'] as const).flatMap((member) =>
    (match?.[member] ?? []).flatMap(({ operations = [] }) =>
      operations.flatMap((operation) => choiceErrors(operation, `${at}.${member}.operations`, MUTABLE_OPERATIONS)),
    ),
  )
}

function mutationErrors({ patchType = '', applyConfiguration, jsonPatch }: Mutation, at: string): FieldError[] {
  // A missing type is the declaration's to blame.
  if (patchType === '') return []
  if (!PATCH_TYPES.includes(patchType)) return [notSupported(`${at}.patchType`, patchType, PATCH_TYPES)]
  const members = { applyConfiguration, jsonPatch }
  const [wanted, other] =
    patchType === 'JSONPatch' ? (['jsonPatch', 'applyConfiguration'] as const) : (['applyConfiguration', 'jsonPatch'] as const)
  const errors: FieldError[] = []
  if (members[other] !== undefined)
    errors.push(invalid(`${at}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`))
  const patch = members[wanted]
  if (patch === undefined) errors.push(required(`${at}.${wanted}`, `must be specified when patchType is ${patchType}`))
  else if ((patch.expression ?? '').trim() === '') errors.push(required(`${at}.${wanted}.expression`, 'expression is not specified'))
  return errors
}

export function validatingBindingErrors({ spec }: ValidatingAdmissionPolicyBinding): FieldError[] {
  if (!spec) return []
  // A missing name is the declaration's to blame.
  const errors = spec.policyName ? invalidEach('spec.policyName', spec.policyName, dns1123Subdomain(spec.policyName)) : []
  const { validationActions: actions = [] } = spec
  errors.push(...paramRefErrors(spec.paramRef, 'spec.paramRef'), ...matchResourcesErrors(spec.matchResources, 'spec.matchResources'))
  const path = 'spec.validationActions'
  for (const [index, action] of actions.entries()) {
    errors.push(...choiceErrors(action, `${path}[${index}]`, ACTIONS))
    if (actions.indexOf(action) < index) errors.push(duplicate(`${path}[${index}]`, action))
  }
  if (actions.includes('Deny') && actions.includes('Warn'))
    errors.push(
      invalid(
        path,
        actions,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    )
  if (actions.length === 0) errors.push(required(path, 'at least one validation action is required'))
  return errors
}

export function mutatingBindingErrors({ spec }: MutatingAdmissionPolicyBinding): FieldError[] {
  if (!spec) return []
  return [
    ...(spec.policyName
      ? invalidEach('spec.policyName', spec.policyName, dns1123Subdomain(spec.policyName))
      : [required('spec.policyName')]),
    ...paramRefErrors(spec.paramRef, 'spec.paramRef'),
    ...matchResourcesErrors(spec.matchResources, 'spec.matchResources'),
    ...mutableErrors(spec.matchResources, 'spec.matchResources'),
  ]
}

function paramRefErrors(reference: ParamRef | undefined, at: string): FieldError[] {
  if (reference === undefined) return []
  const { name = '', selector, parameterNotFoundAction: action } = reference
  const both = 'name and selector are mutually exclusive'
  const errors = name === '' ? [] : invalidEach(`${at}.name`, name, pathSegment(name))
  if (name !== '' && selector) errors.push(forbidden(`${at}.name`, both), forbidden(`${at}.selector`, both))
  if (name === '' && !selector) errors.push(required(at, 'one of name or selector must be specified'))
  if (!action) errors.push(required(`${at}.parameterNotFoundAction`))
  else errors.push(...choiceErrors(action, `${at}.parameterNotFoundAction`, ['Deny', 'Allow']))
  return errors
}
