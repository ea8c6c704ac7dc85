/** A value that may be absent: `optional.of(x)`, `optional.none()`. */

import { DYN, optionalOf, type Type } from './type.ts'
import { equals, Opaque, type Value } from './value.ts'

export class Optional extends Opaque {
  readonly type: Type = optionalOf(DYN)
  readonly value: Value | undefined

  constructor(value: Value | undefined) {
    super()
    this.value = value
  }

  equals(other: Value): boolean {
    if (!(other instanceof Optional)) return false
    if (this.value === undefined || other.value === undefined) return this.value === other.value
    return equals(this.value, other.value)
  }
}

export const none = new Optional(undefined)

export function some(value: Value): Optional {
  return new Optional(value)
}

export function isOptional(value: Value): value is Optional {
  return value instanceof Optional
}
