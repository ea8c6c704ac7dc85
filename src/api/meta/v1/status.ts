/** Declares Status (meta/v1). */

import { ListMeta } from './list-meta.ts'
import { int32, list, message, opt, string } from '#schema/message.ts'
import { object } from '#schema/resource.ts'

export class StatusCause extends message('k8s.io.apimachinery.pkg.apis.meta.v1.StatusCause', {
  reason: opt(1, string),
  message: opt(2, string),
  field: opt(3, string),
}) {}

export class StatusDetails extends message('k8s.io.apimachinery.pkg.apis.meta.v1.StatusDetails', {
  name: opt(1, string),
  group: opt(2, string),
  kind: opt(3, string),
  uid: opt(6, string),
  causes: opt(4, list(StatusCause, { listType: 'atomic' })),
  retryAfterSeconds: opt(5, int32()),
}) {}

export class Status extends object('k8s.io.apimachinery.pkg.apis.meta.v1.Status', {
  metadata: opt(1, ListMeta),
  status: opt(2, string),
  message: opt(3, string),
  reason: opt(4, string),
  details: opt(5, StatusDetails),
  code: opt(6, int32()),
}) {}
