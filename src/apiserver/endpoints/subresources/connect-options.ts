/** How a caller wants to connect to a pod, service or node, as the object that those who admit connections are shown. */

import { boolOption } from '../options.ts'

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

function streams(query: URLSearchParams): object {
  const container = query.get('container')
  return {
    ...Object.fromEntries(['stdin', 'stdout', 'stderr', 'tty'].flatMap((name) => (boolOption(query, name) ? [[name, true]] : []))),
    ...(container && { container }),
  }
}
