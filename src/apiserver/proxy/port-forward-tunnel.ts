/** Port-forward over WebSocket: the SPDY stream inside binary messages, unwrapped towards the kubelet's SPDY endpoint. */

import type { Answer } from '#apiserver/answer.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { Backend, Dialing } from './backend.ts'

export function wantsTunnel(headers: RequestContext['headers']): boolean {
  return (headers['sec-websocket-protocol'] ?? '').split(',').some((p) => p.trim() === 'SPDY/3.1+portforward.k8s.io')
}

export async function tunnelPortForward(backend: Backend, ctx: RequestContext, dialing: Dialing): Promise<Answer> {
  throw new Error('not yet')
}
