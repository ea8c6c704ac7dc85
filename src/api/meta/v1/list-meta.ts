/** Declares list meta (meta/v1). */

import { int64, message, opt, req, string } from '#schema/message.ts'

export class ShardInfo extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.ShardInfo',
  {
    selector: req(1, string, { doc: 'Shard selector of the request that the list answers.' }),
  },
  { doc: 'Tells that a list holds only one shard of the collection.' },
) {}

export class ListMeta extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.ListMeta',
  {
    selfLink: opt(1, string, { doc: 'No longer filled in; once the path of the list. Deprecated.', deprecated: true }),
    resourceVersion: opt(2, string, { doc: 'Opaque version of the collection the list was read at; watch from here to see what follows.' }),
    continue: opt(3, string, { doc: 'Token to pass in the next request when there is more; empty on the last page.' }),
    remainingItemCount: opt(4, int64(), {
      doc: 'How many objects follow this page, if known; may be off, and absent with selectors.',
      keepsZero: true,
    }),
    shardInfo: opt(5, ShardInfo, { doc: 'Set when the list holds only one shard of the collection.' }),
  },
  { doc: 'What is true of a list as a whole.' },
) {}
