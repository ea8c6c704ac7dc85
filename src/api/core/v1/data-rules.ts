/** The rules of what ConfigMaps and Secrets hold. */

import type { ConfigMap } from './config-map.ts'
import type { Secret } from './secret.ts'
import { IMMUTABLE, forbidden, invalid, invalidEach, required, tooLong, type FieldError } from '#schema/field-error.ts'
import { parseJson } from '#schema/json.ts'
import { sameJson } from '#schema/json-patch.ts'
import { configKey } from '#schema/names.ts'

export const DATA_BYTES_MAX = 1024 * 1024 // of one ConfigMap or Secret, so that the store can hold many

const FROZEN = 'field is immutable when `immutable` is set'

export function configMapErrors({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, text] of Object.entries(data)) {
    errors.push(...invalidEach(`data[${key}]`, key, configKey(key)))
    if (Object.hasOwn(binaryData, key)) errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
    bytes += Buffer.byteLength(text)
  }
  for (const [key, base64] of Object.entries(binaryData)) {
    errors.push(...invalidEach(`binaryData[${key}]`, key, configKey(key)))
    bytes += decodedLength(base64)
  }
  // The path of the object as a whole.
  return bytes > DATA_BYTES_MAX ? [...errors, tooLong('[]', DATA_BYTES_MAX)] : errors
}

export function configMapUpdateErrors(now: ConfigMap, old: ConfigMap): FieldError[] {
  if (!old.immutable) return []
  const errors: FieldError[] = []
  if (!now.immutable) errors.push(forbidden('immutable', FROZEN))
  for (const field of ['data', 'binaryData'] as const)
    if (!sameJson(now[field] ?? {}, old[field] ?? {})) errors.push(forbidden(field, FROZEN))
  return errors
}

const DEMANDED: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
}

export function secretErrors(secret: Secret): FieldError[] {
  const { data = {} } = secret
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, base64] of Object.entries(data)) {
    errors.push(...invalidEach(`data[${key}]`, key, configKey(key)))
    bytes += decodedLength(base64)
  }
  if (bytes > DATA_BYTES_MAX) errors.push(tooLong('data', DATA_BYTES_MAX))
  const type = secret.type ?? ''
  for (const key of DEMANDED[type] ?? []) if (!Object.hasOwn(data, key)) errors.push(required(`data[${key}]`))
  switch (type) {
    case 'kubernetes.io/service-account-token':
      if (!secret.metadata.annotations?.['kubernetes.io/service-account.name'])
        errors.push(required('metadata.annotations[kubernetes.io/service-account.name]'))
      break
    case 'kubernetes.io/dockercfg':
      errors.push(...jsonErrors(data, '.dockercfg'))
      break
    case 'kubernetes.io/dockerconfigjson':
      errors.push(...jsonErrors(data, '.dockerconfigjson'))
      break
    case 'kubernetes.io/basic-auth':
      if (!Object.hasOwn(data, 'username') && !Object.hasOwn(data, 'password'))
        errors.push(required('data[username]'), required('data[password]'))
      break
    case 'kubernetes.io/ssh-auth':
      if (!data['ssh-privatekey']) errors.push(required('data[ssh-privatekey]'))
      break
    default:
  }
  return errors
}

function jsonErrors(data: Readonly<Record<string, string>>, key: string): FieldError[] {
  const at = `data[${key}]`
  if (!Object.hasOwn(data, key)) return [required(at)]
  try {
    const { value } = parseJson(Buffer.from(data[key]!, 'base64'))
    if (typeof value === 'object' && !Array.isArray(value)) return [] // null is no members
    return [
      invalid(at, '<secret contents redacted>', `json: cannot unmarshal ${said(value)} into Go value of type map[string]interface {}`),
    ]
  } catch (error) {
    return [invalid(at, '<secret contents redacted>', (error as Error).message)]
  }
}

function said(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
}

export function secretUpdateErrors(now: Secret, old: Secret): FieldError[] {
  const errors = (now.type ?? '') === (old.type ?? '') ? [] : [invalid('type', now.type ?? '', IMMUTABLE)]
  if (!old.immutable) return errors
  if (!now.immutable) errors.push(forbidden('immutable', FROZEN))
  if (!sameJson(now.data ?? {}, old.data ?? {})) errors.push(forbidden('data', FROZEN))
  return errors
}

function decodedLength(base64: string): number {
  return Buffer.byteLength(base64, 'base64')
}
