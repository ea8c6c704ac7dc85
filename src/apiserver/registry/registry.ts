/** One resource's registry: creates, changes and deletes its objects in the store and reads them from its watch cache. */

import type { ManagedFieldsEntry } from '#api/meta/v1/object-meta.ts'
import { decideDeletion, endsNow } from './deletion.ts'
import { ownersProblem } from './owners-problem.ts'
import { keyOfObject, storageKey, storagePrefix } from './storage-key.ts'
import { decodeStored, encodeStored, storedReader, type OtherVersion } from './stored-form.ts'
import type { Allocation, DeletionOptions, Facet, Stored, Strategy, WriteInfo } from './strategy.ts'
import { unchanged } from './update.ts'
import { timestamp, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { nameSuffix, uuid, type Random } from '#base/random.ts'
import { Published } from '#apiserver/cache/published.ts'
import type { StoreFeed } from '#apiserver/cache/store-feed.ts'
import { openWatchCache, type WatchCache } from '#apiserver/cache/watch-cache.ts'
import { alreadyExists, conflict, invalid, modified, notFound, tooLargeResourceVersion } from '#apiserver/endpoints/errors.ts'
import { decode } from '#schema/decode.ts'
import { invalid as invalidField, type FieldError } from '#schema/field-error.ts'
import type { Draft, Resource } from '#schema/resource.ts'
import { validate, validateUpdate } from '#schema/validate.ts'
import { warningsOf } from '#schema/warnings.ts'
import type { Expect, LeaseId, Revision, Store, Write as StoreWrite } from '#store/store.ts'

export interface RegistryParts {
  readonly store: Store
  readonly feed: StoreFeed
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** A write with its admission: `admit` may change the object (of the facet's kind), `check` may only refuse. */
export interface Write extends WriteInfo {
  /** Who owns which fields after the change just made; absent, or undefined: the same as before. */
  readonly owners?: () => readonly ManagedFieldsEntry[] | undefined
  readonly admit: (object: object, old: object | undefined) => Promise<object>
  readonly check: (object: object | undefined, old: object | undefined) => Promise<void>
}

export interface Deleted {
  /** The last state, or the marked one while something still holds the object. */
  readonly published: Published
  readonly gone: boolean
}

export const FRESH_READ_WAIT_MS = 3000 // upstream's bound for a read that must see a revision not yet here
const GENERATED_NAME_TRIES = 8 // upstream's; a namespace full of one prefix is the caller's fault
const PATCH_TRIES = 5 // upstream's bound of re-applying a patch onto a newer object
const UPDATE_TRIES = 100 // an unconditional update that loses this often says so rather than spin
const NOTHING = new Uint8Array(0)
const GENERATED_NAME_LENGTH_MAX = 63 - 5
const LEASE_SHARED_MS = 60_000 // objects written within a minute of each other run out together: one lease instead of many

/** How objects lie in the store where they are not kept as they are shown: in another version, or as an older schema let them. */
export interface Form {
  /** As the resource shows them; remembered, so that an object that did not change is shown by the same `Published`. */
  show(stored: readonly Published[]): readonly Published[] | Promise<readonly Published[]>
  /** As they are kept. */
  store(object: Stored): Stored | Promise<Stored>
}

export class Registry {
  readonly resource: Resource
  readonly strategy: Strategy
  readonly prefix: string
  readonly cache: WatchCache
  /** Absent: objects are kept as they are shown. */
  readonly form: Form | undefined
  /** What stored bytes say. */
  readonly read: (bytes: Uint8Array) => Stored
  readonly #parts: RegistryParts
  #lease: { readonly id: LeaseId; readonly until: number } | undefined

  private constructor(
    resource: Resource,
    strategy: Strategy,
    cache: WatchCache,
    parts: RegistryParts,
    read: (bytes: Uint8Array) => Stored,
    form?: Form,
  ) {
    this.form = form
    this.read = read
    this.resource = resource
    this.strategy = strategy
    this.prefix = storagePrefix(resource)
    this.cache = cache
    this.#parts = parts
  }

  /** `others`: further versions in which another server may have stored the objects. */
  static async open(resource: Resource, strategy: Strategy, parts: RegistryParts, others: readonly OtherVersion[] = []): Promise<Registry> {
    const read = storedReader(resource, others)
    const cache = await openWatchCache({
      feed: parts.feed,
      resource,
      prefix: storagePrefix(resource),
      decode: read,
      log: parts.log.with({ resource: resource.plural }),
      ...(strategy.indexes && { indexes: strategy.indexes }),
    })
    return new Registry(resource, strategy, cache, parts, read)
  }

  /** A registry over a cache that others share, which stays theirs to close. */
  static over(cache: WatchCache, resource: Resource, strategy: Strategy, parts: RegistryParts, form: Form): Registry {
    return new Registry(resource, strategy, cache, parts, decodeStored, form)
  }

  /** What the cache has, as this registry's resource shows it. */
  show(stored: readonly Published[]): readonly Published[] | Promise<readonly Published[]> {
    return this.form === undefined ? stored : this.form.show(stored)
  }

  async #shown(stored: Published): Promise<Published> {
    return this.form === undefined ? stored : (await this.form.show([stored]))[0]!
  }

  /** Waits until reads see everything acknowledged before the call. */
  async fresh(): Promise<Revision> {
    const revision = await this.#parts.store.revision()
    await this.reached(revision)
    return revision
  }

  /** Waits until reads see `revision`; 504 when that does not happen in time. */
  async reached(revision: Revision): Promise<void> {
    if (this.cache.revision >= revision) return
    if (!(await this.cache.waitUntil(revision, FRESH_READ_WAIT_MS))) throw tooLargeResourceVersion(revision, this.cache.revision)
  }

  /** The cached object, as of now and as it is stored. */
  find(namespace: string, name: string): Published | undefined {
    return this.cache.get(storageKey(this.resource, namespace, name))
  }

  async get(namespace: string, name: string): Promise<Published> {
    await this.fresh()
    const found = this.find(namespace, name)
    if (found === undefined) throw notFound(this.resource, name)
    return this.#shown(found)
  }

  /** `draft` is decoded and has its defaults; its namespace is set. Its name and uid are given once it has been admitted. */
  async create(draft: Draft<Stored>, write: Write): Promise<Published> {
    const {
      uid: _,
      creationTimestamp: __,
      resourceVersion: ___,
      deletionTimestamp: ____,
      deletionGracePeriodSeconds: _____,
      managedFields: ______,
      selfLink: _______,
      ...metadata
    } = draft.metadata as Partial<Stored['metadata']> & { selfLink?: unknown }
    const owners = write.owners?.() ?? []
    const sent = { ...draft, metadata: { ...metadata, ...(owners.length > 0 && { managedFields: owners }) } } as unknown as Stored
    const admitted = keepingOwners(sent, (await write.admit(sent, undefined)) as Stored, write)
    const { name, generateName } = admitted.metadata
    const generated = !name && !!generateName
    for (let tries = 1; ; tries++) {
      try {
        return await this.#createNamed(generated ? withMetadata(admitted, { name: this.#generateName(generateName) }) : admitted, write)
      } catch (error) {
        if (!(generated && tries < GENERATED_NAME_TRIES && isAlreadyExists(error))) throw error
      }
    }
  }

  async #createNamed(admitted: Stored, write: Write): Promise<Published> {
    const { managedFields, ...metadata } = admitted.metadata
    const stamped = {
      ...admitted,
      metadata: {
        ...metadata,
        uid: uuid(this.#parts.random),
        creationTimestamp: timestamp(write.now),
        ...(managedFields && { managedFields }),
      },
    } as unknown as Stored
    const prepared = this.#prepareCreate(stamped, write)
    for (let tries = 1; ; tries++) {
      const published = await this.#createOnce(prepared, write)
      if (published !== undefined) return published
      // another server took something meanwhile
      if (tries === UPDATE_TRIES) throw modified(this.resource, prepared.metadata.name)
    }
  }

  /** Undefined: what was allocated may be another's by now. */
  async #createOnce(prepared: Stored, write: Write): Promise<Published | undefined> {
    const turn = await this.#turn()
    const allocation = this.#allocate(prepared, undefined, write)
    try {
      const object = allocation.object
      this.#refuse(object.metadata.name, [
        ...validate(this.resource.type.schema, object as never),
        ...(this.strategy.validateCreate?.(object, write) ?? []),
      ])
      this.#warn(object, undefined, write)
      await write.check(object, undefined)
      const key = keyOfObject(this.resource, object)
      if (write.dryRun) {
        await this.fresh()
        if (this.cache.get(key) !== undefined) throw alreadyExists(this.resource, object.metadata.name)
        allocation.release()
        return new Published(this.resource, key, 0, object)
      }
      const published = await this.#commit(key, 0, object, allocation.took ? turn : undefined)
      if (published === undefined) {
        if (turn === undefined || this.cache.get(key) !== undefined) throw alreadyExists(this.resource, object.metadata.name)
        allocation.release()
        return undefined
      }
      allocation.keep()
      return published
    } catch (error) {
      allocation.release()
      throw error
    }
  }

  /**
   * Changes one object through a facet. `change` gets the object as the facet shows it and answers what it should be, in
   * the same kind; it runs again when another writer came first, which for patches is bounded. It may look at the stored
   * object, too.
   */
  async update(
    at: { readonly namespace: string; readonly name: string },
    facet: Facet,
    change: (shown: object, stored: Stored) => Promise<object> | object,
    write: Write,
    mode: 'update' | 'patch' = 'update',
  ): Promise<Published> {
    const triesMax = mode === 'patch' ? PATCH_TRIES : UPDATE_TRIES
    for (let tries = 1; tries <= triesMax; tries++) {
      const turn = facet.subresource === '' ? await this.#turn() : undefined
      const current = await this.get(at.namespace, at.name)
      const old = current.object
      const shown = facet.read(old)
      const wanted = await change(shown, old)
      const owners = write.owners?.()
      // whoever admits the whole object sees who will own what; parts of it have no owners
      const whole = owners && (wanted as Partial<Stored>).kind === old.kind ? withOwners(wanted as Stored, undefined, owners) : undefined
      const admitted = (await write.admit(whole ?? wanted, shown)) as Partial<Stored>
      const sent = whole ? keepingOwners(whole, admitted as Stored, write) : admitted
      this.#checkLock(sent, old, at.name, facet)
      const owned = whole ? ((sent.metadata?.managedFields ?? []) as typeof owners) : owners
      const allocation = this.#allocate(withOwners(facet.write(sent, old, write), old, owned), old, write)
      try {
        const next = allocation.object
        this.#refuse(old.metadata.name, this.#updateErrors(next, old, facet, write))
        if (facet.subresource === '') this.#warn(next, old, write)
        await write.check(facet.read(next), shown)
        if (unchanged(next, old) && (await this.#isStoredAs(next, current.key))) {
          allocation.keep()
          return current
        }
        if (write.dryRun) {
          allocation.release()
          return new Published(this.resource, current.key, current.revision, next)
        }
        const ends = endsNow(next, this.strategy)
        const published = ends
          ? await this.#remove(current, next)
          : await this.#commit(current.key, current.revision, next, allocation.took ? turn : undefined)
        if (published !== undefined) {
          allocation.keep()
          return published
        }
        allocation.release()
      } catch (error) {
        allocation.release()
        throw error
      }
    }
    throw modified(this.resource, at.name)
  }

  async delete(at: { readonly namespace: string; readonly name: string }, options: DeletionOptions, write: Write): Promise<Deleted> {
    const warning = this.strategy.deletionWarning?.(options)
    if (warning !== undefined) write.warn(warning)
    for (let tries = 1; tries <= UPDATE_TRIES; tries++) {
      const current = await this.get(at.namespace, at.name)
      const old = current.object
      this.#checkPreconditions(old, options)
      await write.check(undefined, old)
      const plan = decideDeletion(old, options, this.strategy as unknown as Strategy, write.now)
      if (plan.type === 'pending') return { published: current, gone: false }
      const next = plan.type === 'mark' ? (plan.object as Stored) : old
      if (plan.type === 'mark' && unchanged(next, old)) return { published: current, gone: false }
      if (write.dryRun)
        return { published: new Published(this.resource, current.key, current.revision, next), gone: plan.type === 'remove' }
      const published = plan.type === 'remove' ? await this.#remove(current, old) : await this.#commit(current.key, current.revision, next)
      if (published !== undefined) return { published, gone: plan.type === 'remove' }
    }
    throw modified(this.resource, at.name)
  }

  /** Whose turn it is to allocate, where servers do so by turns: what is allocated now may be stored while it still is. */
  async #turn(): Promise<Expect | undefined> {
    const { takingTurns } = this.strategy
    if (takingTurns === undefined) return undefined
    const entry = await this.#parts.store.get(takingTurns.key)
    // all that was given before is in the cache by then
    await this.fresh()
    takingTurns.catchUp()
    return { key: takingTurns.key, modRevision: entry?.modRevision ?? 0 }
  }

  /** Stores `object` if the key is still at `expected` (0: absent), and so is the turn; undefined when it is not. */
  async #commit(key: string, expected: Revision, object: Stored, turn?: Expect): Promise<Published | undefined> {
    const kept = this.form === undefined ? object : await this.form.store(object)
    const value = encodeStored(kept)
    this.cache.expect(value, kept)
    const put: StoreWrite = {
      type: 'put',
      key,
      value,
      ...(this.strategy.timeToLiveMs !== undefined && { lease: await this.#shortLived() }),
    }
    const result = await this.#parts.store.commit({
      expect: [{ key, modRevision: expected }, ...(turn ? [turn] : [])],
      writes: [put, ...(turn ? [{ type: 'put', key: turn.key, value: NOTHING } as const] : [])],
    })
    if (!result.ok) {
      await this.reached(result.revision)
      return undefined
    }
    if (this.strategy.inForceAtOnce) await this.cache.waitUntil(result.revision, FRESH_READ_WAIT_MS)
    const cached = this.cache.get(key)
    if (cached?.revision === result.revision) return this.#shown(cached)
    const { resource } = this.cache
    return this.#shown(new Published(resource, key, result.revision, withMetadata(kept, { resourceVersion: String(result.revision) })))
  }

  /** Whether storing an object that looks the same would change nothing: it may lie there in another version, or under an old key. */
  async #isStoredAs(object: Stored, key: string): Promise<boolean> {
    if (await this.#parts.store.isStale?.(key)) return false
    return this.form === undefined || unchanged(await this.form.store(object), this.cache.get(key)?.object as Stored)
  }

  async #remove(current: Published, last: Stored): Promise<Published | undefined> {
    const { key, revision } = current
    const result = await this.#parts.store.commit({ expect: [{ key, modRevision: revision }], writes: [{ type: 'delete', key }] })
    if (!result.ok) {
      await this.reached(result.revision)
      return undefined
    }
    if (this.strategy.inForceAtOnce) await this.cache.waitUntil(result.revision, FRESH_READ_WAIT_MS)
    this.strategy.freed?.(last)
    return new Published(this.resource, key, result.revision, withMetadata(last, { resourceVersion: String(result.revision) }))
  }

  #prepareCreate(object: Stored, write: WriteInfo): Stored {
    const { strategy, resource } = this
    let prepared = object
    if (strategy.initialStatus !== 'as given') {
      const statusNode = resource.type.schema.byName.get('status')?.node
      if (strategy.initialStatus) prepared = { ...prepared, status: strategy.initialStatus(prepared) as Stored['status'] & object }
      else if (statusNode?.type === 'message' && resource.subresources.some((s) => s.name === 'status'))
        prepared = { ...prepared, status: decode(statusNode.message(), {}).value }
    }
    if (strategy.prepareCreate) prepared = strategy.prepareCreate(prepared, write)
    if (strategy.generation !== undefined) prepared = withMetadata(prepared, { generation: 1 })
    return prepared
  }

  #allocate(object: Stored, old: Stored | undefined, write: WriteInfo): Allocation<Stored> {
    return this.strategy.allocate?.(object, old, write) ?? { object, keep() {}, release() {} }
  }

  #updateErrors(next: Stored, old: Stored, facet: Facet, write: WriteInfo): readonly FieldError[] {
    if (facet.validation === 'none') return []
    return [
      ...validateUpdate(this.resource.type.schema, next as never, old as never, facet.subresource),
      ...(this.strategy.validateUpdate?.(next, old, write) ?? []),
    ]
  }

  /** What has been warned of before, and did not change since, is not told again. */
  #warn(object: Stored, old: Stored | undefined, write: WriteInfo): void {
    const { generation, warnsOnUpdate, warnings } = this.strategy
    const isSame = generation !== undefined && object.metadata.generation === old?.metadata.generation
    if (old !== undefined && (warnsOnUpdate === false || (isSame && warnsOnUpdate !== 'always'))) return
    for (const text of warningsOf(this.resource.type.schema, object)) write.warn(text)
    for (const text of warnings?.(object, old) ?? []) write.warn(text)
  }

  #refuse(name: string | undefined, errors: readonly FieldError[]): void {
    if (errors.length > 0) throw invalid(this.resource, name ?? '', errors)
  }

  #checkLock(sent: Partial<Stored>, old: Stored, name: string, facet: Facet): void {
    // "0" says that any version will do, as nothing at all does.
    const asked = (sent.metadata?.resourceVersion ?? '').replace(/^0$/, '')
    if (asked === '' && this.strategy.unconditionalUpdate === false && facet.subresource !== 'scale')
      throw invalid(this.resource, name, [invalidField('metadata.resourceVersion', 0, 'must be specified for an update')])
    const uid = sent.metadata?.uid ?? ''
    if (uid !== '' && uid !== old.metadata.uid)
      throw this.#preconditionFailed(name, `UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`)
    if (asked !== '' && asked !== old.metadata.resourceVersion) throw modified(this.resource, name)
  }

  #checkPreconditions(object: Stored, { preconditions }: DeletionOptions): void {
    const { name, uid, resourceVersion } = object.metadata
    // Upstream names the kind here where it names the resource everywhere else.
    const where = { group: this.resource.group, plural: this.resource.kind }
    if (preconditions?.uid !== undefined && preconditions.uid !== uid)
      throw conflict(
        where,
        name,
        `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
      )
    if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion)
      throw conflict(
        where,
        name,
        `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
      )
  }

  #preconditionFailed(name: string, what: string) {
    return conflict(
      this.resource,
      name,
      `StorageError: invalid object, Code: 4, Key: ${this.prefix}${name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ${what}`,
    )
  }

  #generateName(base: string): string {
    return base.slice(0, GENERATED_NAME_LENGTH_MAX) + nameSuffix(this.#parts.random)
  }

  async #shortLived(): Promise<LeaseId> {
    const now = this.#parts.clock.monotonic()
    if (this.#lease === undefined || this.#lease.until <= now) {
      const id = await this.#parts.store.grantLease(this.strategy.timeToLiveMs! + LEASE_SHARED_MS)
      this.#lease = { id, until: now + LEASE_SHARED_MS }
    }
    return this.#lease.id
  }
}

/** The very list of `old` says that nothing changed hands. */
function withOwners(next: Stored, old: Stored | undefined, owners: readonly ManagedFieldsEntry[] | undefined): Stored {
  if (owners === undefined || owners === old?.metadata.managedFields) return next
  const { managedFields: _, ...metadata } = next.metadata
  return { ...next, metadata: { ...metadata, ...(owners.length > 0 && { managedFields: owners }) } }
}

/** What was admitted, with the owners of before where those who admitted it left none that make sense. */
function keepingOwners(sent: Stored, admitted: Stored, write: WriteInfo): Stored {
  const before = sent.metadata.managedFields
  const after = admitted.metadata.managedFields
  if (after === before) return admitted
  const problem = ownersProblem(after)
  if (problem === undefined) return admitted
  write.warn(
    `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${problem}`,
  )
  return withOwners(admitted, undefined, (before ?? []) as readonly ManagedFieldsEntry[])
}

export function withMetadata<T extends Stored>(object: T, metadata: Partial<Stored['metadata']>): T {
  return { ...object, metadata: { ...object.metadata, ...metadata } }
}

function isAlreadyExists(error: unknown): boolean {
  return (error as { reason?: unknown }).reason === 'AlreadyExists'
}
