/** Server-side apply as requests bring it: the configuration that was sent, conflicts in upstream's words, owners of what is written. */

import { badRequest, refusal } from './errors.ts'
import type { ManagedFieldsEntry } from '#api/meta/v1/object-meta.ts'
import type { ExpectedKind, FieldValidation } from '#apiserver/encode/read-body.ts'
import { apply, type Conflict, type ManagedWrite } from '#apiserver/registry/managed-fields.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { StatusError } from '#client/client.ts'
import { compare } from '#schema/apply/compare.ts'
import { fieldsOf, NotDeclared } from '#schema/apply/fields-of.ts'
import { difference, LEAF, paths, type FieldSet } from '#schema/apply/field-set.ts'
import { mistyped } from '#schema/apply/mistyped.ts'
import type { Json } from '#schema/apply/shape.ts'
import type { Message } from '#schema/message.ts'
import { decodeCbor } from '#schema/cbor-decode.ts'
import { parseYaml } from '#schema/yaml.ts'

export const APPLY_TYPE = 'application/apply-patch+yaml'
export const APPLY_CBOR_TYPE = 'application/apply-patch+cbor'

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const ANNOTATIONS_BYTES_MAX = 256 * 1024 // upstream's, all of an object's together
const KUBECTL = 'kubectl' // the only manager that takes over from its own client-side apply

/** The configuration as it was sent: without defaults, and only with what it names. Refuses with 400. */
export async function readConfiguration(ctx: RequestContext, expected: ExpectedKind, validation: FieldValidation): Promise<Json> {
  const { body } = ctx
  const { value, duplicates } =
    body.type === 'bytes'
      ? parsed(await body.read(), body.contentType)
      : { value: body.type === 'none' ? null : body.object, duplicates: [] }
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
    const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`,
    )
  }
  const config = (value ?? {}) as Json
  ctx.audit?.request(config)
  const { apiVersion, kind } = config
  if (apiVersion !== expected.apiVersion || kind !== expected.kind) throw badRequest(`invalid object type: ${shownKind(config)}`)
  const metadata = config['metadata'] as { readonly managedFields?: readonly unknown[] } | undefined
  if (metadata?.managedFields && metadata.managedFields.length > 0) throw badRequest('metadata.managedFields must be nil')
  const repeated = duplicates.map((text) => `error converting YAML to JSON: ${text}`)
  if (repeated.length > 0 && validation === 'Strict') throw badRequest(`error strict decoding YAML: ${repeated.join(', ')}`)
  if (validation === 'Warn') ctx.warnings.push(...repeated)
  return config
}

/** As upstream prints a group, version and kind: the core group is the empty word before the slash. */
function shownKind({ apiVersion, kind }: Json): string {
  const words = typeof apiVersion === 'string' ? apiVersion.split('/') : []
  const version = words.length === 1 ? `/${words[0]}` : words.length === 2 ? words.join('/') : '/'
  return `${version}, Kind=${typeof kind === 'string' && words.length < 3 ? kind : ''}`
}

function parsed(bytes: Uint8Array, contentType: string): { readonly value: unknown; readonly duplicates: readonly string[] } {
  const cbor = contentType.split(';')[0]!.trim().toLowerCase() === APPLY_CBOR_TYPE
  try {
    if (cbor) return { value: decodeCbor(bytes), duplicates: [] }
    return parseYaml(bytes)
  } catch (error) {
    if ((error as Error).name !== 'MalformedInput') throw error
    throw badRequest(`error decoding ${cbor ? 'CBOR' : 'YAML'}: ${(error as Error).message}`)
  }
}

/** The live object with the configuration applied, and its owners after that. Throws a 409 that names every conflict. */
export function settle(
  live: Json,
  config: Json,
  write: ManagedWrite,
  force: boolean,
): { readonly object: Json; readonly managed: readonly ManagedFieldsEntry[] } {
  const result = typed(write.message, config, () => apply(live, config, write, force, force ? LEAF : allowedTo(write, live)))
  if (result.type === 'conflicts') throw conflict(result.conflicts)
  return { object: write.manager === KUBECTL ? withLastApplied(result.object, config) : result.object, managed: result.managed }
}

/** Runs `read`, which walks the configuration by its declaration; what the declaration does not know gets upstream's refusal. */
export function typed<T>(message: Message, config: Json, read: () => T): T {
  const errors = mistyped(message, config)
  if (errors.length > 1) throw untyped(config, ['errors:', ...errors.map((text) => `  ${text}`)].join('\n'))
  if (errors.length === 1) throw untyped(config, errors[0]!)
  try {
    return read()
  } catch (error) {
    throw error instanceof NotDeclared ? untyped(config, error.message) : error
  }
}

function untyped(config: Json, what: string): StatusError {
  const { name = '', namespace = '' } = (config['metadata'] ?? {}) as { readonly name?: string; readonly namespace?: string }
  const object = `${namespace}/${name}; ${shownKind(config)}`
  return refusal({ code: 500, reason: '', message: `failed to create typed patch object (${object}): ${what}` })
}

/** What `kubectl apply` owned before it applied on the server, by the annotation it left, where that is still so: its own. */
function allowedTo({ manager, message, apiVersion }: ManagedWrite, live: Json): FieldSet {
  const text = manager === KUBECTL ? lastApplied(live) : undefined
  if (!text) return LEAF
  try {
    const applied = JSON.parse(text) as Json
    if (applied['apiVersion'] !== apiVersion) return LEAF
    const { changed, removed } = compare(message, applied, live)
    return difference(difference(fieldsOf(message, applied), changed), removed)
  } catch {
    return LEAF // an annotation nobody can read allows nothing
  }
}

function lastApplied(object: Json): string | undefined {
  return (object['metadata'] as { readonly annotations?: Readonly<Record<string, string>> } | undefined)?.annotations?.[LAST_APPLIED]
}

/** So that a client-side apply still knows what was applied last. Left out where it would make the annotations too large. */
function withLastApplied(object: Json, config: Json): Json {
  if (!lastApplied(object)) return object
  const metadata = object['metadata'] as { readonly annotations: Readonly<Record<string, string>> }
  const { [LAST_APPLIED]: _, ...others } = metadata.annotations
  const annotations = { ...others, [LAST_APPLIED]: goJson(withoutLastApplied(config)) }
  const bytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  return { ...object, metadata: { ...metadata, annotations: bytes > ANNOTATIONS_BYTES_MAX ? others : annotations } }
}

function withoutLastApplied(config: Json): Json {
  const metadata = config['metadata'] as { readonly annotations?: Readonly<Record<string, string>> } | undefined
  if (!metadata?.annotations) return config
  const { [LAST_APPLIED]: _, ...annotations } = metadata.annotations
  return { ...config, metadata: { ...metadata, annotations } }
}

/** JSON as upstream's encoder writes a map: keys in order, what HTML minds escaped, and a line end. */
function goJson(value: unknown): string {
  const text = JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
  return `${text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}

function conflict(conflicts: readonly Conflict[]): StatusError {
  const single = conflicts.flatMap(({ manager, fields }) => paths(fields).map((path) => ({ manager: shownManager(manager), path })))
  const message =
    single.length === 1
      ? `Apply failed with 1 conflict: conflict with ${single[0]!.manager}: ${single[0]!.path}`
      : `Apply failed with ${single.length} conflicts: ${conflicts.map(shownConflicts).join('\n')}`
  const causes = single.map(({ manager, path }) => ({ reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field: path }))
  return refusal({ code: 409, reason: 'Conflict', message, details: { causes } })
}

function shownConflicts({ manager, fields }: Conflict): string {
  return [`conflicts with ${shownManager(manager)}:`, ...paths(fields).map((path) => `- ${path}`)].join('\n')
}

function shownManager({ manager, subresource, operation, apiVersion }: ManagedFieldsEntry): string {
  const name = `${JSON.stringify(manager ?? '')}${subresource ? ` with subresource ${JSON.stringify(subresource)}` : ''}`
  return operation === 'Update' ? `${name} using ${apiVersion ?? ''}` : name
}
