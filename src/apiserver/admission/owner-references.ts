/** Owners decide when an object goes, and objects can hold their owners: both is for those who may delete it anyhow. */

import { isDeepStrictEqual } from 'node:util'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import { refused } from './refused.ts'
import type { Authorizer, Decision } from '#apiserver/authorization/authorizer.ts'
import { NOTHING_SAID, type RequestInfo } from '#apiserver/request-context.ts'
import type { Resource } from '#schema/resource.ts'

export interface OwnerReferencesParts {
  readonly authorizer: Authorizer
  /** The resource of a kind that is served; undefined: it is not. */
  readonly resourceOf: (apiVersion: string, kind: string) => Pick<Resource, 'group' | 'version' | 'plural' | 'scope'> | undefined
}

export function ownerReferencesPermissionEnforcement({ authorizer, resourceOf }: OwnerReferencesParts): AdmissionPlugin {
  const ask = async ({ user }: AdmissionRequest, about: Partial<RequestInfo>) =>
    authorizer.authorize({ user, info: { ...NOTHING_SAID, isResourceRequest: true, ...about } })
  const because = ({ reason, error }: Decision) => `${reason}, ${error ?? '<nil>'}`

  return {
    name: 'OwnerReferencesPermissionEnforcement',
    operations: ['CREATE', 'UPDATE'],
    async validate(request) {
      const { resource, subresource, namespace, name, object, oldObject } = request
      if (resource.plural === 'pods' && subresource === 'status') return
      const owners = object?.metadata?.ownerReferences ?? []
      const before = oldObject?.metadata?.ownerReferences ?? []
      if (isDeepStrictEqual(owners, before)) return
      // who makes an object need not be able to delete it
      if (oldObject !== undefined) {
        const where = { group: resource.group, version: resource.version, resource: resource.plural, subresource, namespace, name }
        const decision = await ask(request, { ...where, verb: 'delete' })
        if (decision.type !== 'allow') throw refused(request, `cannot set an ownerRef on a resource you can't delete: ${because(decision)}`)
      }
      const blocking = owners.filter((o) => o.blockOwnerDeletion && !before.some((b) => b.uid === o.uid && b.blockOwnerDeletion))
      for (const owner of blocking) {
        const found = resourceOf(owner.apiVersion, owner.kind)
        if (found === undefined)
          throw refused(
            request,
            `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${owner.apiVersion} Kind ${owner.kind}: no matches for kind ${JSON.stringify(owner.kind)} in version ${JSON.stringify(owner.apiVersion)}`,
          )
        const decision = await ask(request, {
          verb: 'update',
          group: found.group,
          version: found.version,
          resource: found.plural,
          subresource: 'finalizers',
          namespace: found.scope === 'Namespaced' ? namespace : '',
          name: owner.name,
        })
        if (decision.type !== 'allow')
          throw refused(
            request,
            `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${because(decision)}`,
          )
      }
    },
  }
}
