/** The Service `kube-dns` and what the nodes' DNS may do; each node's agent adds itself as an endpoint. */

import { services } from '#api/core/v1/service.ts'
import { clusterRoleBindings } from '#api/rbac/v1/cluster-role-binding.ts'
import { clusterRoles } from '#api/rbac/v1/cluster-role.ts'
import { roleBindings } from '#api/rbac/v1/role-binding.ts'
import { roles } from '#api/rbac/v1/role.ts'
import { isReason, type Client } from '#client/client.ts'

/** Whom the DNS of a node acts as. */
export const DNS_USER = 'system:k8ts-dns'
export const DNS_SERVICE = 'kube-dns'

/** Makes what is missing; what is there stays. */
export async function applyClusterDns(client: Client, clusterIp: string): Promise<void> {
  const labels = { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' }
  const subjects = [{ kind: 'User', name: DNS_USER, apiGroup: 'rbac.authorization.k8s.io' }]
  const name = DNS_USER
  const roleRef = (kind: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name })
  const read = ['list', 'watch']
  await Promise.all(
    [
      client.create(services, {
        metadata: { name: DNS_SERVICE, namespace: 'kube-system', labels },
        spec: {
          clusterIP: clusterIp,
          // every node asks its own
          internalTrafficPolicy: 'Local',
          ports: [
            { name: 'dns', port: 53, protocol: 'UDP' },
            { name: 'dns-tcp', port: 53, protocol: 'TCP' },
          ],
        },
      } as never),
      client.create(clusterRoles, {
        metadata: { name },
        rules: [
          { apiGroups: [''], resources: ['services', 'pods', 'namespaces', 'endpoints'], verbs: read },
          { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
          { apiGroups: [''], resources: ['nodes'], verbs: ['get'] },
        ],
      }),
      client.create(clusterRoleBindings, { metadata: { name }, roleRef: roleRef('ClusterRole'), subjects }),
      client.create(roles, {
        metadata: { name, namespace: 'kube-system' },
        rules: [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'create', 'update'] }],
      }),
      client.create(roleBindings, { metadata: { name, namespace: 'kube-system' }, roleRef: roleRef('Role'), subjects }),
    ].map((made) =>
      made.catch((error: unknown) => {
        if (!isReason(error, 'AlreadyExists') && !isReason(error, 'Invalid')) throw error
      }),
    ),
  )
}
