/** What the expressions of mutating policies give: `Object{}` with the fields to set, or a list of `JSONPatch{}` operations. */

import { compileExpressionFor, type AdmissionExpression, type Uses } from './admission-expressions.ts'
import type { Mutation } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import type { CompileOptions } from '#cel/compile.ts'
import { declare } from '#cel/declaration.ts'
import { traversal } from '#cel/library/cost.ts'
import { toJson } from '#cel/json-value.ts'
import { DYN, listOf, STRING, type Type } from '#cel/type.ts'
import { CelError, CelMap, equals, List, typeNameOf, type Value } from '#cel/value.ts'

type ObjectType = Extract<Type, { kind: 'object' }>

const OBJECT = 'Object'
const PATCH = 'JSONPatch'

/** Any member may be set: what there is, only the object's own schema knows. */
class AnyFields extends Map<string, Type> {
  override get(): Type {
    return DYN
  }

  override has(): boolean {
    return true
  }
}

const ANY = new AnyFields()
const PATCH_FIELDS: ReadonlyMap<string, Type> = new Map([
  ['op', STRING],
  ['path', STRING],
  ['from', STRING],
  ['value', DYN],
])
const OBJECT_TYPE: ObjectType = { kind: 'object', name: OBJECT, fields: () => ANY }
const PATCH_TYPE: ObjectType = { kind: 'object', name: PATCH, fields: () => PATCH_FIELDS }

/** The types and functions that expressions of mutating policies have besides those of all policies. */
export const patchTypes: Partial<CompileOptions> = {
  object(name) {
    if (name === PATCH) return PATCH_TYPE
    if (name === OBJECT) return OBJECT_TYPE
    return name.startsWith(`${OBJECT}.`) ? { kind: 'object', name, fields: () => ANY } : undefined
  },
  structs: (type, fields) => new Struct(type, fields),
  functions: [
    declare('jsonpatch.escapeKey', {
      id: 'string_jsonpatch_escapeKey_string',
      args: [STRING],
      result: STRING,
      call: ([key]) => (key as string).replaceAll('~', '~0').replaceAll('/', '~1'),
      cost: traversal(),
    }),
  ],
}

/** By the mutation's type. */
export function mutationExpression({ patchType, jsonPatch, applyConfiguration }: Mutation, uses: Uses): AdmissionExpression {
  return patchType === PATCH
    ? compileExpressionFor(jsonPatch?.expression ?? '', uses, [listOf(PATCH_TYPE)], patchTypes)
    : compileExpressionFor(applyConfiguration?.expression ?? '', uses, [OBJECT_TYPE], patchTypes)
}

/** What a literal of one of these types made. */
class Struct extends CelMap {
  readonly typeName: string
  readonly #fields: ReadonlyMap<string, Value>

  constructor(typeName: string, fields: ReadonlyMap<string, Value>) {
    super()
    this.typeName = typeName
    this.#fields = fields
  }

  get size(): number {
    return this.#fields.size
  }

  get(key: Value): Value | undefined {
    return typeof key === 'string' ? this.#fields.get(key) : undefined
  }

  keys(): Iterable<Value> {
    return this.#fields.keys()
  }

  override equals(other: CelMap): boolean {
    return (
      other instanceof Struct &&
      other.typeName === this.typeName &&
      [...this.#fields].every(([name, value]) => other.get(name) !== undefined && equals(value, other.get(name)!))
    )
  }
}

/** The configuration to apply. Throws `CelError` where a type is not named after the place it stands in. */
export function configurationOf(value: Value): Readonly<Record<string, unknown>> {
  if (!(value instanceof Struct)) throw new CelError(`unsupported return type from ApplyConfiguration expression: ${typeNameOf(value)}`)
  checkNames(value)
  return toJson(value) as Readonly<Record<string, unknown>>
}

/** The operations of a JSON patch. Throws `CelError`. */
export function patchOf(value: Value): readonly object[] {
  if (!(value instanceof List)) throw new CelError('type mismatch: JSONPatchType.expression should evaluate to array')
  return [...value].map((step) => {
    if (!(step instanceof Struct) || step.typeName !== PATCH)
      throw new CelError('type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch')
    const set = step.get('value')
    if (set instanceof Struct) checkNames(set)
    const from = step.get('from')
    return {
      op: step.get('op') ?? '',
      path: step.get('path') ?? '',
      ...(from !== undefined && from !== '' && { from }),
      ...(set !== undefined && { value: toJson(set) }),
    }
  })
}

function checkNames(value: Struct): void {
  const problems = misnamed(value, [value.typeName])
  if (problems.length > 0) throw new CelError(`type mismatch: ${problems.join('\n')}`)
}

function misnamed(value: Value, path: readonly string[]): readonly string[] {
  if (value instanceof List) return [...value].flatMap((item) => misnamed(item, path))
  if (!(value instanceof CelMap)) return []
  if (!(value instanceof Struct)) return [...value.keys()].flatMap((key) => misnamed(value.get(key)!, path))
  const wanted = path.join('.')
  const own =
    value.typeName === wanted
      ? []
      : [
          `unexpected type name ${JSON.stringify(value.typeName)}, expected ${JSON.stringify(wanted)}, which matches field name path from root Object type`,
        ]
  return [...own, ...[...value.keys()].flatMap((key) => misnamed(value.get(key)!, [...path, key as string]))]
}
