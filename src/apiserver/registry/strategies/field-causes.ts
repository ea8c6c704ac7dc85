/** Field errors that only the server's state can find, in the shape `invalid` takes. */

import type { StatusCause } from '#api/meta/v1/status.ts'

/** `field: Invalid value: value: detail`. */
export function causeOfInvalid(field: string, value: unknown, detail: string): { message: string; cause: StatusCause } {
  const shown = Array.isArray(value) ? `[${value.map((v) => JSON.stringify(v)).join(',')}]` : JSON.stringify(value)
  const message = `Invalid value: ${shown}: ${detail}`
  return { message: `${field}: ${message}`, cause: { reason: 'FieldValueInvalid', message, field } }
}
