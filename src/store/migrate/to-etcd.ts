/**
 * Replays a store into an empty etcd, revision by revision, so that clients notice nothing of the move: what they know of
 * resourceVersions stays true. Every transaction also puts a key that says how far it has come and demands that the one before it
 * did; so many may be under way at once, none happens twice or out of turn, and a replay that broke off goes on where it was.
 */

import { createHash } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import { EtcdConnection, type ConnectionParts } from '../etcd/connection.ts'
import { RevisionGone } from '../etcd/failures.ts'
import { FROM_HERE_ON, keySpace } from '../etcd/key-space.ts'
import { COMPARE_MOD, compact, grantLease, range, status, transact } from '../etcd/messages.ts'
import { StoreRefused, type Entry, type LeaseId, type Revision } from '../store.ts'
import { replaySteps, type Step } from './replay-plan.ts'

export interface MigrationSource {
  readonly revision: Revision
  readonly leases: readonly { readonly id: LeaseId; readonly endsAt: number }[]
  /** By modRevision. */
  entries(): Iterable<Entry>
}

export interface MigrationParts {
  readonly source: MigrationSource
  /** Made by `connectForMigration`. */
  readonly connection: EtcdConnection
  /** As in `openEtcdStore`. */
  readonly prefix?: string
  readonly clock: Clock
  /** Hears how far it has come, now and then. */
  readonly progress?: (done: Revision, of: Revision) => void
  /** What one etcd client may have under way; tests make it small. */
  readonly underWay?: number
}

export interface Migrated {
  readonly entries: number
  /** The newest revision that clients may know. */
  readonly revision: Revision
  /** Where it went on; 1 from the start. */
  readonly from: Revision
}

/** Why there can be no migration, or it went wrong: one sentence. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused'
}

export const REVISIONS_MAX = 5_000_000 // about an hour
const MARKER = Buffer.from('k8ts/migration') // beside all folders of API servers
const UNDER_WAY = 64 // measured: more get in each other's way, fewer wait for the disk
const LEASE_MORE_MS = 3_600_000 // no lease may end while the replay counts revisions; events live that much longer
const PAGE_ENTRIES = 1000
const EMPTY = new Uint8Array(0)

/** To one member that answers: through several, transactions come in any order but their own, and most would be sent many times over. */
export async function connectForMigration(parts: ConnectionParts): Promise<EtcdConnection> {
  using all = new EtcdConnection(parts)
  for (const endpoint of parts.endpoints) {
    const answers = await all.ask(endpoint, status, {}).then(
      () => true,
      () => false,
    )
    if (answers) return new EtcdConnection({ ...parts, endpoints: [endpoint] })
  }
  return new EtcdConnection(parts) // which says what is wrong
}

/** Throws `MigrationRefused`, and `StoreUnavailable` when etcd does not answer: then run it again to go on. */
export async function migrateToEtcd(parts: MigrationParts): Promise<Migrated> {
  const { source, connection } = parts
  if (source.revision > REVISIONS_MAX)
    throw new MigrationRefused(
      `the store is at revision ${source.revision}, and etcd reaches at most some thousands of them a second: over ${REVISIONS_MAX} an etcd snapshot is written instead`,
    )
  const known = [...source.entries()].map(({ value, ...e }) => ({ ...e, digest: digestOf(value) }))
  const identity = createHash('sha256')
    .update(JSON.stringify([parts.prefix, source.revision, known]))
    .digest('hex')
  const from = await begin(connection, identity)
  if (from < source.revision) await replay(parts, known, identity, from)
  await verify(parts, known)
  await forgetBefore(connection, source.revision)
  await connection.call(
    transact,
    { compare: [markerAt(source.revision)], success: [{ deleteRange: { key: MARKER } }], failure: [] },
    'read',
  )
  return { entries: known.length, revision: source.revision, from }
}

/** The revision etcd stands at: 1, or where a replay of the same store broke off. */
async function begin(connection: EtcdConnection, identity: string): Promise<Revision> {
  const marker = await connection.call(range, { key: MARKER }, 'read')
  const [kv] = marker.kvs
  if (kv === undefined) {
    const anything = await connection.call(range, { key: FROM_HERE_ON, rangeEnd: FROM_HERE_ON, countOnly: true }, 'read')
    if (anything.count > 0) throw new MigrationRefused(`etcd is not empty, it holds ${anything.count} keys: nothing was written`)
    if (anything.header!.revision > 1)
      throw new MigrationRefused(
        `etcd is empty but at revision ${anything.header!.revision}, so revisions could not be kept: give it an empty data directory`,
      )
    return 1
  }
  if (Buffer.from(kv.value).toString() !== identity)
    throw new MigrationRefused(
      'etcd holds part of the migration of another store, or of this one as it was before: give it an empty data directory',
    )
  if (marker.header!.revision !== kv.modRevision)
    throw new MigrationRefused('somebody else has written to etcd since the migration broke off: give it an empty data directory')
  return kv.modRevision
}

async function replay(
  { source, connection, ...parts }: MigrationParts,
  known: readonly Known[],
  identity: string,
  from: Revision,
): Promise<void> {
  const leases = new Map<LeaseId, bigint>()
  const now = parts.clock.now()
  for (const { id, endsAt } of source.leases) {
    const ttlSeconds = Math.ceil((Math.max(endsAt - now, 0) + LEASE_MORE_MS) / 1000)
    leases.set(id, (await connection.call(grantLease, { ttlSeconds }, 'read')).id)
  }
  const keys = keySpace(parts.prefix)
  const steps = replaySteps(known)
  const values = valuesFrom(source)
  const marker = Buffer.from(identity)
  const request = (revision: Revision, step: Step | undefined) => ({
    compare: [markerAt(revision - 1)],
    success: [
      { put: { key: MARKER, value: marker } },
      ...(step?.before ?? []).map((i) => ({ put: { key: keys.toEtcd(known[i]!.key), value: EMPTY } })),
      ...(step?.final ?? []).map((i) => {
        const { key, lease } = known[i]!
        const id = lease === undefined ? undefined : leases.get(lease)
        return { put: { key: keys.toEtcd(key), value: values(i), ...(id !== undefined && { lease: id }) } }
      }),
    ],
    failure: [{ range: { key: MARKER, keysOnly: true } }],
  })

  const underWay = parts.underWay ?? UNDER_WAY
  const waiting: { readonly revision: Revision; readonly request: ReturnType<typeof request> }[] = []
  let next = from + 1
  let step = steps.findIndex((s) => s.revision > from)
  let done = from
  while (done < source.revision) {
    while (waiting.length < underWay && next <= source.revision) {
      const current = steps[step]?.revision === next ? steps[step++] : undefined
      waiting.push({ revision: next, request: request(next, current) })
      next++
    }
    // repeating one does no harm: it finds that it is not its turn any more
    const answers = await Promise.all(waiting.map((w) => connection.call(transact, w.request, 'read'))).catch(explain)
    for (const [i, { succeeded, responses }] of answers.entries())
      done = Math.max(done, succeeded ? waiting[i]!.revision : (responses[0]?.range?.kvs[0]?.modRevision ?? 0))
    while (waiting.length > 0 && waiting[0]!.revision <= done) waiting.shift()
    parts.progress?.(done, source.revision)
  }
}

type Known = Omit<Entry, 'value'> & { readonly digest: string }

function explain(error: unknown): never {
  if (error instanceof TypeError && /too many operations/.test(error.message))
    throw new MigrationRefused('some objects were written at once that etcd does not take at once: start it with --max-txn-ops 5000', {
      cause: error,
    })
  if (error instanceof StoreRefused)
    throw new MigrationRefused(`etcd does not take an object (${error.message}): start it with a larger --max-request-bytes`, {
      cause: error,
    })
  throw error
}

/** The value of the i-th entry; asked for in order, each once. */
function valuesFrom(source: MigrationSource): (i: number) => Uint8Array {
  const entries = source.entries()[Symbol.iterator]()
  let at = -1
  return (i) => {
    let entry: Entry | undefined
    while (at < i) {
      entry = entries.next().value as Entry
      at++
    }
    return entry!.value
  }
}

function markerAt(revision: Revision) {
  return { target: COMPARE_MOD, key: MARKER, modRevision: revision === 1 ? 0 : revision }
}

/** Every entry, as etcd has it now. */
async function verify({ source, connection, prefix }: MigrationParts, known: readonly Known[]): Promise<void> {
  const keys = keySpace(prefix)
  const wanted = new Map(known.map((e) => [Buffer.from(keys.toEtcd(e.key)).toString(), e]))
  let found = 0
  for (let key: Uint8Array = FROM_HERE_ON; ;) {
    const page = await connection.call(range, { key, rangeEnd: FROM_HERE_ON, limit: PAGE_ENTRIES, revision: source.revision }, 'read')
    for (const kv of page.kvs) {
      if (Buffer.compare(kv.key, MARKER) === 0) continue
      const name = Buffer.from(kv.key).toString()
      const expected = wanted.get(name)
      const is = [kv.createRevision, kv.modRevision, kv.version, digestOf(kv.value), kv.lease !== 0n]
      const should = expected && [
        expected.createRevision,
        expected.modRevision,
        expected.version,
        expected.digest,
        expected.lease !== undefined,
      ]
      if (JSON.stringify(is) !== JSON.stringify(should))
        throw new MigrationRefused(`etcd does not hold ${name} as the store does: give it an empty data directory and start again`)
      found++
    }
    const last = page.kvs.at(-1)
    if (!page.more || last === undefined) break
    key = Buffer.concat([last.key, Buffer.of(0)])
  }
  if (found !== known.length)
    throw new MigrationRefused(`etcd holds ${found} of ${known.length} objects: give it an empty data directory and start again`)
}

/** What replaying left behind is no history: who asks for it shall read anew. */
async function forgetBefore(connection: EtcdConnection, revision: Revision): Promise<void> {
  await connection.call(compact, { revision }, 'read').catch((error: unknown) => {
    if (!(error instanceof RevisionGone)) throw error
  })
}

function digestOf(value: Uint8Array): string {
  return createHash('sha256').update(value).digest('base64')
}
