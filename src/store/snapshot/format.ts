/**
 * The portable snapshot: a chain of blocks, each with the SHA-256 of itself and of the one before. The first block is the header, the
 * last says how many entries there were; so a file that is cut, altered or put together anew at any place is recognized.
 */

import { createHash } from 'node:crypto'
import { StoreUnavailable, type Entry, type Revision } from '../store.ts'

export interface SnapshotHeader {
  /** What all entries were read at. */
  readonly revision: Revision
  /** The oldest revision the store could still read then. */
  readonly compacted: Revision
}

const MAGIC = Buffer.from('k8ts snapshot 1\n')
const BLOCK_BYTES = 1 << 20 // what is held back until it can be verified
const BLOCK_BYTES_MAX = 64 << 20 // far above one entry and a block; keeps a damaged length from asking for the machine's memory
const DIGEST_BYTES = 32
const HEAD_BYTES = 5 // type and length
const HEADER = 1
const ENTRIES = 2
const END = 3
const ENTRY_HEAD_BYTES = 36 // lengths of key, lease and value, then three numbers

/** In any order. */
export async function* encodeSnapshot(header: SnapshotHeader, pages: AsyncIterable<readonly Entry[]>): AsyncGenerator<Uint8Array> {
  yield MAGIC
  const seal = sealer()
  yield* seal(HEADER, [Buffer.from(JSON.stringify({ revision: header.revision, compacted: header.compacted }))])
  let parts: Uint8Array[] = []
  let bytes = 0
  let count = 0
  for await (const page of pages)
    for (const entry of page) {
      const head = entryHead(entry)
      parts.push(head, entry.value)
      bytes += head.length + entry.value.length
      count++
      if (bytes < BLOCK_BYTES) continue
      yield* seal(ENTRIES, parts)
      parts = []
      bytes = 0
    }
  if (parts.length > 0) yield* seal(ENTRIES, parts)
  yield* seal(END, [Buffer.from(JSON.stringify({ entries: count }))])
}

/** The header first, then entries of which each block has been verified. Throws `StoreUnavailable` for what is not a whole snapshot. */
export async function* decodeSnapshot(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<SnapshotHeader | readonly Entry[]> {
  const source = new Source(bytes)
  if (!(await source.take(MAGIC.length)).equals(MAGIC)) throw damaged('it does not begin as one')
  let before: Uint8Array = MAGIC
  let count = 0
  for (let first = true; ; first = false) {
    const head = await source.take(HEAD_BYTES)
    const length = head.readUInt32LE(1)
    if (length > BLOCK_BYTES_MAX) throw damaged('a block is longer than any')
    const body = await source.take(length)
    const digest = createHash('sha256').update(before).update(head).update(body).digest()
    if (!digest.equals(await source.take(DIGEST_BYTES))) throw damaged('a checksum does not match')
    before = digest
    const type = head[0]
    if ((type === HEADER) !== first) throw damaged('its blocks are out of order')
    if (type === HEADER) yield JSON.parse(body.toString()) as SnapshotHeader
    else if (type === ENTRIES) {
      const entries = [...entriesOf(body)]
      count += entries.length
      yield entries
    } else {
      const { entries } = JSON.parse(body.toString()) as { readonly entries: number }
      if (type !== END || entries !== count) throw damaged('its end does not fit')
      if (!(await source.ended())) throw damaged('something follows its end')
      return
    }
  }
}

export function damaged(why: string): StoreUnavailable {
  return new StoreUnavailable('damaged', `the snapshot is damaged or none: ${why}`)
}

function sealer() {
  let before: Uint8Array = MAGIC
  return function* seal(type: number, parts: readonly Uint8Array[]): Generator<Uint8Array> {
    const head = Buffer.alloc(HEAD_BYTES)
    head[0] = type
    const body = Buffer.concat(parts)
    head.writeUInt32LE(body.length, 1)
    before = createHash('sha256').update(before).update(head).update(body).digest()
    yield Buffer.concat([head, body, before])
  }
}

function entryHead({ key, value, lease = '', createRevision, modRevision, version }: Entry): Buffer {
  const [keyBytes, leaseBytes] = [Buffer.from(key), Buffer.from(lease)]
  const head = Buffer.alloc(ENTRY_HEAD_BYTES)
  head.writeUInt32LE(keyBytes.length, 0)
  head.writeUInt32LE(leaseBytes.length, 4)
  head.writeUInt32LE(value.length, 8)
  head.writeDoubleLE(createRevision, 12)
  head.writeDoubleLE(modRevision, 20)
  head.writeDoubleLE(version, 28)
  return Buffer.concat([head, keyBytes, leaseBytes])
}

function* entriesOf(block: Buffer): Generator<Entry> {
  for (let at = 0; at < block.length;) {
    const [key, lease, value] = [block.readUInt32LE(at), block.readUInt32LE(at + 4), block.readUInt32LE(at + 8)]
    const keyAt = at + ENTRY_HEAD_BYTES
    const valueAt = keyAt + key + lease
    yield {
      key: block.toString('utf8', keyAt, keyAt + key),
      value: block.subarray(valueAt, valueAt + value),
      createRevision: block.readDoubleLE(at + 12),
      modRevision: block.readDoubleLE(at + 20),
      version: block.readDoubleLE(at + 28),
      ...(lease > 0 && { lease: block.toString('utf8', keyAt + key, valueAt) }),
    }
    at = valueAt + value
  }
}

/** Bytes as many as are asked for, of a stream that comes as it likes. */
class Source {
  readonly #stream: AsyncIterator<Uint8Array>
  #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#stream = stream[Symbol.asyncIterator]()
  }

  async take(count: number): Promise<Buffer> {
    while (this.#bytes < count) if (!(await this.#more())) throw damaged('it ends too early')
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all.subarray(count)]
    this.#bytes = all.length - count
    return all.subarray(0, count)
  }

  async ended(): Promise<boolean> {
    while (this.#bytes === 0) if (!(await this.#more())) return true
    return false
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#stream.next()
    if (done) return false
    this.#chunks.push(value)
    this.#bytes += value.length
    return true
  }
}
