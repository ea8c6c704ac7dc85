/** A store that keeps the values of some resources encrypted; everybody above it sees them as they are. */

import type { Cipher } from './cipher.ts'
import type { Log } from '#base/log.ts'
import type { Conflict, Entry, Store, StoreEvent } from '#store/store.ts'

/** The first writes; `undefined` writes as it is. All are tried to read. */
export type Ciphers = readonly (Cipher | undefined)[]

export interface EncryptedStoreParts {
  readonly store: Store
  /** The ciphers of the resource that the key belongs to; undefined where it is none of the configured ones. May change at any time. */
  readonly ciphersOf: (key: string) => Ciphers | undefined
  readonly log: Log
}

const MARK = Buffer.from('k8s:enc:')

export function encryptedStore({ store, ciphersOf, log }: EncryptedStoreParts): Store {
  async function open(entry: Entry): Promise<Entry> {
    const ciphers = ciphersOf(entry.key)
    if (ciphers === undefined || !isEncrypted(entry.value)) return entry
    for (const cipher of ciphers)
      if (cipher && startsWith(entry.value, cipher.prefix))
        try {
          return { ...entry, value: await cipher.decrypt(entry.value.subarray(Buffer.byteLength(cipher.prefix)), entry.key) }
        } catch (error) {
          log.error('a stored value cannot be decrypted', { key: entry.key, error })
          return entry
        }
    log.error('a stored value cannot be decrypted', { key: entry.key, error: 'no matching prefix found' })
    return entry
  }

  const openMaybe = (entry: Entry | undefined) => (entry === undefined ? undefined : open(entry))

  async function openEvent(event: StoreEvent): Promise<StoreEvent> {
    const previous = await openMaybe(event.previous)
    return event.type === 'put'
      ? { ...event, entry: await open(event.entry), ...(previous && { previous }) }
      : { ...event, ...(previous && { previous }) }
  }

  return {
    get: async (key, at) => openMaybe(await store.get(key, at)),
    async range(prefix, options) {
      const ranged = await store.range(prefix, options)
      if (!ranged.entries.some((entry) => isEncrypted(entry.value))) return ranged
      return { ...ranged, entries: await Promise.all(ranged.entries.map(open)) }
    },
    async commit({ expect, writes }) {
      const sealed = writes.map((write) => {
        if (write.type === 'delete') return write
        const cipher = ciphersOf(write.key)?.[0]
        if (cipher === undefined) return write
        const bytes = cipher.encrypt(write.value, write.key)
        const put = (value: Uint8Array) => ({ ...write, value: Buffer.concat([Buffer.from(cipher.prefix), value]) })
        return bytes instanceof Promise ? bytes.then(put) : put(bytes)
      })
      const result = await store.commit({ expect, writes: await Promise.all(sealed) })
      return result.ok ? result : { ...result, found: (await Promise.all(result.found.map(openMaybe))) satisfies Conflict['found'] }
    },
    async *watch(prefix, from, signal) {
      for await (const events of store.watch(prefix, from, signal)) {
        const encrypted = events.some(
          (e) => (e.type === 'put' && isEncrypted(e.entry.value)) || (e.previous && isEncrypted(e.previous.value)),
        )
        yield encrypted ? await Promise.all(events.map(openEvent)) : events
      }
    },
    async isStale(key) {
      const ciphers = ciphersOf(key)
      if (ciphers === undefined) return (await store.isStale?.(key)) ?? false
      const entry = await store.get(key)
      if (entry === undefined) return false
      const [writer] = ciphers
      if (writer === undefined) return isEncrypted(entry.value)
      return !startsWith(entry.value, writer.prefix) || (writer.outdated?.(entry.value.subarray(Buffer.byteLength(writer.prefix))) ?? false)
    },
    revision: () => store.revision(),
    compact: (revision) => store.compact(revision),
    compacted: () => store.compacted(),
    grantLease: (ttlMs) => store.grantLease(ttlMs),
    ...(store.times && { times: store.times }),
    snapshot: () => store.snapshot(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

function isEncrypted(value: Uint8Array): boolean {
  return value[0] === MARK[0] && Buffer.compare(value.subarray(0, MARK.length), MARK) === 0
}

function startsWith(value: Uint8Array, prefix: string): boolean {
  const bytes = Buffer.from(prefix)
  return Buffer.compare(value.subarray(0, bytes.length), bytes) === 0
}
