/** Clients that do to a few objects whatever comes to mind, and watchers that look on, through servers that fail; all is recorded. */

import { Agent } from 'node:https'
import { setTimeout } from 'node:timers/promises'
import { seededRandom, type Random } from '#base/random.ts'
import { caller, type Answer, type Caller, type CallOptions } from './api-caller.ts'
import type { Operation, Seen, Version, Watched, Write } from './api-history.ts'

export interface Address {
  readonly key: string
  readonly cert: string
  readonly ca: string
  readonly host: string
  readonly port: number
}

export interface Traffic extends AsyncDisposable {
  /** Ends all clients, lets the watchers see everything, and answers what was recorded. */
  end(): Promise<{ readonly operations: readonly Operation[]; readonly watched: readonly [Watched, ...Watched[]] }>
}

const NAMESPACE = 'traffic'
const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const CLIENTS = 6
const PAUSE_MS = 25
const RETRY_MS = 30
const PAGE = 3
const MARKERS = ['marker-0', 'marker-1'] as const
const SETTLE_MS_MAX = 30_000

interface ConfigMap {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
  readonly data?: { readonly value: string }
}

/** Half of all values carry the label `half=0`, the others `half=1`. */
const halfOf = (value: string) => (Array.from(value).reduce((sum, c) => sum + c.charCodeAt(0), 0) % 2 === 0 ? '0' : '1')

/** Starts clients that go to all addresses by turns. The first calls are made at once: a server must answer. */
export async function startTraffic(addresses: readonly Address[], seed: number): Promise<Traffic> {
  const agents = addresses.map(() => new Agent({ keepAlive: true }))
  const callers = addresses.map((address, i) => caller({ ...address, agent: agents[i]! }))
  const watchers = addresses.map((address) => caller(address))
  const operations: Operation[] = []
  const stop = new AbortController()
  const stopWatching = new AbortController()
  const watched: Watched[] = []
  const started = await insist(callers[0]!, 'POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } })
  const from = Number((JSON.parse(started.text) as ConfigMap).metadata.resourceVersion)

  const watching = [
    { what: 'the watch of all', query: '' },
    { what: 'a watch of all from elsewhere', query: '' },
    { what: 'a watch of half', query: '&labelSelector=half%3D0', selects: (value: string) => halfOf(value) === '0' },
    {
      what: 'a watch of the other half, often broken off',
      query: '&labelSelector=half%3D1',
      selects: (value: string) => halfOf(value) === '1',
      breaks: true,
    },
  ].map(({ what, query, selects, breaks = false }, i) => {
    const events: Seen[] = []
    watched.push({ what, from, events, ...(selects && { selects }) })
    return watch({
      callers: watchers,
      first: i,
      from,
      query,
      events,
      breaks,
      random: seededRandom(seed * 100 + 50 + i),
      signal: stopWatching.signal,
    })
  })
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    const random = seededRandom(seed * 100 + client)
    const one = new Client(client, callers, random, operations)
    while (!stop.signal.aborted) {
      await one.act()
      await setTimeout(random.next() * PAUSE_MS)
    }
    return one
  })
  for (const each of [...clients, ...watching]) each.catch(() => {}) // told at the end
  return {
    async end() {
      stop.abort()
      const [one] = await Promise.all(clients)
      for (const [i, name] of MARKERS.entries()) await one!.mark(name, String(i))
      await Promise.race([Promise.all(watching), setTimeout(SETTLE_MS_MAX, undefined, { ref: false })])
      stopWatching.abort()
      await Promise.all(watching)
      return { operations, watched: watched as unknown as readonly [Watched, ...Watched[]] }
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      stopWatching.abort()
      await Promise.allSettled([...clients, ...watching])
      for (const agent of agents) agent.destroy()
    },
  }
}

class Client {
  readonly #client: number
  readonly #callers: readonly Caller[]
  readonly #random: Random
  readonly #operations: Operation[]
  #writes = 0
  /** Versions seen of late, by name. */
  readonly #seen = new Map<string, number>()

  constructor(client: number, callers: readonly Caller[], random: Random, operations: Operation[]) {
    this.#client = client
    this.#callers = callers
    this.#random = random
    this.#operations = operations
  }

  async act(): Promise<void> {
    const name = NAMES[Math.floor(this.#random.next() * NAMES.length)]!
    const chance = this.#random.next()
    if (chance < 0.2) await this.#get(name, true)
    else if (chance < 0.25) await this.#get(name, false)
    else if (chance < 0.35) await this.#list(chance < 0.32)
    else if (chance < 0.55 || !this.#seen.has(name)) await this.#write(name, 'create')
    else if (chance < 0.75) await this.#write(name, 'update', this.#seen.get(name))
    else if (chance < 0.85) await this.#write(name, 'patch')
    else await this.#write(name, 'delete', this.#seen.get(name))
  }

  /** Until it is there. */
  async mark(name: string, half: string): Promise<void> {
    for (let i = 0; ; i++) {
      const outcome = await this.#write(name, 'create', undefined, (value) => halfOf(value) === half)
      if (outcome === 'done' || outcome === 'exists') return
      await setTimeout(RETRY_MS)
      if (i > SETTLE_MS_MAX / RETRY_MS) throw new Error('no server answers')
    }
  }

  async #write(
    name: string,
    verb: Write['verb'],
    expected?: number,
    fits: (value: string) => boolean = () => true,
  ): Promise<Write['outcome']> {
    let value: string | null = null
    if (verb !== 'delete')
      do value = `${this.#client}-${this.#writes++}`
      while (!fits(value))
    const object = value !== null && {
      metadata: { name, labels: { half: halfOf(value) }, ...(expected !== undefined && { resourceVersion: String(expected) }) },
      data: { value },
    }
    const path = `${CONFIG_MAPS}/${name}`
    const { start, end, answer } = await this.#timed((call) => {
      switch (verb) {
        case 'create':
          return call('POST', CONFIG_MAPS, object as object)
        case 'update':
          return call('PUT', path, object as object)
        case 'patch':
          return call('PATCH', path, object as object, { contentType: 'application/merge-patch+json' })
        case 'delete':
          return call('DELETE', path, { preconditions: { resourceVersion: String(expected) } })
      }
    })
    const outcome = outcomeOf(answer, verb)
    let revision = 0
    if (outcome === 'done' && verb !== 'delete') {
      revision = Number((JSON.parse(answer!.text) as ConfigMap).metadata.resourceVersion)
      this.#seen.set(name, revision)
    }
    if (outcome === 'absent' || (outcome === 'done' && verb === 'delete')) this.#seen.delete(name)
    const client = this.#client
    this.#operations.push({ type: 'write', client, start, end, name, verb, value, expected, outcome, revision })
    return outcome
  }

  async #get(name: string, fresh: boolean): Promise<void> {
    const { start, end, answer } = await this.#timed((call) => call('GET', `${CONFIG_MAPS}/${name}${fresh ? '' : '?resourceVersion=0'}`))
    if (answer === undefined || (answer.status !== 200 && answer.status !== 404)) return
    const found = answer.status === 404 ? undefined : versionOf(JSON.parse(answer.text) as ConfigMap)
    if (found && fresh) this.#seen.set(name, found.revision)
    this.#operations.push({ type: 'get', client: this.#client, start, end, name, fresh, found })
  }

  /** A fresh one in pages, one of the past at once. */
  async #list(fresh: boolean): Promise<void> {
    const items: Record<string, Version> = {}
    let revision: number | undefined
    let next = fresh ? `?limit=${PAGE}` : '?resourceVersion=0'
    let first: { start: number; end: number } | undefined
    for (;;) {
      const { start, end, answer } = await this.#timed((call) => call('GET', CONFIG_MAPS + next))
      // a list that is not finished tells nothing: the server went away, or the past it is of has been compacted
      if (answer?.status !== 200) return
      const page = JSON.parse(answer.text) as { metadata: { resourceVersion: string; continue?: string }; items: readonly ConfigMap[] }
      first ??= { start, end }
      revision ??= Number(page.metadata.resourceVersion)
      if (revision !== Number(page.metadata.resourceVersion))
        throw new Error(`a page is of ${page.metadata.resourceVersion}, the first of ${revision}`)
      for (const item of page.items) {
        if (items[item.metadata.name]) throw new Error(`${item.metadata.name} is on two pages`)
        items[item.metadata.name] = versionOf(item)
      }
      if (!page.metadata.continue) break
      next = `?limit=${PAGE}&continue=${encodeURIComponent(page.metadata.continue)}`
    }
    this.#operations.push({ type: 'list', client: this.#client, ...first, fresh, revision, items })
  }

  async #timed(work: (call: Caller) => Promise<Answer>): Promise<{ start: number; end: number; answer: Answer | undefined }> {
    const call = this.#callers[Math.floor(this.#random.next() * this.#callers.length)]!
    const start = performance.now()
    const answer = await work(call).catch(() => undefined)
    const end = performance.now()
    if (answer === undefined) await setTimeout(RETRY_MS)
    return { start, end, answer }
  }
}

function versionOf({ metadata, data }: ConfigMap): Version {
  return { revision: Number(metadata.resourceVersion), value: data!.value }
}

function outcomeOf(answer: Answer | undefined, verb: Write['verb']): Write['outcome'] {
  if (answer === undefined || answer.status >= 500 || answer.status === 429) return 'lost'
  if (answer.status < 300) return 'done'
  if (answer.status === 404) return 'absent'
  if (answer.status === 409) return verb === 'create' ? 'exists' : 'conflict'
  throw new Error(`${verb}: ${answer.status} ${answer.text}`)
}

/** Watches until it sees a marker, resuming where it was when the watch ends. */
async function watch(parts: {
  readonly callers: readonly Caller[]
  readonly first: number
  readonly from: number
  readonly query: string
  readonly events: Seen[]
  readonly breaks: boolean
  readonly random: Random
  readonly signal: AbortSignal
}): Promise<void> {
  const { callers, query, events, random, signal } = parts
  let from = parts.from
  const markers = new Set<string>(MARKERS)
  const wanted = query === '' ? 2 : 1
  for (let turn = parts.first; !signal.aborted && MARKERS.length - markers.size < wanted; turn++) {
    const call = callers[turn % callers.length]!
    const ending = new AbortController()
    const isBroken = parts.breaks ? setTimeout(200 + random.next() * 800, undefined, { ref: false }).then(() => ending.abort()) : undefined
    void isBroken
    let failure: Error | undefined
    const take = (line: string) => {
      if (ending.signal.aborted) return
      const { type, object } = JSON.parse(line) as { type: Seen['type'] | 'ERROR'; object: ConfigMap & { code?: number; message?: string } }
      if (type === 'ERROR') {
        failure = new Error(`the watch from ${from} ended with ${object.code}: ${object.message}`)
        return ending.abort()
      }
      from = Number(object.metadata.resourceVersion)
      events.push({ type, name: object.metadata.name ?? '', revision: from, value: object.data?.value ?? '' })
      if (markers.delete(object.metadata.name) && MARKERS.length - markers.size === wanted) ending.abort()
    }
    const options: CallOptions = { line: take, signal: AbortSignal.any([signal, ending.signal]) }
    await call('GET', `${CONFIG_MAPS}?watch=true&allowWatchBookmarks=true&resourceVersion=${from}${query}`, undefined, options).catch(
      () => {},
    )
    if (failure) throw failure
    await setTimeout(RETRY_MS)
  }
}

async function insist(call: Caller, method: string, path: string, body: object): Promise<Answer> {
  const answer = await call(method, path, body)
  if (answer.status !== 201) throw new Error(answer.text)
  return answer
}
