/** What Go's zero values mean for a JSON value: which zeros count as absent, and what is there although nobody said it. */

import type { Field, Message, TypeNode } from './message.ts'

/** A field as it stands in its parent's JSON: members of inline messages beside the parent's own. */
export function flatFields(message: Message): readonly Field[] {
  let known = flat.get(message)
  if (known === undefined) {
    known = message.fields.flatMap((f) => (f.inline && f.node.type === 'message' ? flatFields(f.node.message()) : [f]))
    flat.set(message, known)
  }
  return known
}

const flat = new WeakMap<Message, readonly Field[]>()

/** Whether a zero of this field is dropped: Go's `omitempty` on a value that is not a pointer. */
export function dropsZero(field: Field): boolean {
  return field.presence === 'optional' && !field.keepsZero
}

type Fill = readonly [name: string, absent: unknown]

const fills = new WeakMap<Message, readonly Fill[]>()

/**
 * Puts in what Go prints for a struct although nothing was said: `{}` for structs held by value, "" or 0 or false for
 * required scalars. A closed set of strings and what has a default stay absent.
 */
export function fillAbsent(message: Message, target: Record<string, unknown>): void {
  let list = fills.get(message)
  if (list === undefined) fills.set(message, (list = flatFields(message).flatMap(fillOf)))
  for (const [name, absent] of list) if (target[name] === undefined) target[name] = absent
}

function fillOf(field: Field): readonly Fill[] {
  const { node } = field
  if (field.presence === 'always' && node.type === 'message') {
    const empty: Record<string, unknown> = {}
    fillAbsent(node.message(), empty)
    return [[field.name, Object.freeze(empty)]]
  }
  if (field.presence !== 'required' || field.default !== undefined) return []
  const zero = zeroOf(node)
  return zero === undefined ? [] : [[field.name, zero]]
}

/** The zero of a scalar type; undefined for everything else. */
export function zeroOf(node: TypeNode): string | number | boolean | bigint | undefined {
  switch (node.type) {
    case 'string':
      return node.values === undefined ? '' : undefined
    case 'bool':
      return false
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
    case 'double':
    case 'float':
      return 0
    case 'wideInt64':
    case 'wideUint64':
      return 0n
    case 'enumeration':
      return Object.entries(node.numbers).find(([, number]) => number === 0)?.[0]
    default:
      return undefined
  }
}
