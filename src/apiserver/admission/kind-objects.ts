/** Finds the objects of a kind by its name, whoever serves it. */

import type { FindKind } from './policy/policy-params.ts'
import type { Endpoint } from '#apiserver/endpoints/resource-endpoint.ts'
import { groupResource, type KubeObject, type Resource } from '#schema/resource.ts'

export interface KindSources {
  readonly endpoints: () => Iterable<Endpoint>
  /** Of kinds that definitions make. */
  readonly custom: { resources(): readonly Resource[]; stored(name: string): Promise<Endpoint | undefined> }
}

export function kindFinder({ endpoints, custom }: KindSources): FindKind {
  return async (apiVersion, kind) => {
    const isIt = (resource: Resource) => resource.apiVersion === apiVersion && resource.kind === kind
    const own = [...endpoints()].find(({ served }) => isIt(served.resource))
    const other = own ? undefined : custom.resources().find(isIt)
    const endpoint = own ?? (other && (await custom.stored(groupResource(other))))
    return endpoint && objectsOf(endpoint)
  }
}

function objectsOf({ registry, served }: Endpoint): Awaited<ReturnType<FindKind>> {
  const shown = (object: unknown) => (served.view ? served.view.showObject(object as never) : object) as KubeObject
  return {
    namespaced: served.resource.scope === 'Namespaced',
    async get(namespace, name) {
      // what is not here yet may have been made a moment ago
      const found = registry.find(namespace, name) ?? (await registry.fresh(), registry.find(namespace, name))
      return found && shown(found.object)
    },
    async list(namespace) {
      await registry.fresh()
      const { items } = registry.cache.list(namespace === '' ? registry.prefix : `${registry.prefix}${namespace}/`)
      return items.map((item) => shown(item.object))
    },
  }
}
