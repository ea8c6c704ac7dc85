/** Declares StorageVersion (internal.apiserver.k8s.io/v1alpha1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { invalid, type FieldError } from '#schema/field-error.ts'
import { int64, list, message, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class StorageVersionSpec extends message(
  'k8s.io.api.apiserverinternal.v1alpha1.StorageVersionSpec',
  {},
  { doc: 'Nothing so far.' },
) {}

export class ServerStorageVersion extends message(
  'k8s.io.api.apiserverinternal.v1alpha1.ServerStorageVersion',
  {
    apiServerID: req(1, string, { doc: 'The API server that says so.' }),
    encodingVersion: req(2, string, { doc: 'Version it stores the resource in.' }),
    decodableVersions: req(3, list(string, { listType: 'set' }), { doc: 'Versions it can read.' }),
    servedVersions: opt(4, list(string, { listType: 'set' }), { doc: 'Versions it serves, of those it can read.' }),
  },
  { doc: 'What one API server does with a resource.' },
) {}

export class StorageVersionCondition extends message(
  'k8s.io.api.apiserverinternal.v1alpha1.StorageVersionCondition',
  {
    type: req(1, string, { doc: 'What it is about, such as AllEncodingVersionsEqual.' }),
    status: req(2, string, { doc: 'True, False or Unknown.' }),
    observedGeneration: opt(3, int64(), { doc: 'Generation that was looked at.' }),
    lastTransitionTime: opt(4, time, { doc: 'When the status last changed.' }),
    reason: req(5, string, { doc: 'Why, in one word.' }),
    message: req(6, string, { doc: 'Why, for people.' }),
  },
  { doc: 'A state of the versions of a resource.' },
) {}

export class StorageVersionStatus extends message(
  'k8s.io.api.apiserverinternal.v1alpha1.StorageVersionStatus',
  {
    storageVersions: opt(1, list(ServerStorageVersion, { listType: 'map', keys: ['apiServerID'] }), { doc: 'What each API server does.' }),
    commonEncodingVersion: opt(2, string, { doc: 'The version all of them store, where they agree.', keepsZero: true }),
    conditions: opt(3, list(StorageVersionCondition, { listType: 'map', keys: ['type'] }), { doc: 'Whether they agree.' }),
  },
  { doc: 'What the API servers do with a resource.' },
) {}

export class StorageVersion extends object(
  'k8s.io.api.apiserverinternal.v1alpha1.StorageVersion',
  {
    metadata: req(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, StorageVersionSpec, { doc: 'Nothing so far.' }),
    status: val(3, StorageVersionStatus, { doc: 'What the API servers do with the resource.' }),
  },
  { doc: 'In which version the API servers of a cluster store a resource.' },
) {}

export const storageVersions = resource(StorageVersion, {
  group: 'internal.apiserver.k8s.io',
  version: 'v1alpha1',
  kind: 'StorageVersion',
  plural: 'storageversions',
  scope: 'Cluster',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
})

rulesFor(StorageVersionStatus, {
  check({ storageVersions: versions = [], commonEncodingVersion: common }, path): FieldError[] {
    const agreed = new Set(versions.map((v) => v.encodingVersion))
    const expected = agreed.size === 1 ? [...agreed][0] : undefined
    const errors = versions.flatMap(({ encodingVersion = '', decodableVersions = [] }, i) =>
      decodableVersions.includes(encodingVersion)
        ? []
        : [invalid(`${path}.storageVersions[${i}]`, encodingVersion, 'decodableVersions must include encodingVersion ' + encodingVersion)],
    )
    if (common !== undefined && expected === undefined)
      errors.push(
        invalid(
          `${path}.commonEncodingVersion`,
          common,
          'should be nil if servers do not agree on the same encoding version, or if there is no server reporting the supported versions yet',
        ),
      )
    return errors
  },
})
