/** Declares CSIStorageCapacity (storage/v1). */

import { OLD_NODE_LABELS } from '#api/core/v1/old-node-labels.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { capacityErrors } from './storage-rules.ts'
import { opt, quantity, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { nameColumn } from '#schema/table.ts'

export class CSIStorageCapacity extends object(
  'k8s.io.api.storage.v1.CSIStorageCapacity',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    nodeTopology: opt(2, LabelSelector, {
      doc: 'Nodes that can reach it, by their labels; none when absent, all when empty.',
      mapType: 'atomic',
      immutable: true,
    }),
    storageClassName: req(3, string, { doc: 'The StorageClass; cannot be changed.', keepsZero: true, immutable: true, mayBeEmpty: true }),
    capacity: opt(4, quantity, { doc: 'Room left, as the driver says; absent if not known.' }),
    maximumVolumeSize: opt(5, quantity, { doc: 'Largest volume that can be made.' }),
  },
  { doc: 'How much room a CSI driver has left for a StorageClass in one place.' },
) {}

export const csiStorageCapacities = resource(CSIStorageCapacity, {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  scope: 'Namespaced',
  columns: [
    nameColumn,
    { name: 'StorageClassName', type: 'string', description: 'The StorageClass.', cell: (c) => c.storageClassName },
    { name: 'Capacity', type: 'string', description: 'Room left.', cell: (c) => c.capacity ?? '<unset>' },
  ],
})

rulesFor(CSIStorageCapacity, {
  check: capacityErrors,
  warn: ({ nodeTopology: { matchExpressions = [], matchLabels = {} } = {} }) => [
    ...matchExpressions.flatMap(({ key }, i) =>
      OLD_NODE_LABELS[key] === undefined ? [] : [`nodeTopology.matchExpressions[${i}].key: ${key} is ${OLD_NODE_LABELS[key]}`],
    ),
    ...Object.keys(matchLabels).flatMap((key) =>
      OLD_NODE_LABELS[key] === undefined ? [] : [`nodeTopology.matchLabels.${key}: ${OLD_NODE_LABELS[key]}`],
    ),
  ],
})
