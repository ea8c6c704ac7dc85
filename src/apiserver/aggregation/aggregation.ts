/** Aggregation: groups and versions that other servers serve, as if this one did. */

import { isAvailable, remoteServerOf } from './api-service-target.ts'
import { followApiServices } from './availability-loop.ts'
import { availabilityMetrics } from './availability-metrics.ts'
import { aggregatedDocuments } from './documents.ts'
import { plain, proxyToServer } from './proxy.ts'
import { openDocumentCache } from './remote-documents.ts'
import { openRemoteServers, type RemoteServersParts } from './remote-servers.ts'
import type { APIService } from '#api/apiregistration/v1/api-service.ts'
import type { ObjectReader } from '#apiserver/admission/plugin-parts.ts'
import type { Answer } from '#apiserver/answer.ts'
import type { Registry } from '#apiserver/registry/registry.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { Log } from '#base/log.ts'
import type { Metrics } from '#base/metrics.ts'
import type { Random } from '#base/random.ts'

export interface AggregationParts extends RemoteServersParts {
  readonly apiServices: Registry
  readonly services: Registry
  readonly slices: Registry
  readonly objects: Pick<ObjectReader, 'cached' | 'cachedList'>
  readonly random: Random
  readonly log: Log
  readonly metrics: Metrics
}

export interface Aggregation extends AsyncDisposable {
  /** What others serve. */
  groupVersions(): readonly GroupVersion[]
  /** Answers requests for what others serve; undefined for all other paths. */
  answer(ctx: RequestContext): Promise<Answer> | undefined
  /** Adds others' part to this server's own discovery and OpenAPI documents; `local` gives those as this server has them. */
  documents(ctx: RequestContext, local: (ctx: RequestContext) => Answer | undefined): Promise<Answer | undefined> | Answer | undefined
}

interface GroupVersion {
  readonly group: string
  readonly version: string
  readonly apiVersion: string
}

const API_PATH = /^\/(?:apis\/([^/]+)|api)\/([^/]+)(?:\/|$)/

export function openAggregation(parts: AggregationParts): Aggregation {
  const { apiServices, log } = parts
  const servers = openRemoteServers(parts)
  const documents = openDocumentCache(servers, log)
  const ending = new AbortController()
  const find = (name: string) => apiServices.find('', name)?.object as unknown as APIService | undefined
  const checked = async (name: string, available: boolean) => {
    const apiService = find(name)
    if (apiService && remoteServerOf(apiService)) await documents.refresh(apiService, available)
    else documents.forget(name)
  }
  const following = followApiServices({ ...parts, servers, checked, judged: availabilityMetrics(parts.metrics) }, ending.signal)

  function passOn(apiService: APIService, ctx: RequestContext): Promise<Answer> | undefined {
    const server = remoteServerOf(apiService)
    if (server === undefined) return undefined
    if (!isAvailable(apiService)) return Promise.resolve(plain(503, 'service unavailable\n'))
    return proxyToServer(server, servers, ctx)
  }

  const list = () => apiServices.cache.list(apiServices.prefix).items.map((item) => item.object as unknown as APIService)
  return {
    groupVersions: () =>
      list().flatMap((apiService) => {
        const { group, version = '' } = apiService.spec
        return group && remoteServerOf(apiService) ? [{ group, version, apiVersion: `${group}/${version}` }] : []
      }),
    answer(ctx) {
      const found = API_PATH.exec(ctx.path)
      if (found === null) return undefined
      const apiService = find(`${found[2]}.${found[1] ?? ''}`)
      return apiService && passOn(apiService, ctx)
    },
    documents: aggregatedDocuments({ apiServices: list, documents, passOn }),
    async [Symbol.asyncDispose]() {
      ending.abort()
      await following
      servers[Symbol.dispose]()
    },
  }
}
