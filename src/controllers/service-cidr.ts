/** Says which ranges for Services are ready, and holds one that is being deleted until nobody has an address of it. */

import { nothing, update, updateStatus, type Controller } from './controller.ts'
import type { Condition } from '#api/meta/v1/condition.ts'
import { ipAddresses, type IPAddress } from '#api/networking/v1/ip-address.ts'
import { serviceCIDRs, type ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import { addressNumber, isIPv4 } from '#base/addresses.ts'
import { timestamp, type Instant } from '#base/clock.ts'

const FINALIZER = 'networking.k8s.io/service-cidr-finalizer'
const STILL_USED = 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR'

interface Range {
  readonly range: ServiceCIDR
  readonly others: readonly ServiceCIDR[]
  readonly addresses: readonly IPAddress[]
}

export const serviceCidrController: Controller<Range> = {
  name: 'service-cidr',
  primary: serviceCIDRs,
  watches: [
    { resource: serviceCIDRs, keys: (_, cache) => cache.of(serviceCIDRs).list().map(nameOf) },
    // an address that goes may be the last that held a range
    { resource: ipAddresses, keys: (_, cache) => cache.of(serviceCIDRs).list().filter(isEnding).map(nameOf) },
  ],
  read(key, cache) {
    const range = cache.get(serviceCIDRs, key)
    if (range === undefined) return undefined
    const others = cache
      .of(serviceCIDRs)
      .list()
      .filter((other) => other.metadata.name !== key && !isEnding(other))
    return { range, others, addresses: isEnding(range) ? cache.of(ipAddresses).list() : [] }
  },
  decide({ range, others, addresses }, now) {
    const finalizers = range.metadata.finalizers ?? []
    if (!isEnding(range)) {
      if (!finalizers.includes(FINALIZER)) return { actions: [update(serviceCIDRs, withFinalizers(range, [...finalizers, FINALIZER]))] }
      return withReady(range, { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' }, now)
    }
    if (!finalizers.includes(FINALIZER)) return nothing
    const held = addresses.some(({ metadata: { name } }) => covers(range, name) && !others.some((other) => covers(other, name)))
    if (held) return withReady(range, { status: 'False', reason: 'Terminating', message: STILL_USED }, now)
    return {
      actions: [
        update(
          serviceCIDRs,
          withFinalizers(
            range,
            finalizers.filter((f) => f !== FINALIZER),
          ),
        ),
      ],
    }
  },
}

function nameOf({ metadata }: ServiceCIDR): string {
  return metadata.name
}

function isEnding({ metadata }: ServiceCIDR): boolean {
  return metadata.deletionTimestamp !== undefined
}

function withFinalizers(range: ServiceCIDR, finalizers: readonly string[]): ServiceCIDR {
  return { ...range, metadata: { ...range.metadata, finalizers } }
}

function withReady(range: ServiceCIDR, wanted: Pick<Condition, 'status' | 'reason' | 'message'>, now: Instant) {
  const before = range.status.conditions?.find((c) => c.type === 'Ready')
  if (before?.status === wanted.status && (before.reason ?? '') === wanted.reason && before.message === wanted.message) return nothing
  const lastTransitionTime = before?.status === wanted.status ? before.lastTransitionTime : timestamp(now)
  const others = (range.status.conditions ?? []).filter((c) => c.type !== 'Ready')
  return {
    actions: [
      updateStatus(serviceCIDRs, { ...range, status: { conditions: [...others, { type: 'Ready', ...wanted, lastTransitionTime }] } }),
    ],
  }
}

/** Whether the address lies in one of its ranges. */
function covers({ spec }: ServiceCIDR, address: string): boolean {
  return (spec.cidrs ?? []).some((cidr) => {
    const [base, bits] = cidr.split('/') as [string, string]
    if (isIPv4(base) !== isIPv4(address)) return false
    const host = BigInt((isIPv4(base) ? 32 : 128) - Number(bits))
    return addressNumber(address) >> host === addressNumber(base) >> host
  })
}
