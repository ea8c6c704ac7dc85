/** The plugin MutatingAdmissionPolicy: policies in CEL that are bound change what is about to be stored, one after the other. */

import { isDeepStrictEqual } from 'node:util'
import type { AdmissionPlugin, AdmissionRequest, ObjectForm } from '../admission.ts'
import { roundsOf, type Rounds } from '../rounds.ts'
import { answered } from './answered.ts'
import { boundPolicies, type Bound } from './bound-policies.ts'
import { isPolicyExempt } from './exempt.ts'
import { compileMutatingPolicy, type CompiledMutatingPolicy } from './mutating-policy.ts'
import { invocationsOf, type Invocation } from './policy-invocations.ts'
import { Misconfigured } from './policy-params.ts'
import type { PolicyParts } from './policy-parts.ts'
import { aboutRequest, type AboutRequest } from './policy-request.ts'
import { cachingAuthorizer, requestValues } from './request-values.ts'
import type { MutatingAdmissionPolicy } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import type { MutatingAdmissionPolicyBinding } from '#api/admissionregistration/v1/mutating-admission-policy-binding.ts'
import { forbidden, refusal } from '#apiserver/endpoints/errors.ts'
import type { Activation } from '#cel/evaluate.ts'
import { jsonValue } from '#cel/json-value.ts'
import type { AskAuthorizer } from '#cel/library/authorizer.ts'
import type { StatusError } from '#client/client.ts'
import type { KubeObject } from '#schema/resource.ts'

type Parts = PolicyParts<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>
type Policy = Bound<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, CompiledMutatingPolicy>
type Invoked = Invocation<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, CompiledMutatingPolicy>
type Ready = Extract<Invoked, { readonly form: ObjectForm }>

const NAME = 'MutatingAdmissionPolicy'

export function mutatingPolicies(parts: Parts): AdmissionPlugin {
  const bound = boundPolicies(parts.policies, parts.bindings, compileMutatingPolicy)
  return {
    name: NAME,
    operations: ['CREATE', 'UPDATE', 'CONNECT'],
    async admit(request) {
      const policies = bound()
      if (policies.length === 0 || isPolicyExempt(request)) return undefined
      return changedByAll(policies, request, parts)
    },
  }
}

interface Problem {
  readonly message: string
  readonly isInvalid: boolean
}

async function changedByAll(policies: readonly Policy[], request: AdmissionRequest, parts: Parts): Promise<KubeObject | undefined> {
  const about = await aboutRequest(request, parts.namespace)
  const ask = cachingAuthorizer(parts.authorizer, request)
  const rounds = roundsOf(NAME, request)
  const problems: Problem[] = []
  let { object } = request
  for (const invocation of await invocationsOf(policies, about, parts.findKind)) {
    const { policy } = invocation
    const blame = (message: string, isInvalid: boolean): void => {
      if (policy.spec?.failurePolicy !== 'Ignore') problems.push({ message: textOf(invocation, message), isInvalid })
    }
    if ('problem' in invocation) blame(invocation.problem, false)
    else object = await changedByOne(invocation, object, { about, ask, rounds, blame })
  }
  rounds.leave(object)
  if (problems.length > 0) throw denied(request, problems)
  return object
}

interface Around {
  readonly about: AboutRequest
  readonly ask: AskAuthorizer
  readonly rounds: Rounds
  readonly blame: (message: string, isInvalid: boolean) => void
}

/** The object as the policy leaves it; what goes wrong is blamed, and the next change tried. */
async function changedByOne(
  invocation: Ready,
  object: KubeObject | undefined,
  { about, ask, rounds, blame }: Around,
): Promise<KubeObject | undefined> {
  const { policy, compiled, form, param } = invocation
  const value = jsonValue(param)
  const activationOf = (current: KubeObject | undefined): Activation => {
    const request = { ...about.request, ...(current && { object: current }) }
    const values = requestValues({ request, form, requested: about.forms[0]!, namespace: about.namespaceObject, ask })
    return (name) => (name === 'params' ? value : values(name))
  }
  const attempt = async <T>(evaluate: () => T): Promise<T | undefined> => {
    try {
      return await answered(evaluate)
    } catch (error) {
      if (!(error instanceof Misconfigured)) throw error
      blame(error.message, true)
      return undefined
    }
  }
  if ((await attempt(() => compiled.matches(activationOf(object)))) !== true) return object
  const key = keyOf(invocation)
  if (!rounds.isDue(key)) return object
  let current = object
  if (current !== undefined)
    for (const mutation of compiled.mutations) {
      const before: KubeObject = current
      const shown = await answered(() => form.show(before))
      const next = await attempt(() => mutation(activationOf(before), shown, form))
      if (next !== undefined && next !== shown) current = await answered(() => form.read(next))
    }
  if (current !== object && !isDeepStrictEqual(current, object)) rounds.changed()
  if (policy.spec?.reinvocationPolicy === 'IfNeeded') rounds.wantsAgain(key)
  return current
}

function keyOf({ policy, binding, param }: Ready): string {
  return JSON.stringify([policy.metadata.name, binding.metadata.name, param?.metadata.namespace, param?.metadata.name])
}

function textOf({ policy, binding }: Invoked, message: string): string {
  const { name } = policy.metadata
  return binding
    ? `policy '${name}' with binding '${binding.metadata.name}' denied request: ${message}`
    : `policy ${JSON.stringify(name)} denied request: ${message}`
}

function denied({ resource, name }: AdmissionRequest, problems: readonly Problem[]): StatusError {
  const { details } = forbidden(resource, name, '').status
  const [first] = problems
  return refusal({
    code: 403,
    reason: first!.isInvalid ? 'Invalid' : 'Forbidden',
    message: first!.message,
    details: { ...details, causes: problems.map(({ message }) => ({ message })) },
  })
}
