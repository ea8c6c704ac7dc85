/** The admission plugins that are on, in the order in which they run. */

import type { AdmissionPlugin } from './admission.ts'
import { certificateApproval, certificateSigning, certificateSubjectRestriction, requestOrganizations } from './certificates.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { deviceAdminAccess } from './device-admin-access.ts'
import { limitRanger } from './limit-ranger.ts'
import { limitRangeLookup } from './limit-ranger-lookup.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'
import { priorityAdmission } from './priority.ts'
import { rbacEscalation } from './rbac-escalation.ts'
import { serviceAccountAdmission } from './service-account.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'
import type { LimitRange } from '#api/core/v1/limit-range.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { PriorityClass } from '#api/scheduling/v1/priority-class.ts'
import type { StorageClass } from '#api/storage/v1/storage-class.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import type { RuleResolver } from '#apiserver/authorization/rbac.ts'
import type { Endpoint } from '#apiserver/endpoints/resource-endpoint.ts'
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'

export function standardPlugins(parts: {
  readonly named: (name: string) => Endpoint
  readonly clock: Clock
  readonly random: Random
  readonly authorizer: Authorizer
  /** Absent: roles are not compared with what their writer holds. */
  readonly resolver: RuleResolver | undefined
}): readonly AdmissionPlugin[] {
  const { named, clock, random, authorizer, resolver } = parts
  const find = async (resource: string, namespace: string, name: string) => {
    const { registry } = named(resource)
    // What is not here yet may have been made a moment ago.
    return (registry.find(namespace, name) ?? (await registry.fresh(), registry.find(namespace, name)))?.object
  }
  const cached = (resource: string, namespace: string) => {
    const { registry } = named(resource)
    return registry.cache.list(namespace === '' ? registry.prefix : `${registry.prefix}${namespace}/`).items.map((i) => i.object)
  }
  const list = async (resource: string, namespace: string) => {
    await named(resource).registry.fresh()
    return cached(resource, namespace)
  }
  const classes = () => named('priorityclasses.scheduling.k8s.io').registry
  return [
    namespaceLifecycle({ find: async (name) => (await find('namespaces', '', name)) as unknown as Namespace | undefined }),
    limitRanger({
      list: limitRangeLookup({
        cached: (namespace) => cached('limitranges', namespace) as unknown as LimitRange[],
        fresh: async (namespace) => (await list('limitranges', namespace)) as unknown as LimitRange[],
        clock,
      }),
    }),
    serviceAccountAdmission({
      find: async (namespace, name) => (await find('serviceaccounts', namespace, name)) as unknown as ServiceAccount | undefined,
      clock,
      random,
    }),
    nodeRestriction({ findPod: (namespace, name) => named('pods').registry.find(namespace, name)?.object as unknown as Pod | undefined }),
    taintNodesByCondition,
    priorityAdmission({
      find: (name) => classes().find('', name)?.object as unknown as PriorityClass | undefined,
      list: () =>
        classes()
          .cache.list(classes().prefix)
          .items.map((i) => i.object as unknown as PriorityClass),
    }),
    defaultTolerationSeconds,
    defaultStorageClass({ list: async () => (await list('storageclasses.storage.k8s.io', '')) as unknown as StorageClass[] }),
    storageObjectInUseProtection,
    persistentVolumeClaimResize({
      find: async (name) => (await find('storageclasses.storage.k8s.io', '', name)) as unknown as StorageClass | undefined,
    }),
    deviceAdminAccess({ find: async (name) => (await find('namespaces', '', name)) as unknown as Namespace | undefined }),
    ...(resolver ? [rbacEscalation({ authorizer, resolver })] : []),
    certificateApproval({ authorizer }),
    certificateSigning({ authorizer }),
    certificateSubjectRestriction({ organizations: requestOrganizations }),
  ]
}
