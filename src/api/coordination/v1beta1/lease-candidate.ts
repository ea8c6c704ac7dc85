/** Declares LeaseCandidate (coordination/v1beta1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { invalid, required, type FieldError } from '#schema/field-error.ts'
import { message, microTime, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class LeaseCandidateSpec extends message(
  'k8s.io.api.coordination.v1beta1.LeaseCandidateSpec',
  {
    leaseName: req(1, string, { doc: 'Lease it wants to hold; cannot be changed.' }),
    pingTime: opt(2, microTime, { doc: 'When it was last asked to show that it is there.' }),
    renewTime: opt(3, microTime, { doc: 'When it last showed that it is there.' }),
    binaryVersion: req(4, string, { doc: 'Version of its program, as in 1.36.0.' }),
    emulationVersion: opt(5, string, { doc: 'Version it behaves like, at most that of its program.' }),
    strategy: req(6, string, { doc: 'How the holder is to be chosen, such as OldestEmulationVersion.' }),
  },
  { doc: 'Which lease, and what speaks for the candidate.' },
) {}

export class LeaseCandidate extends object(
  'k8s.io.api.coordination.v1beta1.LeaseCandidate',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, LeaseCandidateSpec, { doc: 'Which lease, and what speaks for the candidate.', mayBeEmpty: true }),
  },
  { doc: 'One who wants to hold a lease, for elections in which the server chooses.' },
) {}

export const leaseCandidates = resource(LeaseCandidate, {
  group: 'coordination.k8s.io',
  version: 'v1beta1',
  kind: 'LeaseCandidate',
  plural: 'leasecandidates',
  scope: 'Namespaced',
  columns: [
    nameColumn,
    { name: 'LeaseName', type: 'string', description: 'Lease it wants.', cell: (c) => c.spec?.leaseName ?? '' },
    { name: 'BinaryVersion', type: 'string', description: 'Version of its program.', cell: (c) => c.spec?.binaryVersion ?? '' },
    { name: 'EmulationVersion', type: 'string', description: 'Version it behaves like.', cell: (c) => c.spec?.emulationVersion ?? '' },
    ageColumn,
  ],
  selectable: {},
})

const VERSION = /^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/

rulesFor(LeaseCandidate, {
  check({ spec }): FieldError[] {
    const { binaryVersion, emulationVersion, strategy }: Partial<LeaseCandidateSpec> = spec ?? {}
    const errors: FieldError[] = []
    if (binaryVersion && !VERSION.test(binaryVersion))
      errors.push(invalid('spec.binaryVersion', binaryVersion, `Invalid version: ${JSON.stringify(binaryVersion)}`))
    if (emulationVersion && !VERSION.test(emulationVersion))
      errors.push(invalid('spec.emulationVersion', emulationVersion, `Invalid version: ${JSON.stringify(emulationVersion)}`))
    if (strategy === 'OldestEmulationVersion' && !emulationVersion)
      errors.push(required('spec.emulationVersion', "must be specified when `strategy` is 'OldestEmulationVersion'"))
    return errors
  },
  checkUpdate({ spec }, old): FieldError[] {
    return spec?.leaseName === old.spec?.leaseName ? [] : [invalid('spec.leaseName', spec?.leaseName, 'field is immutable')]
  },
})
