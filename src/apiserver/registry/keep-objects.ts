/** Keeps objects that the server itself is responsible for: those every cluster has, and those that show the addresses of services. */

import { decideAddresses } from './address-objects.ts'
import type { DefaultObject } from './default-objects.ts'
import type { Registry, Write } from './registry.ts'
import type { Facet, Stored } from './strategy.ts'
import { ownersAfter, systemWrite } from './system-write.ts'
import type { Endpoint } from '../endpoints/resource-endpoint.ts'
import type { ManagedFieldsEntry } from '#api/meta/v1/object-meta.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { IPAddress } from '#api/networking/v1/ip-address.ts'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { StatusError } from '#client/client.ts'
import { withDefaults } from '#schema/defaults.ts'
import { danglingChanges } from '../flow/dangling.ts'
import { statusOnly } from './strategies/volumes.ts'
import type { FlowSchema } from '#api/flowcontrol/v1/flow-schema.ts'
import type { KubeObject } from '#schema/resource.ts'

interface KeepParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** By plural, or plural.group. */
type Endpoints = ReadonlyMap<string, Endpoint>

const GATHER_MS = 100 // changes of services in a row are looked at together

/** Makes what is missing. What is there stays as it is, but for what says something of this server, which may have changed. */
export async function keepObjects(endpoints: Endpoints, objects: readonly DefaultObject[], parts: KeepParts): Promise<void> {
  await Promise.all(
    objects.map(({ resource, object, own }) =>
      tolerant(resource, object.metadata.name, parts, async () => {
        const endpoint = endpoints.get(resource)
        if (endpoint === undefined) return
        const { registry, mainFacet } = endpoint
        const at = { namespace: object.metadata.namespace ?? '', name: object.metadata.name }
        const found = registry.find(at.namespace, at.name)
        const wanted = withDefaults(registry.resource.type.schema, object)
        // an update that changes nothing writes nothing
        let owners: readonly ManagedFieldsEntry[] | undefined
        const change = (shown: object, old: Stored) => {
          const next = { ...shown, ...wanted, metadata: (shown as KubeObject).metadata }
          owners = ownersAfter(registry.resource, '', old, next, parts.clock.now())
          return next
        }
        if (found === undefined) await registry.create(wanted, creation(registry, wanted, parts))
        else if (own) await registry.update(at, mainFacet, change, { ...systemWrite(parts), owners: () => owners })
      }),
    ),
  )
}

export interface AddressKeeper {
  now(): Promise<void>
  /** Once the changes under way have gathered. */
  soon(): void
}

export function keepAddresses(endpoints: Endpoints, parts: KeepParts, signal: AbortSignal): AddressKeeper {
  let timer: Disposable | undefined
  async function now(): Promise<void> {
    const addresses = endpoints.get('ipaddresses.networking.k8s.io')!.registry
    const { missing, surplus } = decideAddresses(
      listOf<Service>(endpoints, 'services'),
      listOf<IPAddress>(endpoints, 'ipaddresses.networking.k8s.io'),
    )
    const made = missing.map((object) =>
      tolerant('ipaddresses', object.metadata.name, parts, () => addresses.create(object, creation(addresses, object, parts))),
    )
    const gone = surplus.map((name) =>
      tolerant('ipaddresses', name, parts, () => addresses.delete({ namespace: '', name }, {}, systemWrite(parts))),
    )
    await Promise.all([...made, ...gone])
  }
  signal.addEventListener('abort', () => timer?.[Symbol.dispose](), { once: true })
  return {
    now,
    soon() {
      if (timer !== undefined || signal.aborted) return
      timer = parts.clock.timer(GATHER_MS, () => {
        timer = undefined
        now().catch((error: unknown) => parts.log.warn('addresses of services are not shown', { error }))
      })
    },
  }
}

function listOf<T>(endpoints: Endpoints, name: string): readonly T[] {
  const { cache, prefix } = endpoints.get(name)!.registry
  return cache.list(prefix).items.map((item) => item.object as unknown as T)
}

function creation(registry: Registry, object: object, parts: KeepParts): Write {
  return { ...systemWrite(parts), owners: () => ownersAfter(registry.resource, '', undefined, object, parts.clock.now()) }
}

/** Another server may have been faster, or somebody may have reserved what is wanted; what is against the rules will stay so. */
async function tolerant(resource: string, name: string, { log }: KeepParts, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    log[error.reason === 'Invalid' ? 'warn' : 'debug']('an object of the server is not kept', { resource, name, reason: error.message })
  }
}

/** Tells in flow schemas whether their levels are there. */
export async function keepFlowConditions(endpoints: Endpoints, parts: KeepParts): Promise<void> {
  const schemas = endpoints.get('flowschemas.flowcontrol.apiserver.k8s.io')!.registry
  const levels = listOf<KubeObject>(endpoints, 'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io').map(
    (level) => level.metadata.name,
  )
  const changes = danglingChanges(
    listOf<FlowSchema>(endpoints, 'flowschemas.flowcontrol.apiserver.k8s.io'),
    new Set(levels),
    parts.clock.now(),
  )
  const facet = statusOnly() as unknown as Facet
  for (const { name, condition } of changes)
    await tolerant('flowschemas', name, parts, () => {
      const change = (shown: object, old: Stored) => {
        const others = ((old.status?.['conditions'] ?? []) as readonly { readonly type?: string }[]).filter(
          ({ type }) => type !== condition.type,
        )
        return { ...shown, status: { ...old.status, conditions: [...others, condition] } }
      }
      return schemas.update({ namespace: '', name }, facet, change, systemWrite(parts))
    })
}

/** Until `signal` aborts. A failure is logged and tried again next time. */
export async function every(ms: number, clock: Clock, signal: AbortSignal, work: () => Promise<void>, log: Log): Promise<void> {
  for (;;) {
    try {
      await sleep(clock, ms, signal)
      await work()
    } catch (error) {
      if (signal.aborted) return
      log.warn('default objects not kept', { error })
    }
  }
}
