/** Declares Lease (coordination/v1). */

import { invalid, type FieldError } from '#schema/field-error.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, message, microTime, opt, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class LeaseSpec extends message(
  'k8s.io.api.coordination.v1.LeaseSpec',
  {
    holderIdentity: opt(1, string, { doc: 'Who holds it; absent if nobody does.', keepsZero: true }),
    leaseDurationSeconds: opt(2, int32(), { doc: 'Seconds after renewTime until others may take it.', keepsZero: true }),
    acquireTime: opt(3, microTime, { doc: 'When the holder got it.' }),
    renewTime: opt(4, microTime, { doc: 'When the holder last renewed it.' }),
    leaseTransitions: opt(5, int32(), { doc: 'How often it changed hands.', keepsZero: true }),
    strategy: opt(6, string, {
      doc: 'How the next holder is chosen in a coordinated election, such as OldestEmulationVersion.',
      keepsZero: true,
    }),
    preferredHolder: opt(7, string, { doc: 'Who should hold it instead; the holder gives it up to them.', keepsZero: true }),
  },
  { doc: 'Who holds a lease and how long.' },
) {}

export class Lease extends object(
  'k8s.io.api.coordination.v1.Lease',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, LeaseSpec, { doc: 'Who holds it and how long.' }),
  },
  { doc: 'A claim on something, held by renewing it; for leader election and node heartbeats.' },
) {}

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
