/** A request as expressions see it: each variable is made once, when something first asks for it. */

import type { AdmissionRequest, ObjectForm } from '../admission.ts'
import { requestFacts } from '../request-facts.ts'
import { questionAttributes } from './authorizer-question.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Authorizer, Decision } from '#apiserver/authorization/authorizer.ts'
import type { Activation } from '#cel/evaluate.ts'
import { jsonValue } from '#cel/json-value.ts'
import {
  authorizerValue,
  resourceCheckValue,
  type AskAuthorizer,
  type AuthorizationAnswer,
  type AuthorizationQuestion,
} from '#cel/library/authorizer.ts'
import type { Value } from '#cel/value.ts'

/** Asks each question once per request, however many expressions do. */
export function cachingAuthorizer(authorizer: Authorizer, request: Pick<AdmissionRequest, 'user'>): AskAuthorizer {
  const known = new Map<string, AuthorizationAnswer>()
  return (question) => {
    const key = JSON.stringify(question)
    const answered = known.get(key)
    if (answered) return answered
    const keep = (decision: Decision): AuthorizationAnswer => {
      const answer = answerOf(decision)
      known.set(key, answer)
      return answer
    }
    const failed = (error: unknown) => keep({ type: 'no-opinion', reason: '', error: (error as Error).message })
    const decision = authorizer.authorize(questionAttributes(question, request.user))
    return decision instanceof Promise ? decision.then(keep, failed) : keep(decision)
  }
}

function answerOf({ type, reason, error }: Decision): AuthorizationAnswer {
  return { allowed: type === 'allow', reason, ...(error !== undefined && { error }) }
}

export interface RequestParts {
  readonly request: AdmissionRequest
  /** The version of the object that expressions see. */
  readonly form: ObjectForm
  /** The one that the caller speaks. */
  readonly requested: ObjectForm
  /** Of the object; undefined for what lies in none. */
  readonly namespace?: Namespace | undefined
  readonly ask?: AskAuthorizer | undefined
}

export function requestValues({ request, form, requested, namespace, ask }: RequestParts): Activation {
  const known = new Map<string, Value>()
  const make: Readonly<Record<string, () => Value | undefined>> = {
    object: () => jsonValue(request.object && form.show(request.object)),
    oldObject: () => jsonValue(request.oldObject && form.show(request.oldObject)),
    request: () => jsonValue(requestFacts(request, form, requested)),
    namespaceObject: () => jsonValue(namespace && shownNamespace(namespace)),
    authorizer: () => ask && authorizerValue(ask),
    'authorizer.requestResource': () => ask && resourceCheckValue(ask, ownQuestion(request, requested)),
  }
  return (name) => {
    const found = known.get(name)
    if (found !== undefined) return found
    if (!Object.hasOwn(make, name)) return undefined
    const value = make[name]!()
    if (value !== undefined) known.set(name, value)
    return value
  }
}

function ownQuestion({ namespace, name, subresource }: AdmissionRequest, { resource }: ObjectForm): AuthorizationQuestion {
  return { group: resource.group, resource: resource.resource, subresource, namespace, name }
}

/** Without what is nobody's business here: owners, managers. */
function shownNamespace({ metadata, spec, status }: Namespace): object {
  const { ownerReferences: _, managedFields: __, selfLink: ___, ...shown } = metadata
  return { metadata: shown, spec: spec ?? {}, status: status ?? {} }
}
