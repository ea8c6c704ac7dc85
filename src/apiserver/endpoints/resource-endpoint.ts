/** The verbs of stored resources: get, list, watch, create, update, patch, delete, deletecollection. */

import type { AdmissionChain } from '../admission/chain.ts'
import type { AdmissionRequest } from '../admission/admission.ts'
import { objectForms } from '../admission/object-forms.ts'
import type { Answer } from '../answer.ts'
import type { Published } from '../cache/published.ts'
import { negotiate } from '../encode/negotiate.ts'
import { decodeValue, readBody, type ExpectedKind } from '../encode/read-body.ts'
import { objectHistory } from '../past/object-history.ts'
import { listObjects, parseResourceVersion, type ListQuery } from '../registry/list.ts'
import type { Registry, Write } from '../registry/registry.ts'
import { selectionOf } from '../registry/selection.ts'
import type { Served } from '../registry/served/serve.ts'
import type { Facet, Stored } from '../registry/strategy.ts'
import { afterFirstApply, afterUpdate, type ManagedWrite } from '../registry/managed-fields.ts'
import { resetFieldsOf } from '../registry/reset-fields.ts'
import { watchObjects } from '../registry/watch.ts'
import type { RequestMetrics } from '../metrics/request-metrics.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import { authorize } from '../filters/authorization.ts'
import type { ManagedFieldsEntry } from '#api/meta/v1/object-meta.ts'
import type { Json } from '#schema/apply/shape.ts'
import { badRequest, methodNotAllowed, methodNotServed, noSuchResource, uidMismatch, versionOnCreate } from './errors.ts'
import { boolOption, deletionOptions, numberOption, optionsObject, writeOptions } from './options.ts'
import { readConfiguration, settle, typed } from './apply.ts'
import { applyPatch, decodePatched, isApply, mayTouchOwners, readPatch } from './patch.ts'
import type { RequestContext, RequestInfo } from '../request-context.ts'
import { timestamp, type Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import { StatusError } from '#client/client.ts'
import { withDefaults } from '#schema/defaults.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import type { Store } from '#store/store.ts'

export interface EndpointParts {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly admission: AdmissionChain
  /** Asked again when a write turns out to create. */
  readonly authorizer: Authorizer
  readonly metrics?: Pick<RequestMetrics, 'longRunning' | 'watchEvents'>
}

/** One resource as it is asked for: its declaration, where it is kept, and how it is shown. */
export interface Endpoint {
  readonly served: Served
  readonly registry: Registry
  readonly mainFacet: Facet
  /** Watches end with it: the resource is no longer served as it was. */
  readonly until?: AbortSignal
  /** Further ways in which the same stored objects are served: other versions, other groups. */
  readonly others?: () => readonly Served[]
}

export async function answerResource(endpoint: Endpoint, ctx: RequestContext, parts: EndpointParts): Promise<Answer> {
  const { resource } = endpoint.served
  const { verb, name, namespace } = ctx.info
  const custom = resource.type.schema.custom !== undefined
  const notServed = () => (custom ? methodNotAllowed(resource, verb || ctx.method.toLowerCase()) : methodNotServed())
  if (!isPlaced(resource, ctx.info)) throw noSuchResource()
  if (!(resource.verbs as readonly string[]).includes(verb)) throw notServed()
  if (resource.deprecation !== undefined) ctx.warnings.push(resource.deprecation)
  negotiate(ctx.headers['accept'], verb === 'watch' ? 'stream' : 'object', ctx.cbor, custom)
  const at = { namespace: resource.scope === 'Namespaced' ? namespace : '', name }
  const oneNamespace = resource.scope === 'Cluster' || namespace !== ''
  switch (verb) {
    case 'get':
      if (ctx.query.get('history') === 'true') return objectHistory(endpoint, parts.store, at, ctx.signal)
      return getObject(endpoint, at, ctx)
    case 'list':
      return list(endpoint, at.namespace, ctx, parts)
    case 'watch':
      return watch(endpoint, at.namespace, ctx, parts)
    case 'create':
      if (name !== '' || !oneNamespace) throw notServed()
      return create(endpoint, at.namespace, ctx, parts)
    case 'update':
      if (name === '') throw notServed()
      return update(endpoint, endpoint.mainFacet, expectedOf(resource), at, ctx, parts)
    case 'patch':
      if (name === '') throw notServed()
      return patch(endpoint, endpoint.mainFacet, expectedOf(resource), at, ctx, parts)
    case 'delete':
      return remove(endpoint, at, ctx, parts)
    case 'deletecollection':
      if (!oneNamespace) throw notServed()
      return removeAll(endpoint, at.namespace, ctx, parts)
    default:
      throw notServed()
  }
}

/** Whether the path is one that the resource has: its objects are named within a namespace, or without. */
export function isPlaced({ scope, group, plural }: Resource, { namespace, name, verb }: RequestInfo): boolean {
  if (scope === 'Cluster') return namespace === '' || (group === '' && plural === 'namespaces')
  return namespace !== '' || name === '' || verb === 'watch'
}

interface At {
  readonly namespace: string
  readonly name: string
}

async function getObject({ served, registry }: Endpoint, at: At, ctx: RequestContext): Promise<Answer> {
  const asked = ctx.query.get('resourceVersion') ?? ''
  // "0" is content with whatever is here.
  if (asked === '0') {
    const found = registry.find(at.namespace, at.name)
    if (found) return objectAnswer(served, (await registry.show([found]))[0]!, 200)
  } else if (asked !== '') await registry.reached(parseResourceVersion(asked)!)
  return objectAnswer(served, await registry.get(at.namespace, at.name), 200)
}

async function list(endpoint: Endpoint, namespace: string, ctx: RequestContext, parts: EndpointParts): Promise<Answer> {
  const { served, registry } = endpoint
  const { items, metadata } = await listObjects(registry, parts.store, listQuery(endpoint, namespace, ctx))
  return { type: 'list', resource: served.resource, items: items.map((item) => shown(served, item)), metadata }
}

function listQuery({ served }: Endpoint, namespace: string, { query, info }: RequestContext): ListQuery {
  const limit = numberOption(query, 'limit') ?? 0
  numberOption(query, 'timeoutSeconds') // a list takes as long as it takes, but says when that is no number
  return {
    namespace,
    selection: served.view
      ? viewSelection(served, query, info.name)
      : selectionOf(served.resource, query.get('labelSelector') ?? '', fieldSelectorOf(query, info.name)),
    limit: Math.max(limit, 0),
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    sendInitialEvents: boolOption(query, 'sendInitialEvents'),
  }
}

/** A view's selectors are in its own words, so they look at the shown object. */
function viewSelection(served: Served, query: URLSearchParams, name: string) {
  const selection = selectionOf(served.resource, query.get('labelSelector') ?? '', fieldSelectorOf(query, name))
  if (selection.everything) return selection
  return { ...selection, equal: {}, matches: (object: KubeObject) => selection.matches(served.view!.showObject(object)) }
}

/** `watch` of one object by name is a watch with a field selector. */
function fieldSelectorOf(query: URLSearchParams, name: string): string {
  const given = query.get('fieldSelector') ?? ''
  if (name === '' || given.includes('metadata.name=')) return given
  return given === '' ? `metadata.name=${name}` : `${given},metadata.name=${name}`
}

async function watch(endpoint: Endpoint, namespace: string, ctx: RequestContext, parts: EndpointParts): Promise<Answer> {
  const { served, registry } = endpoint
  const { query } = ctx
  const { selection, resourceVersion, resourceVersionMatch } = listQuery(endpoint, namespace, ctx)
  const events = await watchObjects(
    registry,
    parts,
    {
      namespace,
      selection,
      resourceVersion,
      resourceVersionMatch,
      allowBookmarks: boolOption(query, 'allowWatchBookmarks') ?? false,
      sendInitialEvents: boolOption(query, 'sendInitialEvents'),
      timeoutSeconds: numberOption(query, 'timeoutSeconds') ?? 0,
    },
    endpoint.until ? AbortSignal.any([ctx.signal, endpoint.until]) : ctx.signal,
    () => parts.metrics?.longRunning(ctx),
  )
  const { resource, view } = served
  const sent = parts.metrics?.watchEvents(resource)
  if (!view) return { type: 'watch', resource, events, ...(sent && { sent }) }
  return {
    type: 'watch',
    resource,
    ...(sent && { sent }),
    events: (async function* () {
      for await (const batch of events)
        yield batch.map((event) => {
          if (event.type === 'ERROR') return event
          if (event.type === 'BOOKMARK')
            return { ...event, object: { ...event.object, kind: resource.kind, apiVersion: resource.apiVersion } }
          return { ...event, published: view.show(event.published) }
        })
    })(),
  }
}

async function create(endpoint: Endpoint, namespace: string, ctx: RequestContext, parts: EndpointParts): Promise<Answer> {
  const { served, registry } = endpoint
  const options = writeOptions(ctx, 'CreateOptions')
  const expected = expectedOf(served.resource)
  const body = (await readBody(ctx, expected, options.fieldValidation)) as Stored | undefined
  if (body === undefined) throw noBody(expected)
  if (body.metadata?.resourceVersion && body.metadata.resourceVersion !== '0') throw versionOnCreate()
  const sent = inNamespace(body, namespace)
  const draft = stored(served, sent)
  const at = { namespace, name: draft.metadata.name ?? '' }
  const tracked = managedWrite(endpoint, '', options.manager, parts)
  const write = {
    ...writeFor(endpoint, 'CREATE', '', at, options.dryRun, ctx, parts),
    owners: () => afterUpdate(undefined, withDefaults(expected.message, sent) as unknown as Json, tracked),
  }
  const published = await registry.create(withDefaults(registry.resource.type.schema, draft) as Stored, write)
  return objectAnswer(served, published, 201)
}

/** PUT through a facet: the main path, `status`, `scale` and the like. */
export async function update(
  endpoint: Endpoint,
  facet: Facet,
  expected: ExpectedKind,
  at: At,
  ctx: RequestContext,
  parts: EndpointParts,
): Promise<Answer> {
  const { served, registry } = endpoint
  const options = writeOptions(ctx, 'UpdateOptions')
  const body = (await readBody(ctx, expected, options.fieldValidation)) as Stored | undefined
  if (body === undefined) throw noBody(expected)
  const sent = checkName(inNamespace(body, at.namespace), at.name)
  const isStored = expected.message === served.resource.type.schema
  const asSent = isStored ? (withDefaults(expected.message, sent) as Stored) : sent
  const next = isStored ? (withDefaults(registry.resource.type.schema, stored(served, sent)) as Stored) : sent
  const tracked = tracking(
    endpoint,
    facet,
    isStored,
    options.manager,
    writeFor(endpoint, 'UPDATE', facet.subresource, at, options.dryRun, ctx, parts),
    parts,
  )
  const change = (_: object, old: Stored): Stored => {
    tracked.note(old, asSent)
    return next
  }
  try {
    const published = await registry.update(at, facet, change, tracked.write)
    return facetAnswer(served, facet, isStored, published)
  } catch (error) {
    const absent = error instanceof StatusError && error.reason === 'NotFound' && registry.find(at.namespace, at.name) === undefined
    if (!absent || facet.subresource !== '' || !registry.strategy.createOnUpdate || next.metadata.resourceVersion || next.metadata.uid)
      throw error
    await authorize(parts.authorizer, { user: ctx.user, info: { ...ctx.info, verb: 'create' } })
    const creation = {
      ...writeFor(endpoint, 'CREATE', '', at, options.dryRun, ctx, parts),
      owners: () => afterUpdate(undefined, asSent as unknown as Json, managedWrite(endpoint, '', options.manager, parts)),
    }
    return objectAnswer(served, await registry.create(next, creation), 201)
  }
}

export async function patch(
  endpoint: Endpoint,
  facet: Facet,
  expected: ExpectedKind,
  at: At,
  ctx: RequestContext,
  parts: EndpointParts,
): Promise<Answer> {
  if (isApply(ctx)) return applyPatchTo(endpoint, facet, expected, at, ctx, parts)
  const { served, registry } = endpoint
  const options = writeOptions(ctx, 'PatchOptions')
  const document = await readPatch(ctx, expected.message.custom !== undefined)
  const saysOwners = mayTouchOwners(document)
  const isStored = expected.message === served.resource.type.schema
  const kind = { group: served.resource.group, kind: expected.kind, message: expected.message }
  const tracked = tracking(
    endpoint,
    facet,
    isStored,
    options.manager,
    writeFor(endpoint, 'UPDATE', facet.subresource, at, options.dryRun, ctx, parts),
    parts,
  )
  const change = (current: object, old: Stored): object => {
    const shownNow = isStored && served.view ? served.view.showObject(current as KubeObject) : current
    // owners are most of many objects, and most patches say nothing of them: the stored ones count then
    const before = saysOwners ? shownNow : withoutOwners(shownNow)
    const patched = applyPatch(document, before, kind)
    const warnings: string[] = []
    const value = decodePatched(document, patched, expected, options.fieldValidation, warnings) as Stored
    for (const warning of warnings) if (!ctx.warnings.includes(warning)) ctx.warnings.push(warning)
    checkName(inNamespace(value, at.namespace), at.name)
    tracked.note(old, isStored ? (withDefaults(expected.message, value) as Stored) : value)
    return isStored ? withDefaults(registry.resource.type.schema, stored(served, value)) : value
  }
  return facetAnswer(served, facet, isStored, await registry.update(at, facet, change, tracked.write, 'patch'))
}

function withoutOwners(object: object): object {
  const { metadata } = object as Partial<Stored>
  if (metadata?.managedFields === undefined) return object
  const { managedFields: _, ...rest } = metadata
  return { ...object, metadata: rest }
}

/** Server-side apply, which creates what is not there. */
async function applyPatchTo(
  endpoint: Endpoint,
  facet: Facet,
  expected: ExpectedKind,
  at: At,
  ctx: RequestContext,
  parts: EndpointParts,
): Promise<Answer> {
  const { served, registry } = endpoint
  const options = writeOptions(ctx, 'PatchOptions', 'apply')
  const config = await readConfiguration(ctx, expected, options.fieldValidation)
  const isStored = expected.message === served.resource.type.schema
  const tracked = managedWrite(endpoint, facet.subresource, options.manager, parts)
  let owners: readonly ManagedFieldsEntry[] | undefined
  const write = { ...writeFor(endpoint, 'UPDATE', facet.subresource, at, options.dryRun, ctx, parts), owners: () => owners }
  const change = (_: object, old: Stored): object => {
    // a scale is applied as the part of the whole object that it is
    const live = isStored ? shownObject(served, old) : old
    const { object, managed } = settle(
      live as unknown as Json,
      isStored ? config : partOf(config, served.resource, facet),
      tracked,
      options.force,
    )
    owners = managed
    checkName(inNamespace(object as unknown as Stored, at.namespace), at.name)
    if (!isStored) return facet.read(object as unknown as Stored)
    const value = decodeValue(object, [], expected, 'Ignore', []) as Stored
    return withDefaults(registry.resource.type.schema, stored(served, value))
  }
  try {
    return facetAnswer(served, facet, isStored, await registry.update(at, facet, change, write, 'patch'))
  } catch (error) {
    const absent = error instanceof StatusError && error.reason === 'NotFound' && registry.find(at.namespace, at.name) === undefined
    if (!absent || facet.subresource !== '') throw error
    const { uid } = (config['metadata'] ?? {}) as { readonly uid?: string }
    if (uid) throw uidMismatch(served.resource, at.name, uid)
    checkName(inNamespace(config as unknown as Stored, at.namespace), at.name)
    await authorize(parts.authorizer, { user: ctx.user, info: { ...ctx.info, verb: 'create' } })
    const owners = typed(expected.message, config, () => afterFirstApply(config, tracked))
    const draft = decodeValue(config, [], expected, 'Ignore', []) as Stored
    const creation = {
      ...writeFor(endpoint, 'CREATE', '', at, options.dryRun, ctx, parts),
      owners: () => owners,
    }
    const named = inNamespace({ ...draft, metadata: { ...draft.metadata, name: at.name } } as Stored, at.namespace)
    const created = await registry.create(withDefaults(registry.resource.type.schema, stored(served, named)) as Stored, creation)
    return objectAnswer(served, created, 201)
  }
}

/** `spec.replicas` of a Scale lies in the same place in every kind that has one, unless the facet knows better. */
function partOf(scale: Json, { apiVersion, kind }: Resource, facet: Facet): Json {
  const base = { apiVersion, kind, metadata: scale['metadata'] }
  return facet.part ? (facet.part(scale, base) as Json) : { ...base, spec: scale['spec'] }
}

/** A write whose change is noted on the way, so that what it changed becomes the manager's. */
function tracking(endpoint: Endpoint, facet: Facet, isStored: boolean, manager: string, write: Write, parts: EndpointParts) {
  const managed = managedWrite(endpoint, facet.subresource, manager, parts)
  let owners: readonly ManagedFieldsEntry[] | undefined
  return {
    write: { ...write, owners: () => owners },
    /** `next` is what the client made of `old`, in the kind of the path. */
    note(old: Stored, next: Stored): void {
      const before = isStored ? shownObject(endpoint.served, old) : old
      const after = isStored ? next : facet.write(next, old, write)
      owners = afterUpdate(before as unknown as Json, after as unknown as Json, managed)
    },
  }
}

/** Owners are told in the version of the API that the request speaks. */
function managedWrite({ served: { resource } }: Endpoint, subresource: string, manager: string, parts: EndpointParts): ManagedWrite {
  return {
    message: resource.type.schema,
    manager,
    apiVersion: resource.apiVersion,
    subresource,
    time: timestamp(parts.clock.now()),
    reset: resetFieldsOf(resource, subresource),
  }
}

function shownObject(served: Served, object: Stored): Stored {
  return (served.view ? served.view.showObject(object) : object) as Stored
}

async function remove(endpoint: Endpoint, at: At, ctx: RequestContext, parts: EndpointParts): Promise<Answer> {
  const { served, registry } = endpoint
  const options = await deletionOptions(ctx)
  const write = writeFor(endpoint, 'DELETE', '', at, options.dryRun.length > 0, ctx, parts, options)
  const { published, gone } = await registry.delete(at, options, write)
  // 202 would be right whenever something goes later, but upstream's clients know it of the older way to ask only.
  if (!gone) return objectAnswer(served, published, options.orphanDependents === false ? 202 : 200)
  if (registry.strategy.returnsDeleted) return objectAnswer(served, published, 200)
  const { group, plural } = served.resource
  return {
    type: 'object',
    status: 200,
    object: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: at.name, ...(group !== '' && { group }), kind: plural, uid: published.object.metadata.uid },
    },
  }
}

async function removeAll(endpoint: Endpoint, namespace: string, ctx: RequestContext, parts: EndpointParts): Promise<Answer> {
  const { served, registry } = endpoint
  const options = await deletionOptions(ctx)
  const { items, metadata } = await listObjects(registry, parts.store, listQuery(endpoint, namespace, ctx))
  const deleted: Published[] = []
  for (const { object } of items) {
    const at = { namespace: object.metadata.namespace ?? '', name: object.metadata.name }
    // the request names none of them
    const write = writeFor(endpoint, 'DELETE', '', { ...at, name: '' }, options.dryRun.length > 0, ctx, parts, options)
    try {
      deleted.push(shown(served, (await registry.delete(at, options, write)).published))
    } catch (error) {
      // Someone else was faster; the collection is as empty as was asked.
      if (!(error instanceof StatusError && error.reason === 'NotFound')) throw error
    }
  }
  return { type: 'list', resource: served.resource, items: deleted, metadata: { resourceVersion: metadata.resourceVersion ?? '' } }
}

/** The write's facts and its way through admission. `options` are those of a deletion; other writes' are in the query. */
export function writeFor(
  endpoint: Endpoint,
  operation: 'CREATE' | 'UPDATE' | 'DELETE',
  subresource: string,
  at: At,
  dryRun: boolean,
  ctx: Pick<RequestContext, 'user' | 'warnings' | 'audit' | 'query' | 'signal'>,
  parts: EndpointParts,
  options?: object,
): Write {
  const { registry, served } = endpoint
  const { resource } = registry
  const request = (object: object | undefined, old: object | undefined): AdmissionRequest => ({
    ...admissionFacts(endpoint, subresource, at, ctx),
    operation,
    name: at.name || ((object as KubeObject | undefined)?.metadata?.name ?? ''),
    ...(object && { object: object as KubeObject }),
    ...(old && { oldObject: old as KubeObject }),
    dryRun,
    options: optionsObject(operation, ctx.query, dryRun, options),
  })
  const { warn } = request(undefined, undefined)
  return {
    user: ctx.user,
    dryRun,
    now: parts.clock.now(),
    random: parts.random,
    warn,
    apiVersion: served.resource.apiVersion,
    async admit(object, old) {
      const admitted = (await parts.admission.admit(request(object, old))) ?? object
      return admitted === object || subresource !== '' ? admitted : withDefaults(resource.type.schema, admitted)
    },
    async check(object, old) {
      // nothing can be changed about a deletion, but all are asked
      if (operation === 'DELETE') await parts.admission.admit(request(object, old))
      await parts.admission.validate(request(object, old))
    },
  }
}

/** What is the same for every request at a place. */
export function admissionFacts(
  { registry, served, others }: Pick<Endpoint, 'served' | 'others'> & { readonly registry: Pick<Registry, 'resource'> },
  subresource: string,
  at: At,
  ctx: Pick<RequestContext, 'user' | 'warnings' | 'audit' | 'signal'>,
) {
  const { resource } = registry
  return {
    resource,
    subresource,
    namespace: resource.plural === 'namespaces' && resource.group === '' ? at.name : at.namespace,
    name: at.name,
    user: ctx.user,
    warn: (text: string) => void (ctx.warnings.includes(text) || ctx.warnings.push(text)),
    ...(ctx.audit && { annotate: ctx.audit.annotate }),
    forms: () => objectForms(served, others?.() ?? [], subresource),
    signal: ctx.signal,
  }
}

export function expectedOf(resource: Resource): ExpectedKind {
  return { apiVersion: resource.apiVersion, kind: resource.kind, message: resource.type.schema }
}

export function objectAnswer(served: Served, published: Published, status: number): Answer {
  const { resource, object } = shown(served, published)
  // A dry run's object was never stored, so it has no bytes worth keeping.
  return { type: 'object', status, object, resource, published: shown(served, published) }
}

function facetAnswer(served: Served, facet: Facet, isStored: boolean, published: Published): Answer {
  if (isStored) return objectAnswer(served, published, 200)
  return { type: 'object', status: 200, object: facet.read(published.object) }
}

function shown(served: Served, published: Published): Published {
  return served.view ? served.view.show(published) : published
}

function stored(served: Served, object: Stored): Stored {
  return served.view ? served.view.store(object) : object
}

/** The request's namespace counts; an object that names another is refused. */
export function inNamespace<T extends { readonly metadata?: { readonly namespace?: string } }>(object: T, namespace: string): T {
  const own = object.metadata?.namespace ?? ''
  if (own === namespace) return object
  if (namespace === '') {
    const { namespace: _, ...metadata } = object.metadata!
    return { ...object, metadata }
  }
  if (own !== '') throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  return { ...object, metadata: { ...object.metadata, namespace } }
}

function checkName(object: Stored, name: string): Stored {
  const own = object.metadata?.name ?? ''
  if (own === '') throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
  if (own !== name) throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`)
  return object
}

function noBody(expected: ExpectedKind) {
  return badRequest(
    `the object provided is unrecognized (must be of type ${expected.kind}): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)`,
  )
}
