/** A live read of a registry's cache in the shape that informers have. */

import type { Published } from '#apiserver/cache/published.ts'
import type { Registry } from './registry.ts'
import { splitKey, type Lister } from '#client/informer.ts'
import type { KubeObject } from '#schema/resource.ts'

/** A lister that says when something has changed, so that what is derived from lists need not be derived again. */
export interface LiveLister<T extends KubeObject> extends Lister<T> {
  /** Moves with every change of the resource. */
  changes(): number
}

/** `show` turns stored objects into another kind's, for resources that are views. */
export function listerOf(registry: Registry, show: (stored: Published) => Published = (p) => p): LiveLister<KubeObject> {
  const list = (namespace?: string) =>
    registry.cache.list(namespace ? `${registry.prefix}${namespace}/` : registry.prefix).items.map((item) => show(item).object)
  return {
    get(key) {
      const { namespace, name } = splitKey(key)
      const found = registry.find(namespace, name)
      return found && show(found).object
    },
    list,
    changes: () => registry.cache.received,
    by(index, value) {
      if (index === 'uid') return list().filter((o) => o.metadata.uid === value)
      if (index === 'owner') return list().filter((o) => o.metadata.ownerReferences?.some((r) => r.uid === value))
      if (registry.strategy.indexes?.[index])
        return registry.cache.list(registry.prefix, { index: { name: index, value } }).items.map((item) => show(item).object)
      throw new Error(`${registry.resource.plural} have no index ${index}`)
    },
  }
}
