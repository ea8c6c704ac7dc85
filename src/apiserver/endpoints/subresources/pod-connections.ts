/** Into pods through their kubelet: log, exec, attach, port-forward. */

import { badRequest, serviceUnavailable } from '../errors.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Answer } from '#apiserver/answer.ts'
import type { KubeletConnection } from '#apiserver/proxy/kubelet-connection.ts'
import type { RequestContext } from '#apiserver/request-context.ts'

type Connect = (pod: Pod, ctx: RequestContext, kubelets: KubeletConnection) => Promise<Answer>

/** By subresource. */
export const podConnections: Readonly<Record<string, Connect>> = {
  async log(pod, ctx, kubelets) {
    const container = containerOf(pod, ctx.query)
    // Nothing has run yet, so there is nothing to read; not an error.
    if (!pod.spec.nodeName) return { type: 'bytes', status: 200, headers: { 'content-type': 'text/plain' }, body: '' }
    const query = only(ctx.query, ['follow', 'previous', 'sinceSeconds', 'sinceTime', 'timestamps', 'tailLines', 'limitBytes', 'stream'])
    return kubelets.kubelet(pod.spec.nodeName, pathOf('containerLogs', pod, container), query, ctx)
  },
  exec: (pod, ctx, kubelets) => stream('exec', pod, ctx, kubelets),
  attach: (pod, ctx, kubelets) => stream('attach', pod, ctx, kubelets),
  async portforward(pod, ctx, kubelets) {
    return kubelets.kubelet(nodeOf(pod), pathOf('portForward', pod), only(ctx.query, ['ports', 'port']), ctx)
  },
}

async function stream(verb: 'exec' | 'attach', pod: Pod, ctx: RequestContext, kubelets: KubeletConnection): Promise<Answer> {
  const container = containerOf(pod, ctx.query)
  const node = nodeOf(pod)
  const { phase } = pod.status
  if (phase === 'Succeeded' || phase === 'Failed')
    throw badRequest(`cannot exec into a container in a completed pod; current phase is ${phase}`)
  const query = new URLSearchParams()
  for (const command of ctx.query.getAll('command')) query.append('command', command)
  for (const [asked, told] of STREAMS) if (isTrue(ctx.query.get(asked))) query.set(told, '1')
  return kubelets.kubelet(node, pathOf(verb, pod, container), query, ctx)
}

/** What clients call the streams, and what kubelets do. */
const STREAMS = [
  ['stdin', 'input'],
  ['stdout', 'output'],
  ['stderr', 'error'],
  ['tty', 'tty'],
] as const

function nodeOf(pod: Pod): string {
  if (!pod.spec.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`)
  return pod.spec.nodeName
}

function pathOf(verb: string, pod: Pod, container?: string): string {
  const parts = [verb, pod.metadata.namespace ?? '', pod.metadata.name, ...(container === undefined ? [] : [container])]
  return `/${parts.map(encodeURIComponent).join('/')}`
}

function containerOf(pod: Pod, query: URLSearchParams): string {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec
  const asked = query.get('container') ?? ''
  const { name } = pod.metadata
  const all = [...containers, ...initContainers, ...ephemeralContainers]
  if (asked !== '') {
    if (!all.some((c) => c.name === asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`)
    return asked
  }
  if (containers.length === 1) return containers[0]!.name
  const names = (list: readonly { readonly name: string }[]) => `[${list.map((c) => c.name).join(' ')}]`
  const init = initContainers.length > 0 ? ` or one of the init containers: ${names(initContainers)}` : ''
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: ${names(containers)}${init}`)
}

function only(query: URLSearchParams, names: readonly string[]): URLSearchParams {
  return new URLSearchParams([...query].filter(([name]) => names.includes(name)))
}

function isTrue(value: string | null): boolean {
  return value !== null && value !== '' && value !== '0' && value !== 'false'
}

export function noKubelets() {
  return serviceUnavailable('the server has no connection to kubelets')
}
