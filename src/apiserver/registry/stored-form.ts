/** What the bytes of stored objects say: JSON, as this server writes them, or protobuf in upstream's envelope, as others may have. */

import type { View } from './served/serve.ts'
import type { Stored } from './strategy.ts'
import { withDefaults } from '#schema/defaults.ts'
import { decodeEnvelope, decodeMessage, hasMagic } from '#schema/protobuf.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

/** Stored bytes are the object's JSON with apiVersion and kind, without resourceVersion. */
export function encodeStored(object: Stored): Uint8Array {
  const { resourceVersion: _, ...metadata } = object.metadata
  const text = JSON.stringify({ ...object, metadata })
  // not from the shared pool: a store that keeps it would keep its neighbours, too
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}

/** Of objects that only ever lie there as JSON. */
export function decodeStored(bytes: Uint8Array): Stored {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as Stored
}

/** Another version in which objects may lie there, and how it is made into that of the registry. */
export interface OtherVersion {
  readonly resource: Resource
  readonly view: View
}

const ENCRYPTED = Buffer.from('k8s:enc:')

/** Decodes what is stored of a resource; throws for what only another server could read. */
export function storedReader(resource: Resource, others: readonly OtherVersion[] = []): (bytes: Uint8Array) => Stored {
  return (bytes) => {
    if (hasMagic(bytes)) return fromProtobuf(bytes, resource, others)
    if (ENCRYPTED.equals(bytes.subarray(0, ENCRYPTED.length))) throw new Error('the object is encrypted')
    return decodeStored(bytes)
  }
}

function fromProtobuf(bytes: Uint8Array, resource: Resource, others: readonly OtherVersion[]): Stored {
  const { apiVersion, kind, raw } = decodeEnvelope(bytes)
  const read = (as: Resource) =>
    withDefaults(as.type.schema, { ...decodeMessage(as.type.schema, raw), apiVersion, kind }) as unknown as KubeObject
  if (apiVersion === resource.apiVersion && kind === resource.kind) return inOrder(read(resource))
  const other = others.find((o) => o.resource.apiVersion === apiVersion && o.resource.kind === kind)
  if (other === undefined) throw new Error(`the object is stored as ${kind} of ${apiVersion}, which is not served`)
  return inOrder(other.view.store(read(other.resource)))
}

/** Type first, as everywhere. */
function inOrder({ apiVersion, kind, ...rest }: KubeObject): Stored {
  return { apiVersion, kind, ...rest } as Stored
}
