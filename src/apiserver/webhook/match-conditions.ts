/** The conditions of webhooks on requests, in CEL: what is left of the requests that their rules ask for. */

import type { Hook } from './admission-hooks.ts'
import { converted } from './call-hook.ts'
import type { AdmissionRequest, ObjectForm } from '#apiserver/admission/admission.ts'
import { allErrors, compileConditions, type Conditions } from '#apiserver/admission/policy/match-conditions.ts'
import { cachingAuthorizer, requestValues } from '#apiserver/admission/policy/request-values.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import { forbidden } from '#apiserver/endpoints/errors.ts'

/** Whether all conditions of the webhook hold. Throws `StatusError` (Forbidden) when that cannot be told and its policy is to fail. */
export type MatchConditions = (hook: Hook, request: AdmissionRequest, form: ObjectForm, requested: ObjectForm) => Promise<boolean>

export function matchConditions(authorizer: Authorizer): MatchConditions {
  const known = new WeakMap<Hook, Conditions>()
  return async (hook, request, form, requested) => {
    if (!hook.webhook.matchConditions?.length) return true
    let conditions = known.get(hook)
    if (conditions === undefined) known.set(hook, (conditions = compileConditions(hook.webhook.matchConditions)))
    const values = requestValues({ request, form, requested, ask: cachingAuthorizer(authorizer, request) })
    const matched = await converted(() => conditions(values))
    if (typeof matched === 'boolean') return matched
    if (hook.webhook.failurePolicy === 'Ignore') return false
    const { group, resource } = requested.resource
    throw forbidden({ group, plural: resource }, request.name, allErrors(matched.errors))
  }
}
