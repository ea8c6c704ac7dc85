/** The rules of paths below something, which must not climb out of it. */

import { invalid, type FieldError } from '#schema/field-error.ts'

export function relativePathErrors(path: string, field: string): FieldError[] {
  return [...(path.startsWith('/') ? [invalid(field, path, 'must be a relative path')] : []), ...noBackstep(path, field)]
}

export function noBackstep(path: string, field: string): FieldError[] {
  return path.split('/').includes('..') ? [invalid(field, path, "must not contain '..'")] : []
}

/** A file below a volume: relative, without `..`, and not dressed as one of the writer's own. */
export function localPathErrors(file: string, path: string): FieldError[] {
  const errors = relativePathErrors(file, path)
  if (file.startsWith('..') && file !== '..' && !file.startsWith('../')) errors.push(invalid(path, file, "must not start with '..'"))
  return errors
}
