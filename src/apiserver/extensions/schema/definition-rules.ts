/** What a definition's schemas must hold to beyond their form: defaults that objects may have, rules that can be run. */

import { schemasOf } from '#api/apiextensions/v1/custom-resource-definition-rules.ts'
import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { rootSchemaErrors } from '#api/apiextensions/v1/schema-rules.ts'
import type { FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { defaultErrors } from './default-rules.ts'
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
