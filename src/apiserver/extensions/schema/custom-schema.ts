/** All that the schema of a custom resource's version says of its objects. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import type { FieldError } from '#schema/field-error.ts'
import type { Message } from '#schema/message.ts'
import { declarationOf } from './declaration.ts'
import { coerceEmbedded, type Coerced } from './embedded.ts'
import { fillDefaults } from './fill.ts'
import { dropNulls, prune, type Pruned } from './prune.ts'
import type { Json } from './structure.ts'

/**
 * Objects are whole ones, `apiVersion`, `kind` and `metadata` included, which are the caller's to check; each step answers the
 * same reference when it has nothing to change. On the way in: `prune`, `coerce`, `fillDefaults`; then `validate`.
 */
export interface CustomSchema {
  /** Without unknown members and without nulls that may not be. A no-op where unknown fields are preserved. */
  prune<T extends Json>(object: T): Pruned<T>
  /** Embedded objects in canonical form; `dropInvalid` for what is stored already, where nobody can be told. */
  coerce<T extends Json>(object: T, options?: { readonly dropInvalid?: boolean }): Coerced<T>
  fillDefaults<T extends Json>(object: T): T
  /** What is wrong, on an update only as far as it was not so before. The object's own metadata is not looked at. */
  validate(object: Json, old?: Json): readonly FieldError[]
  /** For server-side apply: who may own what. */
  readonly declaration: Message
}

/** Of a version without a schema, nothing is known: all fields go unless they are preserved. */
export function customSchema(
  schema: JsonSchema | undefined,
  { kind, preserveUnknownFields = false }: { readonly kind: string; readonly preserveUnknownFields?: boolean },
): CustomSchema {
  return {
    prune: (object) => {
      if (preserveUnknownFields) return { object, pruned: [] }
      const known = prune(object, schema)
      return { object: dropNulls(known.object, schema), pruned: known.pruned }
    },
    coerce: (object, { dropInvalid = false } = {}) => coerceEmbedded(object, schema, dropInvalid),
    fillDefaults: (object) => fillDefaults(object, schema),
    validate: () => [],
    declaration: declarationOf(kind, schema, preserveUnknownFields || schema?.['x-kubernetes-preserve-unknown-fields'] === true),
  }
}
