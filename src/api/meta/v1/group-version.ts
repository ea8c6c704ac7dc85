/** Declares group version (meta/v1). */

import { message, opt, string } from '#schema/message.ts'

export class GroupVersionKind extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.GroupVersionKind',
  {
    group: opt(1, string, { doc: 'API group; empty for the core group.' }),
    version: opt(2, string, { doc: 'Version within the group, such as v1.' }),
    kind: opt(3, string, { doc: 'Kind in CamelCase, such as Deployment.' }),
  },
  { doc: 'Names a kind: its API group, version and CamelCase name.' },
) {}

export class GroupVersionResource extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.GroupVersionResource',
  {
    group: opt(1, string, { doc: 'API group; empty for the core group.' }),
    version: opt(2, string, { doc: 'Version within the group, such as v1.' }),
    resource: opt(3, string, { doc: 'Plural in lower case, such as deployments.' }),
  },
  { doc: 'Names a resource: its API group, version and plural path segment.' },
) {}
