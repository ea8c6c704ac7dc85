/** A request's way from the wire to the endpoints: each step below is a file of its own, in the order they run. */

import type { Api } from '#apiserver/api.ts'
import type { Answer } from '#apiserver/answer.ts'
import { attemptedMethods, type Audit, type AuditTrail } from '#apiserver/audit/audit.ts'
import type { Authenticator } from '#apiserver/authentication/authenticator.ts'
import type { RequestMetrics } from '#apiserver/metrics/request-metrics.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import { NOTHING_SAID, type Peer, type RequestBody, type RequestContext } from '#apiserver/request-context.ts'
import type { FlowControl, Seat } from '#apiserver/flow/flow-control.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { uuid, type Random } from '#base/random.ts'
import { authenticate } from './authentication.ts'
import { authorize } from './authorization.ts'
import { deadlineOf, withDeadline } from './deadline.ts'
import { answerFor } from './failure.ts'
import { impersonate } from './impersonation.ts'
import { createLimiter, type InFlightLimits } from './max-in-flight.ts'
import { isLongRunning, parseRequestInfo } from './request-info.ts'

/** A request as it comes in, over the network or from within the process. Header names are lower case. */
export interface Incoming {
  readonly method: string
  /** As sent, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: RequestBody
  readonly peer: Peer
  /** Aborts when the caller has gone. */
  readonly signal: AbortSignal
  /** Aborts `signal` for another reason, such as a deadline; absent when the caller's own signal is passed through. */
  readonly abort?: (reason: unknown) => void
}

/** The answer, with the context it was made in, which encoding needs. Failures are answers too: this never rejects. */
export interface Handled {
  readonly answer: Answer
  readonly context: RequestContext
}

export type Handler = (incoming: Incoming) => Promise<Handled>

export interface HandlerParts {
  /** The metrics hear of every answer. */
  readonly api: Pick<Api, 'handle'> & { readonly metrics?: Pick<RequestMetrics, 'observe' | 'inFlight'> }
  /** Everyone it does not know is anonymous, unless `anonymous` is false. */
  readonly authenticator: Authenticator
  readonly anonymous?: boolean
  readonly authorizer: Authorizer
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly limits?: InFlightLimits
  /** Priority and fairness; absent: the limits alone. */
  readonly flow?: FlowControl
  readonly audit?: Audit
  /** Whether impersonation may be allowed for some requests only: upstream's ConstrainedImpersonation. */
  readonly constrainedImpersonation?: boolean
  /** Whether CBOR is spoken, which upstream's CBORServingAndStorage decides. */
  readonly cbor?: boolean
}

const NOBODY: UserInfo = {}

export function createHandler(parts: HandlerParts): Handler {
  const { clock, log, audit, flow } = parts
  const limiter = createLimiter(parts.limits, parts.api.metrics?.inFlight)

  return async (incoming) => {
    const { method, path, query, body, peer, signal } = incoming
    let context: RequestContext = {
      method,
      path,
      query,
      headers: incoming.headers,
      body,
      peer,
      info: { ...NOTHING_SAID, path },
      user: NOBODY,
      received: clock.now(),
      signal,
      cbor: parts.cbor === true,
      warnings: [],
      ...((audit || peer.type === 'network') && { auditId: incoming.headers['audit-id'] || uuid(parts.random) }),
    }
    let trail: AuditTrail | undefined
    const run = async (): Promise<Answer> => {
      const { info } = context
      const known = await authenticate(parts, context).catch(async (error: unknown) => {
        await audit?.unauthenticated(context, attemptedMethods(context.headers, peer))
        throw error
      })
      context = { ...context, user: known.user, headers: known.headers }
      trail = audit?.begin(context)
      if (trail) {
        context = { ...context, audit: trail.notes }
        for (const [key, value] of Object.entries(known.annotations ?? {})) trail.notes.annotate(key, value)
        await trail.received()
      }
      const impersonated = await impersonate(context, parts.authorizer, parts.constrainedImpersonation)
      if (impersonated) {
        trail?.notes.impersonates(impersonated.user, impersonated.constraint)
        context = { ...context, user: impersonated.user, headers: impersonated.headers }
      }
      // components of this process bound their own calls, and losing one to the limit would only delay them
      if (peer.type === 'process' || (isLongRunning(info) && !(flow && info.verb === 'watch'))) {
        await authorize(parts.authorizer, context)
        return parts.api.handle(context)
      }
      // a watch gives its seat back once it is set up
      using place: Disposable & Partial<Seat> = flow ? await flow.enter(context) : limiter.enter(info, context.user)
      const { schemaUid, levelUid } = place
      if (schemaUid !== undefined && levelUid !== undefined) context = { ...context, flow: { schemaUid, levelUid } }
      await authorize(parts.authorizer, context)
      return await parts.api.handle(context)
    }
    let answer: Answer
    try {
      context = { ...context, info: parseRequestInfo(method, path, query) }
      const deadline = peer.type === 'network' ? deadlineOf(context.info, query) : undefined
      answer = deadline === undefined ? await run() : await withDeadline(run(), deadline, clock, incoming.abort)
    } catch (error) {
      answer = answerFor(error, context, log)
    }
    const status = 'status' in answer ? answer.status : answer.type === 'upgrade' ? 101 : 200
    parts.api.metrics?.observe(context, status, Math.max(clock.now() - context.received, 0) / 1000)
    if (trail) answer = await trail.answered(answer, status)
    return { answer, context }
  }
}
