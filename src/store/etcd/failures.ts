/** What etcd's refusals mean: which are no refusal at all but a member to leave, and which the caller must hear of, and how. */

import { status, type ServiceError } from '@grpc/grpc-js'
import { StoreRefused, StoreUnavailable } from '../store.ts'

/** What to do about a call that failed. */
export type Verdict =
  /** Nothing has happened: ask another member. */
  | { readonly type: 'elsewhere' }
  /** Nothing has happened and the member is well: ask it again in a moment. */
  | { readonly type: 'later' }
  /** It may have happened: only a read may be asked again, of another member. */
  | { readonly type: 'doubt' }
  /** The token has run out: ask for another. */
  | { readonly type: 'token' }
  /** The answer. */
  | { readonly type: 'final'; readonly error: Error }

/** etcd's own words for a revision that is gone, or not yet there; the driver adds which ones are. */
export class RevisionGone extends Error {}
export class RevisionAhead extends Error {}
export class LeaseGone extends Error {}

const NEVER_SENT = /^(No connection established|Name resolution failed|Failed to connect)/
const COMPACTED = /required revision has been compacted/
const FUTURE = /required revision is a future revision/

export function judge(error: ServiceError, endpoint: string): Verdict {
  const { code, details } = error
  if (COMPACTED.test(details)) return final(new RevisionGone(details))
  if (FUTURE.test(details)) return final(new RevisionAhead(details))
  if (/requested lease not found/.test(details)) return final(new LeaseGone(details))
  if (/invalid auth token|auth store is old/.test(details)) return { type: 'token' }
  if (/database space exceeded/.test(details))
    return final(
      unavailable(
        'no-space',
        'etcd has reached its quota (alarm NOSPACE): compact and defragment it, or raise --quota-backend-bytes, then run etcdctl alarm disarm',
      ),
    )
  if (/corrupt/.test(details))
    return final(unavailable('damaged', 'etcd has found that its members do not hold the same data (alarm CORRUPT)'))
  // etcd changes its members only while all of them are well, and a new one is not at first
  if (/too many requests|unhealthy cluster|not enough started members|too many learner/.test(details)) return { type: 'later' }
  if (/too many operations|duplicate key/.test(details)) return final(new TypeError(details))
  if (/not supported for learner/.test(details)) return { type: 'elsewhere' }
  switch (code) {
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return final(unavailable('unreachable', `etcd at ${endpoint} does not let this server in: ${details}`))
    case status.INVALID_ARGUMENT:
      if (/authentication (failed|is not enabled)|user name is empty/.test(details))
        return final(unavailable('unreachable', `etcd at ${endpoint} does not let this server in: ${details}`))
      return final(new StoreRefused(details, { cause: error }))
    case status.FAILED_PRECONDITION:
      if (/authentication is not enabled/.test(details))
        return final(unavailable('unreachable', `etcd at ${endpoint} was given a user, but has no authentication: ${details}`))
      return final(new Error(details, { cause: error }))
    case status.UNAVAILABLE:
      return NEVER_SENT.test(details) || details.endsWith('no leader') ? { type: 'elsewhere' } : { type: 'doubt' }
    case status.DEADLINE_EXCEEDED:
    case status.CANCELLED:
    case status.INTERNAL:
    case status.UNKNOWN:
      return { type: 'doubt' }
    default:
      return final(new Error(`etcd at ${endpoint} answered: ${details}`, { cause: error }))
  }
}

export function unavailable(reason: StoreUnavailable['reason'], message: string, cause?: unknown): StoreUnavailable {
  return new StoreUnavailable(reason, message, cause === undefined ? undefined : { cause })
}

function final(error: Error): Verdict {
  return { type: 'final', error }
}
