/** Kinds that travel without being stored, by apiVersion and kind. */

import { APIGroupDiscoveryList } from '#api/apidiscovery/discovery.ts'
import { TokenRequest } from '#api/authentication/v1/token-request.ts'
import { tokenReviews } from '#api/authentication/v1/token-review.ts'
import { selfSubjectReviews } from '#api/authentication/v1/self-subject-review.ts'
import { localSubjectAccessReviews } from '#api/authorization/v1/local-subject-access-review.ts'
import { selfSubjectAccessReviews } from '#api/authorization/v1/self-subject-access-review.ts'
import { selfSubjectRulesReviews } from '#api/authorization/v1/self-subject-rules-review.ts'
import { subjectAccessReviews } from '#api/authorization/v1/subject-access-review.ts'
import { Scale } from '#api/autoscaling/v1/scale.ts'
import { bindings } from '#api/core/v1/binding.ts'
import { componentStatuses } from '#api/core/v1/component-status.ts'
import { APIGroup, APIGroupList, APIResourceList, APIVersions } from '#api/meta/v1/discovery.ts'
import { PartialObjectMetadata } from '#api/meta/v1/partial-object-metadata.ts'
import { Status } from '#api/meta/v1/status.ts'
import { Eviction } from '#api/policy/v1/eviction.ts'
import type { Message } from '#schema/message.ts'
import type { Resource } from '#schema/resource.ts'

/** Resources that answer at once and keep nothing. */
export const virtualResources: readonly Resource[] = [
  bindings,
  componentStatuses,
  tokenReviews,
  selfSubjectReviews,
  subjectAccessReviews,
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
] as unknown as readonly Resource[]

const known = new Map<string, Message>([
  ['v1/Status', Status.schema],
  ['autoscaling/v1/Scale', Scale.schema],
  ['policy/v1/Eviction', Eviction.schema],
  ['authentication.k8s.io/v1/TokenRequest', TokenRequest.schema],
  ['meta.k8s.io/v1/PartialObjectMetadata', PartialObjectMetadata.schema],
  ['meta.k8s.io/v1beta1/PartialObjectMetadata', PartialObjectMetadata.schema],
  ['apidiscovery.k8s.io/v2/APIGroupDiscoveryList', APIGroupDiscoveryList.schema],
  ['apidiscovery.k8s.io/v2beta1/APIGroupDiscoveryList', APIGroupDiscoveryList.schema],
  // upstream says of some that they are of v1, and nothing of the others
  ...['v1', ''].flatMap((apiVersion): [string, Message][] => [
    [`${apiVersion}/APIVersions`, APIVersions.schema],
    [`${apiVersion}/APIGroupList`, APIGroupList.schema],
    [`${apiVersion}/APIGroup`, APIGroup.schema],
    [`${apiVersion}/APIResourceList`, APIResourceList.schema],
  ]),
  ...virtualResources.map((r): [string, Message] => [`${r.apiVersion}/${r.kind}`, r.type.schema]),
])

export function messageOf(object: { readonly apiVersion?: string; readonly kind?: string }): Message | undefined {
  return known.get(`${object.apiVersion ?? ''}/${object.kind ?? ''}`)
}
