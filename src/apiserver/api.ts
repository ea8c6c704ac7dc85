/** The API: everything behind authentication and authorization, from a request's context to its answer. */

import { openAggregation } from './aggregation/aggregation.ts'
import { authenticationConfigMap, type FrontProxy } from './aggregation/authentication-config-map.ts'
import { admissionChain } from './admission/chain.ts'
import { reinvoking } from './admission/reinvoking.ts'
import { kindFinder } from './admission/kind-objects.ts'
import { objectReader } from './admission/plugin-parts.ts'
import { standardPlugins, type PluginSelection } from './admission/standard-plugins.ts'
import type { Answer } from './answer.ts'
import type { TokenAuthenticator } from './authentication/authenticator.ts'
import type { TokenIssuer } from './authentication/token-issuer.ts'
import type { Authorizer, ResolvedRules } from './authorization/authorizer.ts'
import type { RuleResolver } from './authorization/rbac.ts'
import { reviewRules } from './authorization/rules-review.ts'
import { openStoreFeed, type StoreFeed } from './cache/store-feed.ts'
import { virtualResources } from './encode/known-kinds.ts'
import { keepApiServices } from './extensions/api-services.ts'
import { customResources } from './extensions/custom-resources.ts'
import { followDefinitions } from './extensions/definition-loop.ts'
import { following } from './endpoints/following.ts'
import { answerComponentStatuses, type ComponentProbe } from './endpoints/component-statuses.ts'
import { discovery } from './endpoints/discovery.ts'
import { noSuchResource } from './endpoints/errors.ts'
import { flowPage } from './flow/debug-pages.ts'
import { openFlowControl, type FlowControl } from './flow/flow-control.ts'
import { flowSource } from './flow/flow-source.ts'
import { health, type HealthCheck } from './endpoints/health.ts'
import { openMetrics, type ApiMetrics } from './endpoints/metrics.ts'
import { isLongRunning } from './filters/request-info.ts'
import { whileItGoesOn } from './metrics/long-running.ts'
import { openApiDocuments } from './endpoints/openapi.ts'
import { answerReview, type ReviewParts } from './endpoints/reviews.ts'
import { answerResource, type Endpoint, type EndpointParts } from './endpoints/resource-endpoint.ts'
import { answerSubresource, type SubresourceParts } from './endpoints/subresource.ts'
import { bindPod } from './endpoints/subresources/binding.ts'
import { zPage, type ComponentProcess } from './endpoints/z-pages.ts'
import type { KubeletConnection } from './proxy/kubelet-connection.ts'
import { addedRanges, defaultServiceCidr, isAllocated } from './registry/address-objects.ts'
import { defaultObjects, mastersObjects, type AdvertisedAddress } from './registry/default-objects.ts'
import { every, keepAddresses, keepFlowConditions, keepObjects } from './registry/keep-objects.ts'
import { followServices } from './registry/follow-services.ts'
import { dropMasterLease, renewMasterLease } from './registry/master-leases.ts'
import { localApiServices } from './registry/local-api-services.ts'
import { listerOf, type LiveLister } from './registry/lister.ts'
import { Registry } from './registry/registry.ts'
import { servedResources } from './registry/served.ts'
import type { Served } from './registry/served/serve.ts'
import { servedUnstable } from './registry/served/unstable.ts'
import { serviceStrategy, type StoredService } from './registry/strategies/service.ts'
import { mainFacet } from './registry/update.ts'
import { parseRuntimeConfig } from './runtime-config.ts'
import { serviceAddresses } from './webhook/service-address.ts'
import { openWebhookClient } from './webhook/webhook-client.ts'
import { hookMetrics } from './webhook/webhook-metrics.ts'
import type { RequestContext } from './request-context.ts'
import { services as serviceResource } from '#api/core/v1/service.ts'
import { endpointSlices } from '#api/discovery/v1/endpoint-slice.ts'
import type { ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { Metrics } from '#base/metrics.ts'
import type { Random } from '#base/random.ts'
import { kubernetesVersion } from '#base/version.ts'
import { groupResource, type KubeObject, type Resource } from '#schema/resource.ts'
import type { Store } from '#store/store.ts'

export interface Api extends AsyncDisposable {
  /** Answers; refusals are thrown as `StatusError`. */
  handle(ctx: RequestContext): Promise<Answer>
  /** A live read of the resource's watch cache, for authorizers and admission in this process. */
  lister<T extends KubeObject>(resource: Resource<T>): LiveLister<T>
  /** Every served resource, the virtual ones included. */
  readonly resources: readonly Resource[]
  /** What `parts.authorizer` made; handed on so that filters ask the same one. */
  readonly authorizer: Authorizer
  /** What `/metrics` tells: those along a request's way note what they see. */
  readonly metrics: ApiMetrics
  /** Where requests over the network wait their turn. */
  readonly flow?: FlowControl
}

/** What can be read before the API answers requests: authorizers and the like are made of it. */
export type Listers = Pick<Api, 'lister'>

export interface ApiParts {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Addresses of services, a range or one of each family with a comma between; 10.96.0.0/12 unless said otherwise. */
  readonly serviceCidr?: string
  /** Both ends included; 30000-32767 unless said otherwise. */
  readonly nodePortRange?: readonly [number, number]
  /** Where pods find this server; absent: the kubernetes service has no endpoints. */
  readonly advertised?: AdvertisedAddress
  /** Other servers may have the same store, so the kubernetes service shows all that are there. */
  readonly sharedStore?: boolean
  readonly tokenIssuer?: TokenIssuer
  readonly tokens?: (listers: Listers) => TokenAuthenticator
  readonly kubelets?: (listers: Listers) => KubeletConnection
  /** Answers access reviews and signer permissions; absent: everything is allowed. */
  readonly authorizer?: (listers: Listers) => Authorizer
  /** The rules users hold, for rule reviews and against escalation; absent: neither is answered for. */
  readonly resolver?: (listers: Listers) => RuleResolver
  /** Which admission plugins run, and what is configured for them; absent: those that are on by default. */
  readonly admission?: PluginSelection
  readonly healthChecks?: readonly HealthCheck[]
  /** Behind /statusz and /flagz; absent: neither is served. */
  readonly process?: ComponentProcess
  /** How large the store is, for `/metrics`. */
  readonly storeBytes?: () => number
  /** What GET /snapshot answers: all that is stored, as it lies; absent: the path is not served. */
  readonly snapshot?: () => AsyncIterable<Uint8Array>
  /** What this server is to the servers it aggregates; absent: it shows them no certificate. */
  readonly frontProxy?: FrontProxy
  /** What `/metrics` adds of the process. */
  readonly processMetrics?: () => Promise<string>
  /** Asked for component statuses, by name, beside the store. */
  readonly components?: Readonly<Record<string, ComponentProbe>>
  /** Priority and fairness over this many requests at work; absent: none. */
  readonly flow?: { readonly seats: number; readonly soon: (run: () => void) => void }
  /** Which resources are served; the stable versions unless told otherwise. What is not served is kept all the same. */
  readonly enabled?: (resource: Resource) => boolean
  /** Namespaces, priority classes and the kubernetes service are made unless false. */
  readonly withDefaultObjects?: boolean
}

const SERVICE_CIDR = '10.96.0.0/12'
const NODE_PORTS = [30000, 32767] as const
const KEEP_DEFAULTS_MS = 10_000 // upstream's interval for its own service; looks at caches only while nothing is missing
const NO_RULES: ResolvedRules = { rules: [], errors: ['the authorizer does not support rule resolution'] }
const ALLOW_ALL: Authorizer = { authorize: () => ({ type: 'allow', reason: '' }) }

const stableOnly = parseRuntimeConfig([], [])

export async function openApi(parts: ApiParts): Promise<Api> {
  const { store, clock, random, log } = parts
  const feed = await openStoreFeed({ store, clock, log })
  const cidrs = (parts.serviceCidr ?? SERVICE_CIDR).split(',')
  const services = serviceStrategy(
    {
      cidrs,
      nodePorts: parts.nodePortRange ?? NODE_PORTS,
      added: () => addedRanges(all<ServiceCIDR>('servicecidrs.networking.k8s.io')),
      reserved: (ip) => {
        const kept = named('ipaddresses.networking.k8s.io').registry.find('', ip)?.object
        return kept !== undefined && !isAllocated(kept)
      },
      ...(parts.sharedStore === true && { others: () => all<StoredService>('services') }),
      changed: () => addressKeeper.soon(),
    },
    random,
  )
  const enabled = parts.enabled ?? stableOnly
  const stable = servedResources(services.strategy as never)
  const served = [...stable, ...servedUnstable(stable, enabled)]
  const endpoints = await openEndpoints(served, enabled, { store, feed, clock, random, log })
  // of what is served in several versions, the first one listed counts
  const byName = new Map([...endpoints.values()].toReversed().map((e) => [groupResource(e.served.resource), e]))
  const named = (name: string) => byName.get(name)!
  function all<T>(name: string): readonly T[] {
    const { cache, prefix } = named(name).registry
    return cache.list(prefix).items.map((i) => i.object as unknown as T)
  }
  services.recover(all<StoredService>('services'))

  const listers: Listers = {
    lister<T extends KubeObject>(resource: Resource<T>): LiveLister<T> {
      const { group, version, plural } = resource
      const endpoint = endpoints.get(pathKey(group, version, plural)) ?? byName.get(groupResource(resource))
      if (endpoint === undefined) throw new Error(`${groupResource(resource)} are not served`)
      return listerOf(endpoint.registry, endpoint.served.view?.show) as unknown as LiveLister<T>
    },
  }
  const resources = [...served.map((s) => s.resource), ...virtualResources].filter(enabled)
  const ofServer = new Metrics()
  const metrics = openMetrics({
    clock,
    resources: () => everything(),
    caches: () => [...new Set([...byName.values()].map((e) => e.registry.cache)), ...custom.caches()],
    ...(parts.storeBytes && { storeBytes: parts.storeBytes }),
    ofProcess: async () => ofServer.text() + ((await parts.processMetrics?.()) ?? ''),
  })
  const authorizer = parts.authorizer?.(listers) ?? ALLOW_ALL
  const resolver = parts.resolver?.(listers)
  const objects = objectReader(named)
  const findKind = kindFinder({
    endpoints: () => endpoints.values(),
    custom: { resources: () => custom.resources(), stored: (name) => custom.stored(name) },
  })
  const resolve = serviceAddresses({
    service: (namespace, name) => objects.cached(serviceResource, namespace, name),
    slices: (namespace) => objects.cachedList(endpointSlices, namespace),
    random,
  })
  const webhooks = openWebhookClient({ clock, resolve })
  const plugins = standardPlugins(
    {
      objects,
      named,
      findKind,
      resources: () => [...resources, ...custom.resources()],
      clock,
      random,
      log,
      metrics,
      authorizer,
      resolver,
      webhooks,
      hookMetrics: hookMetrics(ofServer, clock),
    },
    parts.admission,
  )
  const admission = reinvoking(admissionChain(plugins, metrics.admission))
  const endpointParts: EndpointParts = { store, clock, random, authorizer, admission, metrics }
  const subresources: SubresourceParts = {
    ...endpointParts,
    named: (name) => byName.get(name),
    tokenIssuer: parts.tokenIssuer,
    kubelets: parts.kubelets?.(listers),
  }
  const reviews: ReviewParts = {
    authorizer,
    admission,
    tokens: parts.tokens?.(listers),
    apiAudiences: parts.tokenIssuer?.audiences ?? [],
    rules: (user, namespace) => reviewRules(authorizer.rulesFor?.(user, namespace) ?? NO_RULES),
  }

  const groupVersions = new Set(resources.map(({ group, version }) => `${group}/${version}`))
  const virtual = new Map(virtualResources.filter(enabled).map((r) => [pathKey(r.group, r.version, r.plural), r]))
  const storedAs = new Map(served.flatMap((s) => (s.view ? [[s.resource, s.view.stored]] : [])))
  const definitions = named('customresourcedefinitions.apiextensions.k8s.io').registry
  const custom = customResources({ store, feed, clock, random, log, definitions, webhooks })
  const storedForm = (resource: Resource) => storedAs.get(resource) ?? custom.storedAs(resource) ?? resource
  const discover = following(custom.resources, (list) => discovery([...resources, ...list], parts.advertised, storedForm))
  const documents = openApiDocuments(resources, custom.resources)
  const everything = following(custom.resources, (list) => [...resources, ...list])
  const storeAnswers = async () => void (await store.revision())
  const checks: readonly HealthCheck[] = [
    { name: 'etcd', check: storeAnswers },
    { name: 'etcd-readiness', check: storeAnswers, readyOnly: true },
    { name: 'informer-sync', check: async () => void (await definitions.fresh()), readyOnly: true },
    ...(parts.healthChecks ?? []),
  ]

  const components = {
    ...parts.components,
    'etcd-0': () => store.revision().then(() => 'ok'),
  }

  const flow =
    parts.flow && openFlowControl({ source: flowSource((name) => byName.get(name)?.registry), clock, metrics: ofServer, ...parts.flow })

  const keeping = new AbortController()
  const addressKeeper = keepAddresses(byName, parts, keeping.signal)
  const shared = parts.sharedStore === true ? parts.advertised : undefined
  if (shared) void followServices({ services: named('services').registry, clock, log, moved: services.moved }, keeping.signal)
  if (parts.withDefaultObjects !== false) {
    const local = localApiServices(resources)
    const keep = async () => {
      const masters = shared && (await renewMasterLease(store, shared))
      const defaults = [...defaultObjects(services.firstAddresses[0]!, parts.advertised, masters), defaultServiceCidr(cidrs), ...local]
      // authorities are renewed
      await keepObjects(byName, parts.frontProxy ? [...defaults, authenticationConfigMap(parts.frontProxy)] : defaults, parts)
      await addressKeeper.now()
      await keepFlowConditions(byName, parts)
    }
    await keep()
    void every(KEEP_DEFAULTS_MS, clock, keeping.signal, keep, log)
  }
  async function leaveMasters(own: AdvertisedAddress): Promise<void> {
    try {
      const masters = await dropMasterLease(store, own)
      if (masters.length > 0) await keepObjects(byName, mastersObjects(masters, own), parts)
    } catch (error) {
      log.warn('the kubernetes service goes on naming this server until its lease runs out', { error })
    }
  }
  const apiServices = named('apiservices.apiregistration.k8s.io').registry
  const servedChanged = () => keepApiServices({ services: apiServices, custom, clock, random })
  const settled = followDefinitions({ definitions, custom, clock, random, log, servedChanged }, keeping.signal)

  const aggregation = openAggregation({
    apiServices,
    services: named('services').registry,
    slices: named('endpointslices.discovery.k8s.io').registry,
    objects,
    clock,
    random,
    log,
    resolve,
    metrics: ofServer,
    certificate: () => parts.frontProxy?.certificate(),
  })

  async function answer(ctx: RequestContext): Promise<Answer> {
    const { info } = ctx
    const aggregated = aggregation.answer(ctx)
    if (aggregated) return aggregated
    if (!info.isResourceRequest) return (await plainPath(ctx)) ?? notFoundPage()
    const key = pathKey(info.group, info.version, info.resource)
    if (key === '/v1/componentstatuses') return answerComponentStatuses(ctx, components)
    const review = virtual.get(key)
    if (review) return review.plural === 'bindings' ? bindPod(named('pods'), ctx, endpointParts) : answerReview(review, ctx, reviews)
    const endpoint = endpoints.get(key)
    if (endpoint === undefined || !enabled(endpoint.served.resource)) {
      if (groupVersions.has(`${info.group}/${info.version}`)) throw noSuchResource()
      return (endpoint === undefined ? await custom.answer(ctx, endpointParts, subresources) : undefined) ?? notFoundPage()
    }
    return info.subresource === '' ? answerResource(endpoint, ctx, endpointParts) : answerSubresource(endpoint, ctx, subresources)
  }

  const ownDocuments = (ctx: RequestContext) => discover()(ctx) ?? documents(ctx)

  async function plainPath(ctx: RequestContext): Promise<Answer | undefined> {
    const { path } = ctx
    if (path === '/version' || path === '/version/')
      return ctx.method !== 'GET' && ctx.method !== 'HEAD' ? onlyGet() : { type: 'object', status: 200, object: kubernetesVersion }
    if (path === '/openid/v1/jwks' && parts.tokenIssuer) return json(await parts.tokenIssuer.jwks(), 'application/jwk-set+json')
    if (path === '/.well-known/openid-configuration' && parts.tokenIssuer) return json(parts.tokenIssuer.discovery(), 'application/json')
    if (path === '/snapshot' && parts.snapshot) {
      if (ctx.method !== 'GET') return onlyGet()
      return { type: 'bytes', status: 200, headers: { 'content-type': 'application/octet-stream' }, body: parts.snapshot() }
    }
    if (path === '/')
      return {
        type: 'object',
        status: 200,
        object: { paths: rootPaths([...resources, ...custom.resources(), ...aggregation.groupVersions()]) },
      }
    const paths = rootPaths([]).filter((p) => !p.startsWith('/api'))
    const request = { path, accept: ctx.headers.accept, now: clock.now(), paths, warn: (text: string) => void ctx.warnings.push(text) }
    const page = parts.process && zPage(parts.process, request)
    return (
      page ??
      (flow && flowPage(flow, path, ctx.query)) ??
      (await aggregation.documents(ctx, ownDocuments)) ??
      (await metrics.answer(path)) ??
      (await health(checks, ctx, metrics.checked))
    )
  }

  return {
    async handle(ctx) {
      const given = await answer(ctx)
      return isLongRunning(ctx.info) ? whileItGoesOn(given, () => metrics.longRunning(ctx)) : given
    },
    lister: listers.lister,
    resources,
    authorizer,
    metrics,
    ...(flow && { flow }),
    async [Symbol.asyncDispose]() {
      keeping.abort()
      await settled
      if (shared !== undefined) await leaveMasters(shared)
      await aggregation[Symbol.asyncDispose]()
      await custom[Symbol.asyncDispose]()
      flow?.[Symbol.dispose]()
      await webhooks[Symbol.asyncDispose]()
      await Promise.all([...byName.values()].map((e) => e.registry.cache[Symbol.asyncDispose]()))
      await feed[Symbol.asyncDispose]()
    },
  }
}

/** Opens all registries at once; a view shares the registry of what it shows. */
async function openEndpoints(
  served: readonly Served[],
  enabled: (resource: Resource) => boolean,
  parts: { readonly store: Store; readonly feed: StoreFeed; readonly clock: Clock; readonly random: Random; readonly log: Log },
): Promise<ReadonlyMap<string, Endpoint>> {
  const own = served.filter((s) => s.view === undefined)
  const viewsOf = (stored: Resource) =>
    served.flatMap(({ resource, view }) => (view !== undefined && view.stored === stored ? [{ resource, view }] : []))
  const registries = new Map(
    await Promise.all(
      own.map(async (s): Promise<[Resource, Registry]> => [
        s.resource,
        await Registry.open(s.resource, s.strategy, parts, viewsOf(s.resource)),
      ]),
    ),
  )
  const storedAs = (s: Served) => s.view?.stored ?? s.resource
  const together = Map.groupBy(
    served.filter((s) => enabled(s.resource)),
    storedAs,
  )
  return new Map(
    served.map((s): [string, Endpoint] => {
      const registry = registries.get(storedAs(s))!
      const { group, version, plural } = s.resource
      const main = mainFacet(registry.resource, s.strategy)
      return [pathKey(group, version, plural), { served: s, registry, mainFacet: main, others: () => together.get(storedAs(s)) ?? [] }]
    }),
  )
}

function pathKey(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`
}

/** What upstream's router says of a path that is there for GET only. */
function onlyGet(): Answer {
  const headers = { 'content-type': 'text/plain; charset=utf-8', allow: 'GET' }
  return { type: 'bytes', status: 405, headers, body: '405: Method Not Allowed' }
}

/** What upstream's router says where nothing is. */
function notFoundPage(): Answer {
  return {
    type: 'bytes',
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: '404 page not found\n',
  }
}

function json(document: object, contentType: string): Answer {
  return {
    type: 'bytes',
    status: 200,
    headers: { 'content-type': contentType, 'cache-control': 'public, max-age=3600' },
    body: JSON.stringify(document),
  }
}

function rootPaths(resources: readonly Pick<Resource, 'group' | 'version' | 'apiVersion'>[]): readonly string[] {
  const groups = resources.flatMap((r) => (r.group === '' ? [`/api/${r.version}`] : [`/apis/${r.group}`, `/apis/${r.apiVersion}`]))
  return [
    ...new Set([
      '/.well-known/openid-configuration',
      '/api',
      '/apis',
      ...groups,
      '/flagz',
      '/healthz',
      '/livez',
      '/metrics',
      '/metrics/slis',
      '/openapi/v2',
      '/openapi/v3',
      '/openid/v1/jwks',
      '/readyz',
      '/statusz',
      '/version',
    ]),
  ].toSorted()
}
