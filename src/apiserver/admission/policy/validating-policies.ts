/** The plugin ValidatingAdmissionPolicy: policies in CEL that are bound may refuse a write, warn about it, or note it for the audit log. */

import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import { answered } from './answered.ts'
import { boundPolicies, type Bound } from './bound-policies.ts'
import { isPolicyExempt } from './exempt.ts'
import { invocationsOf } from './policy-invocations.ts'
import type { PolicyParts } from './policy-parts.ts'
import { aboutRequest } from './policy-request.ts'
import { cachingAuthorizer, requestValues } from './request-values.ts'
import { compileValidatingPolicy, type CompiledValidatingPolicy, type Denial } from './validating-policy.ts'
import type { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import type { ValidatingAdmissionPolicyBinding } from '#api/admissionregistration/v1/validating-admission-policy-binding.ts'
import type { PolicyAction, PolicyCounts } from '#apiserver/metrics/policy-metrics.ts'
import type { Clock } from '#base/clock.ts'
import { forbidden, refusal } from '#apiserver/endpoints/errors.ts'
import type { StatusError } from '#client/client.ts'

interface Parts extends PolicyParts<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding> {
  readonly clock: Clock
  readonly counts: PolicyCounts
}
type Policy = Bound<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, CompiledValidatingPolicy>

const ACTIONS: Readonly<Record<string, PolicyAction>> = { Deny: 'deny', Audit: 'audit', Warn: 'warn' }
const VALUE_BYTES_MAX = 10 * 1024 // of one audit annotation
const CODES: Readonly<Record<string, number>> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413, Invalid: 422 }

export function validatingPolicies(parts: Parts): AdmissionPlugin {
  const bound = boundPolicies(parts.policies, parts.bindings, compileValidatingPolicy)
  return {
    name: 'ValidatingAdmissionPolicy',
    operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
    async validate(request) {
      const policies = bound()
      if (policies.length === 0 || isPolicyExempt(request)) return
      const refused = await judgeAll(policies, request, parts)
      if (refused) throw denied(request, refused)
    },
  }
}

interface Refused {
  readonly policy: string
  readonly binding?: string
  readonly message: string
  readonly reason: string
}

/** The first refusal, if there is one; warnings and annotations are left on the way. */
async function judgeAll(policies: readonly Policy[], request: AdmissionRequest, parts: Parts): Promise<Refused | undefined> {
  const about = await aboutRequest(request, parts.namespace)
  const ask = cachingAuthorizer(parts.authorizer, request)
  const activationIn = about.inForm((form) =>
    requestValues({ request, form, requested: about.forms[0]!, namespace: about.namespaceObject, ask }),
  )
  let refused: Refused | undefined
  const notes = new Map<string, Set<string>>()
  for (const invocation of await invocationsOf(policies, about, parts.findKind)) {
    const { name } = invocation.policy.metadata
    if ('problem' in invocation) {
      const binding = invocation.binding?.metadata.name
      if (invocation.policy.spec?.failurePolicy !== 'Ignore')
        refused ??= { policy: name, ...(binding !== undefined && { binding }), message: invocation.problem, reason: '' }
      continue
    }
    const { binding, compiled, form, param } = invocation
    const activation = activationIn(form)
    const began = parts.clock.monotonic()
    const { denials, notes: made, noteErrors, ignored } = await answered(() => compiled.judge(activation, param))
    const count = (action: PolicyAction, problem?: string): void =>
      parts.counts.decided(action, name, binding.metadata.name, problem, (parts.clock.monotonic() - began) / 1000)
    for (const problem of ignored) count('allow', problem)
    const from = { policy: name, binding: binding.metadata.name }
    for (const denial of denials) if (carriedOut(denial, binding, request, count)) refused ??= { ...from, ...denial }
    for (const message of noteErrors) {
      count('deny', message)
      refused ??= { ...from, message, reason: '' }
    }
    for (const { key, value } of made) noteOnce(notes, `${name}/${key}`, value)
  }
  for (const [key, values] of notes) request.annotate?.(key, [...values].join(', '))
  return refused
}

/** Does what the binding wants done about a denial; whether that is to deny. */
function carriedOut(
  denial: Denial,
  binding: ValidatingAdmissionPolicyBinding,
  request: AdmissionRequest,
  count: (action: PolicyAction, problem?: string) => void,
): boolean {
  const { policyName: policy, validationActions = [] } = binding.spec
  const { name } = binding.metadata
  for (const action of validationActions) {
    count(ACTIONS[action] ?? 'allow', denial.reason === '' ? denial.message : undefined)
    if (action === 'Warn')
      request.warn(`Validation failed for ValidatingAdmissionPolicy '${policy}' with binding '${name}': ${denial.message}`)
    if (action === 'Audit') {
      const failure = { message: denial.message, policy, binding: name, expressionIndex: denial.index, validationActions }
      request.annotate?.('validation.policy.admission.k8s.io/validation_failure', JSON.stringify([failure]))
    }
  }
  return validationActions.includes('Deny')
}

function noteOnce(notes: Map<string, Set<string>>, key: string, value: string): void {
  const cut = Buffer.byteLength(value) > VALUE_BYTES_MAX ? Buffer.from(value).subarray(0, VALUE_BYTES_MAX).toString() : value
  const known = notes.get(key) ?? new Set<string>()
  notes.set(key, known.add(cut))
}

function denied({ resource, name }: AdmissionRequest, { policy, binding, message, reason }: Refused): StatusError {
  const by = binding === undefined ? '' : ` with binding '${binding}'`
  const text = `ValidatingAdmissionPolicy '${policy}'${by} denied request: ${message}`
  const { status } = forbidden(resource, name, text)
  const why = reason || 'Invalid'
  return refusal({
    code: CODES[why] ?? 422,
    reason: why,
    message: status.message ?? text,
    details: { ...status.details, causes: [{ message: text }] },
  })
}
