/** The typed client over any transport: turns calls into requests, and refusals into `StatusError`. */

import { Status } from '#api/meta/v1/status.ts'
import type { Draft, KubeObject, Resource } from '#schema/resource.ts'
import {
  StatusError,
  type Client,
  type DeleteOptions,
  type ListOptions,
  type ListResult,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from './client.ts'
import type { ApiRequest, ApiResponse, Transport } from './transport.ts'

export interface ClientOptions {
  /** Shown to the server as `User-Agent`; also the field manager's name there. */
  readonly userAgent?: string
}

export function createClient(transport: Transport, options: ClientOptions = {}): Client {
  const agent: Readonly<Record<string, string>> = options.userAgent === undefined ? {} : { 'user-agent': options.userAgent }

  async function call(request: ApiRequest): Promise<unknown> {
    const response = await transport.request({ ...request, headers: { ...agent, ...request.headers } })
    return objectOf(response)
  }

  async function* watch<T extends KubeObject>(resource: Resource<T>, o: WatchOptions): AsyncIterable<WatchEvent<T>> {
    const query = new URLSearchParams({ watch: 'true' })
    put(query, 'labelSelector', o.labelSelector)
    put(query, 'fieldSelector', o.fieldSelector)
    put(query, 'resourceVersion', o.resourceVersion)
    put(query, 'timeoutSeconds', o.timeoutSeconds)
    if (o.allowWatchBookmarks) query.set('allowWatchBookmarks', 'true')
    if (o.sendInitialEvents) {
      query.set('sendInitialEvents', 'true')
      query.set('resourceVersionMatch', 'NotOlderThan')
    }
    const request = { method: 'GET', path: pathOf(resource, o.namespace), query, headers: agent, signal: o.signal }
    try {
      const response = await transport.request(request)
      if (response.body.type !== 'watch') {
        await objectOf(response)
        throw new Error(`the server did not answer a watch of ${resource.plural} with events`)
      }
      for await (const batch of response.body.events) {
        for (const event of batch) {
          if (event.type === 'ERROR') throw new StatusError(event.object as Status)
          yield event as WatchEvent<T>
        }
      }
    } catch (error) {
      if (!o.signal.aborted) throw error
    }
  }

  return {
    async get(resource, ref, o = {}) {
      const query = new URLSearchParams()
      put(query, 'resourceVersion', o.resourceVersion)
      return (await call({ method: 'GET', path: pathOf(resource, ref.namespace, ref.name), query, ...withSignal(o) })) as never
    },
    async list<T extends KubeObject>(resource: Resource<T>, o: ListOptions = {}) {
      const list = (await call({ method: 'GET', path: pathOf(resource, o.namespace), query: listQuery(o), ...withSignal(o) })) as List<T>
      return listResult(list)
    },
    async create(resource, object, o = {}) {
      const path = pathOf(
        resource,
        object.metadata.namespace,
        o.subresource === undefined ? undefined : object.metadata.name,
        o.subresource,
      )
      return (await call(writeRequest('POST', path, withKind(resource, object), o))) as never
    },
    async update(resource, object, o = {}) {
      const path = pathOf(resource, object.metadata.namespace, object.metadata.name, o.subresource)
      return (await call(writeRequest('PUT', path, withKind(resource, object), o))) as never
    },
    async patch(resource, ref, type, patch, o = {}) {
      const request = writeRequest('PATCH', pathOf(resource, ref.namespace, ref.name, o.subresource), patch as object, o)
      if (o.force !== undefined) request.query?.set('force', String(o.force))
      return (await call({ ...request, headers: { 'content-type': type } })) as never
    },
    async delete(resource, ref, o = {}) {
      return (await call({
        method: 'DELETE',
        path: pathOf(resource, ref.namespace, ref.name),
        body: { object: deleteOptions(o) },
        headers: JSON_BODY,
        ...withSignal(o),
      })) as never
    },
    async deleteCollection(resource, o) {
      await call({
        method: 'DELETE',
        path: pathOf(resource, o.namespace),
        query: listQuery(o),
        body: { object: deleteOptions(o) },
        headers: JSON_BODY,
        ...withSignal(o),
      })
    },
    watch,
    async createSubresource(resource, ref, subresource, body, o = {}) {
      return (await call(writeRequest('POST', pathOf(resource, ref.namespace, ref.name, subresource), body, o))) as never
    },
    async raw(method, path, body, signal) {
      const [pathname, search] = splitOnce(path, '?')
      return call({
        method,
        path: pathname,
        ...(search !== undefined && { query: new URLSearchParams(search) }),
        ...(body !== undefined && { body: { object: body }, headers: JSON_BODY }),
        ...(signal && { signal }),
      })
    },
  }
}

const JSON_BODY = { 'content-type': 'application/json' }

interface List<T> {
  readonly items?: readonly T[] | null
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string; readonly remainingItemCount?: number }
}

/** `/apis/apps/v1/namespaces/default/deployments/web/scale` and its like. */
export function pathOf(
  resource: Pick<Resource, 'group' | 'version' | 'plural' | 'scope'>,
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
  const scope = resource.scope === 'Namespaced' && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${root}${scope}/${resource.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}${subresource === undefined ? '' : `/${subresource}`}`
}

function withKind<T extends KubeObject>(resource: Resource<T>, object: T | Draft<T>): object {
  return object.kind === undefined || object.apiVersion === undefined
    ? { apiVersion: resource.apiVersion, kind: resource.kind, ...object }
    : object
}

function listResult<T>(list: List<T>): ListResult<T> {
  const { resourceVersion = '', continue: next, remainingItemCount } = list.metadata
  return {
    items: list.items ?? [],
    resourceVersion,
    ...(next && { continue: next }),
    ...(remainingItemCount !== undefined && { remainingItemCount }),
  }
}

function listQuery(o: ListOptions): URLSearchParams {
  const query = new URLSearchParams()
  put(query, 'labelSelector', o.labelSelector)
  put(query, 'fieldSelector', o.fieldSelector)
  put(query, 'limit', o.limit)
  put(query, 'continue', o.continue)
  put(query, 'resourceVersion', o.resourceVersion)
  put(query, 'resourceVersionMatch', o.resourceVersionMatch)
  return query
}

function writeRequest(method: string, path: string, object: object, o: WriteOptions): ApiRequest {
  const query = new URLSearchParams()
  if (o.dryRun) query.set('dryRun', 'All')
  put(query, 'fieldManager', o.fieldManager)
  put(query, 'fieldValidation', o.fieldValidation)
  return { method, path, query, body: { object }, headers: JSON_BODY, ...withSignal(o) }
}

function deleteOptions(o: DeleteOptions): object {
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(o.gracePeriodSeconds !== undefined && { gracePeriodSeconds: o.gracePeriodSeconds }),
    ...(o.propagationPolicy !== undefined && { propagationPolicy: o.propagationPolicy }),
    ...(o.preconditions !== undefined && { preconditions: o.preconditions }),
    ...(o.dryRun && { dryRun: ['All'] }),
  }
}

function withSignal(o: { readonly signal?: AbortSignal }): { readonly signal?: AbortSignal } {
  return o.signal === undefined ? {} : { signal: o.signal }
}

function put(query: URLSearchParams, name: string, value: string | number | undefined): void {
  if (value !== undefined) query.set(name, String(value))
}

function splitOnce(text: string, by: string): [string, string | undefined] {
  const at = text.indexOf(by)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

const OK_MAX = 299

/** The value an answer carries; throws its Status when it is a refusal. */
async function objectOf(response: ApiResponse): Promise<unknown> {
  const { body, status } = response
  const value = body.type === 'object' ? body.object : body.type === 'bytes' ? await readText(body.stream) : undefined
  if (status <= OK_MAX) return value
  if (isStatus(value)) throw new StatusError(value)
  throw new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: typeof value === 'string' && value !== '' ? value : `the server answered with status ${status}`,
    reason: REASONS[status] ?? 'Unknown',
    code: status,
  })
}

// What upstream's client makes of an answer that is no Status, by its code
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'Status'
}

async function readText(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
