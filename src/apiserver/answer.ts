/** What an endpoint answers, before content negotiation: values and shared objects, not bytes. */

import type { Duplex } from 'node:stream'
import type { ListMeta } from '#api/meta/v1/list-meta.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import type { Published } from './cache/published.ts'

export type Answer =
  /** One object; `published` when it is a stored one, whose cached bytes serve. */
  | {
      readonly type: 'object'
      readonly status: number
      readonly object: unknown
      readonly resource?: Resource
      readonly published?: Published
      readonly headers?: Readonly<Record<string, string>>
    }
  | { readonly type: 'list'; readonly resource: Resource; readonly items: readonly Published[]; readonly metadata: ListMeta }
  /** `sent` is told the size of each event that is encoded. */
  | {
      readonly type: 'watch'
      readonly resource: Resource
      readonly events: AsyncIterable<readonly PublishedEvent[]>
      readonly sent?: (bytes: number) => void
    }
  | {
      readonly type: 'bytes'
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: Uint8Array | string | AsyncIterable<Uint8Array>
    }
  /** Takes over the connection: `connect` gets the client's raw socket after which nothing else is written to it. */
  | { readonly type: 'upgrade'; readonly connect: (client: Duplex, head: Uint8Array) => Promise<void> }

/** One watch event; `ERROR` carries a Status in `error`, `BOOKMARK` an object with only kind and resourceVersion. */
export type PublishedEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly published: Published }
  | { readonly type: 'BOOKMARK'; readonly object: KubeObject }
  | { readonly type: 'ERROR'; readonly error: unknown }
