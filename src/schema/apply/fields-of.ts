/** The fields that an applied configuration names, which is what its manager comes to own. */

import { LEAF, printElement, type FieldSet, type FieldSetDraft } from './field-set.ts'
import { asObject, elementOf, KeyMissing, structOf, type Json, type Shape } from './shape.ts'
import type { Message } from '#schema/message.ts'

/** A configuration that the declaration cannot take; the message is upstream's, path included. */
export class NotDeclared extends Error {
  override readonly name = 'NotDeclared'
}

/** Every field of `config`, a message's JSON as it was sent. Throws NotDeclared. */
export function fieldsOf(message: Message, config: Json): FieldSet {
  const out: FieldSetDraft = {}
  collect(structOf(message), config, out, '')
  return out
}

/** Adds what lies below a value; whether the value itself is a leaf and so belongs to the set is the answer. */
function collect(shape: Shape, value: unknown, out: FieldSetDraft, path: string): boolean {
  switch (shape.type) {
    case 'leaf':
      return true
    case 'struct':
    case 'map':
    case 'free': {
      const object = asObject(value)
      if (object === undefined) {
        if (shape.type === 'free') return true
        if (value === null || value === undefined) return false
        throw new NotDeclared(`${path}: expected map, got ${describe(value)}`)
      }
      for (const name in object) {
        const below = object[name]
        const declared = shape.type === 'struct' ? shape.members().get(name)?.shape : undefined
        const member = declared ?? (shape.type === 'struct' ? shape.rest : shape.type === 'map' ? shape.of : shape)
        const at = `${path}.${name}`
        if (member === undefined) throw new NotDeclared(`${at}: field not declared in schema`)
        const inner: FieldSetDraft = {}
        const leaf = collect(member, below, inner, at)
        add(out, `f:${name}`, leaf || below === null || declared === undefined || isEmptyObject(below), inner)
      }
      return false
    }
    case 'keyed':
    case 'set': {
      if (value === null || value === undefined) return false
      if (!Array.isArray(value)) throw new NotDeclared(`${path}: expected list, got ${describe(value)}`)
      for (const item of value as readonly unknown[]) {
        const element = elementAt(shape, item, path, value.indexOf(item))
        const at = path + printElement(element)
        if (Object.hasOwn(out, element)) throw new NotDeclared(duplicate(shape, element, path))
        const inner: FieldSetDraft = {}
        if (shape.type === 'keyed') collect(shape.of, item, inner, at)
        add(out, element, true, inner)
      }
      return false
    }
  }
}

function elementAt(shape: Shape & { readonly type: 'keyed' | 'set' }, item: unknown, path: string, index: number): string {
  try {
    return elementOf(shape, item)
  } catch (error) {
    if (!(error instanceof KeyMissing)) throw error
    throw new NotDeclared(`${path}: element ${index}: ${error.message}`)
  }
}

function duplicate(shape: Shape, element: string, path: string): string {
  return `${path}: duplicate entries for ${shape.type === 'set' ? 'set' : 'key'} ${printElement(element)}`
}

function add(out: FieldSetDraft, element: string, member: boolean, inner: FieldSetDraft): void {
  for (const _ in inner) {
    out[element] = member ? { '.': LEAF, ...inner } : inner
    return
  }
  if (member) out[element] = LEAF
}

function isEmptyObject(value: unknown): boolean {
  const object = asObject(value)
  if (object === undefined) return false
  for (const _ in object) return false
  return true
}

/** A value as upstream shows it in place of what it expected. */
function describe(value: unknown): string {
  return `&{${typeof value === 'string' ? value : JSON.stringify(value)}}`
}
