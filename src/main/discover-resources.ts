/** What an API server serves, as far as this build knows its kinds: a controller must not wait for a kind that never comes. */

import { virtualResources } from '#apiserver/encode/known-kinds.ts'
import { servedResources } from '#apiserver/registry/served.ts'
import { unstableResources } from '#apiserver/registry/served/unstable.ts'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { isReason, type Client } from '#client/client.ts'
import type { Resource } from '#schema/resource.ts'

const RETRY_MS = 1_000

/** Asks until the server answers or `signal` aborts. */
export async function discoverResources(
  parts: { readonly client: Client; readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<readonly Resource[]> {
  for (;;) {
    try {
      return await discover(parts.client, signal)
    } catch (error) {
      signal.throwIfAborted()
      parts.log.warn('resources not discovered; trying again', { error: (error as Error).message })
      await sleep(parts.clock, RETRY_MS, signal)
    }
  }
}

async function discover(client: Client, signal: AbortSignal): Promise<readonly Resource[]> {
  // the strategy of Services matters to who stores them only
  const known = [...servedResources({} as never).map((s) => s.resource), ...unstableResources, ...virtualResources]
  const versions = [...new Set(known.map((r) => r.apiVersion))]
  const served = await Promise.all(
    versions.map(async (version) => {
      const path = version.includes('/') ? `/apis/${version}` : `/api/${version}`
      try {
        const { resources } = (await client.raw('GET', path, undefined, signal)) as {
          readonly resources: readonly { readonly name: string }[]
        }
        return resources.map((r) => `${version}/${r.name}`)
      } catch (error) {
        if (isReason(error, 'NotFound')) return []
        throw error
      }
    }),
  )
  const names = new Set(served.flat())
  return known.filter((r) => names.has(`${r.apiVersion}/${r.plural}`))
}
