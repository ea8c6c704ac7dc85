/** What aggregated servers say of themselves: discovery and OpenAPI, fetched now and then and remembered while they do not answer. */

import { remoteServerOf } from './api-service-target.ts'
import { RemoteUnreachable, type FetchedAnswer, type RemoteServers } from './remote-servers.ts'
import type { APIService } from '#api/apiregistration/v1/api-service.ts'
import type { Log } from '#base/log.ts'

type Json = Readonly<Record<string, unknown>>

/** One version of a group as the aggregated form of discovery lists it. */
export interface DiscoveredVersion {
  readonly version: string
  readonly resources: readonly unknown[]
  readonly freshness: 'Current' | 'Stale'
}

export interface RemoteDocuments {
  readonly discovery: DiscoveredVersion
  /** The OpenAPI v2 document in whole. */
  readonly openApiV2: Json | undefined
  /** Where in the server's own table of OpenAPI v3 its group and version are. */
  readonly openApiV3: string | undefined
}

export interface DocumentCache {
  readonly of: (name: string) => RemoteDocuments | undefined
  /** Changes with anything that is remembered. */
  readonly version: () => number
  /** `available`: whether it makes sense to ask. Absent: forget it. */
  refresh(apiService: APIService, available: boolean): Promise<void>
  forget(name: string): void
}

const FETCH_MS_MAX = 5000 // upstream's
const BYTES_MAX = 16 * 1024 * 1024 // a few times all that Kubernetes says of itself
const AGGREGATED = ['v2', 'v2beta1'].map((v) => `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList`).join(',')

interface Known extends RemoteDocuments {
  readonly etags: Readonly<Record<string, string>>
}

export function openDocumentCache(servers: RemoteServers, log: Log): DocumentCache {
  const known = new Map<string, Known>()
  let version = 0
  return {
    of: (name) => known.get(name),
    version: () => version,
    forget(name) {
      if (known.delete(name)) version++
    },
    async refresh(apiService, available) {
      const { name } = apiService.metadata
      const before = known.get(name)
      const next = available ? await fetched(apiService, before, servers, log) : stale(apiService, before)
      if (JSON.stringify(next.etags) === JSON.stringify(before?.etags) && sameDocuments(next, before)) return
      known.set(name, next)
      version++
    },
  }
}

function sameDocuments(a: RemoteDocuments, b: RemoteDocuments | undefined): boolean {
  if (b === undefined) return false
  return (
    a.openApiV2 === b.openApiV2 &&
    a.openApiV3 === b.openApiV3 &&
    (a.discovery === b.discovery || JSON.stringify(a.discovery) === JSON.stringify(b.discovery))
  )
}

/** What was known is still shown, and said to be old. */
function stale({ spec }: APIService, before: Known | undefined): Known {
  if (before === undefined)
    return {
      discovery: { version: spec.version ?? '', resources: [], freshness: 'Stale' },
      openApiV2: undefined,
      openApiV3: undefined,
      etags: {},
    }
  return before.discovery.freshness === 'Stale' ? before : { ...before, discovery: { ...before.discovery, freshness: 'Stale' } }
}

async function fetched(apiService: APIService, before: Known | undefined, servers: RemoteServers, log: Log): Promise<Known> {
  const server = remoteServerOf(apiService)!
  const { group = '', version = '' } = apiService.spec
  const etags: Record<string, string> = {}
  const get = async (path: string, accept: string): Promise<FetchedAnswer | 'unchanged' | undefined> => {
    const etag = before?.etags[path]
    try {
      const headers = { accept, ...(etag !== undefined && { 'if-none-match': etag }) }
      const answer = await servers.fetch(server, { path, headers, timeoutMs: FETCH_MS_MAX }, BYTES_MAX)
      if (answer?.status === 304 && etag !== undefined) {
        etags[path] = etag
        return 'unchanged'
      }
      if (answer?.status !== 200) return undefined
      const { etag: given } = answer.headers
      if (typeof given === 'string') etags[path] = given
      return answer
    } catch (error) {
      if (!(error instanceof RemoteUnreachable)) throw error
      log.debug('a document of an aggregated server is not to be had', { apiService: apiService.metadata.name, path, error: error.message })
      return undefined
    }
  }
  const discovery = await discoveredVersion(group, version, before, get)
  const v2 = await get('/openapi/v2', 'application/json')
  const v3 = await get('/openapi/v3', 'application/json')
  return {
    discovery: discovery ?? stale(apiService, before).discovery,
    openApiV2: v2 === 'unchanged' ? before?.openApiV2 : ((v2 && jsonOf(v2.body)) ?? before?.openApiV2),
    openApiV3: v3 === 'unchanged' ? before?.openApiV3 : v3 && placeInV3(jsonOf(v3.body), `apis/${group}/${version}`),
    etags,
  }
}

async function discoveredVersion(
  group: string,
  version: string,
  before: Known | undefined,
  get: (path: string, accept: string) => Promise<FetchedAnswer | 'unchanged' | undefined>,
): Promise<DiscoveredVersion | undefined> {
  const whole = await get('/apis', `${AGGREGATED},application/json;q=0.8`)
  if (whole === 'unchanged' && before) return { ...before.discovery, freshness: 'Current' }
  if (typeof whole === 'object' && String(whole.headers['content-type']).includes('as=APIGroupDiscoveryList')) {
    const item = objectsIn(jsonOf(whole.body), 'items').find((i) => (i['metadata'] as Json | undefined)?.['name'] === group)
    const found = objectsIn(item, 'versions').find((v) => v['version'] === version)
    return found && { version, resources: objectsIn(found, 'resources'), freshness: 'Current' }
  }
  const plain = await get(`/apis/${group}/${version}`, 'application/json')
  if (plain === 'unchanged' && before) return { ...before.discovery, freshness: 'Current' }
  if (typeof plain !== 'object') return undefined
  const list = jsonOf(plain.body)
  if (!Array.isArray(list?.['resources'])) return undefined
  return { version, resources: aggregated(objectsIn(list, 'resources').filter(isResource), group, version), freshness: 'Current' }
}

interface PlainResource {
  readonly name: string
  readonly singularName?: string
  readonly namespaced?: boolean
  readonly group?: string
  readonly version?: string
  readonly kind: string
  readonly verbs?: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

function isResource(entry: Json): entry is Json & PlainResource {
  return typeof entry['name'] === 'string' && typeof entry['kind'] === 'string'
}

/** The older form lists subresources beside their resources. */
function aggregated(resources: readonly PlainResource[], group: string, version: string): readonly unknown[] {
  const kindOf = (r: PlainResource) => ({ group: r.group ?? group, version: r.version ?? version, kind: r.kind })
  return resources
    .filter((r) => !r.name.includes('/'))
    .map((r) => {
      const below = resources.filter((s) => s.name.startsWith(`${r.name}/`))
      return {
        resource: r.name,
        responseKind: kindOf(r),
        scope: r.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: r.singularName ?? '',
        verbs: r.verbs ?? [],
        ...(r.shortNames && { shortNames: r.shortNames }),
        ...(r.categories && { categories: r.categories }),
        ...(below.length > 0 && {
          subresources: below.map((s) => ({ subresource: s.name.slice(r.name.length + 1), responseKind: kindOf(s), verbs: s.verbs ?? [] })),
        }),
      }
    })
}

/** Of what somebody else sent: a list's objects, whatever else is in it. */
function objectsIn(value: Json | undefined, name: string): readonly Json[] {
  const list = value?.[name]
  return Array.isArray(list) ? list.filter((entry): entry is Json => typeof entry === 'object' && entry !== null) : []
}

function placeInV3(table: Json | undefined, key: string): string | undefined {
  const paths = table?.['paths'] as Readonly<Record<string, { readonly serverRelativeURL?: unknown }>> | undefined
  const url = paths?.[key]?.serverRelativeURL
  return typeof url === 'string' ? url : undefined
}

function jsonOf(body: Buffer): Json | undefined {
  try {
    const value = JSON.parse(body.toString()) as unknown
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
  } catch {
    return undefined // what cannot be read is not there
  }
}
