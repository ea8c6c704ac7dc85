/** Asks a webhook whether a request may go on, by SubjectAccessReviews; conditions say which requests it is asked about. */

import type { SubjectAccessReviewSpec } from '#api/authorization/v1/subject-access-review.ts'
import { answerCache } from '#apiserver/authentication/answer-cache.ts'
import type { ReviewWebhook } from '#apiserver/authentication/review-webhook.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { CelError } from '#cel/value.ts'
import type { Expression } from '#apiserver/authentication/expressions.ts'
import type { Attributes, Authorizer, Decision } from './authorizer.ts'
import { reviewSpecOf } from './review-spec.ts'

const ANSWERS_MAX = 8192 // upstream's
const KEY_CHARACTERS_MAX = 10_000 // what callers choose of a question may not fill the cache

export interface WebhookAuthorizerParts {
  readonly webhook: ReviewWebhook
  readonly version: 'v1' | 'v1beta1'
  /** How long what it allows, and what it does not, is remembered. */
  readonly authorizedMs: number
  readonly unauthorizedMs: number
  /** What a webhook that cannot be asked means. */
  readonly failurePolicy: 'NoOpinion' | 'Deny'
  /** All must hold for it to be asked. */
  readonly conditions?: readonly Expression[]
  readonly clock: Clock
  readonly log: Log
}

interface Status {
  readonly allowed?: boolean
  readonly denied?: boolean
  readonly reason?: string
}

export function webhookAuthorizer(parts: WebhookAuthorizerParts): Authorizer {
  const { webhook, version, conditions = [], clock, log } = parts
  const apiVersion = `authorization.k8s.io/${version}`
  const keepMs = (status: Status) => (status.allowed === true ? parts.authorizedMs : parts.unauthorizedMs)
  const cache = answerCache<Status>(clock, keepMs, ANSWERS_MAX)
  const failed = (error: string): Decision => ({ type: parts.failurePolicy === 'Deny' ? 'deny' : 'no-opinion', reason: '', error })

  const ask = async (spec: SubjectAccessReviewSpec): Promise<Status> => {
    const review = {
      kind: 'SubjectAccessReview',
      apiVersion,
      metadata: {},
      spec: version === 'v1' ? spec : inBeta(spec),
      status: { allowed: false },
    }
    const answer = (await webhook.review(review)) as {
      readonly kind?: unknown
      readonly apiVersion?: unknown
      readonly status?: Status
    } | null
    if (answer?.kind !== 'SubjectAccessReview' || answer.apiVersion !== apiVersion)
      throw new Error(`the webhook answered no SubjectAccessReview of ${apiVersion}`)
    return answer.status ?? {}
  }

  return {
    rulesFor: () => ({ rules: [], errors: ['webhook authorizer does not support user rule resolution'] }),
    async authorize(attributes) {
      const spec = reviewSpecOf(attributes)
      const matched = match(conditions, spec)
      if (typeof matched === 'string') return failed(matched)
      if (!matched) return { type: 'no-opinion', reason: '' }
      let status: Status
      try {
        const isSmall = controlledCharacters(attributes) < KEY_CHARACTERS_MAX
        status = await (isSmall ? cache.answer(JSON.stringify(spec), () => ask(spec)) : ask(spec))
      } catch (error) {
        log.error('failed to make webhook authorizer request', { error: (error as Error).message })
        return failed((error as Error).message)
      }
      return decisionOf(status)
    },
  }
}

function decisionOf({ allowed = false, denied = false, reason = '' }: Status): Decision {
  if (allowed && denied) return { type: 'deny', reason, error: 'webhook subject access review returned both allow and deny response' }
  return { type: denied ? 'deny' : allowed ? 'allow' : 'no-opinion', reason }
}

/** Whether all conditions hold, or what kept one from being evaluated while none was false. */
function match(conditions: readonly Expression[], spec: SubjectAccessReviewSpec): boolean | string {
  if (conditions.length === 0) return true
  const request = whole(spec)
  const errors: string[] = []
  for (const condition of conditions) {
    try {
      if (condition.run(request) !== true) return false
    } catch (error) {
      if (!(error instanceof CelError)) throw error
      errors.push(`cel evaluation error: expression '${condition.source}' resulted in error: ${error.message}`)
    }
  }
  return errors.length === 0 ? true : errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]`
}

/** Conditions see what is empty, too. */
function whole(spec: SubjectAccessReviewSpec): object {
  const { resourceAttributes: resource } = spec
  return {
    user: '',
    groups: [],
    uid: '',
    extra: {},
    ...spec,
    ...(resource && {
      resourceAttributes: { namespace: '', verb: '', group: '', version: '', resource: '', subresource: '', name: '', ...resource },
    }),
  }
}

function controlledCharacters({ info }: Attributes): number {
  const { namespace, verb, group, version, resource, subresource, name, path, fieldSelector = '', labelSelector = '' } = info
  const parts = [namespace, verb, group, version, resource, subresource, name, path, fieldSelector, labelSelector]
  return parts.reduce((sum, part) => sum + part.length, 0)
}

/** The older version calls the groups `group`. */
function inBeta({ groups, ...rest }: SubjectAccessReviewSpec): object {
  return { ...rest, ...(groups && { group: groups }) }
}
