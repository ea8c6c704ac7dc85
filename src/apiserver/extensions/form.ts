/** How stored custom resources are shown in one of their versions, and how they are stored. */

import type { Converter } from './conversion.ts'
import type { CustomKind } from './custom-kind.ts'
import { Published } from '#apiserver/cache/published.ts'
import type { Form } from '#apiserver/registry/registry.ts'
import type { Conversion, View } from '#apiserver/registry/served/serve.ts'
import type { Stored } from '#apiserver/registry/strategy.ts'
import type { KubeObject } from '#schema/resource.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * What is stored was right by the schema of its day: it is pruned and filled in by today's schema of the version it is stored in,
 * then converted, then pruned by that of the version it is shown in. `kinds` are the definition's versions by apiVersion.
 */
export function formOf(shownAs: CustomKind, storedAs: CustomKind, kinds: ReadonlyMap<string, CustomKind>, convert: Converter): Form {
  const known = new WeakMap<Published, Published>()
  const { resource } = shownAs
  const keep = (stored: Published, object: KubeObject): Published => {
    const same = object === stored.object && stored.resource.apiVersion === resource.apiVersion
    const shown = same ? stored : new Published(resource, stored.key, stored.revision, object)
    known.set(stored, shown)
    return shown
  }
  return {
    show(stored) {
      const foreign: { readonly stored: Published; readonly object: KubeObject }[] = []
      for (const one of stored) {
        if (known.has(one)) continue
        const object = asStored(one.object, kinds)
        if (object.apiVersion === resource.apiVersion) keep(one, object)
        else foreign.push({ stored: one, object })
      }
      const shown = () => stored.map((one) => known.get(one)!)
      if (foreign.length === 0) return shown()
      const finish = (objects: readonly KubeObject[]) => {
        for (const [i, object] of objects.entries()) keep(foreign[i]!.stored, pruned(object, shownAs))
        return shown()
      }
      const converted = convert(
        foreign.map((f) => f.object),
        resource.apiVersion,
      )
      return converted instanceof Promise ? converted.then(finish) : finish(converted)
    },
    store(object) {
      const { apiVersion } = storedAs.resource
      if (object.apiVersion === apiVersion) return object
      const { resourceVersion } = object.metadata
      const finish = ([converted]: readonly KubeObject[]) => withVersion(pruned(converted!, storedAs), resourceVersion) as Stored
      const converted = convert([object], apiVersion)
      return converted instanceof Promise ? converted.then(finish) : finish(converted)
    },
  }
}

type Shape = Pick<CustomKind, 'resource' | 'schema'>

/** One version as a view of another, where they differ by name and schema only. */
export function viewBetween(stored: Shape, other: Shape): View {
  const showObject = (object: KubeObject) => pruned({ ...object, apiVersion: other.resource.apiVersion }, other)
  return {
    stored: stored.resource,
    show: (published) => new Published(other.resource, published.key, published.revision, showObject(published.object)),
    showObject,
    store: (object) => pruned({ ...object, apiVersion: stored.resource.apiVersion }, stored),
  }
}

/** The same where somebody has to be asked how they differ. */
export function conversionBetween(stored: Shape, other: Shape, convert: Converter): Conversion {
  const to = async (object: KubeObject, shape: Shape) => pruned((await convert([object], shape.resource.apiVersion))[0]!, shape)
  return { show: (object) => to(object, other), store: (object) => to(object, stored) }
}

function asStored(object: KubeObject, kinds: ReadonlyMap<string, CustomKind>): KubeObject {
  const schema = kinds.get(object.apiVersion ?? '')?.schema
  const read = schema === undefined ? object : schema.fillDefaults(pruneBy(schema, object, true))
  return read.metadata.generation ? read : { ...read, metadata: { ...read.metadata, generation: 1 } }
}

function pruned(object: KubeObject, { schema }: Pick<CustomKind, 'schema'>): KubeObject {
  return pruneBy(schema, object, false)
}

function pruneBy(schema: CustomKind['schema'], object: KubeObject, dropInvalid: boolean): KubeObject & Json {
  return schema.coerce(schema.prune(object as unknown as Json).object, { dropInvalid }).object as unknown as KubeObject & Json
}

/** The object goes on under the version it was read at, whoever converted it. */
function withVersion(object: KubeObject, resourceVersion: string | undefined): KubeObject {
  if (object.metadata.resourceVersion === resourceVersion) return object
  return { ...object, metadata: { ...object.metadata, resourceVersion: resourceVersion as string } }
}
