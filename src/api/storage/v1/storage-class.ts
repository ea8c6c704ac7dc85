/** Declares StorageClass (storage/v1). */

import { ageColumn, nameColumn } from '#schema/table.ts'
import { OLD_NODE_LABELS } from '#api/core/v1/old-node-labels.ts'
import { TopologySelectorTerm } from '#api/core/v1/topology-selector-term.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { storageClassErrors, storageClassUpdateErrors } from './storage-rules.ts'
import { bool, list, map, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class StorageClass extends object(
  'k8s.io.api.storage.v1.StorageClass',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    provisioner: req(2, string, { doc: 'Who makes the volumes.' }),
    parameters: opt(3, map(string), { doc: 'Settings for the provisioner.' }),
    reclaimPolicy: opt(4, string, {
      doc: 'What becomes of volumes after their claims: Delete (the default) or Retain.',
      default: 'Delete',
      keepsZero: true,
    }),
    mountOptions: opt(5, list(string, { listType: 'atomic' }), { doc: 'Options for mounting its volumes, unchecked, such as ro or soft.' }),
    allowVolumeExpansion: opt(6, bool, { doc: 'Whether volumes can grow. False by default.', keepsZero: true }),
    volumeBindingMode: opt(7, string, {
      doc: 'When claims are bound: Immediate (the default), or WaitForFirstConsumer.',
      default: 'Immediate',
      keepsZero: true,
    }),
    allowedTopologies: opt(8, list(TopologySelectorTerm, { listType: 'atomic' }), {
      doc: 'Places in which volumes can be made. All by default.',
    }),
  },
  { doc: 'A sort of storage, from which volumes are made on demand.' },
) {}

export const storageClasses = resource(StorageClass, {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  scope: 'Cluster',
  shortNames: ['sc'],
  columns: [
    {
      ...nameColumn,
      cell: (s) =>
        s.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
          ? `${s.metadata.name} (default)`
          : s.metadata.name,
    },
    { name: 'Provisioner', type: 'string', description: 'Who makes its volumes.', cell: (s: StorageClass) => s.provisioner },
    {
      name: 'ReclaimPolicy',
      type: 'string',
      description: 'What becomes of them after their claims.',
      cell: (s: StorageClass) => s.reclaimPolicy ?? 'Delete',
    },
    {
      name: 'VolumeBindingMode',
      type: 'string',
      description: 'When they are made and bound.',
      cell: (s: StorageClass) => s.volumeBindingMode ?? 'Immediate',
    },
    {
      name: 'AllowVolumeExpansion',
      type: 'string',
      description: 'Whether they can grow.',
      cell: (s: StorageClass) => s.allowVolumeExpansion ?? false,
    },
    ageColumn,
  ],
})

rulesFor(StorageClass, {
  check: storageClassErrors,
  checkUpdate: storageClassUpdateErrors,
  warn: ({ allowedTopologies = [] }) =>
    allowedTopologies.flatMap(({ matchLabelExpressions = [] }, i) =>
      matchLabelExpressions.flatMap(({ key }, j) =>
        OLD_NODE_LABELS[key] === undefined
          ? []
          : [`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${key} is ${OLD_NODE_LABELS[key]}`],
      ),
    ),
})
