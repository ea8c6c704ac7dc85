/** Declares partial object metadata (meta/v1). */

import { ObjectMeta } from './object-meta.ts'
import { message, opt } from '#schema/message.ts'

export class PartialObjectMetadata extends message('k8s.io.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata', {
  metadata: opt(1, ObjectMeta),
}) {}
