/** The rules of files that volumes show: keys of Secrets and ConfigMaps, and facts about the pod. */

import { fieldRefErrors, resourceRefErrors } from './environment-rules.ts'
import { localPathErrors } from './path-rules.ts'
import type { DownwardAPIVolumeFile, KeyToPath } from './volume.ts'
import { invalid, required, type FieldError } from '#schema/field-error.ts'

const FILE_MODE_MAX = 0o777
const DOWNWARD_FIELDS = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid']

export function modeErrors(mode: number | undefined, path: string): FieldError[] {
  return mode === undefined || (mode >= 0 && mode <= FILE_MODE_MAX)
    ? []
    : [invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
}

/** Empty keys and paths are the declaration's to blame. */
export function itemErrors(items: readonly KeyToPath[], path: string): FieldError[] {
  return items.flatMap((item, index) => [
    ...localPathErrors(item.path ?? '', `${path}[${index}].path`),
    ...modeErrors(item.mode, `${path}[${index}].mode`),
  ])
}

/** Files of the downward API are blamed under the volume, whichever they are. */
export function downwardErrors(items: readonly DownwardAPIVolumeFile[], path: string): FieldError[] {
  return items.flatMap((item) => {
    const errors = item.path ? localPathErrors(item.path, `${path}.path`) : [required(`${path}.path`)]
    if (item.fieldRef) {
      errors.push(...fieldRefErrors(item.fieldRef, `${path}.fieldRef`, DOWNWARD_FIELDS))
      if (item.resourceFieldRef) errors.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
    } else if (item.resourceFieldRef) errors.push(...resourceRefErrors(item.resourceFieldRef, `${path}.resourceFieldRef`, 'volume'))
    else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'))
    return [...errors, ...modeErrors(item.mode, `${path}.mode`)]
  })
}
