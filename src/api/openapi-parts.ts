/** The messages that OpenAPI documents need beside the served kinds, for `#schema/openapi-v3.ts` and `-v2.ts`. */

import type { OpenApiParts } from '#schema/openapi-v3.ts'
import { TokenRequest } from './authentication/v1/token-request.ts'
import { Scale } from './autoscaling/v1/scale.ts'
import { Binding } from './core/v1/binding.ts'
import { PersistentVolumeClaim } from './core/v1/persistent-volume-claim.ts'
import { ListMeta } from './meta/v1/list-meta.ts'
import { DeleteOptions } from './meta/v1/options.ts'
import { Status } from './meta/v1/status.ts'
import { Eviction } from './policy/v1/eviction.ts'

const byKind = new Map([
  ['/v1/PersistentVolumeClaim', PersistentVolumeClaim.schema],
  ['authentication.k8s.io/v1/TokenRequest', TokenRequest.schema],
  ['autoscaling/v1/Scale', Scale.schema],
  ['/v1/Binding', Binding.schema],
  ['policy/v1/Eviction', Eviction.schema],
])

export const openApiParts: OpenApiParts = {
  listMeta: ListMeta.schema,
  deleteOptions: DeleteOptions.schema,
  status: Status.schema,
  kindOf: ({ group, version, kind }) => byKind.get(`${group}/${version}/${kind}`),
}
