import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { bridgeName, cniConflist } from './cni.ts'
import { planRoutes } from './routes.ts'

test('the configuration names its own bridge, subnet and addresses', () => {
  deepEqual(JSON.parse(cniConflist({ bridge: 'cni0n1', subnet: '10.244.0.0/24', dataDir: '/d' })), {
    cniVersion: '0.4.0',
    name: 'cni0n1',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0n1',
        isGateway: true,
        isDefaultGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: { type: 'host-local', dataDir: '/d', ranges: [[{ subnet: '10.244.0.0/24' }]] },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  })
})

test('a bridge name the kernel would not take is refused', () => {
  throws(() => cniConflist({ bridge: 'a-very-long-bridge', subnet: '10.244.0.0/24', dataDir: '/d' }), /must have 1 to 15 characters/)
  equal(bridgeName(255, 200).length <= 15, true)
})

test('routes change only where nodes did', () => {
  const a = { subnet: '10.244.1.0/24', via: '10.89.0.12' }
  deepEqual(planRoutes([a, { subnet: '10.244.2.0/24', via: '10.89.0.13' }], [a, { subnet: '10.244.3.0/24', via: '10.89.0.14' }]), [
    'route del 10.244.3.0/24 via 10.89.0.14',
    'route replace 10.244.2.0/24 via 10.89.0.13',
  ])
  deepEqual(planRoutes([{ ...a, via: '10.89.0.99' }], [a]), ['route replace 10.244.1.0/24 via 10.89.0.99'])
})
