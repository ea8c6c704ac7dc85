/** What the two plugins that evaluate policies are made of. */

import type { FindKind } from './policy-params.ts'
import type { NamespaceFinder } from './policy-request.ts'
import { namespaces } from '#api/core/v1/namespace.ts'
import type { PluginParts } from '#apiserver/admission/plugin-parts.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

export interface PolicyParts<P, B> {
  /** By name. */
  readonly policies: () => readonly P[]
  readonly bindings: () => readonly B[]
  readonly namespace: NamespaceFinder
  readonly findKind: FindKind
  readonly authorizer: Authorizer
}

export function policyParts<P extends KubeObject, B extends KubeObject>(
  { objects, findKind, authorizer }: PluginParts,
  policies: Resource<P>,
  bindings: Resource<B>,
): PolicyParts<P, B> {
  return {
    policies: () => objects.cachedList(policies),
    bindings: () => objects.cachedList(bindings),
    namespace: (name) => objects.find(namespaces, '', name),
    findKind,
    authorizer,
  }
}
