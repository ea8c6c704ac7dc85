/** The options of reads and writes, as queries and bodies carry them. */

import type { FieldValidation } from '#apiserver/encode/read-body.ts'
import type { DeletionOptions } from '#apiserver/registry/strategy.ts'
import { badRequest, invalid } from './errors.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { DeleteOptions } from '#api/meta/v1/options.ts'
import { mediaTypeOf } from '#apiserver/encode/read-body.ts'
import { CBOR_TYPE, PROTOBUF_TYPE, YAML_TYPE } from '#apiserver/encode/negotiate.ts'
import { decodeCbor } from '#schema/cbor-decode.ts'
import { decode } from '#schema/decode.ts'
import { forbidden, invalid as invalidField, notSupported, required, tooLong, type FieldError } from '#schema/field-error.ts'
import { parseJson } from '#schema/json.ts'
import { decodeEnvelope, decodeMessage, hasMagic } from '#schema/protobuf.ts'
import { parseYaml } from '#schema/yaml.ts'

export interface WriteOptions {
  readonly dryRun: boolean
  readonly fieldValidation: FieldValidation
  /** Who writes: as asked, else by the name of the client. */
  readonly manager: string
  /** Whether an apply takes fields from their owners. */
  readonly force: boolean
}

const VALIDATIONS: readonly string[] = ['Ignore', 'Strict', 'Warn']

const MANAGER_BYTES_MAX = 128
/** Letters, marks, numbers, punctuation, symbols and the plain space. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u

export function writeOptions(
  ctx: RequestContext,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
  apply: 'apply' | undefined = undefined,
): WriteOptions {
  const dryRun = ctx.query.getAll('dryRun')
  checkDryRun(dryRun, kind)
  const fieldValidation = ctx.query.get('fieldValidation') || 'Warn'
  if (!VALIDATIONS.includes(fieldValidation)) throw optionInvalid(kind, 'fieldValidation', fieldValidation, VALIDATIONS)
  const manager = ctx.query.get('fieldManager') ?? ''
  const force = kind === 'PatchOptions' ? boolOption(ctx.query, 'force') : undefined
  const errors = [
    ...(kind === 'PatchOptions' && !apply && force !== undefined ? [forbidden('force', 'may not be specified for non-apply patch')] : []),
    ...(apply && manager === '' ? [required('fieldManager', 'is required for apply patch')] : []),
    ...managerErrors(manager),
  ]
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors)
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: fieldValidation as FieldValidation,
    manager: manager || clientName(ctx),
    force: force === true,
  }
}

/** The options of a write as those who admit it see them: what the caller gave, under the name of the operation. */
export function optionsObject(
  operation: 'CREATE' | 'UPDATE' | 'DELETE',
  query: URLSearchParams,
  dryRun: boolean,
  deletion: object = {},
): object {
  const kind = `${operation[0]}${operation.slice(1).toLowerCase()}Options`
  const asked = dryRun && { dryRun: ['All'] }
  if (operation === 'DELETE') {
    const { dryRun: _, ...given } = deletion as DeletionOptions
    return { kind, apiVersion: 'meta.k8s.io/v1', ...given, ...asked }
  }
  const fieldManager = query.get('fieldManager')
  const fieldValidation = query.get('fieldValidation')
  return {
    kind,
    apiVersion: 'meta.k8s.io/v1',
    ...asked,
    ...(fieldManager && { fieldManager }),
    ...(fieldValidation && { fieldValidation }),
  }
}

function managerErrors(manager: string): readonly FieldError[] {
  if (Buffer.byteLength(manager) > MANAGER_BYTES_MAX) return [tooLong('fieldManager', MANAGER_BYTES_MAX)]
  const at = [...manager].findIndex((c) => !PRINTABLE.test(c))
  return at < 0 ? [] : [invalidField('fieldManager', manager, `invalid character ${JSON.stringify([...manager][at])} (at position ${at})`)]
}

/** The part of the user agent before its version, as much of it as can be shown. */
function clientName({ headers }: RequestContext): string {
  let name = ''
  for (const c of (headers['user-agent'] ?? '').split('/')[0]!) {
    if (!PRINTABLE.test(c)) continue
    if (Buffer.byteLength(name) + Buffer.byteLength(c) > MANAGER_BYTES_MAX) break
    name += c
  }
  return name
}

/** From the body if there is one, else from the query. */
export async function deletionOptions(ctx: RequestContext): Promise<DeletionOptions & { readonly dryRun: readonly string[] }> {
  const given = await deleteOptionsBody(ctx)
  if (given) ctx.audit?.request({ kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', ...given })
  const options: DeletionOptions = given ?? deleteOptionsQuery(ctx.query)
  const dryRun = options.dryRun ?? []
  checkDryRun(dryRun, 'DeleteOptions')
  const { propagationPolicy, orphanDependents } = options
  if (propagationPolicy !== undefined && orphanDependents !== undefined)
    throw deleteInvalid(invalidField('propagationPolicy', propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set'))
  if (propagationPolicy !== undefined && !['Foreground', 'Background', 'Orphan'].includes(propagationPolicy))
    throw deleteInvalid(notSupported('propagationPolicy', propagationPolicy, ['Background', 'Foreground', 'Orphan', 'nil']))
  return { ...options, dryRun }
}

async function deleteOptionsBody(ctx: RequestContext): Promise<DeletionOptions | undefined> {
  const { body } = ctx
  if (body.type === 'none') return undefined
  if (body.type === 'object') return body.object as DeletionOptions
  const bytes = await body.read()
  if (bytes.length === 0) return undefined
  try {
    const mediaType = mediaTypeOf(body.contentType, ctx.cbor)
    if (mediaType === PROTOBUF_TYPE || hasMagic(bytes))
      return decodeMessage(DeleteOptions.schema, decodeEnvelope(bytes).raw) as DeletionOptions
    const value = mediaType === CBOR_TYPE ? decodeCbor(bytes) : (mediaType === YAML_TYPE ? parseYaml(bytes) : parseJson(bytes)).value
    const { kind } = (value ?? {}) as { kind?: unknown }
    if (kind !== undefined && kind !== 'DeleteOptions') throw badRequest(`decoded object cannot be converted to DeleteOptions`)
    const { apiVersion: _, kind: __, ...options } = (value ?? {}) as Record<string, unknown>
    return decode(DeleteOptions.schema, options).value as DeletionOptions
  } catch (error) {
    if (['MalformedInput', 'DecodeError'].includes((error as Error).name)) throw badRequest((error as Error).message)
    throw error
  }
}

function deleteOptionsQuery(query: URLSearchParams): DeletionOptions {
  const grace = numberOption(query, 'gracePeriodSeconds')
  const orphan = query.get('orphanDependents')
  const policy = query.get('propagationPolicy')
  return {
    ...(grace !== undefined && { gracePeriodSeconds: grace }),
    ...(orphan !== null && { orphanDependents: orphan === 'true' || orphan === '1' }),
    ...(policy !== null && policy !== '' && { propagationPolicy: policy }),
    dryRun: query.getAll('dryRun'),
  }
}

/** A whole number; undefined when absent or empty. */
export function numberOption(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  const refused = (why: string) => badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`)
  if (!/^[+-]?\d+$/.test(text)) throw refused('invalid syntax')
  if (BigInt.asIntN(64, BigInt(text.replace('+', ''))) !== BigInt(text.replace('+', ''))) throw refused('value out of range')
  // Beyond these bounds a number loses its last digits, and none of these options means anything there.
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number(text), Number.MAX_SAFE_INTEGER))
}

/** Go's query booleans: anything but absent, empty, `0` and `false` is true. */
export function boolOption(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  return text !== '0' && text !== 'false'
}

function checkDryRun(values: readonly string[], kind: string): void {
  for (const value of values) if (value !== 'All') throw optionInvalid(kind, 'dryRun', value, ['All'])
}

function optionInvalid(kind: string, field: string, value: string, supported: readonly string[]) {
  return invalid({ group: 'meta.k8s.io', kind }, '', [notSupported(field, value, supported)])
}

function deleteInvalid(error: FieldError) {
  return invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [error])
}
