/** The rules of annotations that mean something of a pod: older ways to say what fields say now. */

import type { AppArmorProfile, SeccompProfile } from './container.ts'
import { relativePathErrors } from './path-rules.ts'
import { containersOf } from './pod-containers.ts'
import type { PodSpec } from './pod.ts'
import { tolerationErrors } from './scheduling-rules.ts'
import type { Toleration } from './toleration.ts'
import { forbidden, invalid, quoted, type FieldError } from '#schema/field-error.ts'

export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'
export const APP_ARMOR_PREFIX = 'container.apparmor.security.beta.kubernetes.io/'
const TOLERATIONS = 'scheduler.alpha.kubernetes.io/tolerations'
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'
const SECCOMP_OF_POD = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP_PREFIX = 'container.seccomp.security.alpha.kubernetes.io/'
const LOCALHOST = 'localhost/'

type Annotations = Readonly<Record<string, string>> | undefined

/** Of pods and of templates; `path` is that of the annotations. */
export function podAnnotationErrors(annotations: Annotations = {}, spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const mirror = annotations[MIRROR_ANNOTATION]
  if (mirror !== undefined && !spec.nodeName)
    errors.push(invalid(`${path}[${MIRROR_ANNOTATION}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set'))
  if (annotations[TOLERATIONS]) errors.push(...writtenTolerationErrors(annotations[TOLERATIONS], path))
  const cost = annotations[DELETION_COST]
  if (cost !== undefined && !isCost(cost)) errors.push(invalid(`${path}[${DELETION_COST}]`, cost, 'must be a 32bit integer'))
  for (const [key, value] of Object.entries(annotations)) {
    if (key === SECCOMP_OF_POD || key.startsWith(SECCOMP_PREFIX)) errors.push(...seccompTextErrors(value, `${path}.${key}`))
    if (!key.startsWith(APP_ARMOR_PREFIX)) continue
    const name = key.slice(APP_ARMOR_PREFIX.length)
    const at = `${path}[${key}]`
    if (!containersOf(spec, '').some(({ container }) => container.name === name)) errors.push(invalid(at, name, 'container not found'))
    if (value !== '' && value !== 'runtime/default' && value !== 'unconfined' && !value.startsWith(LOCALHOST))
      errors.push(invalid(at, value, `invalid AppArmor profile name: ${quoted(value)}`))
  }
  return errors
}

/** Decimal, without a plus sign or leading zeros. */
function isCost(text: string): boolean {
  return /^(0|-?[1-9]\d*)$/.test(text) && Number(text) >= -(2 ** 31) && Number(text) < 2 ** 31
}

function writtenTolerationErrors(text: string, path: string): FieldError[] {
  try {
    const tolerations = JSON.parse(text) as readonly Toleration[]
    return Array.isArray(tolerations) ? tolerationErrors(tolerations, `${path}.${TOLERATIONS}`) : []
  } catch (error) {
    return [invalid(path, TOLERATIONS, (error as Error).message)]
  }
}

function seccompTextErrors(text: string, path: string): FieldError[] {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(text)) return []
  if (text.startsWith(LOCALHOST)) return relativePathErrors(text.slice(LOCALHOST.length), path)
  return [invalid(path, text, 'must be a valid seccomp profile')]
}

/** What the annotations say of profiles must be what the fields say, when both do. */
export function profileMatchErrors(annotations: Annotations = {}, spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const ofPod = spec.securityContext
  const all = containersOf(spec, path)
  if (annotations[SECCOMP_OF_POD] !== undefined)
    errors.push(...mismatchErrors(annotations[SECCOMP_OF_POD], ofPod?.seccompProfile, `${path}.securityContext.seccompProfile`, 'seccomp'))
  for (const { container, at } of all) {
    const text = annotations[`${SECCOMP_PREFIX}${container.name}`]
    const profile = container.securityContext?.seccompProfile
    if (text !== undefined) errors.push(...mismatchErrors(text, profile, `${at}.securityContext.seccompProfile`, 'seccomp'))
  }
  if (spec.os?.name === 'windows') return errors
  for (const { container, at } of all) {
    const text = annotations[`${APP_ARMOR_PREFIX}${container.name}`]
    const profile = container.securityContext?.appArmorProfile ?? ofPod?.appArmorProfile
    if (text !== undefined) errors.push(...mismatchErrors(text, profile, `${at}.securityContext.appArmorProfile`, 'apparmor'))
  }
  return errors
}

function mismatchErrors(
  text: string,
  profile: SeccompProfile | AppArmorProfile | undefined,
  path: string,
  sort: 'seccomp' | 'apparmor',
): FieldError[] {
  const wrongType = () => [forbidden(`${path}.type`, `${sort} type in annotation and field must match`)]
  switch (profile?.type) {
    case 'Unconfined':
      return text === 'unconfined' ? [] : wrongType()
    case 'RuntimeDefault':
      return text === 'runtime/default' || (sort === 'seccomp' && text === 'docker/default') ? [] : wrongType()
    case 'Localhost':
      if (!text.startsWith(LOCALHOST)) return wrongType()
      return text.slice(LOCALHOST.length) === profile.localhostProfile
        ? []
        : [forbidden(`${path}.localhostProfile`, `${sort} profile in annotation and field must match`)]
    default:
      return []
  }
}

/** Of a pod that exists, what its kubelet and AppArmor were told stays as it is. */
export function podAnnotationUpdateErrors(now: Annotations = {}, before: Annotations = {}, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(before)) {
    if (now[key] === value) continue
    if (key.startsWith(APP_ARMOR_PREFIX)) errors.push(forbidden(`${path}[${key}]`, 'may not remove or update AppArmor annotations'))
    if (key === MIRROR_ANNOTATION) errors.push(forbidden(`${path}[${key}]`, 'may not remove or update mirror pod annotation'))
  }
  for (const key of Object.keys(now)) {
    if (before[key] !== undefined) continue
    if (key.startsWith(APP_ARMOR_PREFIX)) errors.push(forbidden(`${path}[${key}]`, 'may not add AppArmor annotations'))
    if (key === MIRROR_ANNOTATION) errors.push(forbidden(`${path}[${key}]`, 'may not add mirror pod annotation'))
  }
  return errors
}
