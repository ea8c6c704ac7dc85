/** Applies a patch body to an object as its kind's path shows it. */

import { APPLY_CBOR_TYPE, APPLY_TYPE } from './apply.ts'
import { badRequest, invalid, refusal, unsupportedMediaType } from './errors.ts'
import { decodeValue, type ExpectedKind, type FieldValidation } from '#apiserver/encode/read-body.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { JsonPatchError, applyJsonPatch } from '#schema/json-patch.ts'
import { invalid as invalidField } from '#schema/field-error.ts'
import { goText } from '#schema/go-text.ts'
import { parseJson } from '#schema/json.ts'
import { applyMergePatch } from '#schema/merge-patch.ts'
import type { Message } from '#schema/message.ts'
import { StrategicMergeError, strategicMerge } from '#schema/strategic-merge.ts'

const STRATEGIC = 'application/strategic-merge-patch+json'
const JSON_PATCH = 'application/json-patch+json'
const TYPES = [JSON_PATCH, 'application/merge-patch+json', STRATEGIC] as const
type PatchType = (typeof TYPES)[number]

export interface Patch {
  readonly type: PatchType
  readonly document: unknown
  readonly duplicates: readonly string[]
}

/** Whether the body is a configuration to apply. */
export function isApply({ body, cbor }: RequestContext): boolean {
  const type = body.type === 'none' ? '' : body.contentType.split(';')[0]!.trim().toLowerCase()
  return type === APPLY_TYPE || (cbor === true && type === APPLY_CBOR_TYPE)
}

/** Of custom resources nobody knows what a strategic merge would mean. */
export async function readPatch(ctx: RequestContext, custom = false): Promise<Patch> {
  const { body } = ctx
  if (body.type === 'none') throw badRequest('unexpected end of JSON input')
  const type = body.contentType.split(';')[0]!.trim().toLowerCase() as PatchType
  const types: readonly PatchType[] = custom ? TYPES.filter((t) => t !== STRATEGIC) : TYPES
  if (!types.includes(type)) throw unsupportedMediaType([...types, APPLY_TYPE, ...(ctx.cbor ? [APPLY_CBOR_TYPE] : [])])
  if (body.type === 'object') {
    ctx.audit?.request(body.object)
    return { type, document: body.object, duplicates: [] }
  }
  try {
    const { value, duplicates } = parseJson(await body.read())
    ctx.audit?.request(value)
    return { type, document: value, duplicates: type === JSON_PATCH ? oddities(value, duplicates) : duplicates }
  } catch (error) {
    if ((error as Error).name !== 'MalformedInput') throw error
    throw badRequest(`${type === STRATEGIC ? '' : 'error decoding patch: '}${(error as Error).message}`)
  }
}

const MEMBERS: ReadonlySet<string> = new Set(['op', 'path', 'from', 'value'])

/** What a JSON patch says twice, or says and nobody reads. */
function oddities(operations: unknown, duplicates: readonly string[]): readonly string[] {
  const unknown = Array.isArray(operations)
    ? operations.flatMap((operation: unknown, i) =>
        Object.keys(typeof operation === 'object' && operation !== null ? operation : {})
          .filter((name) => !MEMBERS.has(name))
          .map((name) => `unknown field "[${i}].${name}"`),
      )
    : []
  return [...duplicates, ...unknown].map((problem) => `json patch ${problem}`)
}

/** Whether the patch may look at or change `metadata.managedFields`. */
export function mayTouchOwners({ type, document }: Patch): boolean {
  if (typeof document !== 'object' || document === null) return false
  if (type === JSON_PATCH) {
    const touches = (path: unknown) =>
      typeof path === 'string' && (path === '' || path === '/metadata' || path.startsWith('/metadata/managedFields'))
    return (
      !Array.isArray(document) ||
      document.some((step: Readonly<Record<string, unknown>> | null) => touches(step?.['path']) || touches(step?.['from']))
    )
  }
  if (Object.keys(document).some((name) => name.startsWith('$'))) return true
  const { metadata } = document as { readonly metadata?: unknown }
  if (typeof metadata !== 'object') return false
  return metadata === null || Object.keys(metadata).some((name) => name === 'managedFields' || name.startsWith('$'))
}

export function applyPatch(
  patch: Patch,
  shown: object,
  kind: { readonly group: string; readonly kind: string; readonly message: Message },
): unknown {
  switch (patch.type) {
    case JSON_PATCH:
      try {
        return applyJsonPatch(shown, patch.document)
      } catch (error) {
        if (!(error instanceof JsonPatchError)) throw error
        if (error.kind === 'malformed') throw badRequest(`error decoding patch: ${error.message}`)
        if (error.kind === 'too large') throw refusal({ code: 413, reason: 'RequestEntityTooLarge', message: error.message })
        throw doesNotApply()
      }
    case 'application/merge-patch+json':
      if (patch.document === null) throw badRequest('Invalid JSON Patch')
      if (!isObject(patch.document)) throw badRequest(`error decoding patch: ${noObject(patch.document)}`)
      return applyMergePatch(shown, patch.document)
    case STRATEGIC:
      if (patch.document !== null && !isObject(patch.document)) throw badRequest(noObject(patch.document))
      try {
        return strategicMerge(kind.message, shown, patch.document ?? {})
      } catch (error) {
        if (!(error instanceof StrategicMergeError)) throw error
        if (error.kind === 'malformed') throw badRequest(error.message)
        throw error.kind === 'failed' ? refusal({ code: 500, reason: '', message: error.message }) : doesNotApply()
      }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function noObject(value: unknown): string {
  const said = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  return `json: cannot unmarshal ${said} into Go value of type map[string]interface {}`
}

function doesNotApply() {
  return refusal({
    code: 422,
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
    details: {},
  })
}

/** What the patch made, as an object of the kind. It is refused as an invalid patch, which upstream shows back, or what came of it. */
export function decodePatched(
  patch: Patch,
  patched: unknown,
  expected: ExpectedKind,
  validation: FieldValidation,
  warnings: string[],
): object {
  const strategic = patch.type === STRATEGIC
  const refuse = (why: string) => {
    const shown = strategic ? goText(patch.document) : JSON.stringify(patched)
    return invalid({ group: '', kind: '' }, '', [invalidField('patch', shown, strategic ? asConverted(why) : why)])
  }
  // a strategic merge goes straight into the kind's type, whatever kind the patch names
  const value = strategic && isObject(patched) ? { ...patched, apiVersion: expected.apiVersion, kind: expected.kind } : patched
  return decodeValue(value, patch.duplicates, expected, validation, warnings, refuse)
}

const CONVERTED_KINDS: Readonly<Record<string, string>> = { object: 'map', array: 'slice', number: 'int64' }

/** Upstream converts the maps of a strategic merge rather than decode them, and words the same failures otherwise. */
function asConverted(why: string): string {
  const [, said, type] = /^json: cannot unmarshal (\w+)(?: \S+)? into Go .* of type (.+)$/.exec(why) ?? []
  if (said === undefined || type === undefined) return why
  const found = CONVERTED_KINDS[said] ?? said
  if (type.startsWith('[]')) return `cannot restore slice from ${found}`
  if (type.startsWith('map[')) return `cannot restore map from ${found}`
  return /^(?:string|bool|u?int\d+|float\d+)$/.test(type) ? `unrecognized type: ${type}` : `cannot restore struct from: ${found}`
}
