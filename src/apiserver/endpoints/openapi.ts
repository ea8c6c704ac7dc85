/** /openapi/v3: documents by group and version, each made when first asked for, under URLs that name their hash; and the older /openapi/v2. */

import { createHash } from 'node:crypto'
import { parseAccept } from '#apiserver/encode/negotiate.ts'
import type { Answer } from '#apiserver/answer.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { openApiParts } from '#api/openapi-parts.ts'
import { kubernetesVersion } from '#base/version.ts'
import { encodeGnosticV2, GNOSTIC_V2_TYPES } from '#schema/openapi-gnostic.ts'
import { openApiV2 } from '#schema/openapi-v2.ts'
import { discoveryPaths, issuerPaths } from '#schema/openapi-discovery.ts'
import { openApiV3, plainOpenApiV3 } from '#schema/openapi-v3.ts'
import type { Resource } from '#schema/resource.ts'
import { following } from './following.ts'

const LONG_CACHE = 'public, max-age=31536000, immutable' // the hash in the URL changes with the content

const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*'])

interface Document {
  readonly path: string
  readonly hash: () => string
  readonly text: () => string
}

/**
 * Undefined for paths that are not OpenAPI's. `custom` are resources that were defined at run time; it answers the same list until one
 * of them changes.
 */
export function openApiDocuments(
  resources: readonly Resource[],
  custom: () => readonly Resource[] = () => [],
): (ctx: RequestContext) => Answer | undefined {
  const documents = new Map<string, Document>()
  const add = (path: string, make: () => object) => {
    let made: { text: string; hash: string } | undefined
    const body = () => {
      if (made === undefined) {
        const text = JSON.stringify(make())
        made = { text, hash: hashOf(text) }
      }
      return made
    }
    documents.set(path, { path, hash: () => body().hash, text: () => body().text })
  }
  const product = kubernetesVersion.gitVersion
  for (const [path, at] of [...discoveryPaths(resources.map((r) => r.group)), ...issuerPaths])
    add(path, () => plainOpenApiV3(at, openApiParts, product))
  for (const [apiVersion, list] of Map.groupBy(resources, (r) => r.apiVersion)) {
    const { group, version } = list[0]!
    add(group === '' ? `api/${version}` : `apis/${apiVersion}`, () => openApiV3(group, version, list, openApiParts, product))
  }

  const customDocuments = following(custom, (list) => documentsOfCustom(resources, list, product))
  const older = following(custom, (list) => olderDocument(() => openApiV2([...resources, ...list], openApiParts, product)))

  return (ctx) => {
    const path = ctx.path.replace(/\/+$/, '')
    if (path === '/openapi/v3') {
      const all = new Map([...documents, ...customDocuments()])
      const paths = Object.fromEntries(
        [...all.values()].map((d) => [d.path, { serverRelativeURL: `/openapi/v3/${d.path}?hash=${d.hash()}` }]),
      )
      return json(JSON.stringify({ paths }), undefined, 'no-cache, private')
    }
    if (path === '/openapi/v2') return older()(ctx)
    if (!path.startsWith('/openapi/v3/')) return undefined
    const name = path.slice('/openapi/v3/'.length)
    const document = customDocuments().get(name) ?? documents.get(name)
    if (document === undefined) return undefined
    const hash = document.hash()
    const asked = ctx.query.get('hash')
    if (asked !== null && asked !== hash) {
      const location = `/openapi/v3/${document.path}?hash=${hash}`
      return { type: 'bytes', status: 301, headers: { location }, body: '' }
    }
    // there is no protobuf form of it here: those who read nothing else are told so
    if (!parseAccept(ctx.headers['accept'] ?? '*/*').some(({ type }) => JSON_TYPES.has(type)))
      return { type: 'bytes', status: 406, headers: { vary: 'Accept' }, body: '' }
    const etag = `"${hash}"`
    if (ctx.headers['if-none-match'] === etag) return { type: 'bytes', status: 304, headers: { etag }, body: '' }
    return json(document.text(), etag, asked === null ? 'no-cache, private' : LONG_CACHE)
  }
}

/** Asked for by few clients and made in a millisecond, so that only their hashes are kept. */
function documentsOfCustom(resources: readonly Resource[], custom: readonly Resource[], product: string): ReadonlyMap<string, Document> {
  const documents = [...Map.groupBy(custom, (r) => r.apiVersion)].map(([apiVersion, list]): [string, Document] => {
    const { group, version } = list[0]!
    const together = [...resources.filter((r) => r.apiVersion === apiVersion), ...list]
    const path = `apis/${apiVersion}`
    let hash: string | undefined
    return [
      path,
      {
        path,
        hash: () => (hash ??= hashOf(JSON.stringify([product, ...list.map((r) => r.type.schema.custom?.fingerprint())]))),
        text: () => JSON.stringify(openApiV3(group, version, together, openApiParts, product)),
      },
    ]
  })
  return new Map(documents)
}

function hashOf(text: string): string {
  return createHash('sha512').update(text).digest('hex').toUpperCase()
}

/** The older document, made when first asked for. Old command lines read only its protobuf form. */
function olderDocument(make: () => Record<string, unknown>): (ctx: RequestContext) => Answer {
  let made: Record<string, unknown> | undefined
  const forms = new Map<'json' | 'protobuf', { readonly body: string | Uint8Array; readonly etag: string }>()
  const formOf = (type: 'json' | 'protobuf') => {
    let form = forms.get(type)
    if (form === undefined) {
      made ??= make()
      const body = type === 'json' ? JSON.stringify(made) : encodeGnosticV2(made)
      form = { body, etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"` }
      forms.set(type, form)
    }
    return form
  }
  return (ctx) => {
    const wantsProtobuf = parseAccept(ctx.headers['accept'] ?? '').some(({ type }) =>
      GNOSTIC_V2_TYPES.accept.some((t) => t.toLowerCase() === type),
    )
    const { body, etag } = formOf(wantsProtobuf ? 'protobuf' : 'json')
    const headers = {
      'content-type': wantsProtobuf ? GNOSTIC_V2_TYPES.contentType : 'application/json',
      'cache-control': 'no-cache, private',
      vary: 'Accept',
      etag,
    }
    if (ctx.headers['if-none-match'] === etag) return { type: 'bytes', status: 304, headers: { etag, vary: 'Accept' }, body: '' }
    return { type: 'bytes', status: 200, headers, body }
  }
}

function json(body: string, etag: string | undefined, cacheControl: string): Answer {
  return {
    type: 'bytes',
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': cacheControl, vary: 'Accept', ...(etag && { etag }) },
    body,
  }
}
