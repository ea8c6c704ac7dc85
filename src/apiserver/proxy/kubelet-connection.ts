/** The API server's way to kubelets and to what runs behind them: plain requests, raw upgrades, and port-forward tunnels. */

import type { Answer } from '#apiserver/answer.ts'
import { notFound, serviceUnavailable } from '#apiserver/endpoints/errors.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Lister } from '#client/informer.ts'
import { dial, proxyRequest, responseAnswer, type Backend, type ClientTls } from './backend.ts'
import { logRefusal } from './log-response.ts'
import { tunnelPortForward, wantsTunnel } from './port-forward-tunnel.ts'

/**
 * What the endpoints call. Every method answers with the backend's own status, headers and body, errors included; an upgrade is
 * answered as such only once the backend has agreed to it. Redirects of the backend are passed on, never followed.
 */
export interface KubeletConnection {
  /**
   * Relays the caller's request to the kubelet of `node` under another path: `/containerLogs/ns/pod/container`,
   * `/exec/...`, `/attach/...`, `/portForward/ns/pod`, or anything for `nodes/proxy`.
   */
  kubelet(node: string, path: string, query: URLSearchParams, ctx: RequestContext): Promise<Answer>
  /** Relays to a pod or service endpoint, for `pods/proxy` and `services/proxy`; the API server's own credentials stay out. */
  backend(
    target: { readonly protocol: 'http' | 'https'; readonly host: string; readonly port: number },
    path: string,
    query: URLSearchParams,
    ctx: RequestContext,
  ): Promise<Answer>
}

export interface KubeletConnectionParts {
  readonly nodes: Pick<Lister<Node>, 'get'>
  /** The API server's client certificate for kubelets; `ca` absent means their serving certificates are not verified. */
  readonly tls: () => ClientTls
  readonly clock: Clock
  readonly log: Log
}

export function openKubeletConnection(parts: KubeletConnectionParts): KubeletConnection {
  const dialing = { clock: parts.clock, log: parts.log }
  return {
    async kubelet(name, path, query, ctx) {
      const node = parts.nodes.get(name)
      if (node === undefined) throw notFound({ group: '', plural: 'nodes' }, name)
      // anything may be asked of what a node says is its kubelet, with the API server's certificate: not of the API server (CVE-2022-3294)
      const guarded = ctx.info.resource === 'nodes'
      const backend: Backend = { protocol: 'https', ...kubeletAddress(node), tls: parts.tls(), path, query, guarded }
      if (wantsTunnel(ctx.headers) && path.startsWith('/portForward/')) return tunnelPortForward(backend, ctx, dialing)
      if (!path.startsWith('/containerLogs/')) return proxyRequest(backend, ctx, dialing)
      const dialed = await dial(backend, { method: 'GET', headers: {} }, ctx.signal, dialing)
      const refused = await logRefusal(dialed.message, ctx.info.name)
      if (refused) throw refused
      return responseAnswer(dialed.message)
    },
    backend: (target, path, query, ctx) => proxyRequest({ ...target, path, query, guarded: true }, ctx, dialing),
  }
}

// The order in which a node's addresses are tried, as kubeadm sets it: names need a resolver that knows the nodes.
const ADDRESS_TYPES = ['InternalIP', 'ExternalIP', 'Hostname', 'InternalDNS', 'ExternalDNS']
const KUBELET_PORT = 10250

/** Where a node's kubelet listens, as its status says. Throws 503 when the node has not said. */
export function kubeletAddress(node: Node): { readonly host: string; readonly port: number } {
  const addresses = node.status.addresses ?? []
  const port = node.status.daemonEndpoints?.kubeletEndpoint?.Port ?? 0
  for (const type of ADDRESS_TYPES) {
    const found = addresses.find((a) => a.type === type)
    if (found) return { host: found.address, port: port === 0 ? KUBELET_PORT : port }
  }
  throw serviceUnavailable(`no preferred addresses found for node ${JSON.stringify(node.metadata.name)}; known addresses: []`)
}
