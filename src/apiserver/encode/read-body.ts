/** Reads a request's body as one object of an expected kind, as strictly as the caller asked. */

import { CBOR_TYPE, JSON_TYPE, objectTypes, PROTOBUF_TYPE, YAML_TYPE, type MediaType } from './negotiate.ts'
import { badRequest, invalid, unsupportedMediaType } from '#apiserver/endpoints/errors.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { decodeCbor, hasCborMagic } from '#schema/cbor-decode.ts'
import { decode } from '#schema/decode.ts'
import { invalid as invalidField } from '#schema/field-error.ts'
import { parseJson } from '#schema/json.ts'
import type { Message } from '#schema/message.ts'
import { decodeEnvelope, decodeMessage, hasMagic } from '#schema/protobuf.ts'
import { parseYaml } from '#schema/yaml.ts'
import { strictProblems } from './strict-problems.ts'

export interface ExpectedKind {
  readonly apiVersion: string
  readonly kind: string
  readonly message: Message
  /** Older versions of the kind that say the same. */
  readonly alike?: readonly string[]
}

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

const SUMMARY_BYTES = 30 // how much of a body nobody could read is shown back, as upstream

/** The body decoded as the expected kind, apiVersion and kind set; undefined when there is none. Refuses with 400 or 415. */
export async function readBody(ctx: RequestContext, expected: ExpectedKind, validation: FieldValidation): Promise<object | undefined> {
  const object = await bodyObject(ctx, expected, validation)
  if (object !== undefined) ctx.audit?.request(object)
  return object
}

async function bodyObject(ctx: RequestContext, expected: ExpectedKind, validation: FieldValidation): Promise<object | undefined> {
  const { body } = ctx
  if (body.type === 'none') return undefined
  if (body.type === 'object') return decodeValue(body.object, [], expected, 'Ignore', ctx.warnings)
  const mediaType = mediaTypeOf(body.contentType, ctx.cbor)
  const bytes = await body.read()
  if (bytes.length === 0) return undefined
  const custom = expected.message.custom !== undefined
  if (custom && mediaType === PROTOBUF_TYPE) throw unsupportedMediaType(objectTypes(ctx.cbor).filter((t) => t !== PROTOBUF_TYPE))
  if (!custom && (mediaType === PROTOBUF_TYPE || hasMagic(bytes))) return readProtobuf(bytes, expected)
  const { value, duplicates } = parseText(bytes, ctx.cbor && hasCborMagic(bytes) ? CBOR_TYPE : mediaType, expected)
  if (custom && typesOf(value).kind === '')
    throw unrecognized(expected, `Object 'Kind' is missing in '${Buffer.from(bytes).toString()}'`, bytes)
  if (custom) return decodeValue(value, duplicates, expected, validation, ctx.warnings)
  const together: Together = (unknown) => strictProblems(value, mediaType === YAML_TYPE ? 'yaml' : 'json', duplicates, unknown)
  return decodeValue(value, together, expected, validation, ctx.warnings)
}

/** All that a strict reader minds, given what is unknown. */
type Together = (unknown: readonly string[]) => readonly string[]

/** A value checked as a body would be; `refuse` words what is wrong with it. */
export function decodeValue(
  value: unknown,
  duplicates: readonly string[] | Together,
  expected: ExpectedKind,
  validation: FieldValidation,
  warnings: string[],
  refuse?: (why: string) => Error,
): object {
  const { apiVersion, kind } = typesOf(value)
  if (refuse && !expected.message.custom) refuseOtherKind(apiVersion, kind, expected, refuse)
  else checkKind(apiVersion, kind, expected, value)
  const refused = refuse ?? ((why: string) => badRequest(cannotBeHandled(expected, why)))
  try {
    const decoded = decode(expected.message, value)
    const problems = typeof duplicates === 'function' ? duplicates(decoded.unknown) : [...duplicates, ...decoded.unknown]
    if (problems.length > 0 && validation === 'Strict') throw refused(`strict decoding error: ${problems.join(', ')}`)
    if (validation === 'Warn') warnings.push(...problems)
    return { ...decoded.value, apiVersion: expected.apiVersion, kind: expected.kind }
  } catch (error) {
    if ((error as Error).name !== 'DecodeError') throw error
    throw refused((error as Error).message)
  }
}

function readProtobuf(bytes: Uint8Array, expected: ExpectedKind): object {
  try {
    const { apiVersion, kind, raw } = decodeEnvelope(bytes)
    checkKind(apiVersion, kind, expected)
    return { ...decodeMessage(expected.message, raw), apiVersion: expected.apiVersion, kind: expected.kind }
  } catch (error) {
    if ((error as Error).name !== 'MalformedInput') throw error
    throw unrecognized(expected, (error as Error).message, bytes)
  }
}

function parseText(
  bytes: Uint8Array,
  mediaType: MediaType,
  expected: ExpectedKind,
): { readonly value: unknown; readonly duplicates: readonly string[] } {
  try {
    if (mediaType === CBOR_TYPE) return { value: decodeCbor(bytes), duplicates: [] }
    return mediaType === YAML_TYPE ? parseYaml(bytes) : parseJson(bytes)
  } catch (error) {
    if ((error as Error).name !== 'MalformedInput') throw error
    const text = (error as Error).message
    throw unrecognized(expected, `${WHAT_FAILED[mediaType] ?? ''}${text}`, bytes)
  }
}

/** How upstream begins to say that a body is not what its type says. */
const WHAT_FAILED: Readonly<Partial<Record<MediaType, string>>> = {
  [JSON_TYPE]: "couldn't get version/kind; json parse error: ",
  [CBOR_TYPE]: 'unable to determine group/version/kind: ',
}

/** The bare media type; a body without one is taken as JSON. */
export function mediaTypeOf(contentType: string, cbor = false): MediaType {
  const type = contentType.split(';')[0]!.trim().toLowerCase()
  if (type === '' || type === '*/*') return JSON_TYPE
  const known = objectTypes(cbor).find((t) => t === type)
  if (known === undefined) throw unsupportedMediaType(objectTypes(cbor))
  return known
}

function typesOf(value: unknown): { apiVersion: string; kind: string } {
  const { apiVersion, kind } = (value ?? {}) as { apiVersion?: unknown; kind?: unknown }
  return { apiVersion: typeof apiVersion === 'string' ? apiVersion : '', kind: typeof kind === 'string' ? kind : '' }
}

const SCHEME = 'pkg/api/legacyscheme/scheme.go:30' // upstream names the place in its own source

/** What a patch made of the object is no longer of its kind. */
function refuseOtherKind(apiVersion: string, kind: string, expected: ExpectedKind, refuse: (why: string) => Error): void {
  if (apiVersion !== expected.apiVersion && !expected.alike?.includes(apiVersion))
    throw refuse(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme ${JSON.stringify(SCHEME)}`,
    )
  if (kind !== expected.kind) throw refuse(unknownConversion(kind, expected))
}

function unknownConversion(kind: string, expected: ExpectedKind): string {
  const version = expected.apiVersion.split('/').at(-1)
  return `converting (${version}.${kind}) to (${version}.${expected.kind}): unknown conversion`
}

function checkKind(apiVersion: string, kind: string, expected: ExpectedKind, value?: unknown): void {
  if (apiVersion !== '' && apiVersion !== expected.apiVersion && !expected.alike?.includes(apiVersion))
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${expected.apiVersion})`)
  if (kind !== '' && kind !== expected.kind) {
    // of kinds defined at run time, any object is one until its rules are asked
    if (expected.message.custom) throw wrongKind(kind, expected, value)
    const version = expected.apiVersion.split('/').at(-1)
    throw badRequest(
      `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}: ${unknownConversion(kind, expected)}`,
    )
  }
}

function wrongKind(kind: string, expected: ExpectedKind, value: unknown) {
  const { metadata } = value as { readonly metadata?: { readonly name?: unknown } }
  const where = { group: expected.apiVersion.split('/')[0]!, kind: expected.kind }
  return invalid(where, String(metadata?.name ?? ''), [invalidField('kind', kind, `must be ${expected.kind}`)])
}

function cannotBeHandled({ kind, apiVersion }: ExpectedKind, why: string): string {
  return `${kind} in version ${JSON.stringify(apiVersion.split('/').at(-1))} cannot be handled as a ${kind}: ${why}`
}

function unrecognized({ kind }: ExpectedKind, why: string, bytes: Uint8Array) {
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(bytes)})`)
}

function summary(bytes: Uint8Array): string {
  const cut = bytes.length > SUMMARY_BYTES
  const head = Buffer.from(bytes.subarray(0, SUMMARY_BYTES))
  return `${bytes[0] === 0x7b ? head.toString('utf8') : head.toString('hex')}${cut ? ' ...' : ''}`
}
