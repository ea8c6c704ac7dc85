/** What the server does about definitions: judges their names and schemas, serves what is accepted, and empties what is deleted. */

import { claimedNames } from './definition-names.ts'
import { CLEANUP_FINALIZER, decideStatus, isTrue, judgement, withCondition } from './definition-conditions.ts'
import type { CustomResources } from './custom-resources.ts'
import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { ManagedFieldsEntry } from '#api/meta/v1/object-meta.ts'
import { ownersAfter, systemWrite } from '#apiserver/registry/system-write.ts'
import type { Registry } from '#apiserver/registry/registry.ts'
import type { Facet, Stored } from '#apiserver/registry/strategy.ts'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { isReason } from '#client/client.ts'
import { WorkQueue } from '#client/work-queue.ts'

export interface DefinitionLoopParts {
  readonly definitions: Registry
  readonly custom: CustomResources
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** What is served has changed. */
  readonly servedChanged: () => Promise<void>
}

type Status = CustomResourceDefinition['status']

const LOOK_AGAIN_MS = 1000 // instances that others hold go without telling
const PATIENCE_MS = 60_000 // upstream's, before it says that it waits in vain
const RETRY_MS = 1000
/** Definitions of these would lie where the server keeps its own objects. */
const OVERLAPPING = new Set(['apiservices.apiregistration.k8s.io', 'customresourcedefinitions.apiextensions.k8s.io'])

/** Looks at all definitions once, then runs until `signal` aborts. Names are decided one after another. */
export async function followDefinitions(parts: DefinitionLoopParts, signal: AbortSignal): Promise<void> {
  const { definitions, custom, clock, log } = parts
  const queue = new WorkQueue<string>(clock)
  const waitingSince = new Map<string, number>()
  signal.addEventListener('abort', () => queue.close(), { once: true })

  async function watch(): Promise<void> {
    while (!signal.aborted)
      try {
        const { items, revision } = definitions.cache.list(definitions.prefix)
        for (const { object } of items) {
          await custom.changed(object.metadata.name)
          queue.add(object.metadata.name)
        }
        await parts.servedChanged()
        for await (const batch of definitions.cache.watch({ prefix: definitions.prefix, from: revision, signal }))
          for (const change of batch) {
            if (change.type === 'progress') continue
            const { name } = change.published.object.metadata
            await custom.changed(name)
            await parts.servedChanged()
            queue.add(name)
            // a name may have become free
            if (change.type === 'delete' || namesOf(change.previous) !== namesOf(change.published)) addOthersOfGroup(name)
          }
      } catch (error) {
        if (signal.aborted) return
        log.warn('definitions of custom resources are followed anew', { error })
        await sleep(clock, RETRY_MS, signal).catch(() => {})
      }
  }

  function addOthersOfGroup(name: string): void {
    const group = name.slice(name.indexOf('.') + 1)
    for (const other of all()) if (other.spec.group === group && other.metadata.name !== name) queue.add(other.metadata.name)
  }

  function all(): readonly CustomResourceDefinition[] {
    return definitions.cache.list(definitions.prefix).items.map((item) => item.object as unknown as CustomResourceDefinition)
  }

  function failed(name: string, error: unknown): void {
    const passing = isReason(error, 'Conflict') || isReason(error, 'NotFound') || signal.aborted
    log[passing ? 'debug' : 'warn']('definition not settled, will retry', { definition: name, error: (error as Error).message })
  }

  async function sync(name: string): Promise<number | undefined> {
    const definition = definitions.find('', name)?.object as unknown as CustomResourceDefinition | undefined
    if (definition === undefined) {
      waitingSince.delete(name)
      return undefined
    }
    if (definition.metadata.deletionTimestamp !== undefined) return finish(definition)
    const claimed = claimedNames(all().filter((other) => other.spec.group === definition.spec.group))
    if (decideStatus(definition, claimed, clock.now()) !== definition.status)
      await write(name, (latest) => ({ ...latest, status: decideStatus(latest, claimed, clock.now()) }))
    return undefined
  }

  /** Instances first, then the definition. Answers when to look again while somebody holds one. */
  async function finish(definition: CustomResourceDefinition): Promise<number | undefined> {
    const { name, finalizers } = definition.metadata
    if (!finalizers?.includes(CLEANUP_FINALIZER)) return undefined
    if (OVERLAPPING.has(name)) return release(name, 'OverlappingBuiltInResource', 'instances overlap with built-in resources in storage')
    if (!isTrue(definition.status, 'Established')) return release(name, 'NeverEstablished', 'resource was never established')
    const started = waitingSince.get(name) ?? clock.monotonic()
    waitingSince.set(name, started)
    const late = clock.monotonic() - started >= PATIENCE_MS
    if (!late) await tell(name, 'InstanceDeletionInProgress', 'CustomResource deletion is in progress')
    if ((await deleteInstances(name)) === 0) return release(name, 'InstanceDeletionCompleted', 'removed all instances')
    if (late)
      await tell(name, 'InstanceDeletionCheck', 'could not confirm zero CustomResources remaining: timed out waiting for the condition')
    return LOOK_AGAIN_MS
  }

  /** How many are left. */
  async function deleteInstances(name: string): Promise<number> {
    const endpoint = await custom.stored(name)
    if (endpoint === undefined) return 0
    const { registry } = endpoint
    await registry.fresh()
    const failed: unknown[] = []
    for (const { object } of registry.cache.list(registry.prefix).items) {
      const at = { namespace: object.metadata.namespace ?? '', name: object.metadata.name }
      await registry.delete(at, {}, systemWrite(parts)).catch((error: unknown) => {
        if (!isReason(error, 'NotFound')) failed.push(error)
      })
    }
    if (failed.length > 0) {
      const texts = [...new Set(failed.map((error) => (error as Error).message))]
      const what = texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
      await tell(name, 'InstanceDeletionFailed', `could not issue all deletes: ${what}`)
      throw failed[0]
    }
    return registry.cache.count(registry.prefix)
  }

  function tell(name: string, reason: string, message: string): Promise<void> {
    return write(name, (latest) => ({ ...latest, status: terminating(latest.status, 'True', reason, message) }))
  }

  async function release(name: string, reason: string, message: string): Promise<undefined> {
    await write(name, (latest) => ({
      ...latest,
      metadata: { ...latest.metadata, finalizers: (latest.metadata.finalizers ?? []).filter((f) => f !== CLEANUP_FINALIZER) },
      status: terminating(latest.status, 'False', reason, message),
    }))
    waitingSince.delete(name)
  }

  function terminating(status: Status, holds: 'True' | 'False', reason: string, message: string): Status {
    return withCondition(status, judgement('Terminating', holds, reason, message), clock.now())
  }

  async function write(name: string, change: (latest: CustomResourceDefinition) => CustomResourceDefinition): Promise<void> {
    let owners: readonly ManagedFieldsEntry[] | undefined
    const decide = (shown: object, old: Stored) => {
      const next = change(shown as CustomResourceDefinition)
      owners = ownersAfter(definitions.resource, 'status', old, next, clock.now())
      return next
    }
    await definitions.update({ namespace: '', name }, asDecided, decide, { ...systemWrite(parts), owners: () => owners })
  }

  await Promise.all([watch(), queue.workOff(sync, failed)])
}

/** The server's own decisions need nobody's leave, and change what no path changes. */
const asDecided: Facet = {
  subresource: 'status',
  validation: 'none',
  read: (stored) => stored,
  write: (next) => next as Stored,
}

function namesOf(published: { readonly object: object } | undefined): string {
  return JSON.stringify((published?.object as CustomResourceDefinition | undefined)?.status.acceptedNames ?? {})
}
