/** What is served of how components speak of their work: leases and events. */

import { eventView } from '../strategies/event-view.ts'
import { eventStrategy, leaseStrategy } from '../strategies/plain.ts'
import { serve, type Served } from './serve.ts'
import { leases } from '#api/coordination/v1/lease.ts'
import { events } from '#api/events/v1/event.ts'

export const servedCoordination: readonly Served[] = [
  { ...serve(events as never, eventStrategy), view: eventView },
  serve(leases as never, leaseStrategy),
]
