/** Finds the keys that a YAML text gives twice, as upstream's strict reading counts and words them. */

import { EVENT_ID, getScalarValue, parseEvents, type Event } from 'js-yaml'
import { STRICT_ERRORS_MAX } from './json-careful.ts'

interface Open {
  /** Undefined of a sequence. */
  readonly keys: Set<string> | undefined
  /** The key whose value comes next. */
  key: string | undefined
  /** Whether the next node is a value. */
  expectsValue: boolean
  /** What is said when the value of a repeated key has ended. */
  repeated: string | undefined
}

/**
 * One line for each repetition, up to as many as are told of any body. Upstream counts by the line of the value, and names what is within a value before the key of it. Keys that are
 * no text, and merges, are passed over.
 */
export function duplicateKeys(text: string, maxDepth: number): readonly string[] {
  const found: string[] = []
  const open: Open[] = []
  let lines = 1
  let counted = 0
  let at = 0
  const lineAt = (position: number): number => {
    for (; counted < position; counted++) if (text[counted] === '\n') lines++
    return lines
  }

  const ended = (): void => {
    const inside = open.at(-1)
    if (inside === undefined || inside.keys === undefined) return
    if (inside.expectsValue && inside.repeated !== undefined && found.length < STRICT_ERRORS_MAX) found.push(inside.repeated)
    inside.repeated = undefined
    inside.expectsValue = !inside.expectsValue
  }
  /** A node begins: of a mapping it is a key, or the value that tells on which line a repeated key stands. */
  const begins = (event: Event): void => {
    const inside = open.at(-1)
    if (inside?.keys === undefined) return
    if (!inside.expectsValue) {
      inside.key = event.type === EVENT_ID.SCALAR ? keyOf(text, event) : undefined
    } else if (inside.key !== undefined) {
      if (inside.keys.has(inside.key)) inside.repeated = `line ${lineAt(at)}: key ${JSON.stringify(inside.key)} already set in map`
      inside.keys.add(inside.key)
    }
  }

  for (const event of parseEvents(text, { maxDepth })) {
    at = Math.max(at, startOf(event))
    if (event.type === EVENT_ID.POP) {
      open.pop()
      ended()
      continue
    }
    begins(event)
    if (event.type === EVENT_ID.SCALAR || event.type === EVENT_ID.ALIAS) ended()
    else
      open.push({
        keys: event.type === EVENT_ID.MAPPING ? new Set() : undefined,
        key: undefined,
        expectsValue: false,
        repeated: undefined,
      })
  }
  return found
}

function startOf(event: Event): number {
  if (event.type === EVENT_ID.SCALAR) return event.valueStart
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart
  return event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE ? event.start : -1
}

type Scalar = Extract<Event, { valueStart: number }>

function keyOf(text: string, scalar: Scalar): string | undefined {
  const value = getScalarValue(text, scalar)
  return value === '<<' ? undefined : value
}
