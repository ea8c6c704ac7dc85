/** Declares ComponentStatus (core/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { nameColumn } from '#schema/table.ts'

export class ComponentCondition extends message(
  'k8s.io.api.core.v1.ComponentCondition',
  {
    type: req(1, string, { doc: 'Healthy.' }),
    status: req(2, string, { doc: 'Whether it is so: True, False or Unknown.' }),
    message: opt(3, string, { doc: 'What the component said.' }),
    error: opt(4, string, { doc: 'What went wrong when asking.' }),
  },
  { doc: 'How a component fares.' },
) {}

export class ComponentStatus extends object(
  'k8s.io.api.core.v1.ComponentStatus',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    conditions: opt(2, list(ComponentCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What was found.',
    }),
  },
  { doc: 'How a part of the control plane fares; deprecated.' },
) {}

export const componentStatuses = resource(ComponentStatus, {
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  scope: 'Cluster',
  shortNames: ['cs'],
  verbs: ['get', 'list'],
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', description: 'Whether it works.', cell: (c) => healthOf(c).status },
    { name: 'Message', type: 'string', description: 'What it said.', cell: (c) => healthOf(c).message },
    { name: 'Error', type: 'string', description: 'What went wrong when asking.', cell: (c) => healthOf(c).error },
  ],
})

function healthOf({ conditions = [] }: ComponentStatus) {
  const healthy = conditions.find((condition) => condition.type === 'Healthy')
  const status = healthy?.status === 'True' ? 'Healthy' : healthy?.status === 'False' ? 'Unhealthy' : 'Unknown'
  return { status, message: healthy?.message ?? '', error: healthy?.error ?? '' }
}
