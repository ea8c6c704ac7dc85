/** The conditions of webhooks on requests, in CEL: what is left of the requests that their rules ask for. */

import type { Hook } from './admission-hooks.ts'
import type { AdmissionRequest, ObjectForm } from '#apiserver/admission/admission.ts'
import { answered } from '#apiserver/admission/policy/answered.ts'
import { allErrors, compileConditions, type Conditions } from '#apiserver/admission/policy/match-conditions.ts'
import { cachingAuthorizer, requestValues } from '#apiserver/admission/policy/request-values.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import { forbidden } from '#apiserver/endpoints/errors.ts'

/** Whether all conditions of the webhook hold. Throws `StatusError` (Forbidden) when that cannot be told and its policy is to fail. */
export type MatchConditions = (hook: Hook, request: AdmissionRequest, form: ObjectForm, requested: ObjectForm) => boolean | Promise<boolean>

export function matchConditions(authorizer: Authorizer): MatchConditions {
  const known = new WeakMap<Hook, Conditions>()
  return (hook, request, form, requested) => {
    const { matchConditions: conditions, failurePolicy } = hook.webhook
    if (!conditions?.length) return true
    let all = known.get(hook)
    if (all === undefined) known.set(hook, (all = compileConditions(conditions)))
    return held(all, request, form, requested, failurePolicy === 'Ignore')
  }

  async function held(all: Conditions, request: AdmissionRequest, form: ObjectForm, requested: ObjectForm, ignores: boolean) {
    const ask = cachingAuthorizer(authorizer, request)
    const matched = await answered(() => all(requestValues({ request, form, requested, ask })))
    if (typeof matched === 'boolean') return matched
    if (ignores) return false
    const { group, resource } = requested.resource
    throw forbidden({ group, plural: resource }, request.name, allErrors(matched.errors))
  }
}
