/**
 * The requests of one priority level: those at work take seats, the others wait in queues that take turns by how much work their flows had.
 * Fair queuing in the sense of upstream's KEP-1040: a queue's virtual time moves on by seats times estimated seconds when a request starts, and is mended
 * when it ends; the level's is that of the queue served last, where a queue that was empty joins in.
 */

import type { RequestInfo } from '#apiserver/request-context.ts'
import type { Clock } from '#base/clock.ts'

export const ESTIMATED_SECONDS = 0.003 // what a request is charged until it is known how long it took, as upstream

export interface Queuing {
  readonly queues: number
  readonly handSize: number
  readonly queueLengthLimit: number
}

export interface Arrival {
  /** Queues it may wait in, by their numbers; of these it takes the one with the least. */
  readonly hand: readonly number[]
  readonly seats: number
  readonly schema: string
  readonly distinguisher: string
  readonly asked: Asked
  /** Called at most once. */
  readonly start: (work: Work) => void
}

/** What is asked for, for those who look at the queues. */
export interface Asked {
  readonly user: string
  readonly info: RequestInfo
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface AtWork extends Pick<Arrival, 'seats' | 'schema' | 'distinguisher' | 'asked'> {
  /** Number of the queue it waited in; -1 where it never did. */
  readonly queue: number
  readonly began: number
}

/** A request at work. */
export interface Work {
  readonly seats: number
  /** Gives the seats back; a second call does nothing. */
  end(): void
}

interface Queue {
  index: number
  readonly waiting: Arrival[]
  executing: number
  /** Virtual time of its next request. */
  next: number
}

/** What happened between two looks: seats asked for, by time. */
export interface Demand {
  readonly average: number
  readonly deviation: number
  readonly highest: number
}

export class FairQueue {
  #limit: number
  #queuing: Queuing | undefined
  #queues: Queue[] = []
  readonly #clock: Clock
  #inUse = 0
  #executing = 0
  #waitingRequests = 0
  #waitingSeats = 0
  #virtual = 0
  readonly #demand: DemandOverTime

  /** Without queues, what finds no seat is refused. */
  constructor(clock: Clock, limit: number, queuing: Queuing | undefined) {
    this.#clock = clock
    this.#limit = limit
    this.#queuing = queuing
    this.#queues = queuesOf(queuing)
    this.#demand = new DemandOverTime(clock)
  }

  /** Seats that requests at work have. */
  get seatsInUse(): number {
    return this.#inUse
  }

  get executing(): number {
    return this.#executing
  }

  readonly executingBySchema = new Map<string, number>()

  /** For those who look into it. */
  readonly atWork = new Set<AtWork>()

  waitingBySchema(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const { waiting } of this.#queues) for (const { schema } of waiting) counts.set(schema, (counts.get(schema) ?? 0) + 1)
    return counts
  }

  get waiting(): number {
    return this.#waitingRequests
  }

  get limit(): number {
    return this.#limit
  }

  set limit(seats: number) {
    this.#limit = seats
  }

  get queuing(): Queuing | undefined {
    return this.#queuing
  }

  /** Queues that are no longer there empty themselves. */
  set queuing(next: Queuing | undefined) {
    if (next?.queues !== this.#queuing?.queues) {
      const old = this.#queues.filter((queue) => queue.waiting.length > 0)
      this.#queues = queuesOf(next)
      for (const queue of old) {
        queue.index = this.#queues.length
        this.#queues.push(queue)
      }
    }
    this.#queuing = next
  }

  /** For those who look into it: every queue with something in it or at work. */
  *busyQueues(): Iterable<{
    readonly index: number
    readonly waiting: readonly Arrival[]
    readonly executing: number
    readonly next: number
  }> {
    for (const queue of this.#queues) if (queue.waiting.length > 0 || queue.executing > 0) yield queue
  }

  /** What was asked for since the last call. */
  takeDemand(): Demand {
    return this.#demand.take()
  }

  /** Takes the request in line; what it answers gives the place up again. Undefined where there is no room to wait. */
  enqueue(arrival: Arrival): Disposable | undefined {
    if (this.#queuing === undefined) {
      if (!this.#fits(arrival.seats)) return undefined
      this.#begin(arrival, undefined)
      return { [Symbol.dispose]() {} }
    }
    const queue = this.#shortest(arrival.hand)
    if (queue.waiting.length >= this.#queuing.queueLengthLimit) return undefined
    if (queue.waiting.length === 0) queue.next = Math.max(queue.next, this.#virtual)
    queue.waiting.push(arrival)
    this.#waitingRequests++
    this.#wait(arrival.seats)
    return {
      [Symbol.dispose]: () => {
        const at = queue.waiting.indexOf(arrival)
        if (at < 0) return
        queue.waiting.splice(at, 1)
        this.#waitingRequests--
        this.#wait(-arrival.seats)
      },
    }
  }

  /** Starts the request whose queue had the least; false where none waits, or there is no seat for it. */
  dispatch(): boolean {
    let first: Queue | undefined
    for (const queue of this.#queues) if (queue.waiting.length > 0 && (first === undefined || queue.next < first.next)) first = queue
    const head = first?.waiting[0]
    if (first === undefined || head === undefined || !this.#fits(head.seats)) return false
    first.waiting.shift()
    this.#virtual = Math.max(this.#virtual, first.next)
    this.#waitingRequests--
    this.#wait(-head.seats)
    this.#begin(head, first)
    return true
  }

  #begin({ seats, start, schema, distinguisher, asked }: Arrival, queue: Queue | undefined): void {
    const began = this.#clock.monotonic()
    this.#use(seats)
    this.#executing++
    this.executingBySchema.set(schema, (this.executingBySchema.get(schema) ?? 0) + 1)
    if (queue) {
      queue.executing++
      queue.next += ESTIMATED_SECONDS * seats
    }
    const shown = { seats, schema, distinguisher, asked, queue: queue?.index ?? -1, began: this.#clock.now() }
    this.atWork.add(shown)
    let ended = false
    start({
      seats,
      end: () => {
        if (ended) return
        ended = true
        this.atWork.delete(shown)
        this.#use(-seats)
        this.#executing--
        this.executingBySchema.set(schema, this.executingBySchema.get(schema)! - 1)
        if (queue === undefined) return
        queue.executing--
        const seconds = (this.#clock.monotonic() - began) / 1000
        queue.next += (seconds - ESTIMATED_SECONDS) * seats
      },
    })
  }

  /** A request wider than the whole level still runs, alone. */
  #fits(seats: number): boolean {
    return this.#inUse === 0 || this.#inUse + seats <= this.#limit
  }

  #shortest(hand: readonly number[]): Queue {
    let best: Queue | undefined
    let least = Infinity
    for (const index of hand) {
      const queue = this.#queues[index]!
      let work = queue.executing
      for (const { seats } of queue.waiting) work += seats
      if (work < least) [best, least] = [queue, work]
    }
    return best!
  }

  #use(seats: number): void {
    this.#inUse += seats
    this.#demand.set(this.#inUse + this.#waitingSeats)
  }

  #wait(seats: number): void {
    this.#waitingSeats += seats
    this.#demand.set(this.#inUse + this.#waitingSeats)
  }
}

function queuesOf(queuing: Queuing | undefined): Queue[] {
  return Array.from({ length: queuing?.queues ?? 0 }, (_, index) => ({ index, waiting: [], executing: 0, next: 0 }))
}

/** Average and deviation of a number that changes now and then, weighted by how long it stayed. */
class DemandOverTime {
  readonly #clock: Clock
  #value = 0
  #highest = 0
  #since: number
  #elapsed = 0
  #sum = 0
  #squares = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#since = clock.monotonic()
  }

  set(value: number): void {
    this.#add()
    this.#value = value
    this.#highest = Math.max(this.#highest, value)
  }

  take(): Demand {
    this.#add()
    const average = this.#elapsed === 0 ? this.#value : this.#sum / this.#elapsed
    const variance = this.#elapsed === 0 ? 0 : Math.max(this.#squares / this.#elapsed - average * average, 0)
    const demand = { average, deviation: Math.sqrt(variance), highest: this.#highest }
    this.#highest = this.#value
    this.#elapsed = this.#sum = this.#squares = 0
    return demand
  }

  #add(): void {
    const now = this.#clock.monotonic()
    const ms = now - this.#since
    this.#since = now
    this.#elapsed += ms
    this.#sum += ms * this.#value
    this.#squares += ms * this.#value * this.#value
  }
}
