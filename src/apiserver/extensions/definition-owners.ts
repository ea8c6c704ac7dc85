/** Who owns what the server itself writes into a definition's status. */

import type { ManagedFieldsEntry } from '#api/meta/v1/object-meta.ts'
import { afterUpdate } from '#apiserver/registry/managed-fields.ts'
import { resetFieldsOf } from '#apiserver/registry/reset-fields.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import type { Json } from '#schema/apply/shape.ts'
import type { Resource } from '#schema/resource.ts'

export function decideOwners(resource: Resource, old: object, next: object, now: Instant): readonly ManagedFieldsEntry[] {
  return afterUpdate(old as Json, next as Json, {
    message: resource.type.schema,
    manager: 'kube-apiserver',
    apiVersion: resource.apiVersion,
    subresource: 'status',
    time: timestamp(now),
    reset: resetFieldsOf(resource, 'status'),
  })
}
