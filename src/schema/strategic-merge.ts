/** Strategic merge patch: a merge patch that knows from the declaration how lists are keyed. */

import { goText } from './go-text.ts'
import { sameJson } from './json-patch.ts'
import type { ListNode, Message, TypeNode } from './message.ts'
import { flatFields } from './presence.ts'

/** A patch that is no patch (`malformed`), contradicts itself (`does not apply`), or fails where upstream gives no reason (`failed`). */
export class StrategicMergeError extends Error {
  override readonly name = 'StrategicMergeError'
  readonly kind: 'malformed' | 'does not apply' | 'failed'

  constructor(kind: StrategicMergeError['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

type Json = Readonly<Record<string, unknown>>

const DIRECTIVE = '$patch'
const RETAIN_KEYS = '$retainKeys'
const ORDER = '$setElementOrder/'
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/'

/** The patched value of `message`; neither argument is changed, and the result may share parts with both. Throws StrategicMergeError. */
export function strategicMerge(message: Message, value: unknown, patch: unknown): unknown {
  return mergeObjects({ type: 'message', message: () => message }, asObject(value) ?? {}, asObject(patch) ?? {})
}

const fieldNodes = new WeakMap<Message, ReadonlyMap<string, TypeNode>>()

function memberNode(node: TypeNode | undefined, name: string): TypeNode | undefined {
  if (node?.type === 'map') return node.of
  if (node?.type !== 'message') return undefined
  const message = node.message()
  let nodes = fieldNodes.get(message)
  if (nodes === undefined) fieldNodes.set(message, (nodes = new Map(flatFields(message).map((f) => [f.name, f.node]))))
  return nodes.get(name)
}

/** Whether the message field as such is replaced rather than merged. */
function replaces(node: TypeNode | undefined, name: string): boolean {
  return node?.type === 'message' && node.message().byName.get(name)?.patch === 'replace'
}

function mergeObjects(node: TypeNode | undefined, original: Json, patch: Json): Json {
  const directive = patch[DIRECTIVE]
  if (directive !== undefined) {
    if (directive === 'replace') return withoutDirectives(without(patch, DIRECTIVE)) as Json
    if (directive === 'delete') return {}
    if (directive !== 'merge') throw new StrategicMergeError('failed', `unknown patch type: ${goText(directive)} in map: ${goText(patch)}`)
  }
  const members = new Map(Object.entries(original))
  retainKeys(members, patch)
  for (const [key, value] of Object.entries(patch)) {
    if (key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(ORDER)) continue
    if (key.startsWith(DELETE_PRIMITIVES)) {
      deletePrimitives(members, key.slice(DELETE_PRIMITIVES.length), value)
      continue
    }
    if (value === null) {
      members.delete(key)
      continue
    }
    const of = memberNode(node, key)
    const before = members.get(key)
    const beforeObject = asObject(before)
    const patchObject = asObject(value)
    if (patchObject && beforeObject && !replaces(node, key)) members.set(key, mergeObjects(of, beforeObject, patchObject))
    else if (Array.isArray(value) && merges(of)) members.set(key, mergeLists(of, Array.isArray(before) ? before : [], value))
    else if (patchObject && patchObject[DIRECTIVE] === 'delete') members.delete(key)
    else members.set(key, withoutDirectives(value))
  }
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith(ORDER)) continue
    const name = key.slice(ORDER.length)
    const of = memberNode(node, name)
    const merged = members.get(name)
    if (!Array.isArray(order)) throw new StrategicMergeError('malformed', 'invalid patch format of setElementOrder list')
    checkOrder(patch[name], order, of)
    if (Array.isArray(merged)) members.set(name, ordered(merged, order, asArray(original[name]), keyOf(of)))
  }
  return Object.fromEntries(members)
}

function retainKeys(members: Map<string, unknown>, patch: Json): void {
  const keep = patch[RETAIN_KEYS]
  if (keep === undefined) return
  if (!Array.isArray(keep)) throw new StrategicMergeError('malformed', 'invalid patch format of retainKeys')
  const kept = new Set<unknown>(keep)
  for (const [key, value] of Object.entries(patch))
    if (!key.startsWith('$') && value !== null && !kept.has(key))
      throw new StrategicMergeError('does not apply', "patch content doesn't match retainKeys list")
  for (const key of [...members.keys()]) if (!kept.has(key)) members.delete(key)
}

function deletePrimitives(members: Map<string, unknown>, name: string, value: unknown): void {
  const list = members.get(name)
  if (!Array.isArray(value)) throw new StrategicMergeError('malformed', 'invalid patch format of primitive list')
  if (Array.isArray(list))
    members.set(
      name,
      list.filter((item) => !value.includes(item)),
    )
}

function merges(node: TypeNode | undefined): node is ListNode {
  return node?.type === 'list' && (node.patch?.strategy.includes('merge') ?? false)
}

function keyOf(node: TypeNode | undefined): string | undefined {
  return node?.type === 'list' ? node.patch?.mergeKey : undefined
}

function mergeLists(node: ListNode, original: readonly unknown[], patch: readonly unknown[]): readonly unknown[] {
  const mergeKey = keyOf(node)
  if (mergeKey === undefined) return ordered([...new Set([...original, ...patch])], patch, original, undefined)
  if (patch.some((item) => asObject(item)?.[DIRECTIVE] === 'replace'))
    return patch.filter((item) => asObject(item)?.[DIRECTIVE] === undefined).map(withoutDirectives)
  const merged = [...original]
  const wanted: unknown[] = []
  for (const item of patch) {
    const element = asObject(item)
    if (element === undefined) throw new StrategicMergeError('malformed', 'invalid JSON document')
    if (!Object.hasOwn(element, mergeKey))
      throw new StrategicMergeError('failed', `map: ${goText(element)} does not contain declared merge key: ${mergeKey}`)
    const same = (other: unknown) => sameJson(asObject(other)?.[mergeKey], element[mergeKey])
    if (element[DIRECTIVE] === 'delete') {
      for (let i = merged.length - 1; i >= 0; i--) if (same(merged[i])) merged.splice(i, 1)
      continue
    }
    const index = merged.findIndex(same)
    const next = mergeObjects(node.of, index < 0 ? {} : (merged[index] as Json), element)
    if (index < 0) merged.push(next)
    else merged[index] = next
    wanted.push(next)
  }
  return ordered(merged, wanted, original, mergeKey)
}

/** Elements that the patch names come in its order; the server's own keep their places before and between them where they can. */
function ordered(
  merged: readonly unknown[],
  order: readonly unknown[],
  server: readonly unknown[],
  mergeKey: string | undefined,
): readonly unknown[] {
  const identity = (item: unknown) => (mergeKey === undefined ? item : asObject(item)?.[mergeKey])
  const position = (list: readonly unknown[], item: unknown) => list.findIndex((other) => sameJson(identity(other), identity(item)))
  const right = merged.filter((item) => position(order, item) >= 0).toSorted((a, b) => position(order, a) - position(order, b))
  const left = merged.filter((item) => position(order, item) < 0)
  const result: unknown[] = []
  let i = 0
  let j = 0
  while (i < left.length && j < right.length) {
    const li = position(server, left[i])
    const ri = position(server, right[j])
    if (li >= 0 && ri >= 0 && li < ri) result.push(left[i++])
    else result.push(right[j++])
  }
  return [...result, ...left.slice(i), ...right.slice(j)]
}

function checkOrder(patch: unknown, order: readonly unknown[], node: TypeNode | undefined): void {
  const mergeKey = keyOf(node)
  const identity = (item: unknown) => (mergeKey === undefined ? item : asObject(item)?.[mergeKey])
  let last = -1
  for (const item of asArray(patch)) {
    if (asObject(item)?.[DIRECTIVE] === 'delete') continue
    const at = order.findIndex((other) => sameJson(identity(other), identity(item)))
    if (at < 0 || at < last)
      throw new StrategicMergeError(
        'failed',
        `The order in patch list:\n${goText(patch)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`,
      )
    last = at
  }
}

/** What remains of a patch where there is nothing to merge it into: no directives, no nulls. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !isDirectiveOnly(item)).map(withoutDirectives)
  const members = asObject(value)
  if (members === undefined) return value
  return Object.fromEntries(
    Object.entries(members)
      .filter(
        ([key, member]) =>
          member !== null && key !== DIRECTIVE && key !== RETAIN_KEYS && !key.startsWith(ORDER) && !key.startsWith(DELETE_PRIMITIVES),
      )
      .map(([key, member]) => [key, withoutDirectives(member)]),
  )
}

function isDirectiveOnly(item: unknown): boolean {
  const directive = asObject(item)?.[DIRECTIVE]
  return directive === 'delete' || directive === 'replace'
}

function without(value: Json, key: string): Json {
  return Object.fromEntries(Object.entries(value).filter(([k]) => k !== key))
}

function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
