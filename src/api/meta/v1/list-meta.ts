/** Declares list meta (meta/v1). */

import { int64, message, opt, req, string } from '#schema/message.ts'

export class ShardInfo extends message('k8s.io.apimachinery.pkg.apis.meta.v1.ShardInfo', {
  selector: req(1, string),
}) {}

export class ListMeta extends message('k8s.io.apimachinery.pkg.apis.meta.v1.ListMeta', {
  selfLink: opt(1, string),
  resourceVersion: opt(2, string),
  continue: opt(3, string),
  remainingItemCount: opt(4, int64(), { keepsZero: true }),
  shardInfo: opt(5, ShardInfo),
}) {}
