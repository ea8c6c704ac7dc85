/** Shows the stored objects of a resource in another version of it, which has the same members unless told how they differ. */

import type { Served, View } from '../served/serve.ts'
import { Published } from '#apiserver/cache/published.ts'
import { decode } from '#schema/decode.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

export interface Conversion {
  readonly show: (stored: KubeObject) => KubeObject
  readonly store: (shown: KubeObject) => KubeObject
}

const AS_IT_IS: Conversion = { show: (object) => object, store: (object) => object }

/** `resource` served from what `of` stores, with the same strategy; members that the stored version has not are dropped. */
export function inOtherVersion(of: Served, resource: Resource, conversion: Conversion = AS_IT_IS): Served {
  const { apiVersion } = resource
  const stored = of.resource
  const shown = new WeakMap<Published, Published>()
  const showObject = (object: KubeObject): KubeObject => ({ ...conversion.show(object), apiVersion })
  const view: View = {
    stored,
    show(published) {
      let known = shown.get(published)
      if (known === undefined) {
        known = new Published(resource, published.key, published.revision, showObject(published.object))
        shown.set(published, known)
      }
      return known
    },
    showObject,
    store(object) {
      const { value } = decode(stored.type.schema, conversion.store(object))
      return { ...value, apiVersion: stored.apiVersion, kind: stored.kind } as unknown as KubeObject
    },
  }
  return { ...of, resource, view }
}
