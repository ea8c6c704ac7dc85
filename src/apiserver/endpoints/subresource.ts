/** Sends a request for a subresource to what answers it. */

import { methodNotServed, noSuchResource } from './errors.ts'
import {
  admissionFacts,
  expectedOf,
  isPlaced,
  objectAnswer,
  patch,
  update,
  type Endpoint,
  type EndpointParts,
} from './resource-endpoint.ts'
import { bindPod } from './subresources/binding.ts'
import { asAdmitted, connectOptions } from './subresources/connect-options.ts'
import { evictPod } from './subresources/eviction.ts'
import { noKubelets, podConnections } from './subresources/pod-connections.ts'
import { proxy } from './subresources/proxy.ts'
import { requestToken } from './subresources/token.ts'
import { Scale } from '#api/autoscaling/v1/scale.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Answer } from '#apiserver/answer.ts'
import { authorize } from '#apiserver/filters/authorization.ts'
import type { TokenIssuer } from '#apiserver/authentication/token-issuer.ts'
import type { KubeletConnection } from '#apiserver/proxy/kubelet-connection.ts'
import type { Facet } from '#apiserver/registry/strategy.ts'
import { statusFacet } from '#apiserver/registry/update.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { KubeObject } from '#schema/resource.ts'

export interface SubresourceParts extends EndpointParts {
  /** By plural, or plural.group; undefined when it is not served. */
  readonly named: (name: string) => Endpoint | undefined
  readonly tokenIssuer: TokenIssuer | undefined
  readonly kubelets: KubeletConnection | undefined
}

const SCALE = { apiVersion: 'autoscaling/v1', kind: 'Scale', message: Scale.schema }
const PROXY_VERBS: ReadonlySet<string> = new Set(['get', 'create', 'update', 'patch', 'delete', 'list', 'watch'])

export async function answerSubresource(endpoint: Endpoint, ctx: RequestContext, parts: SubresourceParts): Promise<Answer> {
  const { resource } = endpoint.served
  const { info } = ctx
  const declared = resource.subresources.find((s) => s.name === info.subresource)
  if (declared === undefined || !isPlaced(resource, info)) throw noSuchResource()
  const verbs: readonly string[] = declared.verbs
  if (info.subresource === 'proxy' ? !PROXY_VERBS.has(info.verb) : !verbs.includes(info.verb)) throw methodNotServed()
  switch (info.subresource) {
    case 'binding':
      return bindPod(endpoint, ctx, parts)
    case 'eviction':
      return evictPod(endpoint, parts.named('poddisruptionbudgets.policy'), ctx, parts)
    case 'token':
      return requestToken(
        endpoint,
        { pods: parts.named('pods')!, secrets: parts.named('secrets')!, nodes: parts.named('nodes')! },
        parts.tokenIssuer,
        ctx,
        parts,
      )
    case 'log':
    case 'exec':
    case 'attach':
    case 'portforward':
      return connect(endpoint, info.subresource, ctx, parts)
    case 'proxy':
      if (parts.kubelets === undefined) throw noKubelets()
      return proxy(
        {
          pods: parts.named('pods')!,
          services: parts.named('services')!,
          slices: parts.named('endpointslices.discovery.k8s.io')!,
          nodes: parts.named('nodes')!,
        },
        parts.kubelets,
        await admitConnection(endpoint, ctx, parts),
        parts,
      )
    default:
      return throughFacet(endpoint, ctx, parts)
  }
}

/** status, scale, finalize, approval, ephemeralcontainers, resize: reads and writes of the stored object. */
async function throughFacet(endpoint: Endpoint, ctx: RequestContext, parts: EndpointParts): Promise<Answer> {
  const { served, registry } = endpoint
  const { info } = ctx
  const facet = served.facets?.[info.subresource] ?? (info.subresource === 'status' ? (statusFacet() as unknown as Facet) : undefined)
  if (facet === undefined) throw noSuchResource()
  const at = { namespace: served.resource.scope === 'Namespaced' ? info.namespace : '', name: info.name }
  const expected = info.subresource === 'scale' ? SCALE : expectedOf(served.resource)
  switch (info.verb) {
    case 'get': {
      const published = await registry.get(at.namespace, at.name)
      if (expected !== SCALE) return objectAnswer(served, published, 200)
      facet.demand?.(published.object)
      return { type: 'object', status: 200, object: facet.read(published.object) }
    }
    case 'update':
      return update(endpoint, facet, expected, at, ctx, parts)
    case 'patch':
      return patch(endpoint, facet, expected, at, ctx, parts)
    default:
      throw methodNotServed()
  }
}

async function connect(endpoint: Endpoint, subresource: string, ctx: RequestContext, parts: SubresourceParts): Promise<Answer> {
  const { info, user } = ctx
  // a WebSocket begins with GET, which must not open with the right to read what takes the right to create elsewhere
  if (subresource !== 'log' && info.verb === 'get') await authorize(parts.authorizer, { user, info: { ...info, verb: 'create' } })
  const pod = (await endpoint.registry.get(info.namespace, info.name)).object as unknown as Pod
  const to = podConnections[subresource]
  if (to === undefined) throw noSuchResource()
  if (parts.kubelets === undefined) throw noKubelets()
  return to(pod, subresource === 'log' ? ctx : await admitConnection(endpoint, ctx, parts), parts.kubelets)
}

/**
 * Those who admit connections are asked before anything is dialed. What they see is how the caller wants to connect, and what they make of
 * that is how it is done.
 */
async function admitConnection(endpoint: Endpoint, ctx: RequestContext, parts: SubresourceParts): Promise<RequestContext> {
  const { resource } = endpoint.served
  const { info } = ctx
  const at = { namespace: resource.scope === 'Namespaced' ? info.namespace : '', name: info.name }
  const kind = resource.subresources.find((s) => s.name === info.subresource)?.kind?.kind ?? resource.kind
  const object = connectOptions(kind, info.rest, ctx.query) as unknown as KubeObject
  const request = { ...admissionFacts(endpoint, info.subresource, at, ctx), operation: 'CONNECT' as const, object, dryRun: false }
  const admitted = (await parts.admission.admit(request)) ?? object
  await parts.admission.validate({ ...request, object: admitted })
  return admitted === object ? ctx : asAdmitted(ctx, admitted)
}
