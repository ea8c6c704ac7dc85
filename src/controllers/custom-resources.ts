/** Informers of resources that come and go, as they are defined or served by others, and controllers that look at all of them. */

import { customResourceDefinitions, type CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { apiServices } from '#api/apiregistration/v1/api-service.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Client } from '#client/client.ts'
import { createInformers } from '#client/create-informers.ts'
import type { Informers } from '#client/informer.ts'
import { val } from '#schema/message.ts'
import { groupResource, object, resource, type KubeObject, type Resource, type Verb } from '#schema/resource.ts'

/** All that controllers here look at. */
class CustomObject extends object('CustomObject', { metadata: val(1, ObjectMeta) }) {}

export interface CustomInformersParts {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface CustomInformers {
  /** Keeps informers for what is defined until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
  /**
   * Runs `look` over what is defined now and all other informers, and again whenever that is something else; `signal` ends both. One
   * that cannot be listed, as its conversion fails, does not hold up the others for long.
   */
  over(look: (defined: readonly Resource[], informers: Informers, signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>
}

const GATHER_MS = 500 // definitions are mostly installed by the dozen
const DISCOVER_MS = 30_000 // upstream's interval; what others serve changes without telling
const SYNC_PATIENCE_MS = 10_000

interface Followed {
  readonly resource: Resource
  readonly informers: Informers
  readonly stop: AbortController
}

/** Call it before the informers start. */
export function customInformers(parts: CustomInformersParts): CustomInformers {
  const { clock } = parts
  const definitions = parts.informers.for(customResourceDefinitions)
  const services = parts.informers.for(apiServices)
  const ofOthers = new Map<string, readonly Resource[]>()
  const followed = new Map<string, Followed>()
  const waiting = new Set<() => void>()
  const started = Promise.withResolvers<void>()

  /** A server that does not answer now keeps what it is known for; one that is gone is not asked any more. */
  async function askOthers(signal: AbortSignal): Promise<void> {
    const remote = services.list().filter((s) => s.spec.service !== undefined)
    for (const name of ofOthers.keys()) if (!remote.some((s) => s.metadata.name === name)) ofOthers.delete(name)
    const available = remote.filter((s) => s.status.conditions?.some((c) => c.type === 'Available' && c.status === 'True'))
    await Promise.all(
      available.map(async ({ metadata: { name }, spec: { group = '', version = '' } }) => {
        try {
          const list = (await parts.client.raw('GET', `/apis/${group}/${version}`, undefined, signal)) as ApiResourceList
          ofOthers.set(name, servedBy(list, group, version))
        } catch (error) {
          if (!signal.aborted)
            parts.log.debug('what another server serves is not known', { apiService: name, error: (error as Error).message })
        }
      }),
    )
  }

  async function settle(signal: AbortSignal): Promise<boolean> {
    await askOthers(signal)
    if (signal.aborted) return false
    const all = [...definitions.list().flatMap(definedBy), ...[...ofOthers.values()].flat()]
    const wanted = new Map(all.map((r): [string, Resource] => [signature(r), r]))
    let changed = false
    for (const [key, { stop }] of followed)
      if (!wanted.has(key)) {
        stop.abort()
        followed.delete(key)
        changed = true
      }
    for (const [key, defined] of wanted)
      if (!followed.has(key)) {
        const informers = createInformers(parts)
        const stop = new AbortController()
        informers.for(defined)
        informers.start(AbortSignal.any([signal, stop.signal]))
        followed.set(key, { resource: defined, informers, stop })
        changed = true
      }
    return changed
  }

  return {
    async run(signal) {
      await parts.informers.synced(signal)
      let gathering: Disposable | undefined
      const soon = () => {
        gathering ??= clock.timer(GATHER_MS, () => {
          gathering = undefined
          void look()
        })
      }
      const look = async () => {
        if (!signal.aborted && (await settle(signal))) for (const wake of waiting) wake()
      }
      using _definitions = definitions.subscribe(soon)
      using _services = services.subscribe(soon)
      await settle(signal)
      started.resolve()
      while (!signal.aborted) {
        await sleep(clock, DISCOVER_MS, signal).catch(() => {})
        if (services.list().some((s) => s.spec.service !== undefined)) await look()
      }
      gathering?.[Symbol.dispose]()
    },

    async over(look, signal) {
      await Promise.race([started.promise, aborted(signal)])
      while (!signal.aborted) {
        const changed = new AbortController()
        const wake = () => changed.abort()
        waiting.add(wake)
        const current = [...followed.values()]
        const now = AbortSignal.any([signal, changed.signal])
        try {
          await look(
            current.map((f) => f.resource),
            together(parts.informers, current, clock),
            now,
          )
        } catch (error) {
          if (!changed.signal.aborted) throw error
        } finally {
          waiting.delete(wake)
        }
      }
    },
  }
}

interface ApiResourceList {
  readonly resources: readonly {
    readonly name: string
    readonly kind: string
    readonly namespaced: boolean
    readonly verbs: readonly Verb[]
  }[]
}

/** What another server serves under an APIService, as far as it can be followed and deleted. */
function servedBy({ resources }: ApiResourceList, group: string, version: string): readonly Resource[] {
  return resources
    .filter(({ name, verbs }) => !name.includes('/') && NEEDED.every((verb) => verbs.includes(verb)))
    .map(({ name, kind, namespaced, verbs }) =>
      resource<KubeObject>(CustomObject, { group, version, kind, plural: name, scope: namespaced ? 'Namespaced' : 'Cluster', verbs }),
    )
}

const NEEDED: readonly Verb[] = ['list', 'watch', 'delete']

/** The one version in which a definition's objects are looked at: any shows their metadata, and the stored one costs least. */
function definedBy({ spec, status }: CustomResourceDefinition): readonly Resource[] {
  const served = spec.versions.filter((v) => v.served)
  const version = served.find((v) => v.storage) ?? served[0]
  if (version === undefined || status.conditions?.find((c) => c.type === 'Established')?.status !== 'True') return []
  const { plural, kind } = status.acceptedNames
  const scope = spec.scope as Resource['scope']
  return [resource<KubeObject>(CustomObject, { group: spec.group, version: version.name, kind, plural, scope })]
}

function signature(r: Resource): string {
  return `${groupResource(r)} ${r.version} ${r.kind} ${r.scope}`
}

/** Those of custom resources beside all others. */
function together(others: Informers, custom: readonly Followed[], clock: Clock): Informers {
  const own = new Map(custom.map((f) => [groupResource(f.resource), f.informers]))
  return {
    for: (asked, filter) => (own.get(groupResource(asked)) ?? others).for(asked, filter),
    start() {},
    async synced(signal) {
      await others.synced(signal)
      const late = new AbortController()
      const synced = Promise.all(custom.map((f) => f.informers.synced(signal)))
      await Promise.race([synced, sleep(clock, SYNC_PATIENCE_MS, AbortSignal.any([signal, late.signal]))]).finally(() => late.abort())
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
