/** Objects as the rows of a `kubectl get`, with as much of each object beside its row as the caller asked for. */

import { badRequest } from '#apiserver/endpoints/errors.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { ListMeta } from '#api/meta/v1/list-meta.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import type { Choice } from './negotiate.ts'
import { tableOf } from '#schema/table.ts'

/** `columns: false` leaves out the definitions, which a watch sends only once. */
export function tableAnswer(
  resource: Resource,
  objects: readonly KubeObject[],
  metadata: ListMeta,
  ctx: Pick<RequestContext, 'query' | 'received'>,
  version: Choice['version'],
  columns = true,
): object {
  const include = ctx.query.get('includeObject') ?? 'Metadata'
  if (include !== 'None' && include !== 'Metadata' && include !== 'Object')
    throw badRequest(`unrecognized includeObject value: ${JSON.stringify(include)}`)
  const single =
    objects.length === 1 && metadata.resourceVersion === undefined ? { resourceVersion: objects[0]!.metadata.resourceVersion } : metadata
  const table = tableOf(resource, objects, ctx.received, { includeObject: include })
  return {
    kind: 'Table',
    apiVersion: version,
    metadata: single,
    columnDefinitions: columns ? table.columnDefinitions : null,
    rows:
      include === 'Metadata' && version !== table.apiVersion
        ? table.rows.map((row) => ({ ...row, object: { ...row.object, apiVersion: version } }))
        : table.rows,
  }
}
