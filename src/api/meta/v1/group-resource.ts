/** Declares GroupResource (meta/v1). */

import { message, req, string } from '#schema/message.ts'

export class GroupResource extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.GroupResource',
  {
    group: req(1, string, { doc: 'API group, empty for the core one.', mayBeEmpty: true }),
    resource: req(2, string, { doc: 'Plural name.' }),
  },
  { doc: 'Names a resource in whatever version.' },
) {}
