/** Custom resources as the server serves them: a table that follows the definitions, and the way of a request through it. */

import { converterOf, type Converter, type ConverterParts } from './conversion.ts'
import { customKind, type CustomKind } from './custom-kind.ts'
import { isTrue } from './definition-conditions.ts'
import { conversionBetween, formOf, viewBetween } from './form.ts'
import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { Answer } from '#apiserver/answer.ts'
import { openWatchCache, type WatchCache } from '#apiserver/cache/watch-cache.ts'
import { following } from '#apiserver/endpoints/following.ts'
import { methodNotAllowed, notFound } from '#apiserver/endpoints/errors.ts'
import { answerResource, type Endpoint, type EndpointParts } from '#apiserver/endpoints/resource-endpoint.ts'
import { answerSubresource, type SubresourceParts } from '#apiserver/endpoints/subresource.ts'
import { Registry, type RegistryParts } from '#apiserver/registry/registry.ts'
import { decodeStored } from '#apiserver/registry/stored-form.ts'
import type { Served } from '#apiserver/registry/served/serve.ts'
import { customPrefix } from '#apiserver/registry/storage-key.ts'
import { mainFacet } from '#apiserver/registry/update.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { sameJson } from '#schema/json-patch.ts'
import type { Resource, Verb } from '#schema/resource.ts'

export interface CustomResourcesParts extends RegistryParts, ConverterParts {
  /** Of the definitions themselves. */
  readonly definitions: Registry
}

export interface CustomResources extends AsyncDisposable {
  /** Undefined where there is no such resource. */
  answer(ctx: RequestContext, parts: EndpointParts, subresources: SubresourceParts): Promise<Answer | undefined>
  /** The version in which objects of an accepted definition are stored. */
  stored(name: string): Promise<Endpoint | undefined>
  /** What is served of established definitions, in their order; the same list until one of them changes. */
  resources(): readonly Resource[]
  /** Whether a definition has the group and version as of now. */
  serves(group: string, version: string): boolean
  /** Those that are open. */
  caches(): readonly WatchCache[]
  /** As which resource another version of it is stored. */
  storedAs(resource: Resource): Resource | undefined
  /** The definition is gone, or may have changed. */
  changed(name: string): Promise<void>
}

/** One definition as it is served. */
interface Serving {
  readonly definition: CustomResourceDefinition
  /** By version. */
  readonly kinds: ReadonlyMap<string, CustomKind>
  readonly storage: CustomKind
  readonly endpoints: Map<string, Endpoint>
  /** Aborts when it is served otherwise. */
  readonly ending: AbortController
}

/** What stays when a definition changes. */
interface Kept {
  readonly uid: string
  readonly prefix: string
  cache: Promise<WatchCache> | undefined
  opened: WatchCache | undefined
  closing?: Promise<void>
  serving: Serving
}

const ACROSS_NAMESPACES: ReadonlySet<string> = new Set(['list', 'watch'])
/** What is left to do with what is going. */
const VERBS_WHILE_TERMINATING: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'watch']

export function customResources(parts: CustomResourcesParts): CustomResources {
  const { definitions } = parts
  const kept = new Map<string, Kept>()
  let listed: readonly Resource[] | undefined
  const storage = new WeakMap<Resource, Resource>()

  const find = (name: string) => definitions.find('', name)?.object as unknown as CustomResourceDefinition | undefined

  function servingOf(definition: CustomResourceDefinition): Kept | undefined {
    const { name, uid } = definition.metadata
    const known = kept.get(name)
    if (known?.uid === uid) {
      if (known.serving.definition !== definition) known.serving = next(known.serving, definition)
      return known
    }
    if (known !== undefined) return undefined // a namesake of before has to go first
    const made: Kept = {
      uid,
      prefix: customPrefix({ group: definition.spec.group, plural: definition.spec.names.plural }),
      cache: undefined,
      opened: undefined,
      serving: serve(definition),
    }
    kept.set(name, made)
    return made
  }

  /** Once, however many ask for it: a new cache may only be opened when the old one is closed. */
  function close(name: string, entry: Kept): Promise<void> {
    return (entry.closing ??= (async () => {
      entry.serving.ending.abort()
      const cache = await entry.cache?.catch(() => undefined)
      await cache?.[Symbol.asyncDispose]()
      kept.delete(name)
    })())
  }

  async function ready(definition: CustomResourceDefinition): Promise<Kept | undefined> {
    const { name, uid } = definition.metadata
    const known = kept.get(name)
    if (known !== undefined && known.uid !== uid) await close(name, known)
    return servingOf(definition)
  }

  /** Clients and caches live on where the change does not concern them. */
  function next(before: Serving, definition: CustomResourceDefinition): Serving {
    const { spec, status } = before.definition
    if (sameJson(spec, definition.spec) && sameJson(status.acceptedNames, definition.status.acceptedNames)) return { ...before, definition }
    before.ending.abort()
    return serve(definition)
  }

  async function endpointOf(entry: Kept, version: string): Promise<Endpoint> {
    const { serving } = entry
    const known = serving.endpoints.get(version)
    if (known) return known
    entry.cache ??= openWatchCache({
      feed: parts.feed,
      resource: serving.storage.resource,
      prefix: entry.prefix,
      decode: decodeStored,
      log: parts.log.with({ resource: serving.definition.metadata.name }),
    })
    let cache: WatchCache
    try {
      cache = entry.opened = await entry.cache
    } catch (error) {
      entry.cache = undefined // the next request tries again
      throw error
    }
    const kind = serving.kinds.get(version)!
    const byApiVersion = new Map([...serving.kinds.values()].map((k) => [k.resource.apiVersion, k]))
    const { resource, strategy, facets } = kind
    const endpoint: Endpoint = {
      served: { resource, strategy, facets },
      registry: Registry.over(
        cache,
        resource,
        strategy,
        parts,
        formOf(kind, serving.storage, byApiVersion, converterOf(serving.definition, parts)),
      ),
      mainFacet: mainFacet(resource, strategy),
      until: serving.ending.signal,
      others: following(
        () => serving,
        () => otherVersions(kind, serving, converterOf(serving.definition, parts)),
      ),
    }
    serving.endpoints.set(version, endpoint)
    return endpoint
  }

  function established(): readonly CustomResourceDefinition[] {
    const all = definitions.cache.list(definitions.prefix).items.map((item) => item.object as unknown as CustomResourceDefinition)
    return all.filter(({ status }) => isTrue(status, 'Established'))
  }

  return {
    async answer(ctx, endpointParts, subresources) {
      const { group, version, resource: plural, verb, namespace, subresource, name } = ctx.info
      const definition = find(`${plural}.${group}`)
      if (definition === undefined || !isServed(definition, version) || !isInScope(definition, verb, namespace)) return undefined
      const entry = await ready(definition)
      if (entry === undefined) return undefined
      const { version: declared } = entry.serving.kinds.get(version)!
      if (declared.deprecated) ctx.warnings.push(declared.deprecationWarning ?? deprecation(definition, version))
      const endpoint = await endpointOf(entry, version)
      const where = { group, plural }
      if (subresource !== '') {
        const part = endpoint.served.resource.subresources.find((s) => s.name === subresource)
        if (part === undefined) throw notFound(where, name)
        if (!(part.verbs as readonly string[]).includes(verb)) throw methodNotAllowed(where, verb)
        return answerSubresource(endpoint, ctx, subresources)
      }
      if (verb === 'create' && isTrue(definition.status, 'Terminating')) {
        const refused = methodNotAllowed(where, verb)
        const message = `${verb} not allowed while custom resource definition is terminating`
        throw Object.assign(refused, { status: { ...refused.status, message }, message })
      }
      return answerResource(endpoint, ctx, endpointParts)
    },

    async stored(name) {
      const definition = find(name)
      const entry = definition && (await ready(definition))
      return entry && endpointOf(entry, entry.serving.storage.version.name)
    },

    resources() {
      return (listed ??= established().flatMap((definition) => {
        const serving = servingOf(definition)?.serving
        if (serving === undefined) return []
        const going = isTrue(definition.status, 'Terminating')
        return [...serving.kinds.values()]
          .filter((kind) => kind.version.served)
          .map((kind) => {
            const resource = going ? { ...kind.resource, verbs: VERBS_WHILE_TERMINATING } : kind.resource
            storage.set(resource, serving.storage.resource)
            return resource
          })
      }))
    },

    serves: (group, version) =>
      established().some(({ spec }) => spec.group === group && spec.versions.some((v) => v.served && v.name === version)),

    caches: () => [...kept.values()].flatMap(({ opened }) => opened ?? []),

    storedAs: (resource) => storage.get(resource),

    async changed(name) {
      listed = undefined
      const known = kept.get(name)
      if (known !== undefined && find(name)?.metadata.uid !== known.uid) await close(name, known)
    },

    async [Symbol.asyncDispose]() {
      await Promise.all([...kept].map(([name, entry]) => close(name, entry)))
    },
  }
}

function serve(definition: CustomResourceDefinition): Serving {
  const versions = definition.spec.versions
  const kinds = new Map(versions.map((version) => [version.name, customKind(definition, version)]))
  const storage = kinds.get((versions.find((v) => v.storage) ?? versions[0]!).name)!
  return { definition, kinds, storage, endpoints: new Map(), ending: new AbortController() }
}

/** Other versions of an object that need nobody's conversion: webhooks of admission may ask for any of them. */
function otherVersions(kind: CustomKind, { definition, kinds }: Serving, convert: Converter): readonly Served[] {
  const byName = (definition.spec.conversion?.strategy ?? 'None') === 'None'
  const shown = [...kinds.values()].filter((other) => other !== kind && other.version.served)
  return shown.map(({ resource, strategy, facets, schema }) => ({
    resource,
    strategy,
    facets,
    ...(byName ? { view: viewBetween(kind, { resource, schema }) } : { converts: conversionBetween(kind, { resource, schema }, convert) }),
  }))
}

/** Names that were accepted once go on being served when an update of them is not. */
function isServed({ spec, status }: CustomResourceDefinition, version: string): boolean {
  if (!isTrue(status, 'NamesAccepted') && !isTrue(status, 'Established')) return false
  return spec.versions.some((v) => v.name === version && v.served)
}

function isInScope({ spec }: CustomResourceDefinition, verb: string, namespace: string): boolean {
  return spec.scope === 'Namespaced' ? namespace !== '' || ACROSS_NAMESPACES.has(verb) : namespace === ''
}

function deprecation({ spec }: CustomResourceDefinition, version: string): string {
  return `${spec.group}/${version} ${spec.names.kind} is deprecated`
}
