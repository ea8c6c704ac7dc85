/** Says what is wrong with an object, or with a change of one, by walking the declaration. */

import { FieldError, IMMUTABLE, child, invalid, notSupported, required } from './field-error.ts'
import { sameJson } from './json-patch.ts'
import type { Field, Message, Rule, TypeNode } from './message.ts'
import { flatFields } from './presence.ts'
import { isObject, resourceOf, type KubeObject } from './resource.ts'
import { metadataErrors, metadataUpdateErrors } from './validate-metadata.ts'

type Json = Readonly<Record<string, unknown>>

/** Everything wrong with a new value, which has its defaults. Of an object, the status is not looked at: it is not the client's. */
export function validate(message: Message, value: unknown): FieldError[] {
  const errors: FieldError[] = []
  const metadata = (value as Partial<KubeObject>).metadata
  if (isObject(message) && metadata !== undefined)
    errors.push(...metadataErrors(metadata, resourceOf(message), message.custom !== undefined))
  if (message.custom) return [...errors, ...message.custom.errors(value as object, errors)]
  walk(message, value as Json, '', errors, isObject(message))
  return errors
}

/**
 * Everything wrong with a change: what would be wrong with a new object, and what may not change. What was wrong before and is so
 * still is let through: it was stored when the rules were others, and who changes something else is not to blame. `subresource` is
 * the path the change came by, '' for the object's own; without it, what only some path may change is let through.
 */
export function validateUpdate(message: Message, value: unknown, old: unknown, subresource?: string): FieldError[] {
  const errors: FieldError[] = []
  const metadata = (value as Partial<KubeObject>).metadata
  const before = (old as Partial<KubeObject>).metadata
  if (isObject(message) && metadata !== undefined && before !== undefined)
    errors.push(...metadataUpdateErrors(metadata, before, message.custom !== undefined))
  if (message.custom)
    return [...errors, ...message.custom.errors(value as object, errors, { old: old as object, subresource: subresource ?? '' })]
  const wrong: FieldError[] = []
  walk(message, value as Json, '', wrong, isObject(message))
  errors.push(...(wrong.length === 0 ? wrong : notWrongBefore(message, wrong, old as Json)))
  walkUpdate(message, value as Json, old as Json, '', errors, subresource)
  return errors
}

/** Complaints are the same when their texts are, which show path and value. */
function notWrongBefore(message: Message, wrong: readonly FieldError[], old: Json): FieldError[] {
  const before: FieldError[] = []
  walk(message, old, '', before, isObject(message))
  const known = new Set(before.map((error) => error.message))
  return wrong.filter((error) => !known.has(error.message))
}

/** Everything wrong with a part of an object that its field leaves to the message above (`checkedAbove`). */
export function partErrors(message: Message, value: unknown, path: string): FieldError[] {
  const errors: FieldError[] = []
  walk(message, value as Json, path, errors, false)
  return errors
}

function walk(message: Message, value: Json, path: string, errors: FieldError[], top: boolean): void {
  for (const field of flatFields(message)) {
    if (top && (field.name === 'metadata' || field.name === 'status')) continue
    checkField(field, value[field.name], child(path, field.name), errors)
  }
  for (const part of withInlined(message)) {
    for (const rule of part.rules) checkRule(rule, value, path, errors)
    if (part.check) errors.push(...part.check(value as never, path))
  }
}

function withInlined(message: Message): readonly Message[] {
  let known = inlined.get(message)
  if (known === undefined) {
    known = [message, ...message.fields.flatMap((f) => (f.inline && f.node.type === 'message' ? withInlined(f.node.message()) : []))]
    inlined.set(message, known)
  }
  return known
}

const inlined = new WeakMap<Message, readonly Message[]>()

function checkField(field: Field, value: unknown, path: string, errors: FieldError[]): void {
  if (isMissing(field, value)) {
    if (field.presence === 'required' && !field.mayBeEmpty) errors.push(required(path))
    return
  }
  for (const check of field.validate ?? []) {
    const problem = check(value as never)
    if (problem !== undefined) errors.push(invalid(path, value, problem))
  }
  if (!field.checkedAbove) checkNode(field.node, value, path, errors)
}

/** Absent, or what Go cannot tell from absent. Numbers and booleans always say something. */
function isMissing(field: Field, value: unknown): boolean {
  if (value === undefined || value === null) return !isScalar(field.node)
  if (value === '') return field.node.type !== 'intOrString'
  if (Array.isArray(value)) return value.length === 0
  return false
}

function isScalar(node: TypeNode): boolean {
  return (
    node.type === 'bool' ||
    node.type === 'int32' ||
    node.type === 'int64' ||
    node.type === 'double' ||
    node.type === 'json' ||
    node.type === 'raw' ||
    node.type === 'intOrString'
  )
}

function checkNode(node: TypeNode, value: unknown, path: string, errors: FieldError[]): void {
  switch (node.type) {
    case 'string':
      if (node.values !== undefined && !node.values.includes(value as string))
        errors.push(notSupported(path, value, node.ordered ? node.values : node.values.toSorted()))
      return
    case 'int32':
    case 'int64':
      checkRange(node, value, path, errors)
      return
    case 'list':
      for (const [index, item] of (value as readonly unknown[]).entries()) checkNode(node.of, item, `${path}[${index}]`, errors)
      return
    case 'map':
      if (node.of.type === 'message')
        for (const [key, item] of Object.entries(value as Json)) checkNode(node.of, item, `${path}[${key}]`, errors)
      return
    case 'message':
      walk(node.message(), value as Json, path, errors, false)
      return
    default:
  }
}

function checkRange(
  { min, max }: { readonly min?: number; readonly max?: number },
  value: unknown,
  path: string,
  errors: FieldError[],
): void {
  if (typeof value !== 'number') return
  if (min !== undefined && max !== undefined && (value < min || value > max))
    errors.push(invalid(path, value, `must be between ${min} and ${max}, inclusive`))
  else if (min !== undefined && value < min)
    errors.push(invalid(path, value, `must be greater than ${min === 0 ? 'or equal to 0' : min - 1}`))
}

function checkRule(rule: Rule<never>, value: Json, path: string, errors: FieldError[]): void {
  if (rule.ok(value as never)) return
  const blamed = rule.value ? rule.value(value as never) : at(value, rule.field)
  errors.push(new FieldError(rule.reason ?? 'Invalid', child(path, rule.field), blamed, rule.message))
}

function at(value: unknown, field: string): unknown {
  let found = value
  for (const name of field.split('.')) found = typeof found === 'object' && found !== null ? (found as Json)[name] : undefined
  return found
}

function walkUpdate(message: Message, value: Json, old: Json, path: string, errors: FieldError[], subresource: string | undefined): void {
  for (const field of flatFields(message)) {
    const now = value[field.name]
    const before = old[field.name]
    const where = child(path, field.name)
    if (field.immutable) {
      if (!sameJson(now ?? null, before ?? null)) errors.push(invalid(where, now, IMMUTABLE))
    } else if (field.node.type === 'message' && isRecord(now) && isRecord(before))
      walkUpdate(field.node.message(), now, before, where, errors, subresource)
  }
  for (const part of withInlined(message))
    if (part.checkUpdate) errors.push(...part.checkUpdate(value as never, old as never, path, subresource))
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
