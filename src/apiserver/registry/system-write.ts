/** A write of the server itself, which needs nobody's leave, and whose fields it is then. */

import { afterUpdate } from './managed-fields.ts'
import type { Write } from './registry.ts'
import { resetFieldsOf } from './reset-fields.ts'
import type { ManagedFieldsEntry } from '#api/meta/v1/object-meta.ts'
import { timestamp, type Clock, type Instant } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import type { Json } from '#schema/apply/shape.ts'
import type { Resource } from '#schema/resource.ts'

const SYSTEM_USER = { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

export function systemWrite({ clock, random }: { readonly clock: Clock; readonly random: Random }): Write {
  return {
    user: SYSTEM_USER,
    dryRun: false,
    now: clock.now(),
    random,
    warn: () => {},
    admit: async (object) => object,
    check: async () => {},
  }
}

const MANAGER = 'kube-apiserver' // what upstream's server calls itself where it is its own client

/** Who owns which fields once the server has made `next` of `old`. */
export function ownersAfter(
  resource: Resource,
  subresource: '' | 'status',
  old: object | undefined,
  next: object,
  now: Instant,
): readonly ManagedFieldsEntry[] {
  return afterUpdate(old as Json | undefined, next as Json, {
    message: resource.type.schema,
    manager: resource.group === 'flowcontrol.apiserver.k8s.io' ? 'api-priority-and-fairness-config-producer-v1' : MANAGER,
    apiVersion: resource.apiVersion,
    subresource,
    time: timestamp(now),
    reset: resetFieldsOf(resource, subresource),
  })
}
