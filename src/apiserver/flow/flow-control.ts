/**
 * API priority and fairness: every request over the network falls under a flow schema, waits its turn in the queues of a priority level, and is
 * told to come back later when there is no room (upstream's KEP-1040).
 */

import { distinguisher, fallsUnder, inOrder } from './classify.ts'
import { FairQueue, type Queuing, type Work } from './fair-queue.ts'
import { flowMetrics } from './flow-metrics.ts'
import { partSeats, seatRanges, smoothDemand, type SeatRange } from './seats.ts'
import { deal, flowHash } from './shuffle-shard.ts'
import { seatsOf } from './width.ts'
import type { FlowSchema } from '#api/flowcontrol/v1/flow-schema.ts'
import { mandatoryLevels, mandatorySchemas } from '#api/flowcontrol/v1/mandatory.ts'
import type { PriorityLevelConfiguration, PriorityLevelConfigurationSpec } from '#api/flowcontrol/v1/priority-level-configuration.ts'
import { tooManyRequests } from '#apiserver/endpoints/errors.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { sleep, type Clock } from '#base/clock.ts'
import type { Metrics } from '#base/metrics.ts'

export interface FlowControl extends Disposable {
  /** Waits for a seat. Throws 429 when there is none and no room to wait, or the wait was too long. */
  enter(context: RequestContext): Promise<Seat>
  readonly levels: ReadonlyMap<string, LevelState>
}

/** A place among the requests at work, until it is disposed of. */
export interface Seat extends Disposable {
  readonly schemaUid: string
  readonly levelUid: string
}

/** One priority level at work. */
export interface LevelState {
  readonly name: string
  readonly uid: string
  readonly spec: PriorityLevelConfigurationSpec
  readonly range: SeatRange
  readonly queue: FairQueue
  readonly counts: { dispatched: number; rejected: number; timedOut: number; cancelled: number }
}

export interface FlowSource {
  /** Another number whenever a schema or a level changed. */
  version(): number
  schemas(): readonly FlowSchema[]
  levels(): readonly PriorityLevelConfiguration[]
  /** How many objects of the resource there are. */
  count(resource: { readonly group: string; readonly resource: string }): number
}

export interface FlowControlParts {
  readonly source: FlowSource
  readonly clock: Clock
  /** Requests at work, of all levels together. */
  readonly seats: number
  readonly metrics: Metrics
  /** Calls back once what is at hand now has been dealt with; `setImmediate` in a process. */
  readonly soon: (run: () => void) => void
}

const WAIT_MS_MAX = 15_000 // a quarter of the time a request may take, as upstream
const ADJUST_EVERY_MS = 10_000 // upstream's period of borrowing
/**
 * Requests started in one turn of the event loop. All share one thread: whoever comes next waits for all that were started, whatever seats there
 * are. Few at a time, chosen fairly, keep that wait short; starting is cheap, so it costs nothing.
 */
const STARTS_PER_TURN = 4
const WIDEST = 0.15 // no request takes more of its level, as upstream
// A flood that is refused at once only asks again at once: reading and refusing it would be all the one thread does.
const REFUSE_AFTER_MS = 100
const REFUSE_WITHIN_MS = 150 // one after the other rather than all together
const REFUSALS_HELD_MAX = 2000 // some megabytes of requests
const HANDS_KEPT = 4096

interface Level extends LevelState {
  uid: string
  spec: PriorityLevelConfigurationSpec
  range: SeatRange
  demand: number
  /** How much it started, in parts of what it may have at once. */
  pace: number
}

interface Schema {
  readonly name: string
  readonly uid: string
  readonly object: Pick<FlowSchema, 'spec'>
  readonly level: Level
}

export function openFlowControl({ source, clock, seats, metrics, soon }: FlowControlParts): FlowControl {
  const levels = new Map<string, Level>()
  let schemas: readonly Schema[] = []
  let version = -1
  const hands = new Map<string, readonly number[]>()
  const measured = flowMetrics(metrics, () => levels.values())

  function configure(): void {
    const now = source.version()
    if (now === version) return
    version = now
    hands.clear()
    const kept = new Map(source.levels().map((level) => [level.metadata.name, level]))
    const specs = new Map([
      ...Object.entries(mandatoryLevels),
      ...[...kept].map(([name, { spec }]): [string, PriorityLevelConfigurationSpec] => [name, spec]),
    ])
    const ranges = seatRanges(specs, seats)
    for (const [name, spec] of specs) {
      const range = ranges.get(name)!
      const known = levels.get(name)
      const uid = kept.get(name)?.metadata.uid ?? ''
      if (known === undefined) {
        const counts = { dispatched: 0, rejected: 0, timedOut: 0, cancelled: 0 }
        const queue = new FairQueue(clock, range.nominal, queuingOf(spec))
        levels.set(name, { name, uid, spec, range, queue, counts, demand: 0, pace: 0 })
        continue
      }
      Object.assign(known, { uid, spec, range })
      known.queue.queuing = queuingOf(spec)
      known.queue.limit = range.nominal
    }
    for (const [name, level] of levels) if (!specs.has(name) && level.queue.executing + level.queue.waiting === 0) levels.delete(name)
    const named = new Map(source.schemas().map((schema) => [schema.metadata.name, schema]))
    const missing = Object.entries(mandatorySchemas).flatMap(([name, spec]) =>
      named.has(name) ? [] : [{ metadata: { name, uid: '' }, spec } as unknown as FlowSchema],
    )
    // a schema whose level is missing has no effect
    schemas = inOrder([...named.values(), ...missing]).flatMap((schema) => {
      const level = specs.has(schema.spec.priorityLevelConfiguration.name) && levels.get(schema.spec.priorityLevelConfiguration.name)
      return level ? [{ name: schema.metadata.name, uid: schema.metadata.uid, object: schema, level }] : []
    })
  }

  /** Where a level joins in that had nobody waiting: it neither catches up on the past nor pays for it. */
  function lowestPace(): number {
    const busy = [...levels.values()].filter((level) => level.queue.waiting > 0)
    return busy.length === 0 ? 0 : Math.min(...busy.map((level) => level.pace))
  }

  let adjusting: Disposable | undefined
  /** Runs only while there is something to part: an idle server sets no timers. */
  function adjustLater(): void {
    adjusting ??= clock.timer(ADJUST_EVERY_MS, () => {
      adjusting = undefined
      let idle = true
      for (const level of levels.values()) {
        level.demand = smoothDemand(level.demand, level.queue.takeDemand())
        if (level.queue.executing + level.queue.waiting > 0 || level.demand > 1) idle = false
      }
      const parts = partSeats(new Map([...levels].map(([name, level]) => [name, { ...level.range, demand: level.demand }])), seats)
      for (const [name, part] of parts) levels.get(name)!.queue.limit = idle ? levels.get(name)!.range.nominal : part
      pump()
      if (!idle) adjustLater()
    })
  }

  let beingRefused = 0
  let refusals = 0
  async function refusing(signal: AbortSignal): Promise<void> {
    beingRefused++
    try {
      refusals = (refusals + 1) % REFUSE_WITHIN_MS
      await sleep(clock, REFUSE_AFTER_MS + refusals, signal)
    } finally {
      beingRefused--
    }
  }

  let startsLeft = STARTS_PER_TURN
  let turnAsked = false
  function pump(): void {
    while (startsLeft > 0 && startOne()) startsLeft--
    if (startsLeft === STARTS_PER_TURN || turnAsked) return
    turnAsked = true
    soon(() => {
      turnAsked = false
      startsLeft = STARTS_PER_TURN
      pump()
    })
  }

  /** Of the levels that have somebody waiting and a seat, the one that had the least of its part goes. */
  function startOne(): boolean {
    const ready = [...levels.values()].filter((level) => level.queue.waiting > 0).toSorted((a, b) => a.pace - b.pace)
    for (const level of ready) {
      const before = level.queue.seatsInUse
      if (!level.queue.dispatch()) continue
      level.pace += (level.queue.seatsInUse - before) / Math.max(level.queue.limit, 1)
      return true
    }
    return false
  }

  function handOf(schema: Schema, flow: string, { queues, handSize }: Queuing): readonly number[] {
    const key = `${schema.name}\n${flow}`
    let hand = hands.get(key)
    if (hand === undefined) {
      if (hands.size >= HANDS_KEPT) hands.clear()
      hands.set(key, (hand = deal(flowHash(schema.name, flow), queues, Math.min(handSize, queues))))
    }
    return hand
  }

  return {
    get levels() {
      configure()
      return levels
    },
    async enter(context) {
      configure()
      const { user, info, query, signal } = context
      const schema = schemas.find(({ object }) => fallsUnder(object.spec, user, info)) ?? schemas.at(-1)!
      const { level } = schema
      const uids = { schemaUid: schema.uid, levelUid: level.uid }
      const flow = distinguisher(schema.object.spec, user, info)
      const asked = { user: user.username ?? '', info, at: clock.now() }
      if (level.spec.type === 'Exempt') {
        measured.dispatched(level.name, schema.name, 0)
        level.counts.dispatched++
        const shown = { seats: 1, schema: schema.name, distinguisher: flow, asked, queue: -1, began: asked.at }
        const { atWork } = level.queue
        atWork.add(shown)
        return {
          ...uids,
          [Symbol.dispose]() {
            atWork.delete(shown)
          },
        }
      }
      const wanted = seatsOf(info, query, () => source.count(info))
      const width = Math.min(wanted, Math.max(1, Math.ceil(level.range.nominal * WIDEST)))
      const arrived = clock.monotonic()
      const { promise, resolve, reject } = Promise.withResolvers<Work>()
      const { queuing } = level.queue
      if (queuing && level.queue.waiting === 0) level.pace = Math.max(level.pace, lowestPace())
      let work: Work | undefined
      const place = level.queue.enqueue({
        hand: queuing ? handOf(schema, flow, queuing) : [],
        seats: width,
        schema: schema.name,
        distinguisher: flow,
        asked,
        start: (started) => resolve((work = started)),
      })
      if (place === undefined) {
        level.counts.rejected++
        measured.rejected(level.name, schema.name, queuing ? 'queue-full' : 'concurrency-limit')
        if (beingRefused < REFUSALS_HELD_MAX) await refusing(signal)
        throw tooManyRequests('Too many requests, please try again later.', { retryAfterSeconds: 1 })
      }
      adjustLater()
      pump()
      if (work === undefined) await waited(promise, { place, reject, signal, level, schema })
      measured.dispatched(level.name, schema.name, (clock.monotonic() - arrived) / 1000)
      level.counts.dispatched++
      return {
        ...uids,
        [Symbol.dispose]() {
          work!.end()
          pump()
        },
      }
    },
    [Symbol.dispose]() {
      adjusting?.[Symbol.dispose]()
    },
  }

  async function waited(
    promise: Promise<Work>,
    {
      place,
      reject,
      signal,
      level,
      schema,
    }: { place: Disposable; reject: (error: unknown) => void; signal: AbortSignal; level: Level; schema: Schema },
  ): Promise<void> {
    using _late = clock.timer(WAIT_MS_MAX, () => {
      place[Symbol.dispose]()
      level.counts.timedOut++
      measured.rejected(level.name, schema.name, 'time-out')
      reject(tooManyRequests('Too many requests, please try again later.', { retryAfterSeconds: 1 }))
    })
    const gone = () => {
      place[Symbol.dispose]()
      level.counts.cancelled++
      measured.rejected(level.name, schema.name, 'cancelled')
      reject(signal.reason)
    }
    if (signal.aborted) gone()
    else signal.addEventListener('abort', gone, { once: true })
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', gone)
    }
  }
}

function queuingOf({ limited }: PriorityLevelConfigurationSpec): Queuing | undefined {
  if (limited?.limitResponse?.type !== 'Queue') return undefined
  const { queues = 64, handSize = 8, queueLengthLimit = 50 } = limited.limitResponse.queuing ?? {}
  return { queues, handSize, queueLengthLimit }
}
