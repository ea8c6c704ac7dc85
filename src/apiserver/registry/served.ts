/** What is served: each resource with the strategy of its registry and the facets of its subresources. */

import { eventView } from './strategies/event-view.ts'
import { finalizeFacet, namespaceStrategy } from './strategies/namespace.ts'
import {
  approvalFacet,
  certificateSigningRequestStrategy,
  certificateStatusFacet,
  createdByPut,
  deploymentStrategy,
  disruptionBudgetStrategy,
  eventStrategy,
  generationFromAll,
  generic,
  leaseStrategy,
  nodeStrategy,
  replicaSetStrategy,
  replicationControllerStrategy,
  returnsDeleted,
  secretStrategy,
  serviceAccountStrategy,
} from './strategies/plain.ts'
import { ephemeralContainersFacet, podStatusFacet, podStrategy, resizeFacet } from './strategies/pod.ts'
import { deploymentScale, replicaSetScale, replicationControllerScale } from './strategies/scale.ts'
import type { Facet, Stored, Strategy } from './strategy.ts'
import type { Published } from '#apiserver/cache/published.ts'
import { deployments } from '#api/apps/v1/deployment.ts'
import { replicaSets } from '#api/apps/v1/replica-set.ts'
import { certificateSigningRequests } from '#api/certificates/v1/certificate-signing-request.ts'
import { leases } from '#api/coordination/v1/lease.ts'
import { configMaps } from '#api/core/v1/config-map.ts'
import { endpoints } from '#api/core/v1/endpoints.ts'
import { events as coreEvents } from '#api/core/v1/event.ts'
import { namespaces } from '#api/core/v1/namespace.ts'
import { nodes } from '#api/core/v1/node.ts'
import { podTemplates } from '#api/core/v1/pod-template.ts'
import { pods } from '#api/core/v1/pod.ts'
import { replicationControllers } from '#api/core/v1/replication-controller.ts'
import { secrets } from '#api/core/v1/secret.ts'
import { serviceAccounts } from '#api/core/v1/service-account.ts'
import { services } from '#api/core/v1/service.ts'
import { endpointSlices } from '#api/discovery/v1/endpoint-slice.ts'
import { events } from '#api/events/v1/event.ts'
import { podDisruptionBudgets } from '#api/policy/v1/pod-disruption-budget.ts'
import { clusterRoleBindings } from '#api/rbac/v1/cluster-role-binding.ts'
import { clusterRoles } from '#api/rbac/v1/cluster-role.ts'
import { roleBindings } from '#api/rbac/v1/role-binding.ts'
import { roles } from '#api/rbac/v1/role.ts'
import { priorityClasses } from '#api/scheduling/v1/priority-class.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

export interface Served {
  readonly resource: Resource
  readonly strategy: Strategy
  /** Subresources that read and write the stored object, `status` aside where the generic one does. */
  readonly facets?: Readonly<Record<string, Facet>>
  /** Shows another resource's stored objects under a kind of its own. */
  readonly view?: View
}

export interface View {
  readonly stored: Resource
  readonly show: (stored: Published) => Published
  readonly showObject: (stored: KubeObject) => KubeObject
  readonly store: (shown: KubeObject) => KubeObject
}

/** One line of the table; erases the kind, which only the registry of that kind sees again. */
function serve<T extends Stored>(
  resource: Resource<never>,
  strategy: Strategy<T> = generic as Strategy<T>,
  facets?: Readonly<Record<string, Facet<T>>>,
): Served {
  return {
    resource: resource as unknown as Resource,
    strategy: strategy as unknown as Strategy,
    ...(facets && { facets: facets as unknown as Readonly<Record<string, Facet>> }),
  }
}

/** Served on request only: without their controller a budget's status never moves, and then it would hold every eviction up. */
export const disruptionBudgets: Served = serve(podDisruptionBudgets as never, disruptionBudgetStrategy)

/** Everything stored that this build serves. Kinds whose controllers are missing are left out: nothing pretends to work. */
export function servedResources(serviceStrategy: Strategy<never>): readonly Served[] {
  return [
    serve(namespaces as never, namespaceStrategy, { finalize: finalizeFacet }),
    serve(nodes as never, nodeStrategy),
    serve(pods as never, podStrategy, {
      status: podStatusFacet,
      ephemeralcontainers: ephemeralContainersFacet,
      resize: resizeFacet,
    }),
    serve(services as never, serviceStrategy),
    serve(endpoints as never, createdByPut),
    serve(configMaps as never),
    serve(secrets as never, secretStrategy),
    serve(serviceAccounts as never, serviceAccountStrategy),
    serve(coreEvents as never, eventStrategy),
    serve(podTemplates as never, { ...returnsDeleted, generation: 'all but metadata' }),
    serve(replicationControllers as never, replicationControllerStrategy, { scale: replicationControllerScale }),
    serve(deployments as never, deploymentStrategy, { scale: deploymentScale }),
    serve(replicaSets as never, replicaSetStrategy, { scale: replicaSetScale }),
    serve(endpointSlices as never, generationFromAll),
    { ...serve(events as never, eventStrategy), view: eventView },
    serve(leases as never, leaseStrategy),
    serve(roles as never, createdByPut),
    serve(clusterRoles as never, createdByPut),
    serve(roleBindings as never, createdByPut),
    serve(clusterRoleBindings as never, createdByPut),
    serve(priorityClasses as never, { generation: 'all but metadata' }),
    serve(certificateSigningRequests as never, certificateSigningRequestStrategy, {
      status: certificateStatusFacet,
      approval: approvalFacet,
    }),
  ]
}
