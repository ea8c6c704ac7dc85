/** Whether a service that serves a part of the API can be reached: judged by what is known of it, then by asking it. */

import type { Condition } from './api-service-target.ts'
import { RemoteUnreachable, type RemoteServer, type RemoteServers } from './remote-servers.ts'
import type { APIService } from '#api/apiregistration/v1/api-service.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'

export type Judgement = Pick<Condition, 'status' | 'reason' | 'message'>

/** What this server serves itself. */
export const LOCAL: Judgement = { status: 'True', reason: 'Local', message: 'Local APIServices are always available' }
const PASSED: Judgement = { status: 'True', reason: 'Passed', message: 'all checks passed' }

const CHECKS = 5 // upstream's; a service may have good and bad endpoints
const CHECK_MS_MAX = 5000
const CHECK_BYTES_MAX = 4 * 1024 * 1024

/** Undefined while nothing speaks against it. `slices` are the service's own. */
export function judgeService(
  { namespace, name, port }: RemoteServer,
  service: Service | undefined,
  slices: readonly EndpointSlice[],
): Judgement | undefined {
  const what = `service/${name} in ${JSON.stringify(namespace)}`
  const not = (reason: string, message: string): Judgement => ({ status: 'False', reason, message })
  if (service === undefined) return not('ServiceNotFound', `${what} is not present`)
  if ((service.spec.type ?? 'ClusterIP') !== 'ClusterIP') return undefined
  const found = (service.spec.ports ?? []).find((p) => p.port === port)
  if (found === undefined) return not('ServicePortError', `${what} is not listening on port ${port}`)
  if (slices.length === 0) return not('EndpointsNotFound', `cannot find endpointslices for ${what}`)
  const portName = found.name ?? ''
  const ready = slices.some(
    (slice) =>
      (slice.endpoints ?? []).some((e) => e.conditions?.ready !== false) &&
      (slice.ports ?? []).some((p) => (p.name ?? '') === portName && p.port !== undefined),
  )
  if (!ready) return not('MissingEndpoints', `endpointslices for ${what} have no addresses with port name ${JSON.stringify(portName)}`)
  return undefined
}

/** Asks for the discovery document that every such server has. One good answer of several is enough. */
export async function checkServer({ spec }: APIService, server: RemoteServer, servers: RemoteServers): Promise<Judgement> {
  const path = spec.group ? `/apis/${spec.group}/${spec.version}` : `/api/${spec.version}`
  const check = async () => {
    try {
      // who owns the network can pretend to be available, which is not so bad; requests are sent only where the certificate is right
      const answer = await servers.fetch({ ...server, insecure: true }, { path, timeoutMs: CHECK_MS_MAX }, CHECK_BYTES_MAX)
      if (answer === undefined || (answer.status >= 200 && answer.status < 300)) return
      const url = urlOf(answer.address, path)
      throw new Error(`failing or missing response from ${url}: bad status from ${url}: ${answer.status}`)
    } catch (error) {
      if (!(error instanceof RemoteUnreachable) || error.address === undefined) throw error
      const url = urlOf(error.address, path)
      throw new Error(`failing or missing response from ${url}: Get "${url}": ${error.message}`, { cause: error })
    }
  }
  try {
    await Promise.any(Array.from({ length: CHECKS }, check))
    return PASSED
  } catch (error) {
    const message = ((error as AggregateError).errors.at(-1) as Error).message
    return { status: 'False', reason: 'FailedDiscoveryCheck', message }
  }
}

function urlOf({ host, port }: { readonly host: string; readonly port: number }, path: string): string {
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}${path}`
}
