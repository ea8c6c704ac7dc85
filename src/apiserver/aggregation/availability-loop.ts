/** Keeps the Available condition of API services: looks at those of others whenever something about them changes, and now and then. */

import { remoteServerOf, type Condition } from './api-service-target.ts'
import { checkServer, judgeService, LOCAL, type Judgement } from './availability.ts'
import type { RemoteServers } from './remote-servers.ts'
import type { APIService } from '#api/apiregistration/v1/api-service.ts'
import { services as serviceResource } from '#api/core/v1/service.ts'
import { endpointSlices, type EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { ObjectReader } from '#apiserver/admission/plugin-parts.ts'
import { systemWrite } from '#apiserver/registry/system-write.ts'
import type { Registry } from '#apiserver/registry/registry.ts'
import type { Facet, Stored } from '#apiserver/registry/strategy.ts'
import { sleep, timestamp, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { isReason } from '#client/client.ts'
import { WorkQueue } from '#client/work-queue.ts'

export interface AvailabilityParts {
  readonly apiServices: Registry
  readonly services: Registry
  readonly slices: Registry
  readonly objects: Pick<ObjectReader, 'cached' | 'cachedList'>
  readonly servers: RemoteServers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** For metrics; undefined when it is nobody else's. */
  readonly judged: (name: string, judgement: Judgement | undefined) => void
  /** One of others' servers was checked, or is gone. */
  readonly checked: (name: string, available: boolean) => Promise<void>
}

const LOOK_AGAIN_MS = 30_000 // upstream's: networks fail without telling
const RETRY_MS = 1000
const SERVICE_LABEL = 'kubernetes.io/service-name'

/** Runs until `signal` aborts. */
export async function followApiServices(parts: AvailabilityParts, signal: AbortSignal): Promise<void> {
  const { apiServices, services, slices, clock, log } = parts
  const queue = new WorkQueue<string>(clock)
  signal.addEventListener('abort', () => queue.close(), { once: true })

  const all = () => apiServices.cache.list(apiServices.prefix).items.map((item) => item.object as unknown as APIService)

  /** `changed` gets each object that changed. */
  async function watch(registry: Registry, changed: (object: Stored, deleted: boolean) => void): Promise<void> {
    while (!signal.aborted)
      try {
        const { items, revision } = registry.cache.list(registry.prefix)
        for (const { object } of items) changed(object as Stored, false)
        for await (const batch of registry.cache.watch({ prefix: registry.prefix, from: revision, signal }))
          for (const change of batch) if (change.type !== 'progress') changed(change.published.object as Stored, change.type === 'delete')
      } catch (error) {
        if (signal.aborted) return
        log.warn('API services are followed anew', { error })
        await sleep(clock, RETRY_MS, signal).catch(() => {})
      }
  }

  /** What is written about it here is no reason to look again. */
  const specs = new Map<string, string>()
  function apiServiceChanged({ metadata: { name }, spec }: Stored, deleted: boolean): void {
    const text = deleted ? '' : JSON.stringify(spec)
    if (specs.get(name) === text) return
    if (deleted) specs.delete(name)
    else specs.set(name, text)
    queue.add(name)
  }

  function serviceChanged(namespace: string | undefined, name: string | undefined): void {
    for (const { metadata, spec } of all())
      if (spec.service && spec.service.namespace === namespace && spec.service.name === name) queue.add(metadata.name)
  }

  async function work(): Promise<void> {
    for (let name = await queue.take(); name !== undefined; name = await queue.take())
      try {
        const again = await syncApiService(name, parts)
        if (again === 'retry') queue.addRateLimited(name)
        else queue.forget(name)
        if (again !== 'done') queue.addAfter(name, LOOK_AGAIN_MS)
      } catch (error) {
        const passing = isReason(error, 'Conflict') || isReason(error, 'NotFound') || signal.aborted
        log[passing ? 'debug' : 'warn']('API service not checked, will retry', { apiService: name, error: (error as Error).message })
        if (!signal.aborted) queue.addRateLimited(name)
      } finally {
        queue.done(name)
      }
  }

  await Promise.all([
    watch(apiServices, apiServiceChanged),
    watch(services, ({ metadata }) => serviceChanged(metadata.namespace, metadata.name)),
    watch(slices, ({ metadata }) => serviceChanged(metadata.namespace, metadata.labels?.[SERVICE_LABEL])),
    work(),
  ])
}

/** Says whether to look again: at once and then less and less often while it does not answer, later for all of others' servers. */
async function syncApiService(name: string, parts: AvailabilityParts): Promise<'retry' | 'later' | 'done'> {
  const { apiServices, objects, servers } = parts
  const apiService = apiServices.find('', name)?.object as unknown as APIService | undefined
  const server = apiService && remoteServerOf(apiService)
  if (apiService === undefined || server === undefined) {
    parts.judged(name, undefined)
    if (apiService) await writeCondition(name, LOCAL, parts)
    await parts.checked(name, false)
    return 'done'
  }
  const own = objects
    .cachedList<EndpointSlice>(endpointSlices, server.namespace)
    .filter(({ metadata }) => metadata.labels?.[SERVICE_LABEL] === server.name)
  const judged = judgeService(server, objects.cached(serviceResource, server.namespace, server.name), own)
  const judgement = judged ?? (await checkServer(apiService, server, servers))
  await writeCondition(name, judgement, parts)
  parts.judged(name, judgement)
  await parts.checked(name, judgement.status === 'True')
  // an answer that failed is asked for again soon; what is missing will tell when it comes
  return judged === undefined && judgement.status === 'False' ? 'retry' : 'later'
}

async function writeCondition(name: string, judgement: Judgement, { apiServices, clock, random }: AvailabilityParts): Promise<void> {
  const facet: Facet = { subresource: 'status', read: (stored) => stored, write: (next) => next as Stored }
  const change = (_: object, old: Stored): object => {
    const apiService = old as unknown as APIService
    const conditions = apiService.status?.conditions ?? []
    const before = conditions.find((c) => c.type === 'Available')
    if (before && before.status === judgement.status && before.reason === judgement.reason && before.message === judgement.message)
      return old
    const lastTransitionTime = before?.status === judgement.status ? before.lastTransitionTime : timestamp(clock.now())
    const condition: Condition = { type: 'Available', ...judgement, ...(lastTransitionTime && { lastTransitionTime }) }
    const others = conditions.filter((c) => c.type !== 'Available')
    return { ...apiService, status: { ...apiService.status, conditions: before ? [...others, condition] : [...conditions, condition] } }
  }
  await apiServices.update({ namespace: '', name }, facet, change, systemWrite({ clock, random }))
}
