/** Reads the source of an expression into its tree: recursive descent by the language's grammar, macros expanded on the way. */

import type { Expression, MapEntry, StructField } from './expression.ts'
import { expandMacro } from './macros.ts'
import { syntaxError, tokenize, type Token } from './tokens.ts'

const DEPTH_MAX = 250 // as upstream's parser
const SOURCE_CHARACTERS_MAX = 100_000 // as upstream's parser

/** Words that are no names. `in` is an operator; `true`, `false` and `null` have become literals. */
const RESERVED: ReadonlySet<string> = new Set(
  'as break const continue else false for function if import in let loop namespace null package return true var void while'.split(' '),
)

/** As upstream's parser tells what could have stood there. */
const EXPECTING_OPERAND =
  " expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
const EXPECTING_NAME = ' expecting IDENTIFIER'

const RELATIONS: readonly string[] = ['==', '!=', '<=', '>=', '<', '>']

/** Makes nodes with fresh ids. */
export interface Nodes {
  readonly call: (at: number, name: string, args: readonly Expression[], target?: Expression) => Expression
  readonly literal: (at: number, value: bigint | boolean | null) => Expression
  readonly ident: (at: number, name: string) => Expression
  readonly id: () => number
  readonly fail: (message: string, at: number) => Error
}

/** Throws `CelSyntaxError`. */
export function parse(source: string): Expression {
  if (source.length > SOURCE_CHARACTERS_MAX)
    throw syntaxError(source, `expression code point size exceeds limit: size: ${source.length}, limit ${SOURCE_CHARACTERS_MAX}`, 0)
  const tokens = tokenize(source)
  let next = 0
  let lastId = 0
  let depth = 0
  const id = () => ++lastId
  const fail = (message: string, at: number) => syntaxError(source, message, at)
  const nodes: Nodes = {
    id,
    fail,
    call: (at, name, args, target) => ({ kind: 'call', id: id(), at, function: name, args, ...(target && { target }) }),
    literal: (at, value) => ({ kind: 'literal', id: id(), at, value }),
    ident: (at, name) => ({ kind: 'ident', id: id(), at, name }),
  }

  const peek = (ahead = 0): Token => tokens[Math.min(next + ahead, tokens.length - 1)]!
  const isOperator = (text: string, ahead = 0): boolean => {
    const token = peek(ahead)
    return token.kind === 'operator' && token.text === text
  }
  const unexpected = (token: Token, expected = '') => {
    const text = token.kind === 'end' ? '<EOF>' : source.slice(token.at, token.end)
    return fail(`Syntax error: mismatched input '${text}'${expected}`, token.at)
  }
  const take = (text: string): Token => {
    if (!isOperator(text)) throw unexpected(peek())
    return tokens[next++]!
  }
  const accept = (text: string): boolean => isOperator(text) && (next++, true)

  function expression(): Expression {
    if (++depth > DEPTH_MAX) throw fail(`max recursion depth exceeded (${DEPTH_MAX})`, peek().at)
    try {
      const condition = disjunction()
      if (!isOperator('?')) return condition
      const { at } = take('?')
      const yes = disjunction()
      take(':')
      return nodes.call(at, '_?_:_', [condition, yes, expression()])
    } finally {
      depth--
    }
  }

  /** A long chain becomes a balanced tree, so that it does not nest deeply. */
  function chain(operator: string, name: string, operand: () => Expression): Expression {
    const operands = [operand()]
    const places: number[] = []
    while (isOperator(operator)) {
      places.push(take(operator).at)
      operands.push(operand())
    }
    const balanced = (from: number, to: number): Expression => {
      if (from === to) return operands[from]!
      const middle = Math.floor((from + to + 1) / 2)
      const left = balanced(from, middle - 1)
      const right = balanced(middle, to)
      return nodes.call(places[middle - 1]!, name, [left, right])
    }
    return balanced(0, operands.length - 1)
  }

  const disjunction = () => chain('||', '_||_', conjunction)
  const conjunction = () => chain('&&', '_&&_', relation)

  function relation(): Expression {
    let left = addition()
    for (;;) {
      const token = peek()
      const isIn = token.kind === 'ident' && token.text === 'in'
      if (!isIn && !(token.kind === 'operator' && RELATIONS.includes(token.text))) return left
      next++
      left = nodes.call(token.at, isIn ? '@in' : `_${(token as { text: string }).text}_`, [left, addition()])
    }
  }

  function leftToRight(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand()
    for (;;) {
      const token = peek()
      if (token.kind !== 'operator' || !operators.includes(token.text)) return left
      next++
      left = nodes.call(token.at, `_${token.text}_`, [left, operand()])
    }
  }

  const addition = () => leftToRight(['+', '-'], multiplication)
  const multiplication = () => leftToRight(['*', '/', '%'], unary)

  function unary(): Expression {
    const token = peek()
    if (token.kind === 'operator' && (token.text === '!' || token.text === '-')) {
      let count = 0
      while (accept(token.text)) count++
      const value = peek()
      // a minus before a number is part of it
      if (token.text === '-' && value.kind === 'literal' && (typeof value.value === 'bigint' || typeof value.value === 'number')) {
        const negative = { ...value, value: -value.value } as typeof value
        if (count % 2 === 1) {
          next++
          return members({ kind: 'literal', id: id(), at: token.at, value: negative.value })
        }
      }
      const operand = member()
      return count % 2 === 0 ? operand : nodes.call(token.at, token.text === '!' ? '!_' : '-_', [operand])
    }
    return member()
  }

  const member = () => members(primary())

  /** What may follow a primary: selections, indexing and calls. */
  function members(first: Expression): Expression {
    let operand = first
    for (let count = 0; ; count++) {
      if (count > DEPTH_MAX) throw fail(`max recursion depth exceeded (${DEPTH_MAX})`, peek().at)
      if (isOperator('.')) {
        const { at } = take('.')
        if (accept('?')) {
          const field = fieldName()
          operand = nodes.call(at, '_?._', [operand, { kind: 'literal', id: id(), at: field.at, value: field.text }])
          continue
        }
        const field = fieldName()
        if (field.kind === 'ident' && isOperator('(')) {
          const open = take('(')
          const args = list(')')
          operand = expandMacro(field.text, operand, args, open.at, nodes) ?? nodes.call(open.at, field.text, args, operand)
        } else operand = { kind: 'select', id: id(), at, operand, field: field.text, test: false }
      } else if (isOperator('[')) {
        const { at } = take('[')
        const isOptional = accept('?')
        const index = expression()
        take(']')
        operand = nodes.call(at, isOptional ? '_[?_]' : '_[_]', [operand, index])
      } else return operand
    }
  }

  function fieldName(): Extract<Token, { kind: 'ident' | 'quoted ident' }> {
    const token = peek()
    if (token.kind !== 'ident' && token.kind !== 'quoted ident') throw unexpected(token)
    next++
    return token
  }

  function primary(): Expression {
    const token = peek()
    if (token.kind === 'literal') {
      next++
      return { kind: 'literal', id: id(), at: token.at, value: token.value }
    }
    if (token.kind === 'ident' || isOperator('.')) return named()
    if (accept('(')) {
      const inner = expression()
      take(')')
      return inner
    }
    if (accept('[')) {
      const optional = new Set<number>()
      const elements: Expression[] = []
      while (!isOperator(']')) {
        if (accept('?')) optional.add(elements.length)
        elements.push(expression())
        if (!accept(',')) break
      }
      take(']')
      return { kind: 'list', id: id(), at: token.at, elements, optional }
    }
    if (accept('{')) return mapLiteral(token.at)
    throw unexpected(token, EXPECTING_OPERAND)
  }

  /** A name, a call, or a message with its fields. */
  function named(): Expression {
    const leading = accept('.')
    const token = peek()
    if (token.kind !== 'ident') throw unexpected(token, EXPECTING_NAME)
    if (RESERVED.has(token.text)) throw fail(`reserved identifier: ${token.text}`, token.at)
    next++
    const name = leading ? `.${token.text}` : token.text
    if (isOperator('(')) {
      const open = take('(')
      const args = list(')')
      return (leading ? undefined : expandMacro(name, undefined, args, open.at, nodes)) ?? nodes.call(open.at, name, args)
    }
    const type = typeNameAhead(name)
    if (type === undefined) return nodes.ident(token.at, name)
    take('{')
    const fields: StructField[] = []
    while (!isOperator('}')) {
      const optional = accept('?')
      const field = fieldName()
      take(':')
      fields.push({ id: id(), name: field.text, value: expression(), optional })
      if (!accept(',')) break
    }
    take('}')
    return { kind: 'struct', id: id(), at: token.at, type, fields }
  }

  /** `a.b.C` when `{` comes after it; then those tokens are taken. */
  function typeNameAhead(first: string): string | undefined {
    let name = first
    let ahead = 0
    for (;;) {
      if (isOperator('{', ahead)) {
        next += ahead
        return name
      }
      const part = peek(ahead + 1)
      if (!isOperator('.', ahead) || part.kind !== 'ident') return undefined
      name += `.${part.text}`
      ahead += 2
    }
  }

  function list(close: string): readonly Expression[] {
    const items: Expression[] = []
    if (accept(close)) return items
    do items.push(expression())
    while (accept(','))
    take(close)
    return items
  }

  function mapLiteral(at: number): Expression {
    const entries: MapEntry[] = []
    while (!isOperator('}')) {
      const optional = accept('?')
      const key = expression()
      take(':')
      entries.push({ id: id(), key, value: expression(), optional })
      if (!accept(',')) break
    }
    take('}')
    return { kind: 'map', id: id(), at, entries }
  }

  const whole = expression()
  if (peek().kind !== 'end') throw unexpected(peek(), ' expecting <EOF>')
  return whole
}
