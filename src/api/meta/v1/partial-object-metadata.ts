/** Declares partial object metadata (meta/v1). */

import { ObjectMeta } from './object-meta.ts'
import { opt } from '#schema/message.ts'
import { object } from '#schema/resource.ts'

export class PartialObjectMetadata extends object(
  'k8s.io.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata',
  {
    metadata: opt(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
  },
  { doc: 'An object of any kind, reduced to its metadata.' },
) {}
