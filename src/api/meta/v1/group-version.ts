/** Declares group version (meta/v1). */

import { message, opt, string } from '#schema/message.ts'

export class GroupVersionKind extends message('k8s.io.apimachinery.pkg.apis.meta.v1.GroupVersionKind', {
  group: opt(1, string),
  version: opt(2, string),
  kind: opt(3, string),
}) {}

export class GroupVersionResource extends message('k8s.io.apimachinery.pkg.apis.meta.v1.GroupVersionResource', {
  group: opt(1, string),
  version: opt(2, string),
  resource: opt(3, string),
}) {}
