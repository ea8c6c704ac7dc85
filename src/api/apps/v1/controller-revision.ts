/** Declares ControllerRevision (apps/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int64, opt, raw, req, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ControllerRevision extends object('k8s.io.api.apps.v1.ControllerRevision', {
  metadata: val(1, ObjectMeta),
  data: opt(2, raw),
  revision: req(3, int64()),
}) {}

export const controllerRevisions = resource(ControllerRevision, {
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  scope: 'Namespaced',
})
