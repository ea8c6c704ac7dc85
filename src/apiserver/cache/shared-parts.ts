/** Holds equal parts of objects once: pods of one template differ in little but their names, and say who owns which fields alike. */

import type { KubeObject } from '#schema/resource.ts'

const PARTS_MAX = 16_384 // per kind; then it starts over, and what is common is soon there again
const TEXT_HASHED_MAX = 64 // characters of a text that are looked at; equality is checked anyway

type Json = Readonly<Record<string, unknown>>

export class SharedParts {
  readonly #byHash = new Map<number, object>()
  /** Of the part last shared. */
  #hash = 0

  /** The same object, with parts that were seen before in place of its own. */
  share<T extends KubeObject>(object: T): T {
    return this.#members(object as unknown as Json, 2) as unknown as T
  }

  /** What is unlike in every object, its metadata and spec themselves, is not worth remembering; what lies below is. */
  #members(value: Json, levels: number): Json {
    return withMembers(value, (member) => (levels > 1 && isObject(member) ? this.#members(member, levels - 1) : this.#part(member)))
  }

  /** From the leaves up: parts whose members are the same have the very same members. */
  #part(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) {
      this.#hash = hashOfScalar(value)
      return value
    }
    let hash = Array.isArray(value) ? 1 : 2
    const shared = withMembers(value as Json, (member, name) => {
      const part = this.#part(member)
      hash = mixed(mixed(hash, hashOfScalar(name)), this.#hash)
      return part
    })
    this.#hash = hash
    const known = this.#byHash.get(hash)
    if (known !== undefined && sameMembers(known as Json, shared)) return known
    if (this.#byHash.size >= PARTS_MAX) this.#byHash.clear()
    this.#byHash.set(hash, shared)
    return shared
  }
}

/** The value itself where no member changes, else a copy, which takes no more room than it needs. */
function withMembers(value: Json, change: (member: unknown, name: string) => unknown): Json {
  let copy: Record<string, unknown> | undefined
  for (const name of Object.keys(value)) {
    const member = change(value[name], name)
    if (member !== value[name]) (copy ??= (Array.isArray(value) ? value.slice() : { ...value }) as Record<string, unknown>)[name] = member
  }
  return copy ?? value
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sameMembers(a: Json, b: Json): boolean {
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
}

function hashOfScalar(value: unknown): number {
  if (typeof value === 'number') return mixed(3, value | 0)
  if (typeof value !== 'string') return value === true ? 4 : 5
  let hash = value.length
  const length = Math.min(value.length, TEXT_HASHED_MAX)
  for (let i = 0; i < length; i++) hash = mixed(hash, value.charCodeAt(i))
  return hash
}

function mixed(hash: number, value: number): number {
  return (Math.imul(hash, 31) + value) | 0
}
