/** An API that shows the past: reads are answered, everything else is refused. */

import type { Api } from '#apiserver/api.ts'
import { refusal } from '#apiserver/endpoints/errors.ts'
import { isLongRunning } from '#apiserver/filters/request-info.ts'
import type { RequestContext } from '#apiserver/request-context.ts'

/** Reviews are asked with POST, yet nothing is stored of them. */
const REVIEWED = new Set(['authentication.k8s.io', 'authorization.k8s.io'])
const READS = new Set(['get', 'list', 'watch'])

/** `because`: one sentence for whoever tries to write. */
export function onlyReading<A extends Pick<Api, 'handle'>>(api: A, because: string): A {
  return {
    ...api,
    handle(ctx) {
      if (isRead(ctx)) return api.handle(ctx)
      throw refusal({ code: 405, reason: 'MethodNotAllowed', message: because, details: {} })
    },
  }
}

/** What leads to nodes and pods leads to those of the present, so it is no look at the past either. */
function isRead({ info, method }: Pick<RequestContext, 'info' | 'method'>): boolean {
  if (!info.isResourceRequest) return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
  if (info.verb !== 'watch' && isLongRunning(info)) return false
  return READS.has(info.verb) || (info.verb === 'create' && REVIEWED.has(info.group))
}
