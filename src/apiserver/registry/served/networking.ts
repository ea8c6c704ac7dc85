/** What is served of the networking, discovery and node groups. */

import { generationFromAll } from '../strategies/plain.ts'
import type { Stored, Strategy } from '../strategy.ts'
import { serve, type Served } from './serve.ts'
import { endpointSlices } from '#api/discovery/v1/endpoint-slice.ts'
import { ingressClasses } from '#api/networking/v1/ingress-class.ts'
import { ingressCreateErrors } from '#api/networking/v1/ingress-rules.ts'
import { ingresses, type Ingress } from '#api/networking/v1/ingress.ts'
import { ipAddresses } from '#api/networking/v1/ip-address.ts'
import { networkPolicies } from '#api/networking/v1/network-policy.ts'
import { serviceCIDRs } from '#api/networking/v1/service-cidr.ts'
import { runtimeClasses } from '#api/node/v1/runtime-class.ts'

const bySpec: Strategy = { generation: 'spec' }

/** A new ingress that still names its class the old way, which nothing but the class field should do, is told so. */
const ingressStrategy: Strategy<Ingress & Stored> = {
  generation: 'spec',
  validateCreate: ingressCreateErrors,
  warnings: ({ metadata }, old) =>
    old === undefined && metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined
      ? ['annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead']
      : [],
}

export const servedNetworking: readonly Served[] = [
  serve(endpointSlices as never, generationFromAll),
  serve(ingressClasses as never, bySpec),
  serve(ingresses as never, ingressStrategy as unknown as Strategy),
  serve(ipAddresses as never),
  serve(networkPolicies as never, bySpec),
  serve(serviceCIDRs as never),
  serve(runtimeClasses as never),
]
