/** What a configuration says that its declaration does not have, or has as something else: all of it, in upstream's words. */

import { printElement } from './field-set.ts'
import { asObject, keyedElement, KeyMissing, own, setElement, structOf } from './shape.ts'
import { flatFields } from '#schema/presence.ts'
import type { ListNode, Message, TypeNode } from '#schema/message.ts'

/** Each with its path; none where the declaration takes the configuration. What keys lists have is looked at elsewhere. */
export function mistyped(message: Message, config: unknown): readonly string[] {
  const errors: string[] = []
  walkMessage(message, config, '', errors, isTop)
  return errors
}

const isTop = (name: string) => name === 'apiVersion' || name === 'kind'
const isNothing = () => false

function walkMessage(
  message: Message,
  value: unknown,
  path: string,
  errors: string[],
  beside: (name: string) => boolean = isNothing,
): void {
  const object = mapOf(value, path, errors)
  if (object === undefined) return
  const members = membersOf(message)
  for (const name in object) {
    const node = members.get(name) ?? message.rest
    const at = `${path}.${name}`
    if (node !== undefined) walk(node, own(object, name), at, errors)
    else if (beside(name)) scalar(typeof object[name] === 'string', 'string', object[name], at, errors)
    else errors.push(`${at}: field not declared in schema`)
  }
}

const known = new WeakMap<Message, ReadonlyMap<string, TypeNode>>()

function membersOf(message: Message): ReadonlyMap<string, TypeNode> {
  let members = known.get(message)
  if (members === undefined) known.set(message, (members = new Map(flatFields(message).map((field) => [field.name, field.node]))))
  return members
}

function walk(node: TypeNode, value: unknown, path: string, errors: string[]): void {
  if (value === null || value === undefined) return
  switch (node.type) {
    case 'message':
      return walkMessage(node.message(), value, path, errors)
    case 'map': {
      const object = mapOf(value, path, errors)
      for (const name in object) walk(node.of, own(object, name), `${path}.${name}`, errors)
      return
    }
    case 'list': {
      if (!Array.isArray(value)) errors.push(`${path}: expected list, got &{${goPrint(value)}}`)
      else for (const [i, item] of value.entries()) walk(node.of, item, path + elementAt(node, item, i), errors)
      return
    }
    case 'string':
    case 'bytes':
      return scalar(typeof value === 'string', 'string', value, path, errors)
    case 'bool':
      return scalar(typeof value === 'boolean', 'boolean', value, path, errors)
    case 'int32':
    case 'int64':
    case 'double':
      return scalar(typeof value === 'number', 'numeric', value, path, errors)
    case 'quantity':
    case 'time':
    case 'microTime':
    case 'duration':
    case 'intOrString':
      return scalar(typeof value !== 'object', 'any', value, path, errors)
    default: // any JSON at all
  }
}

function mapOf(value: unknown, path: string, errors: string[]): Readonly<Record<string, unknown>> | undefined {
  const object = asObject(value)
  if (object === undefined && value !== null && value !== undefined)
    errors.push(`${path && `${path}: `}expected map, got &{${goPrint(value)}}`)
  return object
}

function scalar(fits: boolean, expected: 'string' | 'boolean' | 'numeric' | 'any', value: unknown, path: string, errors: string[]): void {
  if (fits) return
  switch (expected) {
    case 'string':
      errors.push(`${path}: expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`)
      return
    case 'boolean':
      errors.push(`${path}: expected boolean, got &{${goPrint(value)}}`)
      return
    case 'numeric':
      errors.push(`${path}: expected numeric (int or float), got ${goType(value)}`)
      return
    case 'any':
      errors.push(`${path}: expected any scalar, got &{${goPrint(value)}}`)
  }
}

/** The path element of a list's item: its keys, itself in a set, else its place. */
function elementAt(node: ListNode, item: unknown, index: number): string {
  if (node.listType === 'set') return printElement(setElement(item))
  if (node.listType !== 'map' || node.of.type !== 'message') return `[${index}]`
  try {
    return printElement(keyedElement({ type: 'keyed', keys: (node.keys ?? []).toSorted(), of: structOf(node.of.message()) }, item))
  } catch (error) {
    if (error instanceof KeyMissing) return `[${index}]`
    throw error
  }
}

const ANY = 'interface {}'

function goType(value: unknown): string {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return 'float64'
  return Array.isArray(value) ? `[]${ANY}` : `map[string]${ANY}`
}

/** As Go's `%v`. */
function goPrint(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`
  if (typeof value !== 'object') return String(value)
  return `map[${sorted(value)
    .map(([name, inner]) => `${name}:${goPrint(inner)}`)
    .join(' ')}]`
}

/** As Go's `%#v`. */
function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return `${ANY}(nil)`
  if (Array.isArray(value)) return `[]${ANY}{${value.map(goSyntax).join(', ')}}`
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object') return String(value)
  return `map[string]${ANY}{${sorted(value)
    .map(([name, inner]) => `${JSON.stringify(name)}:${goSyntax(inner)}`)
    .join(', ')}}`
}

function sorted(value: object): readonly (readonly [string, unknown])[] {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
}
