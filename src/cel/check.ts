/** Checks that an expression makes sense: every name is declared, every call has an overload that takes its arguments. */

import type { FunctionDeclaration, Overload } from './declaration.ts'
import { CelSyntaxError, type Expression, type Problem } from './expression.ts'
import * as t from './type.ts'
import { isAssignable, sameType, shownType, substitute, type Substitution, type Type } from './type.ts'
import { Uint } from './value.ts'
import { syntaxError } from './tokens.ts'

export interface Checked {
  readonly expression: Expression
  readonly type: Type
  /** By the expression's id. */
  readonly types: ReadonlyMap<number, Type>
  /** The full names that identifiers, and selections that are names, stand for. */
  readonly references: ReadonlyMap<number, string>
  /** The overloads that may take a call, by the call's id. */
  readonly overloads: ReadonlyMap<number, readonly Overload[]>
}

export interface Declarations {
  readonly functions: ReadonlyMap<string, FunctionDeclaration>
  /** The type of a variable; undefined when there is none of that name. */
  readonly variable: (name: string) => Type | undefined
  /** An object type by its name, for struct literals; undefined when there is none. */
  readonly object: (name: string) => Extract<Type, { kind: 'object' }> | undefined
  /** Whether the elements of a literal list or map must be of one type. */
  readonly homogeneous?: boolean
}

/** Throws one `CelSyntaxError` with all mistakes. */
export function check(expression: Expression, source: string, declarations: Declarations): Checked {
  const types = new Map<number, Type>()
  const references = new Map<number, string>()
  const overloads = new Map<number, readonly Overload[]>()
  const found: Substitution = new Map()
  let scope: Scope = { parent: undefined, names: new Map() }
  let fresh = 0
  const problems: Problem[] = []
  /** Calls of `format` around; what it is given may be of all types. */
  let formatting = 0
  const fail = (at: number, message: string) => syntaxError(source, message, at)

  function variable(name: string): Type | undefined {
    for (let s: Scope | undefined = scope; s; s = s.parent) if (s.names.has(name)) return s.names.get(name)
    return declarations.variable(name) ?? typeIdent(name)
  }

  /** What is wrong with a part has been said; to what is around it, the part may be anything. */
  function visit(e: Expression): Type {
    let type = t.DYN
    try {
      type = typeOfNode(e)
    } catch (error) {
      if (!(error instanceof CelSyntaxError)) throw error
      problems.push(...error.problems)
    }
    types.set(e.id, type)
    return type
  }

  function typeOfNode(e: Expression): Type {
    switch (e.kind) {
      case 'literal':
        return literalType(e.value)
      case 'ident': {
        const name = e.name.replace(/^\./, '')
        const type = variable(name)
        if (type === undefined) throw fail(e.at, `undeclared reference to '${name}' (in container '')`)
        references.set(e.id, name)
        return type
      }
      case 'select':
        return select(e)
      case 'call':
        return call(e)
      case 'list': {
        let element: Type | undefined
        for (const [index, item] of e.elements.entries()) {
          const type = visit(item)
          element = join(element, e.optional.has(index) ? unwrapOptional(type, item.at) : type, item.at)
        }
        return t.listOf(element ?? parameterOf('e'))
      }
      case 'map': {
        let key: Type | undefined
        let value: Type | undefined
        for (const entry of e.entries) {
          key = join(key, visit(entry.key), entry.key.at)
          const type = visit(entry.value)
          value = join(value, entry.optional ? unwrapOptional(type, entry.value.at) : type, entry.value.at)
        }
        return t.mapOf(key ?? parameterOf('k'), value ?? parameterOf('v'))
      }
      case 'struct': {
        const object = declarations.object(e.type)
        if (object === undefined) throw fail(e.at, `undeclared reference to '${e.type}' (in container '')`)
        const fields = object.fields()
        for (const field of e.fields) {
          const wanted = fields.get(field.name)
          const given = visit(field.value)
          if (wanted === undefined) throw fail(e.at, `undefined field '${field.name}'`)
          const type = field.optional ? unwrapOptional(given, field.value.at) : given
          if (!isAssignable(found, type, wanted))
            throw fail(e.at, `expected type of field '${field.name}' is '${shownType(wanted)}' but provided type is '${shownType(type)}'`)
        }
        return object
      }
      case 'comprehension':
        return comprehension(e)
    }
  }

  function select(e: Extract<Expression, { kind: 'select' }>): Type {
    // a name with dots is a name before it is a selection
    const name = e.test ? undefined : qualifiedName(e)
    if (name !== undefined && !isShadowed(name)) {
      const type = declarations.variable(name) ?? typeIdent(name)
      if (type !== undefined) {
        references.set(e.id, name)
        return type
      }
    }
    const operand = substitute(found, visit(e.operand), 'keep')
    const selected = fieldType(operand, e)
    return e.test ? t.BOOL : selected
  }

  function fieldType(operand: Type, e: { readonly at: number; readonly field: string }): Type {
    switch (operand.kind) {
      case 'map':
        return operand.value
      case 'object': {
        const type = operand.fields().get(e.field)
        if (type === undefined) throw fail(e.at, `undefined field '${e.field}'`)
        return type
      }
      case 'opaque':
        if (operand.name === 'optional_type') return t.optionalOf(unwrapNested(fieldType(operand.parameters[0]!, e)))
        break
      case 'parameter':
        isAssignable(found, operand, t.DYN)
        return t.DYN
      case 'dyn':
        return t.DYN
    }
    throw fail(e.at, `type '${shownType(operand)}' does not support field selection`)
  }

  /** The first part of the name is a variable of a comprehension. */
  function isShadowed(name: string): boolean {
    const first = name.split('.')[0]!
    for (let s: Scope | undefined = scope; s; s = s.parent) if (s.names.has(first)) return true
    return false
  }

  function call(e: Extract<Expression, { kind: 'call' }>): Type {
    if (e.function === '_?._') return optionalSelect(e)
    const namespaced = e.target && qualifiedName(e.target)
    if (namespaced !== undefined && !isShadowed(namespaced)) {
      const declared = declarations.functions.get(`${namespaced}.${e.function}`)
      if (declared) {
        references.set(e.id, declared.name)
        return resolve(e, declared, e.args.map(visit), false)
      }
    }
    const name = e.function.replace(/^\./, '')
    const target = e.target && visit(e.target)
    if (name === 'format') formatting++
    const args = e.args.map(visit)
    if (name === 'format') formatting--
    const declared = declarations.functions.get(name)
    if (declared === undefined) throw fail(e.at, `undeclared reference to '${name}' (in container '')`)
    references.set(e.id, name)
    return resolve(e, declared, target ? [target, ...args] : args, target !== undefined)
  }

  function resolve(e: Extract<Expression, { kind: 'call' }>, declared: FunctionDeclaration, args: readonly Type[], member: boolean): Type {
    const fitting: Overload[] = []
    let result: Type | undefined
    for (const overload of declared.overloads) {
      if (overload.args.length !== args.length || (overload.member === true) !== member) continue
      const rename = new Map<string, Type>()
      const wanted = overload.args.map((type) => renamed(type, rename))
      const trial = new Map(found)
      if (!args.every((arg, i) => isAssignable(trial, arg, wanted[i]!))) continue
      if (fitting.length === 0) for (const [name, type] of trial) found.set(name, type)
      fitting.push(overload)
      const type = substitute(trial, renamed(overload.result, rename), 'keep')
      result = result === undefined || sameType(result, type) ? type : t.DYN
    }
    if (result === undefined) {
      const shown = args.map((type) => shownType(substitute(found, type, 'dyn')))
      const applied = member ? `${shown[0]}.(${shown.slice(1).join(', ')})` : `(${shown.join(', ')})`
      throw fail(e.at, `found no matching overload for '${declared.name}' applied to '${applied}'`)
    }
    overloads.set(e.id, fitting)
    return result
  }

  function renamed(type: Type, names: Map<string, Type>): Type {
    switch (type.kind) {
      case 'parameter': {
        const known = names.get(type.name) ?? parameterOf(type.name)
        names.set(type.name, known)
        return known
      }
      case 'list':
        return t.listOf(renamed(type.element, names))
      case 'map':
        return t.mapOf(renamed(type.key, names), renamed(type.value, names))
      case 'type':
        return t.typeOf(renamed(type.of, names))
      case 'opaque':
        return type.parameters.length === 0 ? type : t.opaque(type.name, ...type.parameters.map((p) => renamed(p, names)))
      default:
        return type
    }
  }

  function optionalSelect(e: Extract<Expression, { kind: 'call' }>): Type {
    const [operand, field] = e.args as readonly [Expression, Extract<Expression, { kind: 'literal' }>]
    const target = substitute(found, visit(operand), 'keep')
    visit(field)
    return t.optionalOf(unwrapNested(fieldType(target, { at: e.at, field: field.value as string })))
  }

  function comprehension(e: Extract<Expression, { kind: 'comprehension' }>): Type {
    const range = substitute(found, visit(e.range), 'keep')
    const [first, second] = iterated(range, e)
    const accu = visit(e.init)
    const outer = scope
    scope = { parent: outer, names: new Map([[e.accuVar, accu]]) }
    scope = {
      parent: scope,
      names: new Map(
        e.iterVar2 === undefined
          ? [[e.iterVar, first]]
          : [
              [e.iterVar, first],
              [e.iterVar2, second],
            ],
      ),
    }
    mustBe(visit(e.condition), t.BOOL, e.condition.at)
    mustBe(visit(e.step), accu, e.step.at)
    scope = scope.parent!
    const result = visit(e.result)
    scope = outer
    return substitute(found, result, 'keep')
  }

  /** What the one variable, or the two, of a fold are. */
  function iterated(range: Type, e: Extract<Expression, { kind: 'comprehension' }>): readonly [Type, Type] {
    const two = e.iterVar2 !== undefined
    switch (range.kind) {
      case 'list':
        return two ? [t.INT, range.element] : [range.element, t.DYN]
      case 'map':
        return [range.key, range.value]
      case 'dyn':
      case 'parameter':
        isAssignable(found, range, t.DYN)
        return [t.DYN, t.DYN]
      default:
        throw fail(
          e.range.at,
          `expression of type '${shownType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        )
    }
  }

  function mustBe(type: Type, wanted: Type, at: number): void {
    if (!isAssignable(found, type, wanted))
      throw fail(
        at,
        `expected type '${shownType(substitute(found, wanted, 'dyn'))}' but found '${shownType(substitute(found, type, 'dyn'))}'`,
      )
  }

  function join(known: Type | undefined, next: Type, at: number): Type {
    if (known === undefined) return next
    const trial = new Map(found)
    if (isAssignable(trial, known, next) && isAssignable(trial, next, known)) {
      for (const [name, type] of trial) found.set(name, type)
      return isWider(next, known) ? next : known
    }
    if (declarations.homogeneous && formatting === 0) mustBe(next, known, at)
    return t.DYN
  }

  function isWider(a: Type, b: Type): boolean {
    return b.kind === 'null' || saysLess(substitute(found, a, 'keep'), substitute(found, b, 'keep'))
  }

  function unwrapOptional(type: Type, at: number): Type {
    const known = substitute(found, type, 'keep')
    if (known.kind === 'opaque' && known.name === 'optional_type') return known.parameters[0]!
    if (known.kind === 'dyn' || known.kind === 'parameter') return t.DYN
    throw fail(at, `expected type 'optional_type(${shownType(known)})' but found '${shownType(known)}'`)
  }

  function parameterOf(name: string): Type {
    return t.parameter(`${name}${++fresh}`)
  }

  const type = visit(expression)
  const [first, ...others] = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  if (first) throw new CelSyntaxError(first.message, first.line, first.column, others)
  const final = new Map([...types].map(([id, of]) => [id, substitute(found, of, 'dyn')]))
  return { expression, type: substitute(found, type, 'dyn'), types: final, references, overloads }
}

/** Whether there is a `dyn` in the first where the second says more. */
function saysLess(a: Type, b: Type): boolean {
  if (a.kind === 'dyn') return b.kind !== 'dyn'
  if (a.kind === 'list' && b.kind === 'list') return saysLess(a.element, b.element)
  if (a.kind === 'map' && b.kind === 'map') return saysLess(a.key, b.key) || saysLess(a.value, b.value)
  return a.kind === 'opaque' && b.kind === 'opaque' && a.parameters.some((p, i) => saysLess(p, b.parameters[i]!))
}

interface Scope {
  readonly parent: Scope | undefined
  readonly names: Map<string, Type>
}

function unwrapNested(type: Type): Type {
  return type.kind === 'opaque' && type.name === 'optional_type' ? type.parameters[0]! : type
}

/** `a.b.c` as one name, where it is nothing but names and dots. */
function qualifiedName(e: Expression): string | undefined {
  if (e.kind === 'ident') return e.name.replace(/^\./, '')
  if (e.kind !== 'select' || e.test) return undefined
  const operand = qualifiedName(e.operand)
  return operand === undefined ? undefined : `${operand}.${e.field}`
}

function literalType(value: Extract<Expression, { kind: 'literal' }>['value']): Type {
  if (value === null) return t.NULL
  if (value instanceof Uint) return t.UINT
  if (value instanceof Uint8Array) return t.BYTES
  if (typeof value === 'bigint') return t.INT
  if (typeof value === 'number') return t.DOUBLE
  return typeof value === 'string' ? t.STRING : t.BOOL
}

const TYPE_IDENTS: Readonly<Record<string, Type>> = {
  bool: t.BOOL,
  int: t.INT,
  uint: t.UINT,
  double: t.DOUBLE,
  string: t.STRING,
  bytes: t.BYTES,
  null_type: t.NULL,
  list: t.listOf(t.DYN),
  map: t.mapOf(t.DYN, t.DYN),
  type: t.typeOf(t.DYN),
  'google.protobuf.Timestamp': t.TIMESTAMP,
  'google.protobuf.Duration': t.DURATION,
  optional_type: t.optionalOf(t.DYN),
}

/** The names of types are values. */
function typeIdent(name: string): Type | undefined {
  return Object.hasOwn(TYPE_IDENTS, name) ? t.typeOf(TYPE_IDENTS[name]!) : undefined
}
