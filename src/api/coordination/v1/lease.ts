/** Declares Lease (coordination/v1). */

import { invalid, type FieldError } from '#schema/field-error.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, message, microTime, opt, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class LeaseSpec extends message('k8s.io.api.coordination.v1.LeaseSpec', {
  holderIdentity: opt(1, string, { keepsZero: true }),
  leaseDurationSeconds: opt(2, int32(), { keepsZero: true }),
  acquireTime: opt(3, microTime),
  renewTime: opt(4, microTime),
  leaseTransitions: opt(5, int32(), { keepsZero: true }),
  strategy: opt(6, string, { keepsZero: true }),
  preferredHolder: opt(7, string, { keepsZero: true }),
}) {}

export class Lease extends object('k8s.io.api.coordination.v1.Lease', {
  metadata: val(1, ObjectMeta),
  spec: val(2, LeaseSpec),
}) {}

export const leases = resource(Lease, {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  scope: 'Namespaced',
  columns: [
    nameColumn,
    { name: 'Holder', type: 'string', description: 'Who holds it.', cell: (l) => l.spec.holderIdentity ?? '' },
    ageColumn,
  ],
})

rulesFor(LeaseSpec, {
  check({ leaseDurationSeconds, leaseTransitions }, path): FieldError[] {
    const errors: FieldError[] = []
    if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
      errors.push(invalid(`${path}.leaseDurationSeconds`, leaseDurationSeconds, 'must be greater than 0'))
    if (leaseTransitions !== undefined && leaseTransitions < 0)
      errors.push(invalid(`${path}.leaseTransitions`, leaseTransitions, 'must be greater than or equal to 0'))
    return errors
  },
})
