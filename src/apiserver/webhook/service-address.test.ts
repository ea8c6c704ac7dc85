import { deepEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { systemRandom } from '#base/random.ts'
import { serviceAddresses } from './service-address.ts'

const service = (spec: object) => ({ metadata: { name: 's' }, spec }) as Service
const slice = (ready: boolean) =>
  ({
    metadata: { name: 'x', labels: { 'kubernetes.io/service-name': 's' } },
    ports: [{ name: 'web', port: 9443 }],
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready } }],
  }) as unknown as EndpointSlice
const resolve = (found: Service | undefined, slices: readonly EndpointSlice[], port = 443) =>
  serviceAddresses({ service: () => found, slices: () => slices, random: systemRandom })({ namespace: 'ns', name: 's', port })
const web = service({ ports: [{ name: 'web', port: 443, targetPort: 9443 }] })

test('a service leads to one of its ready endpoints, at their port', () => {
  deepEqual(resolve(web, [slice(true)]), { host: '10.0.0.1', port: 9443 })
  deepEqual(resolve(service({ type: 'ExternalName', externalName: 'elsewhere.example' }), []), { host: 'elsewhere.example', port: 443 })
})

test('a service that leads nowhere says why', () => {
  throws(() => resolve(undefined, []), { message: 'service "s" not found' })
  throws(() => resolve(web, [slice(true)], 80), { message: 'no service port 80 found for service "s"' })
  throws(() => resolve(web, [slice(false)]), { message: 'no endpoints available for service "s"' })
})
