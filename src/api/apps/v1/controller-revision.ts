/** Declares ControllerRevision (apps/v1). */

import { notNegativeErrors } from '#api/core/v1/template-rules.ts'
import { IMMUTABLE, invalid, required, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int64, opt, raw, req, rulesFor, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ControllerRevision extends object(
  'k8s.io.api.apps.v1.ControllerRevision',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    data: opt(2, raw, { doc: 'The state, in a form only the controller knows.' }),
    revision: req(3, int64(), { doc: 'Number of the revision; the latest has the highest.' }),
  },
  { doc: 'A state of a StatefulSet or DaemonSet, kept for rollbacks; its data cannot be changed.' },
) {}

export const controllerRevisions = resource(ControllerRevision, {
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  scope: 'Namespaced',
  columns: [
    nameColumn,
    { name: 'Controller', type: 'string', description: 'Whose state it keeps.', cell: controllerText },
    { name: 'Revision', type: 'string', description: 'Its number.', cell: (r) => r.revision },
    ageColumn,
  ],
})

function controllerText({ metadata }: ControllerRevision): string {
  const owner = metadata.ownerReferences?.find((o) => o.controller)
  if (owner === undefined) return '<none>'
  const kind = owner.kind.toLowerCase()
  const group = owner.apiVersion.includes('/') ? owner.apiVersion.split('/')[0] : ''
  return `${kind}${group ? `.${group}` : ''}/${owner.name}`
}

rulesFor(ControllerRevision, {
  check: ({ data, revision }): FieldError[] => [
    ...(data === undefined ? [required('data', 'data is mandatory')] : []),
    ...notNegativeErrors(revision, 'revision'),
  ],
  checkUpdate: ({ data }, old): FieldError[] =>
    sameJson(data ?? null, old.data ?? null) ? [] : [invalid('data', data ?? null, IMMUTABLE)],
})
