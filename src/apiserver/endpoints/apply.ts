/** Server-side apply as requests bring it: the configuration that was sent, conflicts in upstream's words, owners of what is written. */

import { badRequest, refusal } from './errors.ts'
import type { ManagedFieldsEntry } from '#api/meta/v1/object-meta.ts'
import type { ExpectedKind, FieldValidation } from '#apiserver/encode/read-body.ts'
import { apply, type Conflict, type ManagedWrite } from '#apiserver/registry/managed-fields.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import type { StatusError } from '#client/client.ts'
import { fieldsOf, NotDeclared } from '#schema/apply/fields-of.ts'
import { LEAF, paths, type FieldSet } from '#schema/apply/field-set.ts'
import type { Json } from '#schema/apply/shape.ts'
import { decodeCbor } from '#schema/cbor-decode.ts'
import { decode } from '#schema/decode.ts'
import { parseYaml } from '#schema/yaml.ts'

export const APPLY_TYPE = 'application/apply-patch+yaml'
export const APPLY_CBOR_TYPE = 'application/apply-patch+cbor'

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const KUBECTL = 'kubectl' // the only manager that takes over from its own client-side apply

/** The configuration as it was sent: without defaults, and only with what it names. Refuses with 400. */
export async function readConfiguration(ctx: RequestContext, expected: ExpectedKind, validation: FieldValidation): Promise<Json> {
  const { body } = ctx
  if (body.type === 'none') throw badRequest('unexpected end of JSON input')
  const { value, duplicates } =
    body.type === 'object' ? { value: body.object, duplicates: [] } : parsed(await body.read(), body.contentType)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest('error decoding YAML: error unmarshaling JSON: json: cannot unmarshal into Go value of type map[string]interface {}')
  const config = value as Json
  const { apiVersion = '', kind = '' } = config as { readonly apiVersion?: string; readonly kind?: string }
  if (apiVersion !== expected.apiVersion || kind !== expected.kind) {
    const shown = (version: string, name: string) => `${version}, Kind=${name}`
    throw badRequest(
      apiVersion === expected.apiVersion
        ? `incorrect kind specified in apply patch. Specified apply patch: ${shown(apiVersion, kind)}, expected: ${shown(expected.apiVersion, expected.kind)}`
        : `incorrect version specified in apply patch. Specified apply patch: ${apiVersion}, expected: ${expected.apiVersion}`,
    )
  }
  const metadata = config['metadata'] as { readonly managedFields?: readonly unknown[] } | undefined
  if (metadata?.managedFields && metadata.managedFields.length > 0) throw badRequest('metadata.managedFields must be nil')
  const unknown = [...duplicates, ...unknownFields(expected, config)]
  if (unknown.length > 0 && validation === 'Strict') throw badRequest(`error decoding patch: strict decoding error: ${unknown.join(', ')}`)
  if (unknown.length > 0 && validation === 'Warn') ctx.warnings.push(...unknown)
  return config
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

function unknownFields({ message, kind, apiVersion }: ExpectedKind, config: Json): readonly string[] {
  try {
    return decode(message, config).unknown
  } catch (error) {
    if ((error as Error).name !== 'DecodeError') throw error
    const version = apiVersion.split('/').at(-1)
    throw badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${(error as Error).message}`)
  }
}

/** The live object with the configuration applied, and its owners after that. Throws a 409 that names every conflict. */
export function settle(
  live: Json,
  config: Json,
  write: ManagedWrite,
  force: boolean,
): { readonly object: Json; readonly managed: readonly ManagedFieldsEntry[] } {
  const result = typed(config, write, () => apply(live, config, write, force, force ? LEAF : allowedTo(write, live)))
  if (result.type === 'conflicts') throw conflict(result.conflicts)
  return { object: write.manager === KUBECTL ? withLastApplied(result.object, live, config) : result.object, managed: result.managed }
}

/** Runs `read`, which walks the configuration by its declaration; what the declaration does not know gets upstream's refusal. */
export function typed<T>(config: Json, write: Pick<ManagedWrite, 'message' | 'apiVersion'>, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof NotDeclared)) throw error
    const { name = '', namespace = '' } = (config['metadata'] ?? {}) as { readonly name?: string; readonly namespace?: string }
    const object = `${namespace === '' ? '' : `${namespace}/`}${name}; ${write.apiVersion}, Kind=${String(config['kind'])}`
    throw refusal({ code: 500, reason: '', message: `failed to create typed patch object (${object}): ${error.message}` })
  }
}

/** What `kubectl apply` owned before it applied on the server, by the annotation it left: those fields are its own. */
function allowedTo({ manager, message }: ManagedWrite, live: Json): FieldSet {
  const text = manager === KUBECTL ? lastApplied(live) : undefined
  if (text === undefined) return LEAF
  try {
    return fieldsOf(message, JSON.parse(text) as Json)
  } catch {
    return LEAF // an annotation nobody can read allows nothing
  }
}

function lastApplied(object: Json): string | undefined {
  return (object['metadata'] as { readonly annotations?: Readonly<Record<string, string>> } | undefined)?.annotations?.[LAST_APPLIED]
}

/** So that a client-side apply still knows what was applied last. */
function withLastApplied(object: Json, live: Json, config: Json): Json {
  if (lastApplied(live) === undefined) return object
  const metadata = object['metadata'] as { readonly annotations?: Readonly<Record<string, string>> }
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [LAST_APPLIED]: `${JSON.stringify(config)}\n` } } }
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

function shownManager({ manager, subresource, operation, apiVersion, time }: ManagedFieldsEntry): string {
  const name = `${JSON.stringify(manager ?? '')}${subresource ? ` with subresource ${JSON.stringify(subresource)}` : ''}`
  if (operation !== 'Update') return name
  return `${name} using ${apiVersion ?? ''}${time === undefined ? '' : ` at ${time}`}`
}
