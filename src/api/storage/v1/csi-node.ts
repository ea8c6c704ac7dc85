/** Declares CSINode (storage/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { nodeErrors, nodeUpdateErrors } from './storage-rules.ts'
import { int32, list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class VolumeNodeResources extends message(
  'k8s.io.api.storage.v1.VolumeNodeResources',
  {
    count: opt(1, int32(), { doc: 'Most different volumes at once; absent for no limit.', keepsZero: true }),
  },
  { doc: 'How many volumes of a driver a node can take.' },
) {}

export class CSINodeDriver extends message(
  'k8s.io.api.storage.v1.CSINodeDriver',
  {
    name: req(1, string, { doc: 'Name of the driver.' }),
    nodeID: req(2, string, { doc: 'Id of the node, as the driver gives it.' }),
    topologyKeys: opt(3, list(string, { listType: 'atomic' }), { doc: 'Node labels by which the driver tells places apart.' }),
    allocatable: opt(4, VolumeNodeResources, { doc: 'How many of its volumes the node can take.' }),
  },
  { doc: 'A CSI driver on a node.' },
) {}

export class CSINodeSpec extends message(
  'k8s.io.api.storage.v1.CSINodeSpec',
  {
    drivers: req(1, list(CSINodeDriver, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }), {
      doc: 'The drivers; may be none.',
      mayBeEmpty: true,
    }),
  },
  { doc: 'CSI drivers on a node.' },
) {}

export class CSINode extends object(
  'k8s.io.api.storage.v1.CSINode',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, CSINodeSpec, { doc: 'The drivers.' }),
  },
  { doc: 'CSI drivers on a node; named after the node.' },
) {}

export const csiNodes = resource(CSINode, {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  scope: 'Cluster',
  columns: [
    nameColumn,
    { name: 'Drivers', type: 'integer', description: 'How many drivers there are.', cell: (n) => n.spec?.drivers?.length ?? 0 },
    ageColumn,
  ],
})

rulesFor(CSINode, { check: nodeErrors, checkUpdate: nodeUpdateErrors })
