/** Writes and reads portable snapshots of any driver. Values are copied as they lie: encrypted ones stay so and need their keys. */

import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { HeldDatabase } from '../sqlite/held-database.ts'
import type { Entry, Store } from '../store.ts'
import { damaged, decodeSnapshot, encodeSnapshot, type SnapshotHeader } from './format.ts'

export interface Snapshot {
  readonly header: SnapshotHeader
  /** Each page verified; all of it is so once this has ended without throwing. Can be walked once. */
  readonly pages: AsyncIterable<readonly Entry[]>
}

const PAGE_ENTRIES = 500 // about 1 MB; commits wait for no more than one page
const REGISTRY = '/registry/' // what else lies in a shared etcd is not the cluster's
const HEARTBEATS = '/registry/leases/kube-node-lease/' // worth nothing after a restart; nodes make them anew

/** Everything at the revision that is the newest at the start; writers go on. Throws `Compacted` when that is forgotten meanwhile. */
export async function* writeSnapshot(store: Store): AsyncGenerator<Uint8Array> {
  const revision = await store.revision()
  yield* encodeSnapshot({ revision, compacted: await store.compacted() }, pagesOf(store, revision))
}

/** The same of a database that no server runs on. */
export function writeHeldSnapshot(held: Pick<HeldDatabase, 'revision' | 'compacted' | 'entries'>): AsyncGenerator<Uint8Array> {
  return encodeSnapshot(held, heldPages(held))
}

/** Gzip is recognized. Throws `StoreUnavailable` for what is no snapshot. */
export async function readSnapshot(bytes: AsyncIterable<Uint8Array>): Promise<Snapshot> {
  const decoded = decodeSnapshot(unzipped(bytes))
  const { value: header, done } = await decoded.next()
  if (done || !('revision' in header)) throw damaged('it has no header')
  return { header, pages: decoded as AsyncIterable<readonly Entry[]> }
}

async function* pagesOf(store: Store, at: number): AsyncGenerator<readonly Entry[]> {
  for (let after: string | undefined; ;) {
    const page = await store.range(REGISTRY, { at, limit: PAGE_ENTRIES, counted: false, ...(after !== undefined && { after }) })
    yield page.entries.filter((e) => !e.key.startsWith(HEARTBEATS))
    after = page.entries.at(-1)?.key
    if (page.more === 0 || after === undefined) return
  }
}

async function* heldPages(held: Pick<HeldDatabase, 'entries'>): AsyncGenerator<readonly Entry[]> {
  for (const entry of held.entries()) if (entry.key.startsWith(REGISTRY) && !entry.key.startsWith(HEARTBEATS)) yield [entry]
}

async function* unzipped(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = bytes[Symbol.asyncIterator]()
  const first = await source.next()
  if (first.done) return
  async function* all() {
    yield first.value as Uint8Array
    for (;;) {
      const next = await source.next()
      if (next.done) return
      yield next.value
    }
  }
  if (first.value[0] !== 0x1f) return yield* all()
  try {
    const gunzip = createGunzip()
    const reading = Readable.from(all(), { objectMode: false })
    reading.on('error', (error) => gunzip.destroy(error))
    yield* reading.pipe(gunzip) as AsyncIterable<Uint8Array>
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw damaged((error as Error).message)
    throw error
  }
}
