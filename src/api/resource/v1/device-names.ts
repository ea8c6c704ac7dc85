/** Names of devices and of what they have, and bounded lists: the small rules that claims, classes and slices share. */

import { duplicate, invalid, invalidEach, required, tooLong, tooMany, type FieldError } from '#schema/field-error.ts'
import { dns1123Label, dns1123Subdomain, patternText, qualifiedName } from '#schema/names.ts'
import { driverNameErrors } from '#api/core/v1/persistent-volume-rules.ts'

const IDENTIFIER_BYTES_MAX = 32
const POOL_BYTES_MAX = 253
const BINDING_CONDITIONS_MAX = 4
const IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*'
const NORMAL_UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** At most `max` items; of more, only their number is told. Of items with keys, none twice. */
export function listErrors<T>(
  list: readonly T[] | undefined,
  max: number,
  path: string,
  each: (item: T, path: string) => readonly FieldError[],
  keyOf?: (item: T) => unknown,
): FieldError[] {
  const items = list ?? []
  if (items.length > max) return [tooMany(path, items.length, max)]
  const errors = items.flatMap((item, index) => each(item, `${path}[${index}]`))
  if (keyOf === undefined) return errors
  const keys = new Set<string>()
  for (const [index, item] of items.entries()) {
    const key = keyOf(item)
    const text = JSON.stringify(key)
    if (keys.has(text)) errors.push(duplicate(`${path}[${index}]`, key))
    keys.add(text)
  }
  return errors
}

export function labelErrors(name: string | undefined, path: string): FieldError[] {
  return invalidEach(path, name ?? '', dns1123Label(name ?? ''))
}

export function poolNameErrors(name: string | undefined, path: string): FieldError[] {
  if (!name) return [required(path)]
  const errors = Buffer.byteLength(name) > POOL_BYTES_MAX ? [tooLong(path, POOL_BYTES_MAX)] : []
  return [...errors, ...name.split('/').flatMap((part) => invalidEach(path, part, dns1123Subdomain(part)))]
}

export function uidErrors(uid: string, path: string): FieldError[] {
  if (NORMAL_UUID.test(uid)) return []
  const text =
    uid.length === 36 && NORMAL_UUID.test(uid.toLowerCase())
      ? 'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters'
      : `error validating uid: ${uid.length === 36 ? 'invalid UUID format' : `invalid UUID length: ${uid.length}`}`
  return [invalid(path, uid, text)]
}

/** The name of an attribute or a capacity: an identifier, perhaps after a domain and a slash. */
export function qualifiedErrors(name: string, path: string): FieldError[] {
  const parts = name.split('/')
  if (parts.length > 2) return [invalid(path, name, 'must not contain more than one slash')]
  if (parts.length === 1) return identifierErrors(name, path)
  const [domain, id] = parts as [string, string]
  return [
    ...(domain === '' ? [invalid(path, '', 'the domain must not be empty')] : driverNameErrors(domain, path)),
    ...(id === '' ? [invalid(path, '', 'the name must not be empty')] : identifierErrors(id, path)),
  ]
}

export function fullyQualifiedErrors(name: string, path: string): FieldError[] {
  const errors = qualifiedErrors(name, path)
  if (!name.includes('/')) errors.push(invalid(path, name, 'a fully qualified name must be a domain and a name separated by a slash'))
  return errors
}

function identifierErrors(id: string, path: string): FieldError[] {
  const errors = Buffer.byteLength(id) > IDENTIFIER_BYTES_MAX ? [tooLong(path, IDENTIFIER_BYTES_MAX)] : []
  if (!new RegExp(`^${IDENTIFIER}$`).test(id))
    errors.push(
      invalid(
        path,
        id,
        patternText(
          "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
          IDENTIFIER,
          'my_name',
          'MY_NAME',
          'MyName',
        ),
      ),
    )
  return errors
}

/** Conditions to wait for before a pod is bound, and those that say it failed: both or none, and none in both. */
export function bindingErrors(wanted: readonly string[] = [], failed: readonly string[] = [], at: string): FieldError[] {
  const label = (name: string, path: string) => invalidEach(path, name, qualifiedName(name))
  const [good, bad] = [`${at}.bindingConditions`, `${at}.bindingFailureConditions`]
  const errors = [...listErrors(wanted, BINDING_CONDITIONS_MAX, good, label), ...listErrors(failed, BINDING_CONDITIONS_MAX, bad, label)]
  for (const [index, name] of wanted.entries()) if (wanted.indexOf(name) < index) errors.push(duplicate(`${good}[${index}]`, name))
  for (const [index, name] of failed.entries()) {
    if (failed.indexOf(name) < index) errors.push(duplicate(`${bad}[${index}]`, name))
    if (wanted.includes(name))
      errors.push(invalid(`${bad}[${index}]`, name, 'bindingFailureConditions must not overlap with bindingConditions'))
  }
  if (wanted.length === 0 && failed.length > 0)
    errors.push(invalid(good, wanted, 'bindingConditions are required to use bindingFailureConditions'))
  if (failed.length === 0 && wanted.length > 0)
    errors.push(invalid(bad, failed, 'bindingFailureConditions are required to use bindingConditions'))
  return errors
}

/** An object of any kind, as text no longer than `bytesMax`. */
export function rawErrors(value: unknown, path: string, bytesMax: number): FieldError[] {
  if (value === undefined || value === null) return [required(path)]
  if (Buffer.byteLength(JSON.stringify(value)) > bytesMax) return [tooLong(path, bytesMax)]
  return typeof value === 'object' && !Array.isArray(value) ? [] : [invalid(path, '<value omitted>', 'must be a valid JSON object')]
}
