/** Whether a list of owners, which those who admit an object may have changed, can be read. */

import { readFieldSet } from '#schema/apply/field-set.ts'

/** What is wrong with the list, as upstream says it; undefined when nothing is. */
export function ownersProblem(
  entries: readonly { readonly fieldsType?: string; readonly fieldsV1?: object }[] | undefined,
): string | undefined {
  for (const [index, { fieldsType, fieldsV1 }] of (entries ?? []).entries()) {
    if (!fieldsType) return `missing fieldsType in managed fields entry ${index}`
    if (fieldsType !== 'FieldsV1') return `invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${index}`
    if (fieldsV1 !== undefined && readFieldSet(fieldsV1) === undefined) return `cannot decode the fields of managed fields entry ${index}`
  }
  return undefined
}
