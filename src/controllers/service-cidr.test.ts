import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import type { IPAddress } from '#api/networking/v1/ip-address.ts'
import type { ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import { serviceCidrController } from './service-cidr.ts'

const NOW = Date.UTC(2026, 0, 1) as never
const FINALIZER = 'networking.k8s.io/service-cidr-finalizer'

function range(name: string, cidr: string, metadata: object = {}, status: object = {}): ServiceCIDR {
  return { metadata: { name, ...metadata }, spec: { cidrs: [cidr] }, status } as unknown as ServiceCIDR
}

const address = (name: string) => ({ metadata: { name } }) as unknown as IPAddress

/** What it does, as the finalizers or the condition that it writes. */
function done(mine: ServiceCIDR, others: readonly ServiceCIDR[] = [], addresses: readonly IPAddress[] = []): unknown {
  const [action] = serviceCidrController.decide({ range: mine, others, addresses }, NOW).actions
  if (action?.type !== 'update') return undefined
  const object = action.object as ServiceCIDR
  return action.subresource === 'status' ? object.status.conditions : object.metadata.finalizers
}

test('a new range is held first, then called ready, then left alone', () => {
  deepEqual(done(range('a', '10.0.0.0/24')), [FINALIZER])
  const held = range('a', '10.0.0.0/24', { finalizers: [FINALIZER] })
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: '',
    message: 'Kubernetes Service CIDR is ready',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  deepEqual(done(held), [ready])
  deepEqual(done(range('a', '10.0.0.0/24', { finalizers: [FINALIZER] }, { conditions: [ready] })), undefined)
})

test('a range that goes waits for its addresses, unless another range has them, too', () => {
  const going = range('a', '10.0.0.0/24', { finalizers: [FINALIZER], deletionTimestamp: '2026-01-01T00:00:00Z' })
  const waiting = done(going, [], [address('10.0.0.7')]) as readonly { readonly status: string; readonly reason: string }[]
  deepEqual([waiting[0]!.status, waiting[0]!.reason], ['False', 'Terminating'])
  deepEqual(done(going, [range('b', '10.0.0.0/16')], [address('10.0.0.7')]), [])
  deepEqual(done(going, [], [address('10.0.1.7'), address('fd00::1')]), [])
})
