/** Snapshots as files: written so that what bears its name is whole, verified and on disk; and read to the last byte to see that they are. */

import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { compose, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { readSnapshot } from '#store/snapshot/snapshot.ts'
import type { Revision } from '#store/store.ts'

export interface Examined {
  readonly revision: Revision
  readonly entries: number
  readonly bytes: number
  readonly counts: ReadonlyMap<string, number>
}

/** Writes a new file, for its caller to rename, and answers what reading it again has found. Who calls removes it after an error. */
export async function writeVerified(
  bytes: AsyncIterable<Uint8Array>,
  file: string,
  { compressed, signal }: { readonly compressed: boolean; readonly signal?: AbortSignal },
): Promise<Examined> {
  {
    await using target = await open(file, 'wx', 0o600) // secrets are in it
    const source = Readable.from(bytes, { objectMode: false })
    const chunks = compressed ? compose(source, createGzip()) : source
    for await (const chunk of chunks as AsyncIterable<Uint8Array>) {
      signal?.throwIfAborted()
      await target.writeFile(chunk)
    }
    await target.sync()
  }
  return examine(file)
}

/** Reads all of a file. Throws `StoreUnavailable` when it is damaged. */
export async function examine(file: string): Promise<Examined> {
  const { header, pages } = await readSnapshot(createReadStream(file))
  const counts = new Map<string, number>()
  let [entries, bytes] = [0, 0]
  for await (const page of pages)
    for (const { key, value } of page) {
      entries++
      bytes += value.length
      const resource = resourceOf(key)
      counts.set(resource, (counts.get(resource) ?? 0) + 1)
    }
  return { revision: header.revision, entries, bytes, counts }
}

/** Makes names in a folder last. */
export async function synced(path: string): Promise<void> {
  await using file = await open(path)
  await file.sync()
}

/** The folder of a key, with the group where there is one: what follows `/registry/`. */
function resourceOf(key: string): string {
  const [, , first = '', second = ''] = key.split('/')
  return first.includes('.') ? `${first}/${second}` : first
}
