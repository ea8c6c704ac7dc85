/** Bounds how many short requests are worked on at once; the rest are told to come back. */

import { tooManyRequests } from '#apiserver/endpoints/errors.ts'
import type { RequestInfo } from '#apiserver/request-context.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'

export interface InFlightLimits {
  readonly readOnly: number
  readonly mutating: number
}

const DEFAULT_LIMITS: InFlightLimits = { readOnly: 400, mutating: 200 } // upstream's --max-requests-inflight and --max-mutating-requests-inflight
const READ_ONLY = new Set(['get', 'list', 'watch', 'head', 'options'])

export interface Limiter {
  /** Takes a place until disposed. Throws 429 when there is none, except for cluster administrators. */
  enter(info: RequestInfo, user: UserInfo): Disposable
}

/** `inFlight` is counted in, for whoever shows it. */
export function createLimiter(limits: InFlightLimits = DEFAULT_LIMITS, inFlight = { readOnly: 0, mutating: 0 }): Limiter {
  return {
    enter(info, user) {
      const sort = READ_ONLY.has(info.verb) ? 'readOnly' : 'mutating'
      if (inFlight[sort] >= limits[sort]) {
        if (user.groups?.includes('system:masters')) return { [Symbol.dispose]() {} }
        throw tooManyRequests('Too many requests, please try again later.', { retryAfterSeconds: 1 })
      }
      inFlight[sort]++
      return {
        [Symbol.dispose]: () => {
          inFlight[sort]--
        },
      }
    },
  }
}
