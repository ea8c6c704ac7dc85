/** What a definition's schemas must hold to beyond their form: defaults that objects may have, rules that can be run. */

import { schemasOf } from '#api/apiextensions/v1/custom-resource-definition-rules.ts'
import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { JsonSchema } from '#api/apiextensions/v1/json-schema.ts'
import { childrenOf, rootSchemaErrors } from '#api/apiextensions/v1/schema-rules.ts'
import { quoted, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { defaultErrors } from './default-rules.ts'
import { knownFormat } from './formats.ts'
import { ruleDefinitionErrors } from './rule-definitions.ts'
import { compileRules } from './rule-program.ts'

/** A schema whose form is wrong is told of elsewhere, and not looked at here; nor is one that was there before. */
export function definitionSchemaErrors({ spec }: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  const before = schemasOf(old?.spec?.versions ?? [])
  return schemasOf(spec?.versions ?? []).flatMap(({ path, schema, hasStatus }) => {
    if (before.some((known) => sameJson(known.schema, schema)) || rootSchemaErrors(schema, path, hasStatus).length > 0) return []
    const defaults = defaultErrors(schema, path)
    return defaults.length > 0 ? defaults : ruleDefinitionErrors(schema, path, compileRules)
  })
}

/** Formats that are ignored, other than those that were there before. */
export function formatWarnings({ spec }: CustomResourceDefinition, old?: CustomResourceDefinition): string[] {
  const ignoredIn = (of: CustomResourceDefinition | undefined) =>
    schemasOf(of?.spec?.versions ?? []).flatMap(({ schema }) => ignored(schema))
  const before = new Set(ignoredIn(old))
  return ignoredIn({ spec } as CustomResourceDefinition).flatMap((format) =>
    before.has(format) ? [] : [`unrecognized format ${quoted(format)}`],
  )
}

function ignored(schema: JsonSchema): string[] {
  const own = schema.format && knownFormat({ type: schema.type ?? '', format: schema.format }) === undefined ? [schema.format] : []
  return [...own, ...childrenOf(schema).flatMap(ignored)]
}
