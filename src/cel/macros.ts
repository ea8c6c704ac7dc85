/** Calls that are written as functions but stand for larger expressions. */

import type { Expression } from './expression.ts'
import type { Nodes } from './parse.ts'

const ACCU = '@result'

/** Undefined when the call is no macro. */
export function expandMacro(
  name: string,
  target: Expression | undefined,
  args: readonly Expression[],
  at: number,
  nodes: Nodes,
): Expression | undefined {
  if (target === undefined) return name === 'has' && args.length === 1 ? has(args[0]!, at, nodes) : undefined
  const macro = MACROS[`${name}/${args.length}`]
  return macro?.(target, args, at, nodes)
}

type Macro = (target: Expression, args: readonly Expression[], at: number, nodes: Nodes) => Expression | undefined

const MACROS: Readonly<Record<string, Macro>> = {
  'all/2': (range, [v, p], at, n) => fold(n, at, range, [name(v!, n)], n.literal(at, true), all(p!, at, n)),
  'exists/2': (range, [v, p], at, n) => fold(n, at, range, [name(v!, n)], n.literal(at, false), exists(p!, at, n)),
  'exists_one/2': (range, [v, p], at, n) => fold(n, at, range, [name(v!, n)], n.literal(at, 0n), existsOne(p!, at, n)),
  'existsOne/2': (range, [v, p], at, n) => fold(n, at, range, [name(v!, n)], n.literal(at, 0n), existsOne(p!, at, n)),
  'map/2': (range, [v, f], at, n) => fold(n, at, range, [name(v!, n)], emptyList(at, n), appended(f!, undefined, at, n)),
  'map/3': (range, [v, p, f], at, n) => fold(n, at, range, [name(v!, n)], emptyList(at, n), appended(f!, p, at, n)),
  'filter/2': (range, [v, p], at, n) => fold(n, at, range, [name(v!, n)], emptyList(at, n), appended(v!, p, at, n)),
  'all/3': (range, [k, v, p], at, n) => fold(n, at, range, [name(k!, n), name(v!, n)], n.literal(at, true), all(p!, at, n)),
  'exists/3': (range, [k, v, p], at, n) => fold(n, at, range, [name(k!, n), name(v!, n)], n.literal(at, false), exists(p!, at, n)),
  'existsOne/3': (range, [k, v, p], at, n) => fold(n, at, range, [name(k!, n), name(v!, n)], n.literal(at, 0n), existsOne(p!, at, n)),
  'exists_one/3': (range, [k, v, p], at, n) => fold(n, at, range, [name(k!, n), name(v!, n)], n.literal(at, 0n), existsOne(p!, at, n)),
  'transformList/3': (range, [k, v, f], at, n) =>
    fold(n, at, range, [name(k!, n), name(v!, n)], emptyList(at, n), appended(f!, undefined, at, n)),
  'transformList/4': (range, [k, v, p, f], at, n) =>
    fold(n, at, range, [name(k!, n), name(v!, n)], emptyList(at, n), appended(f!, p, at, n)),
  'transformMap/3': (range, [k, v, f], at, n) =>
    fold(n, at, range, [name(k!, n), name(v!, n)], emptyMap(at, n), inserted(k!, f!, undefined, at, n)),
  'transformMap/4': (range, [k, v, p, f], at, n) =>
    fold(n, at, range, [name(k!, n), name(v!, n)], emptyMap(at, n), inserted(k!, f!, p, at, n)),
  'transformMapEntry/3': (range, [k, v, f], at, n) =>
    fold(n, at, range, [name(k!, n), name(v!, n)], emptyMap(at, n), insertedEntries(f!, undefined, at, n)),
  'transformMapEntry/4': (range, [k, v, p, f], at, n) =>
    fold(n, at, range, [name(k!, n), name(v!, n)], emptyMap(at, n), insertedEntries(f!, p, at, n)),
  'optMap/2': (target, [v, f], at, n) =>
    n.call(at, '_?_:_', [
      n.call(at, 'hasValue', [], target),
      n.call(at, 'optional.of', [bound(name(v!, n), n.call(at, 'value', [], target), f!, at, n)]),
      n.call(at, 'optional.none', []),
    ]),
  'optFlatMap/2': (target, [v, f], at, n) =>
    n.call(at, '_?_:_', [
      n.call(at, 'hasValue', [], target),
      bound(name(v!, n), n.call(at, 'value', [], target), f!, at, n),
      n.call(at, 'optional.none', []),
    ]),
  'sortBy/2': (target, [v, key], at, n) => {
    const input = () => n.ident(at, '@__sortBy_input__')
    const keys = fold(n, at, input(), [name(v!, n)], emptyList(at, n), appended(key!, undefined, at, n))
    return bound('@__sortBy_input__', target, n.call(at, '@sortByAssociatedKeys', [keys], input()), at, n)
  },
  'bind/3': (target, [v, value, f], at, n) =>
    target.kind === 'ident' && target.name === 'cel' ? bound(name(v!, n), value!, f!, at, n) : undefined,
}

function has(argument: Expression, at: number, nodes: Nodes): Expression {
  if (argument.kind !== 'select' || argument.test) throw nodes.fail('invalid argument to has() macro', argument.at)
  return { ...argument, id: nodes.id(), at, test: true }
}

function name(variable: Expression, nodes: Nodes): string {
  if (variable.kind !== 'ident' || variable.name.startsWith('.')) throw nodes.fail('argument must be a simple name', variable.at)
  if (variable.name === ACCU || variable.name === '__result__')
    throw nodes.fail('iteration variable overwrites accumulator variable', variable.at)
  return variable.name
}

interface Step {
  readonly condition: Expression
  readonly step: Expression
  readonly result: Expression
}

function fold(
  nodes: Nodes,
  at: number,
  range: Expression,
  names: readonly string[],
  init: Expression,
  { condition, step, result }: Step,
): Expression {
  const [iterVar, iterVar2] = names
  if (iterVar2 !== undefined && iterVar === iterVar2) throw nodes.fail('duplicate variable name', at)
  return {
    kind: 'comprehension',
    id: nodes.id(),
    at,
    iterVar: iterVar!,
    ...(iterVar2 !== undefined && { iterVar2 }),
    range,
    accuVar: ACCU,
    init,
    condition,
    step,
    result,
  }
}

function all(predicate: Expression, at: number, n: Nodes): Step {
  return {
    condition: n.call(at, '@not_strictly_false', [n.ident(at, ACCU)]),
    step: n.call(at, '_&&_', [n.ident(at, ACCU), predicate]),
    result: n.ident(at, ACCU),
  }
}

function exists(predicate: Expression, at: number, n: Nodes): Step {
  return {
    condition: n.call(at, '@not_strictly_false', [n.call(at, '!_', [n.ident(at, ACCU)])]),
    step: n.call(at, '_||_', [n.ident(at, ACCU), predicate]),
    result: n.ident(at, ACCU),
  }
}

function existsOne(predicate: Expression, at: number, n: Nodes): Step {
  return {
    condition: n.literal(at, true),
    step: n.call(at, '_?_:_', [predicate, n.call(at, '_+_', [n.ident(at, ACCU), n.literal(at, 1n)]), n.ident(at, ACCU)]),
    result: n.call(at, '_==_', [n.ident(at, ACCU), n.literal(at, 1n)]),
  }
}

function collecting(step: Expression, predicate: Expression | undefined, at: number, n: Nodes): Step {
  return {
    condition: n.literal(at, true),
    step: predicate === undefined ? step : n.call(at, '_?_:_', [predicate, step, n.ident(at, ACCU)]),
    result: n.ident(at, ACCU),
  }
}

function appended(element: Expression, predicate: Expression | undefined, at: number, n: Nodes): Step {
  const one: Expression = { kind: 'list', id: n.id(), at, elements: [element], optional: new Set() }
  return collecting(n.call(at, '_+_', [n.ident(at, ACCU), one]), predicate, at, n)
}

function inserted(key: Expression, value: Expression, predicate: Expression | undefined, at: number, n: Nodes): Step {
  return collecting(n.call(at, 'cel.@mapInsert', [n.ident(at, ACCU), key, value]), predicate, at, n)
}

function insertedEntries(entries: Expression, predicate: Expression | undefined, at: number, n: Nodes): Step {
  return collecting(n.call(at, 'cel.@mapInsert', [n.ident(at, ACCU), entries]), predicate, at, n)
}

function emptyList(at: number, n: Nodes): Expression {
  return { kind: 'list', id: n.id(), at, elements: [], optional: new Set() }
}

function emptyMap(at: number, n: Nodes): Expression {
  return { kind: 'map', id: n.id(), at, entries: [] }
}

/** `result` with one name more: a fold over nothing, whose accumulator is that name. */
function bound(variable: string, value: Expression, result: Expression, at: number, n: Nodes): Expression {
  return {
    kind: 'comprehension',
    id: n.id(),
    at,
    iterVar: '#unused',
    range: emptyList(at, n),
    accuVar: variable,
    init: value,
    condition: n.literal(at, false),
    step: n.ident(at, variable),
    result,
  }
}
