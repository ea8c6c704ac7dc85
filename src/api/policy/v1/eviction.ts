/** Declares Eviction (policy/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { DeleteOptions } from '#api/meta/v1/options.ts'
import { opt, val } from '#schema/message.ts'
import { object } from '#schema/resource.ts'

export class Eviction extends object(
  'k8s.io.api.policy.v1.Eviction',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    deleteOptions: opt(2, DeleteOptions, { doc: 'Options of the deletion.' }),
  },
  { doc: 'Asks for a pod to be deleted, if its disruption budgets allow it.' },
) {}
