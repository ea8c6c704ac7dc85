/** One line of the tables of what is served: a resource with the strategy of its registry and the facets of its subresources. */

import { generic } from '../strategies/plain.ts'
import type { Facet, Stored, Strategy } from '../strategy.ts'
import type { Published } from '#apiserver/cache/published.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

/** Erases the kind, which only the registry of that kind sees again. */
export function serve<T extends Stored>(
  resource: Resource<never>,
  strategy: Strategy<T> = generic as Strategy<T>,
  facets?: Readonly<Record<string, Facet<T>>>,
): Served {
  return {
    resource: resource as unknown as Resource,
    strategy: strategy as unknown as Strategy,
    ...(facets && { facets: facets as unknown as Readonly<Record<string, Facet>> }),
  }
}

export interface Served {
  readonly resource: Resource
  readonly strategy: Strategy
  /** Subresources that read and write the stored object, `status` aside where the generic one does. */
  readonly facets?: Readonly<Record<string, Facet>>
  /** Shows another resource's stored objects under a kind of its own. */
  readonly view?: View
  /** In place of a view where showing takes time: somebody else has to be asked. */
  readonly converts?: Conversion
}

export interface Conversion {
  show(stored: KubeObject): Promise<KubeObject>
  store(shown: KubeObject): Promise<KubeObject>
}

export interface View {
  readonly stored: Resource
  readonly show: (stored: Published) => Published
  readonly showObject: (stored: KubeObject) => KubeObject
  readonly store: (shown: KubeObject) => KubeObject
}
