/** Access modes: how cells write them (RWO, ROX, RWX, RWOP), and which go together. */

import { forbidden, notSupported, type FieldError } from '#schema/field-error.ts'

const MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

const ORDER = Object.keys(MODES)

export function modesText(modes: readonly string[] | undefined): string {
  return ORDER.filter((mode) => modes?.includes(mode))
    .map((mode) => MODES[mode])
    .join(',')
}

/** The annotation that named a class before there was a field for it. */
export const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class'
export const RECLAIM_POLICIES: readonly string[] = ['Delete', 'Recycle', 'Retain']
export const VOLUME_MODES: readonly string[] = ['Block', 'Filesystem']

export function accessModeErrors(modes: readonly string[], path: string): FieldError[] {
  const errors = modes.filter((mode) => !ORDER.includes(mode)).map((mode) => notSupported(path, mode, ORDER.toSorted()))
  if (modes.includes('ReadWriteOncePod') && modes.some((mode) => mode !== 'ReadWriteOncePod'))
    errors.push(forbidden(path, 'may not use ReadWriteOncePod with other access modes'))
  return errors
}
