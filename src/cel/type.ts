/** The types of CEL, and how they fit each other. */

export type Type =
  | { readonly kind: 'dyn' | 'null' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'timestamp' | 'duration' }
  | { readonly kind: 'list'; readonly element: Type }
  | { readonly kind: 'map'; readonly key: Type; readonly value: Type }
  /** The type of a type. */
  | { readonly kind: 'type'; readonly of: Type }
  /** Stands for any type in the declaration of a function. */
  | { readonly kind: 'parameter'; readonly name: string }
  /** Fields known by their declarations, under a name of its own. */
  | { readonly kind: 'object'; readonly name: string; readonly fields: () => ReadonlyMap<string, Type> }
  /** A library's type. */
  | { readonly kind: 'opaque'; readonly name: string; readonly parameters: readonly Type[] }

export const DYN: Type = { kind: 'dyn' }
export const NULL: Type = { kind: 'null' }
export const BOOL: Type = { kind: 'bool' }
export const INT: Type = { kind: 'int' }
export const UINT: Type = { kind: 'uint' }
export const DOUBLE: Type = { kind: 'double' }
export const STRING: Type = { kind: 'string' }
export const BYTES: Type = { kind: 'bytes' }
export const TIMESTAMP: Type = { kind: 'timestamp' }
export const DURATION: Type = { kind: 'duration' }

export const listOf = (element: Type): Type => ({ kind: 'list', element })
export const mapOf = (key: Type, value: Type): Type => ({ kind: 'map', key, value })
export const typeOf = (of: Type): Type => ({ kind: 'type', of })
export const parameter = (name: string): Type => ({ kind: 'parameter', name })
export const opaque = (name: string, ...parameters: readonly Type[]): Type => ({ kind: 'opaque', name, parameters })
export const optionalOf = (type: Type): Type => opaque('optional_type', type)

/** As error messages write it. */
export function shownType(type: Type): string {
  switch (type.kind) {
    case 'list':
      return `list(${shownType(type.element)})`
    case 'map':
      return `map(${shownType(type.key)}, ${shownType(type.value)})`
    case 'type':
      return `type(${shownType(type.of)})`
    case 'parameter':
      return type.name
    case 'object':
      return type.name
    case 'opaque':
      return type.parameters.length === 0 ? type.name : `${type.name}(${type.parameters.map(shownType).join(', ')})`
    case 'timestamp':
      return 'timestamp'
    case 'duration':
      return 'duration'
    default:
      return type.kind
  }
}

/** What stands for each type parameter so far, by its name. */
export type Substitution = Map<string, Type>

/** Whether a value of type `actual` may stand where `wanted` is; fixes parameters in `found`, which is left as it was if not. */
export function isAssignable(found: Substitution, actual: Type, wanted: Type): boolean {
  const trial = new Map(found)
  if (!assign(trial, actual, wanted)) return false
  for (const [name, type] of trial) found.set(name, type)
  return true
}

function assign(found: Substitution, actual: Type, wanted: Type): boolean {
  const from = bound(found, actual)
  const to = bound(found, wanted)
  if (to.kind === 'parameter') return bind(found, to.name, from)
  if (from.kind === 'parameter') return bind(found, from.name, to)
  if (to.kind === 'dyn' || from.kind === 'dyn') return true
  if (from.kind === 'null') return to.kind === 'null' || isNullable(to)
  if (from.kind !== to.kind) return false
  switch (from.kind) {
    case 'list':
      return assign(found, from.element, (to as typeof from).element)
    case 'map':
      return assign(found, from.key, (to as typeof from).key) && assign(found, from.value, (to as typeof from).value)
    case 'type':
      return true
    case 'object':
      return from.name === (to as typeof from).name
    case 'opaque': {
      const other = to as typeof from
      return (
        from.name === other.name &&
        from.parameters.length === other.parameters.length &&
        from.parameters.every((p, i) => assign(found, p, other.parameters[i]!))
      )
    }
    default:
      return true
  }
}

function isNullable(type: Type): boolean {
  return type.kind === 'object' || type.kind === 'opaque' || type.kind === 'timestamp' || type.kind === 'duration'
}

function bind(found: Substitution, name: string, type: Type): boolean {
  if (type.kind === 'parameter' && type.name === name) return true
  if (mentions(found, type, name)) return false
  found.set(name, type)
  return true
}

function mentions(found: Substitution, type: Type, name: string): boolean {
  const known = bound(found, type)
  switch (known.kind) {
    case 'parameter':
      return known.name === name
    case 'list':
      return mentions(found, known.element, name)
    case 'map':
      return mentions(found, known.key, name) || mentions(found, known.value, name)
    case 'type':
      return mentions(found, known.of, name)
    case 'opaque':
      return known.parameters.some((p) => mentions(found, p, name))
    default:
      return false
  }
}

/** The type itself, or what its parameter stands for. */
function bound(found: Substitution, type: Type): Type {
  let known = type
  while (known.kind === 'parameter') {
    const next = found.get(known.name)
    if (next === undefined) return known
    known = next
  }
  return known
}

/** The type with all parameters replaced; `dyn` for those that nothing fixed, if `open` says so. */
export function substitute(found: Substitution, type: Type, open: 'dyn' | 'keep'): Type {
  const known = bound(found, type)
  switch (known.kind) {
    case 'parameter':
      return open === 'dyn' ? DYN : known
    case 'list':
      return listOf(substitute(found, known.element, open))
    case 'map':
      return mapOf(substitute(found, known.key, open), substitute(found, known.value, open))
    case 'type':
      return typeOf(substitute(found, known.of, open))
    case 'opaque':
      return opaque(known.name, ...known.parameters.map((p) => substitute(found, p, open)))
    default:
      return known
  }
}

export function sameType(a: Type, b: Type): boolean {
  return shownType(a) === shownType(b)
}
