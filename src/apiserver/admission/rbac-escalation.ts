/** Nobody may grant what they do not hold: writes of roles and bindings are compared with the writer's own rules. */

import { isDeepStrictEqual } from 'node:util'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import { checkBindingWrite, checkRoleWrite, type EscalationParts } from '#apiserver/authorization/escalation.ts'
import { NOTHING_SAID, type RequestInfo } from '#apiserver/request-context.ts'
import type { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'

export function rbacEscalation(parts: EscalationParts): AdmissionPlugin {
  return {
    name: 'RBACEscalation',
    operations: ['CREATE', 'UPDATE'],
    async validate(request) {
      const { resource, object, oldObject, user, name } = request
      if (resource.group !== 'rbac.authorization.k8s.io' || object === undefined) return
      const write = { user, name, info: infoOf(request) }
      if (resource.plural === 'roles' || resource.plural === 'clusterroles') {
        const role = object as unknown as ClusterRole
        const old = oldObject as unknown as ClusterRole | undefined
        // Metadata may always be changed, and so may what grants nothing new.
        if (old && isDeepStrictEqual(role.rules ?? [], old.rules ?? []) && isDeepStrictEqual(role.aggregationRule, old.aggregationRule))
          return
        await checkRoleWrite({ ...write, rules: role.rules ?? [], aggregated: role.aggregationRule !== undefined }, parts)
        return
      }
      const binding = object as unknown as ClusterRoleBinding
      const old = oldObject as unknown as ClusterRoleBinding | undefined
      if (old && isDeepStrictEqual(binding.roleRef, old.roleRef) && isDeepStrictEqual(binding.subjects ?? [], old.subjects ?? [])) return
      await checkBindingWrite({ ...write, roleRef: binding.roleRef }, parts)
    },
  }
}

function infoOf({ operation, resource, namespace, name }: AdmissionRequest): RequestInfo {
  return {
    ...NOTHING_SAID,
    isResourceRequest: true,
    verb: operation === 'CREATE' ? 'create' : 'update',
    group: resource.group,
    version: resource.version,
    resource: resource.plural,
    namespace,
    name,
  }
}
