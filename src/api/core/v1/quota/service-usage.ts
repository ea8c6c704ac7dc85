/** What Services take of quotas: their number, and those that ask for ports of nodes and for load balancers. */

import type { QuotaEvaluator } from './evaluator.ts'
import type { Service } from '../service.ts'

const NAMES = ['count/services', 'services', 'services.nodeports', 'services.loadbalancers']

export const serviceEvaluator: QuotaEvaluator = {
  counts: (name) => NAMES.includes(name),
  usage(object) {
    const { type, ports = [], allocateLoadBalancerNodePorts } = (object as unknown as Service).spec
    const given = ports.filter((port) => (port.nodePort ?? 0) !== 0)
    const nodePorts =
      type === 'NodePort' ? ports.length : type !== 'LoadBalancer' ? 0 : (allocateLoadBalancerNodePorts === false ? given : ports).length
    return {
      'count/services': '1',
      services: '1',
      'services.nodeports': String(nodePorts),
      'services.loadbalancers': type === 'LoadBalancer' ? '1' : '0',
    }
  },
  // the type may change
  charges: ({ operation, subresource }) => subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
}
