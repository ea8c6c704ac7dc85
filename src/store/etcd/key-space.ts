/** How the store's keys and entries lie in etcd: the same keys, but for `/registry`, for which another folder may stand in. */

import type { Entry, StoreEvent } from '../store.ts'
import { EVENT_DELETE, keyValue, watch } from './messages.ts'
import type { Read } from './protobuf.ts'

const REGISTRY = '/registry'

export interface KeySpace {
  toEtcd(key: string): Uint8Array
  /** Where the keys with a prefix begin and end, for ranges. */
  within(prefix: string, after?: string): { readonly key: Uint8Array; readonly rangeEnd: Uint8Array }
  entry(kv: Read<typeof keyValue>): Entry
  /** Undefined when the key is none of ours. */
  event(event: Read<(typeof watch.response.events)[1][0]>): StoreEvent | undefined
}

export const FROM_HERE_ON = Uint8Array.of(0) // as a range's end: no end; as its start: the first key

/** `prefix` is upstream's `--etcd-prefix`. */
export function keySpace(prefix = REGISTRY): KeySpace {
  const moved = prefix !== REGISTRY
  const there = (key: string) => (moved && key.startsWith(REGISTRY) ? prefix + key.slice(REGISTRY.length) : key)
  const here = (key: string) => (moved && key.startsWith(prefix) ? REGISTRY + key.slice(prefix.length) : key)
  const keyOf = ({ buffer, byteOffset, length }: Uint8Array) => here(Buffer.from(buffer, byteOffset, length).toString('utf8'))
  const entryOf = (kv: Read<typeof keyValue>): Entry => ({
    key: keyOf(kv.key),
    value: kv.value,
    createRevision: kv.createRevision,
    modRevision: kv.modRevision,
    version: kv.version,
    ...(kv.lease !== 0n && { lease: String(kv.lease) }),
  })
  return {
    toEtcd: (key) => Buffer.from(there(key)),
    within(from, after) {
      const first = Buffer.from(there(from))
      return {
        key: after !== undefined ? Buffer.from(`${there(after)}\0`) : first.length === 0 ? FROM_HERE_ON : first,
        rangeEnd: endOf(first),
      }
    },
    entry: entryOf,
    event({ type, kv, previous: before }) {
      if (kv === undefined) return undefined
      const previous = before && { previous: entryOf(before) }
      if (type === EVENT_DELETE) return { type: 'delete', revision: kv.modRevision, key: keyOf(kv.key), ...previous }
      return { type: 'put', revision: kv.modRevision, entry: entryOf(kv), ...previous }
    },
  }
}

/** The first bytes that sort after all that begin with these. */
function endOf(prefix: Uint8Array): Uint8Array {
  for (let i = prefix.length - 1; i >= 0; i--)
    if (prefix[i]! < 0xff) {
      const end = Uint8Array.from(prefix.subarray(0, i + 1))
      end[i]!++
      return end
    }
  return FROM_HERE_ON
}
