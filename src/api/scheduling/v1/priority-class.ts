/** Declares PriorityClass (scheduling/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, oneOf, opt, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class PriorityClass extends object('k8s.io.api.scheduling.v1.PriorityClass', {
  metadata: val(1, ObjectMeta),
  value: opt(2, int32()),
  globalDefault: opt(3, bool),
  description: opt(4, string),
  preemptionPolicy: opt(5, oneOf('PreemptLowerPriority', 'Never'), { default: 'PreemptLowerPriority', keepsZero: true }),
}) {}

export const priorityClasses = resource(PriorityClass, {
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  scope: 'Cluster',
  shortNames: ['pc'],
})
