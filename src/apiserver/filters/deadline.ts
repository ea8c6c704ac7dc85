/** The deadline of short requests: a minute, or what the caller asks for with `timeout` if that is less. */

import { badRequest, refusal } from '#apiserver/endpoints/errors.ts'
import type { RequestInfo } from '#apiserver/request-context.ts'
import type { Clock } from '#base/clock.ts'
import type { StatusError } from '#client/client.ts'
import { isLongRunning } from './request-info.ts'

const REQUEST_MS_MAX = 60_000 // upstream's --request-timeout

/** Milliseconds the request may take; undefined when it may stay open. Throws 400 for a `timeout` that is not a duration. */
export function deadlineOf(info: RequestInfo, query: URLSearchParams): number | undefined {
  if (isLongRunning(info)) return undefined
  const asked = query.get('timeout')
  if (asked === null || asked === '') return REQUEST_MS_MAX
  const ms = durationMs(asked)
  if (ms === undefined) throw badRequest(`invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(asked)}`)
  return ms <= 0 ? REQUEST_MS_MAX : Math.min(ms, REQUEST_MS_MAX)
}

/** Waits for `work`, but no longer than `ms`; then `abort` is told and the caller gets 504. */
export async function withDeadline<T>(work: Promise<T>, ms: number, clock: Clock, abort?: (reason: unknown) => void): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  using _timer = clock.timer(ms, () => {
    const error = timedOut()
    abort?.(error)
    reject(error)
  })
  return await Promise.race([work, late])
}

function timedOut(): StatusError {
  return refusal({
    code: 504,
    reason: 'Timeout',
    message: 'Timeout: request did not complete within the allotted timeout',
    details: {},
  })
}

const UNIT_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Go's duration text in milliseconds. */
function durationMs(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^[+-]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
  let sum = 0
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)) sum += Number(number) * UNIT_MS[unit!]!
  return text.startsWith('-') ? -sum : sum
}
