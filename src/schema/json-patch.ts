/** JSON Patch (RFC 6902) on plain JSON values, with bounds on what one patch may cost. */

export const OPERATIONS_MAX = 10_000 // upstream's bound on one patch
export const COPIED_BYTES_MAX = 3 * 1024 * 1024 // copies may grow a document by no more than a request may carry

/** A patch that is no patch (`malformed`), does not apply to this document, or is too much. */
export class JsonPatchError extends Error {
  override readonly name = 'JsonPatchError'
  readonly kind: 'malformed' | 'does not apply' | 'too large'

  constructor(kind: JsonPatchError['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

type Container = Record<string, unknown> | unknown[]

/** The patched document; `document` itself is left as it was. Throws JsonPatchError. */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw new JsonPatchError('malformed', `json: cannot unmarshal ${kindOf(patch)} into Go value of type []handlers.jsonPatchOp`)
  if (patch.length > OPERATIONS_MAX)
    throw new JsonPatchError('too large', `The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${patch.length}`)
  const root = structuredClone(document) as Container
  const budget = { copied: 0 }
  for (const operation of patch) apply(root, read(operation), budget)
  return root
}

type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly path: string; readonly from: string }

function read(operation: unknown): Operation {
  if (typeof operation !== 'object' || operation === null || Array.isArray(operation))
    throw new JsonPatchError('malformed', `json: cannot unmarshal ${kindOf(operation)} into Go value of type handlers.jsonPatchOp`)
  const { op, path, from, value } = operation as Record<string, unknown>
  if (typeof path !== 'string') throw new JsonPatchError('does not apply', 'Unable to decode path field: missing value')
  switch (op) {
    case 'add':
    case 'replace':
      if (value === undefined) throw new JsonPatchError('does not apply', `Unable to decode value field: missing value`)
      return { op, path, value }
    case 'test':
      return { op, path, value: value ?? null }
    case 'remove':
      return { op, path }
    case 'move':
    case 'copy':
      if (typeof from !== 'string') throw new JsonPatchError('does not apply', 'Unable to decode from field: missing value')
      return { op, path, from }
    default:
      throw new JsonPatchError('does not apply', `Unexpected kind: ${typeof op === 'string' ? op : 'unknown'}`)
  }
}

function apply(root: Container, operation: Operation, budget: { copied: number }): void {
  const { op, path } = operation
  switch (op) {
    case 'add':
      return add(...place(root, path, op), path, structuredClone(operation.value))
    case 'remove':
      take(...place(root, path, op), path, op)
      return
    case 'replace': {
      const [container, key] = place(root, path, op)
      if (look(container, key) === undefined)
        throw new JsonPatchError('does not apply', `replace operation does not apply: doc is missing key: ${path}: missing value`)
      put(container, key, structuredClone(operation.value))
      return
    }
    case 'test': {
      const [container, key] = place(root, path, op)
      const found = look(container, key)
      if (!sameJson(found === undefined ? null : found, operation.value))
        throw new JsonPatchError('does not apply', `testing value ${path} failed: test failed`)
      return
    }
    case 'move': {
      const [container, key] = place(root, operation.from, op)
      const value = take(container, key, operation.from, op)
      return add(...place(root, path, op), path, value)
    }
    case 'copy': {
      const [container, key] = place(root, operation.from, op)
      const value = look(container, key)
      if (value === undefined) throw missing(op, operation.from)
      budget.copied += JSON.stringify(value).length
      if (budget.copied > COPIED_BYTES_MAX)
        throw new JsonPatchError(
          'too large',
          `Unable to complete the copy, the accumulated size increase of copy is ${budget.copied}, exceeding the limit ${COPIED_BYTES_MAX}`,
        )
      return add(...place(root, path, op), path, structuredClone(value))
    }
  }
}

/** The container that a pointer ends in, and the key there. */
function place(root: Container, pointer: string, op: string): [Container, string] {
  const parts = pointer.split('/')
  if (parts.length < 2) throw missing(op, pointer)
  let at: unknown = root
  for (const part of parts.slice(1, -1)) at = typeof at === 'object' && at !== null ? look(at as Container, unescape(part)) : undefined
  if (typeof at !== 'object' || at === null) throw missing(op, pointer)
  return [at as Container, unescape(parts.at(-1)!)]
}

function unescape(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}

function missing(op: string, pointer: string): JsonPatchError {
  return new JsonPatchError(
    'does not apply',
    `${op} operation does not apply: doc is missing path: ${JSON.stringify(pointer)}: missing value`,
  )
}

function look(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container[indexOf(container, key, container.length - 1) ?? -1]
  return Object.hasOwn(container, key) ? container[key] : undefined
}

/** A position in the list, counted from the end when negative; undefined when there is none up to `last`. */
function indexOf(list: readonly unknown[], key: string, last: number): number | undefined {
  if (!/^-?\d{1,10}$/.test(key)) return undefined
  const index = Number(key) < 0 ? Number(key) + last + 1 : Number(key)
  return index >= 0 && index <= last ? index : undefined
}

function add(container: Container, key: string, path: string, value: unknown): void {
  if (!Array.isArray(container)) return put(container, key, value)
  if (key === '-') {
    container.push(value)
    return
  }
  const index = indexOf(container, key, container.length)
  if (index === undefined)
    throw new JsonPatchError(
      'does not apply',
      `error in add for path: '${path}': Unable to access invalid index: ${key}: invalid index referenced`,
    )
  container.splice(index, 0, value)
}

function take(container: Container, key: string, path: string, op: string): unknown {
  const value = look(container, key)
  if (value === undefined)
    throw new JsonPatchError(
      'does not apply',
      `error in ${op} for path: '${path}': Unable to remove nonexistent key: ${key}: missing value`,
    )
  if (Array.isArray(container)) container.splice(indexOf(container, key, container.length - 1)!, 1)
  else delete container[key]
  return value
}

/** Defines rather than assigns: a key named `__proto__` is a key like others. */
function put(container: Container, key: string, value: unknown): void {
  if (Array.isArray(container)) container[indexOf(container, key, container.length - 1)!] = value
  else Object.defineProperty(container, key, { value, enumerable: true, configurable: true, writable: true })
}

/** Whether two JSON values say the same, in whatever order their members come. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => sameJson(item, b[i]))
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && sameJson((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
}
