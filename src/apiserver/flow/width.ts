/** How many seats a request takes: one, but lists as many as they have objects to go through. */

import type { RequestInfo } from '#apiserver/request-context.ts'

const OBJECTS_PER_SEAT = 100
const SEATS_MAX = 10 // as upstream; no request takes more

/** `count`: how many objects of the resource there are. */
export function seatsOf({ verb, name }: RequestInfo, query: URLSearchParams, count: () => number): number {
  if (verb !== 'list' && !(verb === 'watch' && query.get('sendInitialEvents') === 'true')) return 1
  if (name !== '') return 1
  const limit = Number(query.get('limit') ?? 0)
  const selects = query.has('labelSelector') || query.has('fieldSelector')
  const all = count()
  // what is chosen among all must be looked for among all
  const objects = limit > 0 && !selects ? Math.min(limit, all) : all
  return Math.max(1, Math.min(SEATS_MAX, Math.ceil(objects / OBJECTS_PER_SEAT)))
}
