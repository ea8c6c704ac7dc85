/** Random values of declared messages, for tests: small alphabets, so that two of them share much and differ in some. */

import type { ListNode, Message, TypeNode } from './message.ts'
import { flatFields } from './presence.ts'
import type { Random } from '#base/random.ts'

const WORDS = ['a', 'b', 'c'] as const
const DEPTH_MAX = 9
const MEMBERS_SHARE = 0.35 // of the members a message has, how many are said

type Json = Readonly<Record<string, unknown>>

/** A value of the message with some of its members; metadata and status are left to others. */
export function someObject(message: Message, random: Random): Json {
  const { metadata: _, status: __, ...said } = someMessage(message, random, 0)
  return said
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random.next() * from.length)]!
}

function someMessage(message: Message, random: Random, depth: number): Json {
  const said: Record<string, unknown> = {}
  for (const { name, node } of flatFields(message)) {
    if (random.next() > (depth < 2 ? 0.8 : MEMBERS_SHARE)) continue
    const value = someValue(node, random, depth + 1)
    if (value !== undefined) said[name] = value
  }
  return said
}

function someValue(node: TypeNode, random: Random, depth: number): unknown {
  switch (node.type) {
    case 'message':
      return depth > DEPTH_MAX ? undefined : someMessage(node.message(), random, depth)
    case 'list':
      return depth > DEPTH_MAX ? undefined : someList(node, random, depth)
    case 'map': {
      const entries = WORDS.filter(() => random.next() < 0.5).map((word) => [word, someValue(node.of, random, depth + 1)] as const)
      return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
    }
    case 'bool':
      return random.next() < 0.5
    case 'int32':
    case 'int64':
    case 'double':
    case 'intOrString':
      return 1 + Math.floor(random.next() * 3)
    case 'raw':
    case 'json':
      return { [pick(random, WORDS)]: pick(random, WORDS) }
    case 'quantity':
      return pick(random, ['1', '2'])
    case 'string':
      return pick(random, node.values ?? WORDS)
    default:
      return pick(random, WORDS)
  }
}

/** At least one item, and no two alike to whoever merges the list. */
function someList(node: ListNode, random: Random, depth: number): readonly unknown[] | undefined {
  const { mergeKey } = node.patch ?? {}
  const keys = [...(node.keys ?? []), ...(mergeKey === undefined ? [] : [mergeKey])]
  const items: unknown[] = []
  const seen = new Set<unknown>()
  for (let left = 1 + Math.floor(random.next() * 3); left > 0; left--) {
    let item = someValue(node.of, random, depth + 1)
    if (item === undefined) return undefined
    if (keys.length > 0 && node.of.type === 'message') {
      const named = flatFields(node.of.message()).filter((f) => keys.includes(f.name))
      item = { ...(item as Json), ...Object.fromEntries(named.map((f) => [f.name, someValue(f.node, random, depth + 1)])) }
    }
    const identity =
      mergeKey === undefined ? JSON.stringify(keys.length > 0 ? keys.map((key) => (item as Json)[key]) : item) : (item as Json)[mergeKey]
    if (!seen.has(identity)) items.push(item)
    seen.add(identity)
  }
  return items
}
