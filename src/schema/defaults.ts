/** Fills in what a client left out, by walking the declaration. */

import type { Message, TypeNode } from './message.ts'
import { flatFields } from './presence.ts'
import { MalformedQuantity, roundUpToMilli } from './quantity.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * The value with its defaults: a message's own `defaults` first, then its fields', then those of the messages below. Amounts of
 * resources come out canonical, in thousandths at the finest. The argument is not changed; what needs nothing is shared.
 */
export function withDefaults<T>(message: Message, value: T): T {
  if (message.custom) return message.custom.fillDefaults(value as object) as T
  return (fillerOf(message) ?? same)(value) as T
}

type Filler = (value: unknown) => unknown

const same: Filler = (value) => value

/** `undefined`: nothing below has defaults. Messages that contain themselves count as having some. */
const fillers = new Map<Message, Filler | undefined | 'busy'>()

function fillerOf(message: Message): Filler | undefined {
  const known = fillers.get(message)
  if (known === 'busy') return (value) => ((fillers.get(message) as Filler | undefined) ?? same)(value)
  if (fillers.has(message)) return known
  fillers.set(message, 'busy')
  const own = ownDefaults(message)
  const constants = flatFields(message).flatMap((f) => (f.default === undefined ? [] : [[f.name, f.default] as const]))
  const members = flatFields(message).flatMap((f) => {
    const filler = nodeFiller(f.node)
    return filler === undefined ? [] : [[f.name, filler] as const]
  })
  const filler: Filler | undefined =
    own.length === 0 && constants.length === 0 && members.length === 0
      ? undefined
      : (value) => {
          if (typeof value !== 'object' || value === null) return value
          let current = value as Json
          const add = (added: object | undefined) => {
            if (added !== undefined && Object.keys(added).length > 0) current = { ...current, ...added }
          }
          for (const defaults of own) add(defaults(current as never))
          for (const [name, constant] of constants) if (current[name] === undefined) add({ [name]: constant })
          for (const [name, fill] of members) {
            const member = current[name]
            if (member === undefined) continue
            const filled = fill(member)
            if (filled !== member) add({ [name]: filled })
          }
          return current
        }
  fillers.set(message, filler)
  return filler
}

/** The message's own function and those of the messages inlined in it. */
function ownDefaults(message: Message): ((value: never) => object | undefined)[] {
  const inlined = message.fields.flatMap((f) => (f.inline && f.node.type === 'message' ? ownDefaults(f.node.message()) : []))
  return message.defaults ? [message.defaults, ...inlined] : inlined
}

function nodeFiller(node: TypeNode): Filler | undefined {
  switch (node.type) {
    case 'message':
      return fillerOf(node.message())
    case 'list': {
      const of = nodeFiller(node.of)
      return of && ((value) => (Array.isArray(value) ? mapped(value, of) : value))
    }
    case 'map': {
      const of = node.of.type === 'quantity' ? canonical : nodeFiller(node.of)
      return of && ((value) => mappedMembers(value, of))
    }
    default:
      return undefined
  }
}

function mapped(list: readonly unknown[], of: Filler): readonly unknown[] {
  const next = list.map(of)
  return next.every((item, i) => item === list[i]) ? list : next
}

function mappedMembers(value: unknown, of: Filler): unknown {
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const next = entries.map(([key, member]) => [key, of(member)] as const)
  return next.every(([, member], i) => member === entries[i]![1]) ? value : Object.fromEntries(next)
}

const canonical: Filler = (text) => {
  try {
    return roundUpToMilli(String(text))
  } catch (error) {
    // Decoding has refused malformed ones before; what got here otherwise is validation's to blame.
    if (error instanceof MalformedQuantity) return text
    throw error
  }
}
