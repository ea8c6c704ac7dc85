/** Discovery: which groups, versions and resources there are, in the old form and the aggregated one. */

import type { AdvertisedAddress } from '#apiserver/registry/default-objects.ts'
import { createHash } from 'node:crypto'
import { JSON_TYPE, matches, objectTypes, parseAccept, type MediaType } from '../encode/negotiate.ts'
import { valueBytes } from '../encode/object-bytes.ts'
import type { Answer } from '#apiserver/answer.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { Resource, Subresource, Verb } from '#schema/resource.ts'

/** In the order in which upstream lists groups; those not here come after, by name. */
const GROUP_ORDER = [
  'apiregistration.k8s.io',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'apps',
]

interface GroupVersion {
  readonly group: string
  readonly version: string
  readonly resources: readonly Resource[]
}

/** Answers discovery paths; undefined for any other. `storedAs` says as which resource one is stored that only shows another. */
export function discovery(
  resources: readonly Resource[],
  advertised?: AdvertisedAddress,
  storedAs: (resource: Resource) => Resource = (resource) => resource,
): (ctx: RequestContext) => Answer | undefined {
  const versions = groupVersions(resources)
  const documents = new Map<string, object>()
  documents.set('/api', { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: addressesFor(advertised) })
  const groups = [...new Set(versions.map((v) => v.group))].filter((g) => g !== '')
  documents.set('/apis', { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map((g) => apiGroup(g, versions)) })
  for (const group of groups) documents.set(`/apis/${group}`, { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group, versions) })
  for (const v of versions) {
    const groupVersion = v.group === '' ? v.version : `${v.group}/${v.version}`
    documents.set(v.group === '' ? `/api/${v.version}` : `/apis/${groupVersion}`, {
      kind: 'APIResourceList',
      ...(v.group !== '' && { apiVersion: 'v1' }),
      groupVersion,
      resources: v.resources.flatMap((r) => resourceEntries(r, storedAs(r))),
    })
  }
  const aggregated = new Map<string, ReturnType<typeof tagged>>()
  for (const version of AGGREGATED_VERSIONS) {
    const listed = (of: (v: GroupVersion) => boolean) => tagged(aggregatedList(version, versions.filter(of)))
    aggregated.set(
      `/api ${version}`,
      listed((v) => v.group === ''),
    )
    aggregated.set(
      `/apis ${version}`,
      listed((v) => v.group !== ''),
    )
  }

  return (ctx) => {
    const path = ctx.path.length > 1 && ctx.path.endsWith('/') ? ctx.path.slice(0, -1) : ctx.path
    const asked = aggregatedForm(ctx)
    const whole = asked && aggregated.get(`${path} ${asked.version}`)
    if (whole) {
      const headers = { etag: whole.etag, vary: 'Accept', 'cache-control': 'public' }
      if (ctx.headers['if-none-match'] === whole.etag) return { type: 'bytes', status: 304, headers, body: '' }
      const type = `${asked.mediaType};g=apidiscovery.k8s.io;v=${asked.version};as=APIGroupDiscoveryList`
      return { type: 'bytes', status: 200, headers: { ...headers, 'content-type': type }, body: whole.bodyIn(asked.mediaType) }
    }
    const found = documents.get(path)
    return found && { type: 'object', status: 200, object: found }
  }
}

const AGGREGATED_VERSIONS = ['v2', 'v2beta1'] as const
type AggregatedVersion = (typeof AGGREGATED_VERSIONS)[number]

interface AggregatedForm {
  readonly version: AggregatedVersion
  readonly mediaType: MediaType
}

/** The aggregated form that is wanted most, unless the plain form is wanted more. */
function aggregatedForm({ headers, cbor }: RequestContext): AggregatedForm | undefined {
  for (const { type, parameters } of parseAccept(headers['accept'] ?? '')) {
    const mediaType = objectTypes(cbor).find((known) => matches(type, known))
    if (mediaType === undefined) continue
    if (parameters['as'] === undefined) return undefined
    const version = AGGREGATED_VERSIONS.find((v) => v === parameters['v'])
    if (version && parameters['as'] === 'APIGroupDiscoveryList' && parameters['g'] === 'apidiscovery.k8s.io') return { version, mediaType }
  }
  return undefined
}

function groupVersions(resources: readonly Resource[]): readonly GroupVersion[] {
  const byVersion = Map.groupBy(resources, (r) => r.apiVersion)
  const rank = (group: string) => (group === '' ? -1 : GROUP_ORDER.includes(group) ? GROUP_ORDER.indexOf(group) : GROUP_ORDER.length)
  return [...byVersion.values()]
    .map((list) => ({
      group: list[0]!.group,
      version: list[0]!.version,
      resources: list.toSorted((a, b) => (a.plural < b.plural ? -1 : 1)),
    }))
    .toSorted(
      (a, b) => rank(a.group) - rank(b.group) || (a.group < b.group ? -1 : a.group > b.group ? 1 : newestFirst(a.version, b.version)),
    )
}

/** v2 before v1, v1 before v1beta1, and those that are named otherwise after them, by name. */
function newestFirst(a: string, b: string): number {
  const parse = (v: string) => /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(v)
  const [x, y] = [parse(a), parse(b)]
  if (x === null || y === null) return x ? -1 : y ? 1 : a < b ? -1 : 1
  const stage = (m: RegExpExecArray | null) => (m?.[2] === undefined ? 2 : m[2] === 'beta' ? 1 : 0)
  return stage(y) - stage(x) || Number(y?.[1]) - Number(x?.[1]) || Number(y?.[3] ?? 0) - Number(x?.[3] ?? 0)
}

function apiGroup(name: string, versions: readonly GroupVersion[]): object {
  const list = versions.filter((v) => v.group === name).map((v) => ({ groupVersion: `${name}/${v.version}`, version: v.version }))
  return { name, versions: list, preferredVersion: list[0] }
}

function resourceEntries(resource: Resource, stored: Resource): object[] {
  const namespaced = resource.scope === 'Namespaced'
  const main = {
    name: resource.plural,
    singularName: resource.singular,
    namespaced,
    kind: resource.kind,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 && { shortNames: resource.shortNames }),
    ...(resource.categories.length > 0 && { categories: resource.categories }),
    ...(isStored(resource) && { storageVersionHash: storageHash(stored) }),
  }
  const subresources = resource.subresources.map((s) => ({
    name: `${resource.plural}/${s.name}`,
    singularName: '',
    namespaced,
    ...(s.kind && groupVersionOf(s, resource)),
    kind: s.kind?.kind ?? resource.kind,
    verbs: s.verbs,
  }))
  return [main, ...subresources]
}

function groupVersionOf({ kind }: Subresource, resource: Resource): object {
  return kind!.group === resource.group && kind!.version === resource.version ? {} : { group: kind!.group, version: kind!.version }
}

/** What can be listed but not changed is made up from elsewhere. */
function isStored({ verbs }: Resource): boolean {
  return verbs.includes('list') && verbs.includes('create')
}

/** Changes when the stored form does; clients only compare it. */
function storageHash({ group, version, kind }: Resource): string {
  return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64')
}

function aggregatedList(version: AggregatedVersion, versions: readonly GroupVersion[]): object {
  const groups = Map.groupBy(versions, (v) => v.group)
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: [...groups].map(([group, list]) => ({
      metadata: { ...(group !== '' && { name: group }) },
      versions: list.map((v) => ({ version: v.version, resources: v.resources.map(aggregatedEntry), freshness: 'Current' })),
    })),
  }
}

function aggregatedEntry(resource: Resource): object {
  const { group, version, kind } = resource
  const sorted = (verbs: readonly Verb[]) => verbs.toSorted()
  return {
    resource: resource.plural,
    responseKind: { group, version, kind },
    scope: resource.scope === 'Namespaced' ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: sorted(resource.verbs),
    ...(resource.shortNames.length > 0 && { shortNames: resource.shortNames }),
    ...(resource.categories.length > 0 && { categories: resource.categories }),
    ...(resource.subresources.length > 0 && {
      subresources: resource.subresources.map((s) => ({
        subresource: s.name,
        responseKind: s.kind ?? { group, version, kind },
        verbs: sorted(s.verbs),
      })),
    }),
  }
}

interface Tagged {
  readonly etag: string
  bodyIn(mediaType: MediaType): Uint8Array
}

/** Each form is made when it is first asked for. */
function tagged(document: object): Tagged {
  const json = valueBytes(document, JSON_TYPE, false)
  const bodies = new Map<MediaType, Uint8Array>([[JSON_TYPE, json]])
  return {
    etag: `"${createHash('sha512').update(json).digest('hex').toUpperCase()}"`,
    bodyIn(mediaType) {
      let body = bodies.get(mediaType)
      if (body === undefined) bodies.set(mediaType, (body = valueBytes(document, mediaType, false)))
      return body
    },
  }
}

/** One address for everybody, as upstream gives without a cloud that says otherwise. */
function addressesFor(advertised: AdvertisedAddress | undefined): readonly object[] {
  return advertised ? [{ clientCIDR: '0.0.0.0/0', serverAddress: `${advertised.address}:${advertised.port}` }] : []
}
