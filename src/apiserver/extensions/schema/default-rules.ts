/** Holds the defaults of a schema to the schema: they must be what an object may have there, and have nothing unknown. */

import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { invalid, type FieldError } from '#schema/field-error.ts'
import { coerceEmbedded } from './embedded.ts'
import { embeddedErrors } from './embedded-rules.ts'
import { pruneDefault } from './prune.ts'
import { compileRules } from './rule-program.ts'
import { ruleTree } from './rule-tree.ts'
import { brokenRules } from './rule-walk.ts'
import { inOrder, itemsOf, META } from './structure.ts'
import { valueErrors } from './values.ts'

/** Of a structural schema that lies at `path`. Defaults of values under any name are not looked at. */
export function defaultErrors(schema: JsonSchema, path: string): FieldError[] {
  return errorsAt(asRoot(schema), path, { root: asRoot(schema), around: (value) => value, isMeta: false })
}

interface Place {
  /** The innermost object with metadata around the value: its schema, and the object that is nothing but the value. */
  readonly root: JsonSchema
  readonly around: (value: unknown) => unknown
  readonly isMeta: boolean
}

function asRoot(schema: JsonSchema): JsonSchema {
  return schema['x-kubernetes-embedded-resource'] ? schema : { ...schema, 'x-kubernetes-embedded-resource': true }
}

function errorsAt(schema: JsonSchema, path: string, above: Place): FieldError[] {
  const isRoot = schema['x-kubernetes-embedded-resource'] === true
  const place: Place = isRoot ? { root: schema, around: (value) => value, isMeta: false } : above
  const items = itemsOf(schema)
  return [
    ...ownErrors(schema, `${path}.default`, place),
    ...(items === undefined ? [] : errorsAt(items, `${path}.items`, { ...place, around: (value) => place.around([value]) })),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
      errorsAt(property, `${path}.properties[${name}]`, {
        ...place,
        around: (value) => place.around({ [name]: value }),
        isMeta: place.isMeta || (isRoot && META.has(name)),
      }),
    ),
  ]
}

function ownErrors(schema: JsonSchema, path: string, { root, around, isMeta }: Place): FieldError[] {
  const value = schema.default
  if (value === undefined || value === null) return []
  return isMeta ? metaErrors(schema, value, path, root, around(value)) : plainErrors(schema, value, path)
}

function plainErrors(schema: JsonSchema, value: unknown, path: string): FieldError[] {
  const unknown = pruneDefault(value, schema) === value ? [] : [invalid(path, inOrder(value), 'must not have unknown fields')]
  const { error } = coerceEmbedded(value, schema, { path })
  if (error !== undefined) return [...unknown, error]
  const embedded = embeddedErrors(schema, value, path)
  return [...unknown, ...(embedded.length > 0 ? embedded : valueAndRuleErrors(schema, value, path))]
}

function metaErrors(schema: JsonSchema, value: unknown, path: string, root: JsonSchema, around: unknown): FieldError[] {
  const object = { apiVersion: 'validation/v1', kind: 'Validation', ...(around as object) }
  const { error } = coerceEmbedded(object, root)
  const errors = error === undefined ? embeddedErrors(root, object) : [error]
  if (errors.length === 0) return valueAndRuleErrors(schema, value, path)
  const said = errors.length === 1 ? errors[0]!.message : `[${errors.map(({ message }) => message).join(', ')}]`
  return [invalid(path, inOrder(value), `must result in valid metadata: ${said}`)]
}

function valueAndRuleErrors(schema: JsonSchema, value: unknown, path: string): FieldError[] {
  const errors = valueErrors(schema, value, undefined, path)
  const tree = errors.length > 0 ? undefined : ruleTree(schema, compileRules, schema['x-kubernetes-embedded-resource'] === true)
  return tree === undefined ? errors : brokenRules(tree, value, { old: value, path })
}
