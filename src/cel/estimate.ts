/** Estimates what an expression may cost before it is run, from the sizes its variables may have: upstream's numbers, which decide what may be written. */

import { callEstimate, type CallEstimate, type Sized } from './estimate-calls.ts'
import { FIXED_ONE, fixed, plus, timesCost, union, UNKNOWN, type Range } from './estimate-range.ts'
import type { Checked } from './check.ts'
import type { Expression } from './expression.ts'
import type { SchemaType } from './schema-type.ts'
import { DYN, type Type } from './type.ts'

/** The least and the most it may cost. `schemas`: what is known of variables, by their names. */
export function estimateCost(checked: Checked, schemas: ReadonlyMap<string, SchemaType>): Range {
  return new Estimate(checked, schemas).costOf(checked.expression)
}

/** Sizes of a list's items, or of a map's keys and values. */
interface EntrySizes {
  readonly isList: boolean
  readonly key: Range
  readonly value: Range
}

interface Local {
  readonly path: readonly string[]
  readonly size: Range | undefined
  readonly entries: EntrySizes | undefined
}

type Of<K extends Expression['kind']> = Extract<Expression, { kind: K }>

const LIST_COST = fixed(10)
const MAP_COST = fixed(30)
const STRUCT_COST = fixed(40)
const NOTHING = fixed(0)

class Estimate {
  readonly #checked: Checked
  readonly #schemas: ReadonlyMap<string, SchemaType>
  readonly #paths = new Map<number, readonly string[]>()
  readonly #sizes = new Map<number, Range>()
  readonly #entries = new Map<number, EntrySizes>()
  readonly #locals = new Map<string, Local[]>()

  constructor(checked: Checked, schemas: ReadonlyMap<string, SchemaType>) {
    this.#checked = checked
    this.#schemas = schemas
  }

  costOf(e: Expression): Range {
    switch (e.kind) {
      case 'literal':
        return NOTHING
      case 'ident':
        this.#paths.set(e.id, this.#local(e.name)?.path ?? [e.name])
        return FIXED_ONE
      case 'select':
        return this.#select(e)
      case 'call':
        return this.#call(e)
      case 'list':
        return this.#list(e)
      case 'map':
        return this.#map(e)
      case 'struct':
        return plus(STRUCT_COST, ...e.fields.map(({ value }) => this.costOf(value)))
      case 'comprehension':
        return isBind(e) ? this.#bind(e) : this.#fold(e)
    }
  }

  #select(e: Of<'select'>): Range {
    // the name of a variable may have dots
    const name = this.#checked.references.get(e.id)
    if (name !== undefined) {
      this.#paths.set(e.id, [name])
      return FIXED_ONE
    }
    const operand = this.costOf(e.operand)
    // asking whether it is there is free
    if (e.test) return operand
    const { kind } = this.#type(e.operand)
    this.#paths.set(e.id, [...this.#path(e.operand), e.field])
    return kind === 'map' || kind === 'object' || kind === 'parameter' ? plus(operand, FIXED_ONE) : operand
  }

  #call(e: Of<'call'>): Range {
    const name = this.#checked.references.get(e.id) ?? e.function
    if (name === 'dyn' && e.args.length === 1) {
      const cost = this.costOf(e.args[0]!)
      this.#copySizes(e, e.args[0]!)
      return plus(FIXED_ONE, cost)
    }
    if (name === '_?._') return plus(FIXED_ONE, this.costOf(e.args[0]!))
    const costs = e.args.map((arg) => this.costOf(arg))
    const args = e.args.map((arg) => this.#sized(arg))
    const isMember = e.target !== undefined && name === e.function
    const targetCost = isMember ? this.costOf(e.target!) : NOTHING
    const target = isMember ? this.#sized(e.target!) : undefined
    let cost: Range | undefined
    let size: Range | undefined
    for (const { id } of this.#checked.overloads.get(e.id) ?? []) {
      const estimate = this.#estimated(e, name, id, target, args, costs)
      cost = cost ? union(cost, estimate.cost) : estimate.cost
      if (estimate.size) size = size ? union(size, estimate.size) : estimate.size
      if (id === 'index_list' || id === 'index_map') {
        size = this.#entrySizes(e.args[0]!)?.value
        this.#paths.set(e.id, [...this.#path(e.args[0]!), id === 'index_list' ? '@items' : '@values'])
      }
      size ??= this.#size(e)
    }
    if (size) this.#sizes.set(e.id, size)
    return plus(targetCost, cost ?? NOTHING)
  }

  #estimated(
    e: Of<'call'>,
    name: string,
    overload: string,
    target: Sized | undefined,
    args: readonly Sized[],
    costs: readonly Range[],
  ): CallEstimate {
    switch (overload) {
      case 'logical_or':
      case 'logical_and':
        // the left side may be enough
        return { cost: { min: costs[0]!.min, max: plus(costs[0]!, costs[1]!).max } }
      case 'conditional': {
        const [, yes, no] = e.args
        const entries = unionOfEntries(this.#entrySizes(yes!), this.#entrySizes(no!))
        if (entries) this.#entries.set(e.id, entries)
        return { cost: plus(costs[0]!, union(costs[1]!, costs[2]!)), size: union(args[1]!.size ?? UNKNOWN, args[2]!.size ?? UNKNOWN) }
      }
      case 'add_list':
      case 'add_string':
      case 'add_bytes': {
        const entries = unionOfEntries(this.#entrySizes(e.args[0]!), this.#entrySizes(e.args[1]!))
        if (entries) this.#entries.set(e.id, entries)
      }
    }
    const own = callEstimate(name, overload, target, args, (path) => this.#sizeAt(path))
    return { cost: plus(own.cost, ...costs), ...(own.size && { size: own.size }) }
  }

  #list(e: Of<'list'>): Range {
    const costs = e.elements.map((element) => this.costOf(element))
    const sizes = e.elements.map((element) => this.#size(element) ?? UNKNOWN)
    this.#entries.set(e.id, { isList: true, key: FIXED_ONE, value: unionOf(sizes) })
    return plus(LIST_COST, ...costs)
  }

  #map(e: Of<'map'>): Range {
    const costs = e.entries.flatMap(({ key, value }) => [this.costOf(key), this.costOf(value)])
    const key = unionOf(e.entries.map((entry) => this.#size(entry.key) ?? UNKNOWN))
    const value = unionOf(e.entries.map((entry) => this.#size(entry.value) ?? UNKNOWN))
    this.#entries.set(e.id, { isList: false, key, value })
    return plus(MAP_COST, ...costs)
  }

  #fold(e: Of<'comprehension'>): Range {
    const [range, init] = [this.costOf(e.range), this.costOf(e.init)]
    this.#push(e.accuVar, this.#localOf(e.init))
    const entries = this.#entrySizes(e.range)
    const isList = entries?.isList ?? this.#type(e.range).kind === 'list'
    const path = this.#path(e.range)
    const key: Local = { path: [...path, isList ? '@indices' : '@keys'], size: entries?.key, entries: undefined }
    const value: Local = { path: [...path, isList ? '@items' : '@values'], size: entries?.value, entries: undefined }
    this.#push(e.iterVar, e.iterVar2 === undefined && isList ? value : key)
    if (e.iterVar2 !== undefined) this.#push(e.iterVar2, value)
    const each = plus(this.costOf(e.step), this.costOf(e.condition))
    this.#locals.get(e.iterVar)!.pop()
    if (e.iterVar2 !== undefined) this.#locals.get(e.iterVar2)!.pop()
    const result = this.costOf(e.result)
    this.#locals.get(e.accuVar)!.pop()
    const count = this.#size(e.range) ?? UNKNOWN
    if (e.init.kind === 'literal') this.#setSize(e, this.#size(e.init))
    else if (e.init.kind === 'list' || e.init.kind === 'map') {
      this.#setSize(e, count)
      const made = this.#entrySizes(e.step)
      if (made) this.#entries.set(e.id, made)
    }
    return plus(range, init, result, timesCost(count, each))
  }

  #bind(e: Of<'comprehension'>): Range {
    const costs = [this.costOf(e.range), this.costOf(e.init)]
    this.#push(e.accuVar, this.#localOf(e.init))
    costs.push(this.costOf(e.result))
    this.#locals.get(e.accuVar)!.pop()
    this.#copySizes(e, e.result)
    return plus(...costs)
  }

  #localOf(e: Expression): Local {
    return { path: this.#path(e), size: this.#size(e), entries: this.#entrySizes(e) }
  }

  #push(name: string, local: Local): void {
    this.#locals.set(name, [...(this.#locals.get(name) ?? []), local])
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1)
  }

  #type(e: Expression): Type {
    return this.#checked.types.get(e.id) ?? DYN
  }

  #path(e: Expression): readonly string[] {
    const local = e.kind === 'ident' ? this.#local(e.name) : undefined
    return local?.path ?? this.#paths.get(e.id) ?? []
  }

  #sized(e: Expression): Sized {
    const path = this.#path(e)
    return {
      expression: e,
      type: this.#type(e),
      path: path[0] === '@result' ? [] : path,
      size: this.#size(e),
    }
  }

  #copySizes(to: Expression, from: Expression): void {
    this.#setSize(to, this.#size(from))
    const entries = this.#entrySizes(from)
    if (entries) this.#entries.set(to.id, entries)
  }

  #setSize(e: Expression, size: Range | undefined): void {
    if (size) this.#sizes.set(e.id, size)
  }

  #size(e: Expression): Range | undefined {
    const known = this.#sizes.get(e.id) ?? literalSize(e) ?? this.#sizeAt(this.#path(e)) ?? typeSize(this.#type(e))
    return known ?? (e.kind === 'ident' ? this.#local(e.name)?.size : undefined)
  }

  #entrySizes(e: Expression): EntrySizes | undefined {
    return this.#entries.get(e.id) ?? (e.kind === 'ident' ? this.#local(e.name)?.entries : undefined)
  }

  /** Of what lies at a path that begins with a variable; undefined where nothing is known. */
  #sizeAt([root, ...rest]: readonly string[]): Range | undefined {
    let type = root === undefined ? undefined : this.#schemas.get(root)
    for (const [index, name] of rest.entries()) {
      if (type === undefined) return undefined
      // nothing bounds the keys of a map
      if (name === '@keys') return type.element && index === rest.length - 1 ? NOTHING : undefined
      type = name === '@items' || name === '@values' ? type.element : type.fields?.get(name)?.type
    }
    return type && { min: 0, max: type.elementsMax ?? 0 }
  }
}

function isBind({ range, condition, accuVar }: Of<'comprehension'>): boolean {
  return (
    range.kind === 'list' &&
    range.elements.length === 0 &&
    condition.kind === 'literal' &&
    condition.value === false &&
    accuVar !== '@result'
  )
}

function unionOf(sizes: readonly Range[]): Range {
  return sizes.length === 0 ? NOTHING : sizes.reduce(union)
}

function unionOfEntries(a: EntrySizes | undefined, b: EntrySizes | undefined): EntrySizes | undefined {
  return a && b && { isList: a.isList, key: union(a.key, b.key), value: union(a.value, b.value) }
}

function literalSize(e: Expression): Range | undefined {
  switch (e.kind) {
    case 'literal':
      if (typeof e.value === 'string') return fixed([...e.value].length)
      return fixed(e.value instanceof Uint8Array ? e.value.length : 1)
    case 'list':
      return fixed(e.elements.length)
    case 'map':
      return fixed(e.entries.length)
    default:
      return undefined
  }
}

function typeSize(type: Type): Range | undefined {
  switch (type.kind) {
    case 'bool':
    case 'double':
    case 'duration':
    case 'int':
    case 'timestamp':
    case 'uint':
      return FIXED_ONE
    case 'opaque':
      return type.name === 'optional_type' ? typeSize(type.parameters[0]!) : undefined
    default:
      return undefined
  }
}
