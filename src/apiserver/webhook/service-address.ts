/** Finds where to dial a service: a ready endpoint, as the control plane may stand where service addresses lead nowhere. */

import type { ServiceAddress, WebhookClientParts } from './webhook-client.ts'
import type { Service } from '#api/core/v1/service.ts'
import { services } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { notFound, serviceUnavailable } from '#apiserver/endpoints/errors.ts'
import type { Random } from '#base/random.ts'

export interface ServiceLookup {
  readonly service: (namespace: string, name: string) => Service | undefined
  /** Of the whole namespace. */
  readonly slices: (namespace: string) => readonly EndpointSlice[]
  readonly random: Random
}

/** Refuses with upstream's words for what has no such port, or nobody behind it. */
export function serviceAddresses(lookup: ServiceLookup): WebhookClientParts['resolve'] {
  return ({ namespace, name, port }): ServiceAddress => {
    const service = lookup.service(namespace, name)
    // upstream names the kind here where it names the resource everywhere else
    if (service === undefined) throw notFound({ ...services, plural: 'service' }, name)
    if (service.spec.type === 'ExternalName') return { host: service.spec.externalName ?? '', port }
    const wanted = (service.spec.ports ?? []).find((p) => p.port === port)
    if (wanted === undefined) throw serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`)
    const found = lookup
      .slices(namespace)
      .filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === name)
      .flatMap((slice) => readyIn(slice, wanted.name ?? ''))
    const chosen = found[Math.floor(lookup.random.next() * found.length)]
    if (chosen === undefined) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`)
    return chosen
  }
}

function readyIn(slice: EndpointSlice, portName: string): readonly ServiceAddress[] {
  const port = slice.ports?.find((p) => (p.name ?? '') === portName)?.port
  if (port === undefined) return []
  return (slice.endpoints ?? []).filter((e) => e.conditions?.ready !== false).flatMap((e) => e.addresses.map((host) => ({ host, port })))
}
