/** Turns a checked expression into a function that computes it, counting what that costs. */

import type { Checked } from './check.ts'
import type { Overload } from './declaration.ts'
import { partsOf, type Expression } from './expression.ts'
import { isJsonObject, JsonMap, jsonValue, memberOf } from './json-value.ts'
import { sizeOf, TRAVERSAL } from './library/cost.ts'
import { isOptional, none, some, type Optional } from './optional.ts'
import {
  ArrayList,
  CelError,
  CelMap,
  CostExceeded,
  endWork,
  EntryMap,
  equals,
  List,
  startWork,
  type Value,
  typeNameOf,
  TypeValue,
} from './value.ts'
import { subtreeKeys } from './subtree-keys.ts'
import { shownType, type Type } from './type.ts'

/** The values of variables by their full names; undefined where there is none. */
export type Activation = (name: string) => Value | undefined

export interface Program {
  /** Throws `CelError`; its message says when the cost went over the limit. */
  run(variables: Activation, costMax?: number): { readonly value: Value; readonly cost: number }
  /** As `run`; an error is an outcome that had its cost too. */
  evaluate(variables: Activation, costMax?: number): Outcome
}

export type Outcome = { readonly cost: number } & (
  | { readonly value: Value; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: CelError }
)

interface Run {
  readonly variables: Activation
  /** Variables of the comprehensions under way, innermost last. */
  readonly locals: Value[]
  readonly costMax: number
  cost: number
}

type Step = (run: Run) => Value

// Upstream's units.
const NAME_COST = 1
const LIST_COST = 10
const MAP_COST = 30
const STRUCT_COST = 40

export function compile(checked: Checked, structs: StructMaker = noStructs): Program {
  return new Steps(stepOf(checked.expression, { checked, structs, locals: [], keys: subtreeKeys(checked) }), hasFolds(checked.expression))
}

function hasFolds(e: Expression): boolean {
  return e.kind === 'comprehension' || partsOf(e).some(hasFolds)
}

const NO_LOCALS: Value[] = []

/** A class, as thousands of programs then share what they do. */
class Steps implements Program {
  readonly #step: Step
  readonly #hasFolds: boolean

  constructor(step: Step, hasFolds: boolean) {
    this.#step = step
    this.#hasFolds = hasFolds
  }

  evaluate(variables: Activation, costMax = Number.POSITIVE_INFINITY): Outcome {
    const run: Run = { variables, locals: this.#hasFolds ? [] : NO_LOCALS, costMax, cost: 0 }
    const outer = startWork()
    try {
      return { value: this.#step(run), cost: run.cost }
    } catch (error) {
      if (error instanceof CelError) return { error, cost: run.cost }
      throw error
    } finally {
      endWork(outer)
    }
  }

  run(variables: Activation, costMax?: number): { readonly value: Value; readonly cost: number } {
    const { value, error, cost } = this.evaluate(variables, costMax)
    if (error) throw error
    return { value, cost }
  }
}

/** Makes the value of a struct literal. */
export type StructMaker = (type: string, fields: ReadonlyMap<string, Value>) => Value

const noStructs: StructMaker = (type) => {
  throw new CelError(`unknown type: ${type}`)
}

interface Context {
  readonly checked: Checked
  readonly structs: StructMaker
  /** Names of the comprehension variables in scope; their places are those of `Run.locals`. */
  readonly locals: readonly string[]
  /** Of parts that other expressions may have, too. */
  readonly keys: ReadonlyMap<number, string>
}

function spend(run: Run, cost: number): void {
  run.cost += cost
  if (run.cost > run.costMax) throw new CostExceeded()
}

function stepOf(e: Expression, context: Context): Step {
  const key = context.locals.length === 0 ? context.keys.get(e.id) : undefined
  return key === undefined ? newStep(e, context) : shared(key, () => newStep(e, context))
}

function newStep(e: Expression, context: Context): Step {
  switch (e.kind) {
    case 'literal': {
      const { value } = e
      return () => value
    }
    case 'ident':
      return variable(e.name.replace(/^\./, ''), context)
    case 'select':
      return select(e, context)
    case 'call':
      return call(e, context)
    case 'list': {
      const constants = e.elements.flatMap((element) => (element.kind === 'literal' ? [element.value] : []))
      if (constants.length === e.elements.length && e.optional.size === 0) {
        const list = new ArrayList(constants)
        return (run) => {
          spend(run, LIST_COST)
          return list
        }
      }
      const elements = e.elements.map((element) => stepOf(element, context))
      return (run) => {
        const items: Value[] = []
        for (const [index, element] of elements.entries()) {
          const value = element(run)
          if (!e.optional.has(index)) items.push(value)
          else if (asOptional(value).value !== undefined) items.push(asOptional(value).value!)
        }
        spend(run, LIST_COST)
        return new ArrayList(items)
      }
    }
    case 'map': {
      const entries = e.entries.map(({ key, value, optional }) => ({ key: stepOf(key, context), value: stepOf(value, context), optional }))
      return (run) => {
        const made: [Value, Value][] = []
        for (const { key, value, optional } of entries) {
          const name = key(run)
          const given = value(run)
          if (!optional) made.push([name, given])
          else if (asOptional(given).value !== undefined) made.push([name, asOptional(given).value!])
        }
        spend(run, MAP_COST)
        return new EntryMap(made)
      }
    }
    case 'struct': {
      const fields = e.fields.map(({ name, value, optional }) => ({ name, value: stepOf(value, context), optional }))
      return (run) => {
        const made = new Map<string, Value>()
        for (const { name, value, optional } of fields) {
          const given = value(run)
          if (!optional) made.set(name, given)
          else if (asOptional(given).value !== undefined) made.set(name, asOptional(given).value!)
        }
        spend(run, STRUCT_COST)
        return context.structs(e.type, made)
      }
    }
    case 'comprehension':
      return comprehension(e, context)
  }
}

function variable(name: string, { locals }: Context): Step {
  const place = locals.lastIndexOf(name)
  if (place >= 0)
    return (run) => {
      spend(run, NAME_COST)
      const value: Value | Failed = run.locals[place]!
      if (value instanceof Failed) throw value.error
      return value
    }
  return (run) => {
    spend(run, NAME_COST)
    const given = run.variables(name)
    const value = given === undefined ? typeNamed(name) : given
    if (value === undefined) throw new CelError(`no such attribute(s): ${name}`)
    return value
  }
}

const SHARED_MAX = 4096
const known = new Map<string, Step>()

/** One step for all expressions that have the same part, as those of policies do: what is in use stays small. */
function shared(key: string, make: () => Step): Step {
  let step = known.get(key)
  if (step === undefined) {
    step = make()
    if (known.size >= SHARED_MAX) known.clear()
    known.set(key, step)
  }
  return step
}

const TYPE_NAMES: ReadonlySet<string> = new Set(
  'bool int uint double string bytes null_type list map type google.protobuf.Timestamp google.protobuf.Duration optional_type'.split(' '),
)

function typeNamed(name: string): Value | undefined {
  return TYPE_NAMES.has(name) ? new TypeValue(name) : undefined
}

/** A chain of selections is one step. */
function select(e: Extract<Expression, { kind: 'select' }>, context: Context): Step {
  const name = context.checked.references.get(e.id)
  if (name !== undefined) return variable(name, { ...context, locals: [] })
  const { base, fields } = chainTo(e.test ? e.operand : e, context)
  const from = stepOf(base, context)
  return e.test ? presence(from, fields, e.field) : selection(from, fields)
}

function selection(from: Step, fields: readonly string[]): Step {
  const cost = fields.length * NAME_COST
  return (run) => {
    const target = from(run)
    spend(run, cost)
    return walk(target, fields)
  }
}

/** Asking costs nothing, as upstream keeps it for compatibility. */
function presence(from: Step, fields: readonly string[], field: string): Step {
  const cost = fields.length * NAME_COST
  return (run) => {
    const target = walk(from(run), fields)
    spend(run, cost)
    if (target instanceof JsonMap) return target.has(field)
    const inner = isOptional(target) ? target.value : target
    return inner !== undefined && fieldOf(inner, field) !== undefined
  }
}

function chainTo(e: Expression, { checked }: Context): { readonly base: Expression; readonly fields: readonly string[] } {
  const fields: string[] = []
  let base = e
  for (; base.kind === 'select' && !base.test && !checked.references.has(base.id); base = base.operand) fields.unshift(base.field)
  return { base, fields }
}

function walk(target: Value, fields: readonly string[]): Value {
  let value = target
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]!
    let found: Value | undefined
    if (value instanceof JsonMap) {
      // JSON is walked as it lies; only where the chain ends it becomes a value
      let raw = value.member(field)
      for (; i + 1 < fields.length && isJsonObject(raw); i++) raw = memberOf(raw, fields[i + 1]!)
      if (raw === undefined) throw new CelError(`no such key: ${fields[i]}`)
      found = jsonValue(raw)
    } else if (isOptional(value)) {
      found = value.value === undefined ? undefined : fieldOf(value.value, field)
      found = found === undefined ? none : some(found)
    } else found = fieldOf(value, field)
    if (found === undefined) throw new CelError(`no such key: ${field}`)
    value = found
  }
  return value
}

/** Undefined when it is not there. */
function fieldOf(target: Value, field: string): Value | undefined {
  if (target instanceof CelMap) return target.get(field)
  throw new CelError(`no such overload: ${typeNameOf(target)}.${field}`)
}

function call(e: Extract<Expression, { kind: 'call' }>, context: Context): Step {
  switch (e.function) {
    case '_&&_':
      return shortCircuit(e, context, false)
    case '_||_':
      return shortCircuit(e, context, true)
    case '_?_:_': {
      const [condition, yes, no] = e.args.map((arg) => stepOf(arg, context)) as [Step, Step, Step]
      return (run) => {
        const chosen = condition(run)
        if (typeof chosen !== 'boolean') throw new CelError('no such overload')
        return chosen ? yes(run) : no(run)
      }
    }
    case '_==_':
    case '_!=_':
      return equality(e, context)
    case '_?._': {
      const [operand, field] = e.args.map((arg) => stepOf(arg, context)) as [Step, Step]
      return (run) => optionalIn(operand(run), field(run), run)
    }
    case '@not_strictly_false': {
      const operand = stepOf(e.args[0]!, context)
      return (run) => {
        const value = guarded(operand, run)
        spend(run, 1)
        return value instanceof CelError || value !== false
      }
    }
  }
  // a namespace in front of a function is no argument
  const isNamespaced = e.target !== undefined && context.checked.references.get(e.id) !== e.function
  const operands = [...(e.target && !isNamespaced ? [e.target] : []), ...e.args]
  const overloads = (context.checked.overloads.get(e.id) ?? []).map(ready)
  const name = context.checked.references.get(e.id) ?? e.function
  const argsOf = together(operands, context)
  // most often it is the one that it was before
  let likely = overloads[0]
  return (run) => {
    const args = argsOf(run)
    if (likely === undefined || !likely.takes(args)) {
      const found = overloads.find((o) => o.takes(args))
      if (found === undefined) throw new CelError(`no such overload: ${name}`)
      likely = found
    }
    const { call: compute, cost } = likely.overload
    const value = compute(args)
    spend(run, cost === undefined ? 1 : cost(args, value))
    return value
  }
}

/** Takes any two values, so that there is nothing to choose between; most of what policies say ends in one. */
function equality({ args, function: name }: Extract<Expression, { kind: 'call' }>, context: Context): Step {
  const [left, right] = args.map((arg) => stepOf(arg, context)) as [Step, Step]
  const wanted = name === '_==_'
  return (run) => {
    const a = left(run)
    const b = right(run)
    const isSame = equals(a, b)
    spend(run, Math.ceil(Math.min(sizeOf(a), sizeOf(b)) * TRAVERSAL))
    return isSame === wanted
  }
}

function together(operands: readonly Expression[], context: Context): (run: Run) => readonly Value[] {
  const steps = operands.map((operand) => stepOf(operand, context))
  const [first, second] = steps
  if (steps.length === 1) return (run) => [first!(run)]
  if (steps.length !== 2) return (run) => steps.map((step) => step(run))
  const last = operands[1]!
  if (last.kind !== 'literal') return (run) => [first!(run), second!(run)]
  const { value } = last
  return (run) => [first!(run), value]
}

interface Ready {
  readonly overload: Overload
  readonly takes: (args: readonly Value[]) => boolean
}

const readied = new WeakMap<Overload, Ready>()

function ready(overload: Overload): Ready {
  let made = readied.get(overload)
  if (made === undefined) readied.set(overload, (made = { overload, takes: overload.accepts ?? takesOf(overload.args) }))
  return made
}

function takesOf(types: readonly Type[]): Ready['takes'] {
  const checks = types.flatMap((type, index) => (type.kind === 'dyn' || type.kind === 'parameter' ? [] : [{ index, fits: fitsOf(type) }]))
  const [one, other] = checks
  if (one === undefined) return () => true
  if (other === undefined) return (args) => one.fits(args[one.index]!)
  if (checks.length === 2) return (args) => one.fits(args[one.index]!) && other.fits(args[other.index]!)
  return (args) => checks.every(({ index, fits }) => fits(args[index]!))
}

function fitsOf(type: Type): (value: Value) => boolean {
  switch (type.kind) {
    case 'string':
      return (value) => typeof value === 'string'
    case 'int':
      return (value) => typeof value === 'bigint'
    case 'double':
      return (value) => typeof value === 'number'
    case 'bool':
      return (value) => typeof value === 'boolean'
    case 'list':
      return (value) => value instanceof List
    case 'map':
      return (value) => value instanceof CelMap
    default:
      return (value) => isOf(value, type)
  }
}

/** Whether the value's own type fits, as far as it can be seen without looking into it. */
export function isOf(value: Value, type: Type): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'parameter':
      return true
    case 'object':
      return value instanceof CelMap
    case 'opaque':
      return typeNameOf(value) === type.name
    case 'null':
      return value === null
    case 'timestamp':
      return typeNameOf(value) === 'google.protobuf.Timestamp'
    case 'duration':
      return typeNameOf(value) === 'google.protobuf.Duration'
    default:
      return typeNameOf(value) === type.kind
  }
}

/** `&&` and `||`: one side that decides is enough, even if the other fails. */
function shortCircuit(e: Extract<Expression, { kind: 'call' }>, context: Context, deciding: boolean): Step {
  const [left, right] = e.args.map((arg) => stepOf(arg, context)) as [Step, Step]
  return (run) => {
    const first = guarded(left, run)
    if (first === deciding) return deciding
    const second = guarded(right, run)
    if (second === deciding) return deciding
    if (first instanceof CelError) throw first
    if (second instanceof CelError) throw second
    if (typeof first !== 'boolean' || typeof second !== 'boolean') throw new CelError('no such overload')
    return !deciding
  }
}

/** The value, or the error that took its place. */
function guarded(step: Step, run: Run): Value | CelError {
  try {
    return step(run)
  } catch (error) {
    if (error instanceof CelError && !(error instanceof CostExceeded)) return error
    throw error
  }
}

type Fold = Extract<Expression, { kind: 'comprehension' }>

function comprehension(e: Fold, context: Context): Step {
  const quantifier = quantifierOf(e)
  return quantifier ? quantified(e, quantifier, context) : folded(e, context)
}

interface Quantifier {
  readonly predicate: Expression
  /** What ends it: the first false of `all`, the first true of `exists`. */
  readonly deciding: boolean
}

/** `all` and `exists`, which are most folds there are. */
function quantifierOf({ init, step, result, iterVar2 }: Fold): Quantifier | undefined {
  if (iterVar2 !== undefined || init.kind !== 'literal' || result.kind !== 'ident' || step.kind !== 'call') return undefined
  const deciding = step.function === '_||_'
  const [accu, predicate] = step.args
  if ((!deciding && step.function !== '_&&_') || init.value !== !deciding) return undefined
  return accu?.kind === 'ident' && accu.name === '@result' && predicate ? { predicate, deciding } : undefined
}

function quantified(e: Fold, { predicate, deciding }: Quantifier, context: Context): Step {
  const range = stepOf(e.range, context)
  const place = context.locals.length
  const holds = stepOf(predicate, { ...context, locals: [...context.locals, e.accuVar, e.iterVar] })
  // what the test for going on and the connective look up
  const eachCost = deciding ? 4 : 3
  const isDecided = (run: Run, item: Value): boolean | CelError => {
    spend(run, eachCost)
    run.locals[place + 1] = item
    const found = guarded(holds, run)
    if (typeof found === 'boolean') return found === deciding
    return found instanceof CelError ? found : new CelError('no such overload')
  }
  return (run) => {
    const over = range(run)
    let failure: CelError | undefined
    const end = (item: Value): boolean => {
      const decided = isDecided(run, item)
      if (decided instanceof CelError) failure ??= decided
      return decided === true
    }
    let decided = false
    let seen = 0
    if (over instanceof List) for (; seen < over.size && !decided; seen++) decided = end(over.at(seen))
    else if (over instanceof CelMap) {
      for (const key of over.keys()) {
        seen++
        if ((decided = end(key))) break
      }
    } else throw new CelError(`no such overload: cannot iterate over ${typeNameOf(over)}`)
    // what comes next is asked for before it is known that nothing depends on it
    spend(run, decided && seen < over.size ? eachCost : NAME_COST)
    if (decided) return deciding
    if (failure) throw failure
    return !deciding
  }
}

function folded(e: Fold, context: Context): Step {
  const two = e.iterVar2 !== undefined
  const range = stepOf(e.range, context)
  const init = stepOf(e.init, context)
  const inside = { ...context, locals: [...context.locals, e.accuVar, e.iterVar, ...(two ? [e.iterVar2!] : [])] }
  const condition = e.condition.kind === 'literal' && e.condition.value === true ? undefined : stepOf(e.condition, inside)
  const step = stepOf(e.step, inside)
  const result = stepOf(e.result, { ...context, locals: [...context.locals, e.accuVar] })
  const place = context.locals.length
  /** Whether to go on. The accumulator may hold an error that a later step takes back. */
  const once = (run: Run, first: Value, second: Value): boolean => {
    const { locals } = run
    locals[place + 1] = first
    if (two) locals[place + 2] = second
    if (condition && guarded(condition, run) === false) return false
    // a fold within the condition may have used their places
    locals[place + 1] = first
    if (two) locals[place + 2] = second
    const next = guarded(step, run)
    locals[place] = next instanceof CelError ? (new Failed(next) as unknown as Value) : next
    return true
  }
  return (run) => {
    const over = range(run)
    const accu = guarded(init, run)
    run.locals[place] = accu instanceof CelError ? (new Failed(accu) as unknown as Value) : accu
    if (over instanceof List) {
      for (let i = 0; i < over.size; i++) if (!once(run, two ? BigInt(i) : over.at(i), two ? over.at(i) : null)) break
    } else if (over instanceof CelMap) {
      for (const key of over.keys()) if (!once(run, key, two ? over.get(key)! : null)) break
    } else throw new CelError(`no such overload: cannot iterate over ${typeNameOf(over)}`)
    const last: Value | Failed = run.locals[place]!
    if (last instanceof Failed) throw last.error
    return result(run)
  }
}

/** Stands for the accumulator where it is an error; reading it throws. */
class Failed {
  readonly error: CelError

  constructor(error: CelError) {
    this.error = error
  }
}

function asOptional(value: Value): Optional {
  if (!isOptional(value)) throw new CelError(`expected optional value, got ${typeNameOf(value)}`)
  return value
}

/** `target[?key]` and `target.?key`. */
export function optionalIn(target: Value, key: Value, run?: Run): Value {
  if (run) spend(run, NAME_COST)
  const inner = isOptional(target) ? target.value : target
  if (inner === undefined) return none
  if (inner instanceof CelMap) {
    const found = inner.get(key)
    return found === undefined ? none : some(found)
  }
  if (inner instanceof List) {
    const index = typeof key === 'bigint' ? Number(key) : typeof key === 'number' ? key : undefined
    if (index === undefined) throw new CelError(`unsupported index type '${typeNameOf(key)}' in list`)
    return Number.isInteger(index) && index >= 0 && index < inner.size ? some(inner.at(index)) : none
  }
  throw new CelError(`no such overload: ${typeNameOf(inner)}[?${shownType({ kind: 'dyn' })}]`)
}
