/** Writes entries as etcd's own snapshot, which `etcdctl snapshot restore` (or `etcdutl`) makes members of, with every revision as it is. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { appendFile, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Entry, LeaseId, Revision } from '../store.ts'
import { writeBoltFile, type Pair } from './bolt-file.ts'
import { keySpace } from './key-space.ts'
import { keyValue } from './messages.ts'
import { encode } from './protobuf.ts'

export interface SnapshotContents {
  readonly revision: Revision
  readonly leases: readonly { readonly id: LeaseId; readonly ttlSeconds: number }[]
  /** By modRevision. */
  readonly entries: Iterable<Entry>
}

/** Buckets etcd expects, beside those with something in them. */
const EMPTY_BUCKETS = ['alarm', 'auth', 'authRoles', 'authUsers', 'cluster', 'members', 'members_removed']

/** `path` must not be there; it is once it is whole and on disk. Reads before the newest revision will be told that it is compacted. */
export async function writeSnapshotFile(path: string, contents: SnapshotContents, prefix?: string): Promise<void> {
  const unfinished = `${path}.unfinished`
  await rm(unfinished, { force: true })
  try {
    const compacted = revisionBytes(contents.revision, 0)
    writeBoltFile(unfinished, [
      ...EMPTY_BUCKETS.map((name) => ({ name, pairs: [] })),
      { name: 'key', pairs: keyPairs(contents.entries, prefix) },
      { name: 'lease', pairs: leasePairs(contents.leases) },
      {
        name: 'meta',
        pairs: [
          [Buffer.from('finishedCompactRev'), compacted],
          [Buffer.from('scheduledCompactRev'), compacted],
        ],
      },
    ])
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(unfinished) as AsyncIterable<Uint8Array>) hash.update(chunk)
    await appendFile(unfinished, hash.digest(), { flush: true })
    await rename(unfinished, path)
    await using folder = await open(dirname(path))
    await folder.sync()
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

function* keyPairs(entries: Iterable<Entry>, prefix: string | undefined): Generator<Pair> {
  const keys = keySpace(prefix)
  let last: Revision = 0
  let place = 0
  for (const { key, value, createRevision, modRevision, version, lease } of entries) {
    place = modRevision === last ? place + 1 : 0
    last = modRevision
    const id = lease === undefined ? {} : { lease: BigInt(lease) }
    yield [
      revisionBytes(modRevision, place),
      encode(keyValue, { key: keys.toEtcd(key), createRevision, modRevision, version, value, ...id }),
    ]
  }
}

const lease = { id: [1, 'id'], ttlSeconds: [2, 'int'] } as const

function leasePairs(leases: SnapshotContents['leases']): Pair[] {
  return leases
    .map(({ id, ttlSeconds }): Pair => {
      const key = Buffer.alloc(8)
      key.writeBigInt64BE(BigInt(id))
      return [key, encode(lease, { id: BigInt(id), ttlSeconds })]
    })
    .toSorted(([a], [b]) => Buffer.compare(a, b))
}

/** etcd's name for one write: its revision, an underscore, its place within the revision. */
function revisionBytes(revision: Revision, place: number): Buffer {
  const bytes = Buffer.alloc(17)
  bytes.writeBigUInt64BE(BigInt(revision), 0)
  bytes.write('_', 8)
  bytes.writeBigUInt64BE(BigInt(place), 9)
  return bytes
}
