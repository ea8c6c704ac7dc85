/** What conditions of a status must be. */

import type { Condition } from './condition.ts'
import { duplicate, invalid, invalidEach, notSupported, required, tooLong, type FieldError } from '#schema/field-error.ts'
import { patternText, qualifiedName } from '#schema/names.ts'

const REASON_BYTES_MAX = 1024
const MESSAGE_BYTES_MAX = 32 * 1024
const STATUSES = ['False', 'True', 'Unknown']
const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
const REASON_WANTED =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'"

export function conditionsErrors(conditions: readonly Condition[], path: string): FieldError[] {
  const types = new Set<string>()
  return conditions.flatMap((condition, index) => {
    const at = `${path}[${index}]`
    const repeated = types.has(condition.type) ? [duplicate(`${at}.type`, condition.type)] : []
    types.add(condition.type)
    return [...repeated, ...conditionErrors(condition, at)]
  })
}

function conditionErrors(condition: Condition, path: string): FieldError[] {
  const { type = '', status = '', observedGeneration = 0, lastTransitionTime, reason = '', message = '' } = condition
  const errors: FieldError[] = invalidEach(`${path}.type`, type, qualifiedName(type))
  if (!STATUSES.includes(status)) errors.push(notSupported(`${path}.status`, status, STATUSES))
  if (observedGeneration < 0)
    errors.push(invalid(`${path}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero'))
  if (!lastTransitionTime) errors.push(required(`${path}.lastTransitionTime`, 'must be set'))
  if (reason === '') errors.push(required(`${path}.reason`, 'must be set'))
  else if (!new RegExp(`^${REASON}$`).test(reason))
    errors.push(
      invalid(
        `${path}.reason`,
        reason,
        patternText(REASON_WANTED, REASON, 'my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB'),
      ),
    )
  if (Buffer.byteLength(reason) > REASON_BYTES_MAX) errors.push(tooLong(`${path}.reason`, REASON_BYTES_MAX))
  if (Buffer.byteLength(message) > MESSAGE_BYTES_MAX) errors.push(tooLong(`${path}.message`, MESSAGE_BYTES_MAX))
  return errors
}
