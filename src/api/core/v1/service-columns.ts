/** What `kubectl get services` shows of a Service. */

import type { Service } from './service.ts'
import { labelsText } from './template-columns.ts'
import type { Column } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

/** Beyond this the addresses of a load balancer are cut. */
const BALANCER_WIDTH = 16

export const serviceColumns: readonly Column<Service>[] = [
  nameColumn,
  { name: 'Type', type: 'string', description: 'How the Service can be reached.', cell: (s) => s.spec.type ?? 'ClusterIP' },
  {
    name: 'Cluster-IP',
    type: 'string',
    description: 'Its address inside the cluster.',
    cell: (s) => s.spec.clusterIPs?.[0] ?? (s.spec.clusterIP || '<none>'),
  },
  { name: 'External-IP', type: 'string', description: 'Its addresses outside the cluster.', cell: externalAddress },
  { name: 'Port(s)', type: 'string', description: "Its ports, with the nodes' where there are any.", cell: ports },
  ageColumn,
  { name: 'Selector', type: 'string', priority: 1, description: 'Which pods answer.', cell: (s) => labelsText(s.spec.selector) },
]

function externalAddress(service: Service): string {
  const { spec } = service
  const given = (spec.externalIPs ?? []).join(',')
  switch (spec.type) {
    case 'LoadBalancer': {
      const balancer = (service.status.loadBalancer.ingress ?? []).map((i) => i.ip || i.hostname || '').join(',')
      const shown = balancer.length > BALANCER_WIDTH ? `${balancer.slice(0, BALANCER_WIDTH - 3)}...` : balancer
      const full = [shown, given].filter((text) => text !== '').join(',')
      return full || '<pending>'
    }
    case 'ExternalName':
      return spec.externalName ?? ''
    default:
      return given || '<none>'
  }
}

function ports(service: Service): string {
  const texts = (service.spec.ports ?? []).map((p) => (p.nodePort ? `${p.port}:${p.nodePort}/${p.protocol}` : `${p.port}/${p.protocol}`))
  return texts.length === 0 ? '<none>' : texts.join(',')
}
