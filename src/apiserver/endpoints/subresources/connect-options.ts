/** How a caller wants to connect to a pod, service or node, as the object that those who admit connections are shown. */

import { boolOption } from '../options.ts'
import type { RequestContext } from '#apiserver/request-context.ts'

export function connectOptions(kind: string, path: string, query: URLSearchParams): object {
  const types = { kind, apiVersion: 'v1' }
  switch (kind) {
    case 'PodExecOptions':
      return { ...types, ...streams(query), command: query.getAll('command') }
    case 'PodAttachOptions':
      return { ...types, ...streams(query) }
    case 'PodPortForwardOptions': {
      const ports = query.getAll('ports').flatMap((text) => text.split(',').map(Number))
      return { ...types, ...(ports.length > 0 && { ports }) }
    }
    default:
      return { ...types, ...(path !== '' && { path }) }
  }
}

const STREAMS = ['stdin', 'stdout', 'stderr', 'tty']

/** The request as those who admitted it want it: options that they left out are not asked for. */
export function asAdmitted(ctx: RequestContext, options: object): RequestContext {
  const { kind, apiVersion: _, path, ...rest } = options as Readonly<Record<string, unknown>>
  if (String(kind).endsWith('ProxyOptions')) return { ...ctx, info: { ...ctx.info, rest: typeof path === 'string' ? path : '' } }
  const query = new URLSearchParams(ctx.query)
  for (const name of [...STREAMS, 'container', 'command', 'ports']) query.delete(name)
  for (const [name, value] of Object.entries(rest))
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one))
  return { ...ctx, query }
}

function streams(query: URLSearchParams): object {
  const container = query.get('container')
  return {
    ...Object.fromEntries(STREAMS.flatMap((name) => (boolOption(query, name) ? [[name, true]] : []))),
    ...(container && { container }),
  }
}
