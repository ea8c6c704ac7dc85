import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import type { Endpoint, EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { healthCheckOf, rulesOf } from './model.ts'

function service(spec: Partial<Service['spec']> = {}, labels: Record<string, string> = {}): Service {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '', labels },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.10',
      clusterIPs: ['10.96.0.10'],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      ...spec,
    },
    status: { loadBalancer: {} },
  }
}

function slice(...endpoints: readonly Endpoint[]): EndpointSlice {
  return {
    metadata: {
      name: 'web-1',
      namespace: 'default',
      uid: 's',
      resourceVersion: '1',
      creationTimestamp: '',
      labels: { 'kubernetes.io/service-name': 'web' },
    },
    addressType: 'IPv4',
    endpoints,
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  }
}

const ready = (ip: string, nodeName = 'node-1'): Endpoint => ({ addresses: [ip], conditions: { ready: true }, nodeName })
const ending = (ip: string, nodeName = 'node-1'): Endpoint => ({
  addresses: [ip],
  conditions: { ready: false, serving: true, terminating: true },
  nodeName,
})
const to = (...ips: readonly string[]) => ({ type: 'endpoints' as const, endpoints: ips.map((ip) => ({ ip, port: 8080 })) })

test('a cluster address leads to the ready endpoints of its port', () => {
  deepEqual(
    rulesOf(
      service(),
      [slice(ready('10.244.0.3'), ready('10.244.0.2'), { addresses: ['10.244.0.4'], conditions: { ready: false } })],
      'node-1',
    ),
    [
      {
        key: 'default/web:http',
        namespace: 'default',
        name: 'web',
        portName: 'http',
        protocol: 'tcp',
        clusterIps: ['10.96.0.10'],
        port: 80,
        externalIps: [],
        loadBalancerIps: [],
        internal: to('10.244.0.2', '10.244.0.3'),
        external: to('10.244.0.2', '10.244.0.3'),
        externalLocal: false,
        anywhere: to('10.244.0.2', '10.244.0.3'),
      },
    ],
  )
})

test('headless, ExternalName and foreign Services have no rules', () => {
  deepEqual(
    [
      service({ clusterIP: 'None', clusterIPs: ['None'] }),
      service({ type: 'ExternalName', externalName: 'x' }),
      service({}, { 'service.kubernetes.io/service-proxy-name': 'other' }),
    ].map((s) => rulesOf(s, [slice(ready('10.244.0.2'))], 'node-1').length),
    [0, 0, 0],
  )
})

test('while no endpoint is ready, those that still serve while they end are used', () => {
  equal(rulesOf(service(), [slice(ending('10.244.0.2'))], 'node-1')[0]!.internal.type, 'endpoints')
  deepEqual(rulesOf(service(), [slice(ending('10.244.0.2'), ready('10.244.0.3'))], 'node-1')[0]!.internal, to('10.244.0.3'))
})

test('no endpoints at all are refused; none on this node, with a local policy, are dropped', () => {
  const local = service({ internalTrafficPolicy: 'Local' })
  deepEqual(rulesOf(local, [], 'node-1')[0]!.internal, { type: 'refused' })
  deepEqual(rulesOf(local, [slice(ready('10.244.1.2', 'node-2'))], 'node-1')[0]!.internal, { type: 'dropped' })
  deepEqual(rulesOf(local, [slice(ready('10.244.1.2', 'node-2'), ready('10.244.0.2'))], 'node-1')[0]!.internal, to('10.244.0.2'))
})

test('a local policy for outside traffic leaves inside traffic alone', () => {
  const [rule] = rulesOf(
    service({ type: 'NodePort', externalTrafficPolicy: 'Local' }),
    [slice(ready('10.244.1.2', 'node-2'), ready('10.244.0.2'))],
    'node-1',
  )
  deepEqual([rule!.internal, rule!.external, rule!.externalLocal], [to('10.244.0.2', '10.244.1.2'), to('10.244.0.2'), true])
})

test('the health check counts ready endpoints on the node', () => {
  const s = service({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30100 })
  deepEqual(healthCheckOf(s, [slice(ready('10.244.0.2'), ready('10.244.1.2', 'node-2'), ending('10.244.0.3'))], 'node-1'), {
    namespace: 'default',
    name: 'web',
    port: 30100,
    localEndpoints: 1,
  })
})
