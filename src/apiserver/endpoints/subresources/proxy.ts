/** The proxy subresources: HTTP to a node's kubelet, to a pod, or to an endpoint of a service. */

import { badRequest, serviceUnavailable } from '../errors.ts'
import type { Endpoint, EndpointParts } from '../resource-endpoint.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Answer } from '#apiserver/answer.ts'
import type { KubeletConnection } from '#apiserver/proxy/kubelet-connection.ts'
import type { RequestContext } from '#apiserver/request-context.ts'

interface Proxied {
  readonly pods: Endpoint
  readonly services: Endpoint
  readonly slices: Endpoint
  readonly nodes: Endpoint
}

interface Target {
  readonly protocol: 'http' | 'https'
  readonly name: string
  readonly port: string
}

export async function proxy(endpoints: Proxied, kubelets: KubeletConnection, ctx: RequestContext, parts: EndpointParts): Promise<Answer> {
  const { resource, namespace, name, rest } = ctx.info
  const target = parseTarget(name)
  const path = rest.startsWith('/') ? rest : `/${rest}`
  if (resource === 'nodes') {
    await endpoints.nodes.registry.get('', target.name)
    return kubelets.kubelet(target.name, path, ctx.query, ctx)
  }
  const where =
    resource === 'pods' ? await podAddress(endpoints.pods, namespace, target) : await serviceAddress(endpoints, namespace, target, parts)
  return kubelets.backend({ protocol: target.protocol, ...where }, path, ctx.query, ctx)
}

/** `[https:]name[:port]`. */
export function parseTarget(text: string): Target {
  const parts = text.split(':')
  if (parts.length === 1) return { protocol: 'http', name: text, port: '' }
  if (parts.length === 2) return { protocol: 'http', name: parts[0]!, port: parts[1]! }
  const [protocol, name, port] = parts
  if (parts.length > 3 || (protocol !== 'http' && protocol !== 'https' && protocol !== ''))
    throw badRequest(`invalid service request ${JSON.stringify(text)}`)
  return { protocol: protocol === 'https' ? 'https' : 'http', name: name!, port: port! }
}

async function podAddress(pods: Endpoint, namespace: string, target: Target): Promise<{ readonly host: string; readonly port: number }> {
  const pod = (await pods.registry.get(namespace, target.name)).object as unknown as Pod
  const declared = pod.spec.containers.flatMap((c) => c.ports ?? []).find((p) => (target.port === '' ? true : p.name === target.port))
  const port = Number(target.port) || declared?.containerPort || 80
  const host = pod.status.podIP
  if (!host) throw badRequest(`address not allowed`)
  return { host, port }
}

async function serviceAddress(
  { services, slices }: Proxied,
  namespace: string,
  target: Target,
  { random }: EndpointParts,
): Promise<{ readonly host: string; readonly port: number }> {
  const service = (await services.registry.get(namespace, target.name)).object as unknown as Service
  const ports = service.spec.ports ?? []
  const wanted =
    target.port === '' && ports.length === 1 ? ports[0] : ports.find((p) => p.name === target.port || String(p.port) === target.port)
  const none = serviceUnavailable(`no endpoints available for service ${JSON.stringify(target.name)}`)
  if (wanted === undefined)
    throw serviceUnavailable(`no service port ${JSON.stringify(target.port)} found for service ${JSON.stringify(target.name)}`)
  const found = slices.registry.cache
    .list(`${slices.registry.prefix}${namespace}/`)
    .items.map((item) => item.object as unknown as EndpointSlice)
    .filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === target.name)
    .flatMap((slice) => {
      const port = slice.ports?.find((p) => (p.name ?? '') === (wanted.name ?? ''))?.port
      if (port === undefined) return []
      return (slice.endpoints ?? [])
        .filter((e) => e.conditions?.ready !== false)
        .flatMap((e) => e.addresses.map((host) => ({ host, port })))
    })
  const chosen = found[Math.floor(random.next() * found.length)]
  if (chosen === undefined) throw none
  return chosen
}
