/** A live read of a registry's cache in the shape that informers have. */

import type { Registry } from './registry.ts'
import { splitKey, type Lister } from '#client/informer.ts'
import type { KubeObject } from '#schema/resource.ts'

export function listerOf(registry: Registry): Lister<KubeObject> {
  const list = (namespace?: string) =>
    registry.cache.list(namespace ? `${registry.prefix}${namespace}/` : registry.prefix).items.map((item) => item.object)
  return {
    get(key) {
      const { namespace, name } = splitKey(key)
      return registry.find(namespace, name)?.object
    },
    list,
    by(index, value) {
      if (index === 'uid') return list().filter((o) => o.metadata.uid === value)
      if (index === 'owner') return list().filter((o) => o.metadata.ownerReferences?.some((r) => r.uid === value))
      if (registry.strategy.indexes?.[index])
        return registry.cache.list(registry.prefix, { index: { name: index, value } }).items.map((item) => item.object)
      throw new Error(`${registry.resource.plural} have no index ${index}`)
    },
  }
}
