/** Tells parts of expressions apart by what they do: parts with the same key, of whatever expression, can be computed by one step. */

import type { Checked } from './check.ts'
import type { Expression } from './expression.ts'
import { Uint } from './value.ts'

const LENGTH_MAX = 300 // longer parts are rarely said twice, and keys must not grow quadratically

/** By the ids of all parts that can be shared; of parts within folds their folds only. */
export function subtreeKeys({ expression, overloads, references }: Checked): ReadonlyMap<number, string> {
  const keys = new Map<number, string>()

  function keyOf(e: Expression): string | undefined {
    const key = made(e)
    if (key === undefined || key.length > LENGTH_MAX) return undefined
    keys.set(e.id, key)
    return key
  }

  function made(e: Expression): string | undefined {
    switch (e.kind) {
      case 'literal':
        return literal(e.value)
      case 'ident':
        return `${e.name.replace(/^\./, '')};`
      case 'select': {
        const name = references.get(e.id)
        if (name !== undefined) return `${name};`
        const operand = keyOf(e.operand)
        return operand && `${operand}${e.test ? '?' : '.'}${e.field};`
      }
      case 'call': {
        const parts = [...(e.target ? [e.target] : []), ...e.args].map(keyOf)
        if (parts.includes(undefined)) return undefined
        const ids = (overloads.get(e.id) ?? []).map(({ id }) => id).join()
        return `${references.get(e.id) ?? e.function}<${ids}>(${e.target ? '@' : ''}${parts.join(',')})`
      }
      case 'list': {
        const parts = e.elements.map(keyOf)
        return parts.includes(undefined) || e.optional.size > 0 ? undefined : `[${parts.join(',')}]`
      }
      case 'comprehension': {
        const parts = [e.range, e.init, e.condition, e.step, e.result].map(keyOf)
        return parts.includes(undefined) ? undefined : `{${e.iterVar} ${e.iterVar2 ?? ''} ${e.accuVar}:${parts.join(':')}}`
      }
      default:
        return undefined
    }
  }

  keyOf(expression)
  return keys
}

/** Of any type, none the same as another. */
function literal(value: Extract<Expression, { kind: 'literal' }>['value']): string {
  if (value instanceof Uint) return `u${value.value}`
  if (value instanceof Uint8Array) return `b${Buffer.from(value).toString('hex')}`
  if (typeof value === 'number') return `d${Object.is(value, -0) ? '-0' : value}`
  return `${typeof value}${typeof value === 'string' ? JSON.stringify(value) : String(value)}`
}
