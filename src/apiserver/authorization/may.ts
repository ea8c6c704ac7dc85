/** Short words for the rules of the default policy. */

import type { PolicyRule } from '#api/rbac/v1/cluster-role.ts'

/** A rule for resources; groups and resources are space-separated, `core` being the group without a name. */
export function may(verbs: string, groups: string, resources: string, ...resourceNames: readonly string[]): PolicyRule {
  return {
    verbs: verbs.split(' '),
    apiGroups: groups.split(' ').map((g) => (g === 'core' ? '' : g)),
    resources: resources.split(' '),
    ...(resourceNames.length > 0 && { resourceNames }),
  }
}

export const READ = 'get list watch'
export const WRITE = 'create delete deletecollection patch update'
export const EVENTS = may('create patch update', 'core events.k8s.io', 'events')
