/** A stored object as the API server keeps it: once, decoded and never modified, with its bytes per media type on first use. */

import type { KubeObject, Resource } from '#schema/resource.ts'
import type { Revision } from '#store/store.ts'

export class Published<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>
  /** Store key. */
  readonly key: string
  readonly revision: Revision
  /** With apiVersion, kind and resourceVersion set. */
  readonly object: T
  /** Most objects are never asked for. */
  #bytes: Map<string, Uint8Array> | undefined

  constructor(resource: Resource<T>, key: string, revision: Revision, object: T) {
    this.resource = resource
    this.key = key
    this.revision = revision
    this.object = object
  }

  /** The object encoded by `encode`, remembered under `mediaType`. */
  bytes(mediaType: string, encode: (published: Published<T>) => Uint8Array): Uint8Array {
    let bytes = this.#bytes?.get(mediaType)
    if (bytes === undefined) (this.#bytes ??= new Map()).set(mediaType, (bytes = encode(this)))
    return bytes
  }
}
