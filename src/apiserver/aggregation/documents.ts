/** This server's discovery and OpenAPI documents with what aggregated servers add to them. */

import { createHash } from 'node:crypto'
import { remoteServerOf } from './api-service-target.ts'
import { withRemoteDiscovery, withRemoteGroups, type Priorities, type RemoteVersion } from './merge-discovery.ts'
import { withRemotePaths } from './merge-open-api.ts'
import type { DocumentCache } from './remote-documents.ts'
import type { APIService } from '#api/apiregistration/v1/api-service.ts'
import type { Answer } from '#apiserver/answer.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { encodeGnosticV2 } from '#schema/openapi-gnostic.ts'

interface DocumentsParts {
  readonly apiServices: () => readonly APIService[]
  readonly documents: DocumentCache
  /** Undefined for API services that this server serves itself. */
  readonly passOn: (apiService: APIService, ctx: RequestContext) => Promise<Answer> | undefined
}

type Local = (ctx: RequestContext) => Answer | undefined
type Bytes = Extract<Answer, { type: 'bytes' }>
type List<T> = { readonly items: readonly T[] }

const V3 = '/openapi/v3'
const DOCUMENTS_REMEMBERED = 8 // forms of one document: JSON and protobuf, aggregated discovery in two versions

export function aggregatedDocuments({ apiServices, documents, passOn }: DocumentsParts) {
  const remembered = new Map<string, { readonly body: string | Uint8Array; readonly etag: string }>()

  /** Made once of what this server has and what is known of others. */
  function merged(
    local: Bytes,
    remote: readonly RemoteVersion[],
    make: (text: string) => string | Uint8Array,
  ): Omit<Bytes, 'status' | 'type'> {
    const placed = remote.map((v) => [v.group, v.version, v.groupPriority, v.versionPriority])
    const key = JSON.stringify([local.headers['etag'], local.headers['content-type'], documents.version(), placed])
    let known = remembered.get(key)
    if (known === undefined) {
      const body = make(local.body as string)
      known = { body, etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"` }
      if (remembered.size >= DOCUMENTS_REMEMBERED) remembered.delete(remembered.keys().next().value!)
      remembered.set(key, known)
    }
    return { body: known.body, headers: { ...local.headers, etag: known.etag } }
  }

  function answerMerged(
    ctx: RequestContext,
    local: Bytes,
    remote: readonly RemoteVersion[],
    make: (text: string) => string | Uint8Array,
  ): Answer {
    const { body, headers } = merged(local, remote, make)
    if (ctx.headers['if-none-match'] !== headers['etag']) return { type: 'bytes', status: 200, headers, body }
    const { 'content-type': _, ...kept } = headers
    return { type: 'bytes', status: 304, headers: kept, body: '' }
  }

  return (ctx: RequestContext, local: Local): Promise<Answer | undefined> | Answer | undefined => {
    const path = ctx.path.length > 1 ? ctx.path.replace(/\/+$/, '') : ctx.path
    if (path !== '/apis' && path !== '/openapi/v2' && !path.startsWith(V3) && !/^\/apis\/[^/]+$/.test(path)) return local(ctx)
    const all = apiServices()
    const others = all.filter((s) => remoteServerOf(s) !== undefined)
    if (others.length === 0) return local(ctx)
    const remote = others.flatMap((s) => remoteVersion(s, documents))
    const priorities = prioritiesOf(all)
    // the whole document is needed even where the caller has one already
    const { 'if-none-match': _, ...headers } = ctx.headers
    const fresh = { ...ctx, headers }
    if (path === '/apis') {
      const own = local(fresh)
      if (own?.type === 'object') {
        const { groups, ...rest } = own.object as { readonly groups: Parameters<typeof withRemoteGroups>[0] }
        return { ...own, object: { ...rest, groups: withRemoteGroups(groups, remote, priorities) } }
      }
      if (own?.type !== 'bytes') return own
      return answerMerged(ctx, own, remote, (text) => {
        const { items, ...rest } = JSON.parse(text) as List<Parameters<typeof withRemoteDiscovery>[0][number]>
        return JSON.stringify({ ...rest, items: withRemoteDiscovery(items, remote, priorities) })
      })
    }
    if (path === '/openapi/v2') return openApiV2(ctx, fresh, local, others, remote)
    if (path === V3) return openApiV3(fresh, local, others)
    if (path.startsWith(`${V3}/`)) {
      const owner = others.find(({ spec }) => path === `${V3}/apis/${spec.group}/${spec.version}`)
      return owner ? passOn(owner, ctx) : local(ctx)
    }
    const group = path.slice('/apis/'.length)
    const inGroup = remote.filter((v) => v.group === group)
    if (inGroup.length === 0) return local(ctx)
    const own = local(fresh)
    const before = own?.type === 'object' ? [own.object as Parameters<typeof withRemoteGroups>[0][number]] : []
    return {
      type: 'object',
      status: 200,
      object: { kind: 'APIGroup', apiVersion: 'v1', ...withRemoteGroups(before, inGroup, priorities)[0] },
    }
  }

  function openApiV2(
    ctx: RequestContext,
    fresh: RequestContext,
    local: Local,
    others: readonly APIService[],
    remote: readonly RemoteVersion[],
  ) {
    const own = local(fresh)
    const parts = others.flatMap(({ metadata, spec }) => {
      const document = documents.of(metadata.name)?.openApiV2
      return document ? [{ prefix: `/apis/${spec.group}/${spec.version}`, document }] : []
    })
    if (own?.type !== 'bytes' || parts.length === 0) return local(ctx)
    const inJson = own.headers['content-type'] === 'application/json'
    const json = inJson ? own : (local({ ...fresh, headers: { ...fresh.headers, accept: 'application/json' } }) as Bytes)
    return answerMerged(ctx, { ...json, headers: own.headers }, remote, (text) => {
      const document = withRemotePaths(JSON.parse(text) as Record<string, unknown>, parts)
      return inJson ? JSON.stringify(document) : encodeGnosticV2(document)
    })
  }

  function openApiV3(ctx: RequestContext, local: Local, others: readonly APIService[]): Answer | undefined {
    const own = local(ctx)
    if (own?.type !== 'bytes') return own
    const { paths, ...rest } = JSON.parse(own.body as string) as { readonly paths: Readonly<Record<string, unknown>> }
    const added = others.flatMap(({ metadata, spec }) => {
      const serverRelativeURL = documents.of(metadata.name)?.openApiV3
      return serverRelativeURL === undefined ? [] : [[`apis/${spec.group}/${spec.version}`, { serverRelativeURL }] as const]
    })
    return { ...own, body: JSON.stringify({ ...rest, paths: { ...paths, ...Object.fromEntries(added) } }) }
  }
}

function remoteVersion({ metadata: { name }, spec }: APIService, documents: DocumentCache): readonly RemoteVersion[] {
  const { group, version = '', groupPriorityMinimum = 0, versionPriority = 0 } = spec
  // the core group has a place of its own
  if (!group) return []
  const discovered = documents.of(name)?.discovery ?? { version, resources: [], freshness: 'Stale' as const }
  return [{ group, version, groupPriority: groupPriorityMinimum, versionPriority, discovered }]
}

function prioritiesOf(all: readonly APIService[]): Priorities {
  const byName = new Map(all.map(({ spec }) => [`${spec.group ?? ''}/${spec.version}`, spec.versionPriority ?? 0]))
  const byGroup = new Map<string, number>()
  for (const { spec } of all) byGroup.set(spec.group ?? '', Math.max(byGroup.get(spec.group ?? '') ?? 0, spec.groupPriorityMinimum ?? 0))
  return { group: (name) => byGroup.get(name), version: (group, version) => byName.get(`${group}/${version}`) }
}
