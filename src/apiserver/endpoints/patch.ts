/** Applies a patch body to an object as its kind's path shows it. */

import { APPLY_CBOR_TYPE, APPLY_TYPE } from './apply.ts'
import { badRequest, refusal, unsupportedMediaType } from './errors.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { JsonPatchError, applyJsonPatch } from '#schema/json-patch.ts'
import { parseJson } from '#schema/json.ts'
import { applyMergePatch } from '#schema/merge-patch.ts'
import type { Message } from '#schema/message.ts'
import { StrategicMergeError, strategicMerge } from '#schema/strategic-merge.ts'

const STRATEGIC = 'application/strategic-merge-patch+json'
const TYPES = ['application/json-patch+json', 'application/merge-patch+json', STRATEGIC] as const
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
    return { type, document: value, duplicates }
  } catch (error) {
    if ((error as Error).name !== 'MalformedInput') throw error
    throw badRequest(`error decoding patch: ${(error as Error).message}`)
  }
}

/** Whether the patch may look at or change `metadata.managedFields`. */
export function mayTouchOwners({ type, document }: Patch): boolean {
  if (typeof document !== 'object' || document === null) return false
  if (type === 'application/json-patch+json') {
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
    case 'application/json-patch+json':
      try {
        return applyJsonPatch(shown, patch.document)
      } catch (error) {
        if (!(error instanceof JsonPatchError)) throw error
        if (error.kind === 'malformed') throw badRequest(`error decoding patch: ${error.message}`)
        if (error.kind === 'too large') throw refusal({ code: 413, reason: 'RequestEntityTooLarge', message: error.message })
        throw refusal({
          code: 422,
          reason: 'Invalid',
          message: 'the server rejected our request due to an error in our request',
          details: {},
        })
      }
    case 'application/merge-patch+json':
      if (typeof patch.document !== 'object' || patch.document === null || Array.isArray(patch.document))
        throw badRequest('Invalid JSON Patch')
      return applyMergePatch(shown, patch.document)
    case 'application/strategic-merge-patch+json':
      if (typeof patch.document !== 'object' || patch.document === null || Array.isArray(patch.document))
        throw badRequest(
          `error decoding patch: json: cannot unmarshal ${Array.isArray(patch.document) ? 'array' : typeof patch.document} into Go value of type map[string]interface {}`,
        )
      try {
        return strategicMerge(kind.message, shown, patch.document)
      } catch (error) {
        if (!(error instanceof StrategicMergeError)) throw error
        throw badRequest(error.message)
      }
  }
}
