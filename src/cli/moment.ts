/** A point in a cluster's history as a person writes it: a resourceVersion, a time, or how long ago. */

import { UsageError } from '#base/settings.ts'
import { durationMs } from '#schema/duration.ts'

export type Moment = { readonly type: 'revision'; readonly revision: number } | { readonly type: 'time'; readonly time: number }

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

/** Throws `UsageError`. */
export function parseMoment(text: string, flag: string, now: number): Moment {
  if (/^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text))) return { type: 'revision', revision: Number(text) }
  const ago = /^(\S+)(?: ago)$/.exec(text)?.[1]
  const elapsed = ago === undefined ? undefined : durationMs(ago)
  if (elapsed !== undefined && elapsed >= 0) return { type: 'time', time: now - elapsed }
  const time = RFC_3339.test(text) ? Date.parse(text) : NaN
  if (!Number.isNaN(time)) return { type: 'time', time }
  throw new UsageError(
    `invalid argument ${JSON.stringify(text)} for "--${flag}" flag: expected a resourceVersion, a time such as 2026-01-02T15:04:05Z, or "10m ago"`,
  )
}
