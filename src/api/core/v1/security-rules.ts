/** The rules of security contexts, of pods and of containers. */

import type { AppArmorProfile, SeccompProfile, SecurityContext } from './container.ts'
import { relativePathErrors } from './path-rules.ts'
import type { PodSecurityContext, PodSpec } from './pod.ts'
import { windowsOptionsErrors } from './windows-rules.ts'
import { duplicate, invalid, invalidEach, notSupported, required, tooLong, type FieldError } from '#schema/field-error.ts'
import { inRange, sysctlName } from '#schema/names.ts'

const ID_MAX = 2_147_483_647
const PROFILE_BYTES_MAX = 4095 // PATH_MAX - 1
const PROC_MOUNTS = ['Default', 'Unmasked']

export function containerSecurityErrors(context: SecurityContext | undefined, path: string, hostUsers: boolean): FieldError[] {
  if (context === undefined) return []
  const errors = (['runAsUser', 'runAsGroup'] as const).flatMap((id) => idErrors(context[id], `${path}.${id}`))
  const mount = context.procMount
  if (mount !== undefined && !PROC_MOUNTS.includes(mount)) errors.push(notSupported(`${path}.procMount`, mount, PROC_MOUNTS))
  if (hostUsers && mount === 'Unmasked') errors.push(invalid(`${path}.procMount`, mount, '`hostUsers` must be false to use `Unmasked`'))
  errors.push(...seccompErrors(context.seccompProfile, `${path}.seccompProfile`))
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged) errors.push(invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'))
    for (const capability of context.capabilities?.add ?? [])
      if (capability === 'CAP_SYS_ADMIN')
        errors.push(invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'))
  }
  errors.push(...windowsOptionsErrors(context.windowsOptions, `${path}.windowsOptions`))
  return [...errors, ...appArmorErrors(context.appArmorProfile, `${path}.appArmorProfile`)]
}

export function podSecurityErrors(spec: PodSpec, path: string): FieldError[] {
  const context = spec.securityContext
  const at = `${path}.securityContext`
  const shared = spec.shareProcessNamespace && spec.hostPID
  const both = shared ? [invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled')] : []
  if (context === undefined) return both
  return [
    ...(['fsGroup', 'runAsUser', 'runAsGroup'] as const).flatMap((id) => idErrors(context[id], `${at}.${id}`)),
    ...(context.supplementalGroups ?? []).flatMap((group, index) => idErrors(group, `${at}.supplementalGroups[${index}]`)),
    ...both,
    ...sysctlErrors(context.sysctls ?? [], `${at}.sysctls`, spec),
    ...choiceErrors(context.fsGroupChangePolicy, ['Always', 'OnRootMismatch'], `${at}.fsGroupChangePolicy`),
    ...seccompErrors(context.seccompProfile, `${at}.seccompProfile`),
    ...windowsOptionsErrors(context.windowsOptions, `${at}.windowsOptions`),
    ...appArmorErrors(context.appArmorProfile, `${at}.appArmorProfile`),
    ...choiceErrors(context.supplementalGroupsPolicy, ['Merge', 'Strict'], `${at}.supplementalGroupsPolicy`),
    // Mounting with a label is off by default, so that volumes can only be relabelled file by file.
    ...choiceErrors(context.seLinuxChangePolicy, ['Recursive'], `${at}.seLinuxChangePolicy`),
  ]
}

function idErrors(id: number | undefined, path: string): FieldError[] {
  return id === undefined ? [] : invalidEach(path, id, inRange(id, 0, ID_MAX))
}

function choiceErrors(value: string | undefined, choices: readonly string[], path: string): FieldError[] {
  return value === undefined || choices.includes(value) ? [] : [notSupported(path, value, choices)]
}

function sysctlErrors(sysctls: NonNullable<PodSecurityContext['sysctls']>, path: string, spec: PodSpec): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [index, { name = '' }] of sysctls.entries()) {
    const at = `${path}[${index}].name`
    if (name !== '' && !sysctlName(name))
      errors.push(
        invalid(
          at,
          name,
          'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
        ),
      )
    else if (names.has(name)) errors.push(duplicate(at, name))
    const namespace = namespaceOf(name)
    if (spec.hostNetwork && namespace === 'net') errors.push(invalid(at, name, "may not be specified when 'hostNetwork' is true"))
    else if (spec.hostIPC && namespace === 'ipc') errors.push(invalid(at, name, "may not be specified when 'hostIPC' is true"))
    names.add(name)
  }
  return errors
}

const IPC_SYSCTL = /^(kernel\.sem$|kernel\.shm|kernel\.msg|fs\.mqueue\.)/

/** Which of the pod's own namespaces keeps a kernel parameter from the node. */
function namespaceOf(sysctl: string): 'net' | 'ipc' | undefined {
  // With the first separator a slash, dots belong to names.
  const slash = sysctl.search(/[./]/)
  const dotted = sysctl[slash] === '/' ? sysctl.replaceAll(/[./]/g, (c) => (c === '/' ? '.' : '/')) : sysctl
  if (dotted.startsWith('net.')) return 'net'
  return IPC_SYSCTL.test(dotted) ? 'ipc' : undefined
}

function seccompErrors(profile: SeccompProfile | undefined, path: string): FieldError[] {
  if (profile === undefined) return []
  const at = `${path}.localhostProfile`
  const file = profile.localhostProfile
  const errors = profile.type ? [] : [required(`${path}.type`, 'type is required when seccompProfile is set')]
  if (profile.type === 'Localhost')
    return file === undefined ? [required(at, 'must be set when seccomp type is Localhost')] : relativePathErrors(file, at)
  return file === undefined ? errors : [...errors, invalid(at, profile, 'can only be set when seccomp type is Localhost')]
}

const APP_ARMOR = ['Localhost', 'RuntimeDefault', 'Unconfined']

export function appArmorErrors(profile: AppArmorProfile | undefined, path: string): FieldError[] {
  if (profile === undefined) return []
  const at = `${path}.localhostProfile`
  const name = profile.localhostProfile
  if (!profile.type) return [required(`${path}.type`, 'type is required when appArmorProfile is set')]
  if (!APP_ARMOR.includes(profile.type)) return [notSupported(`${path}.type`, profile.type, APP_ARMOR)]
  if (profile.type !== 'Localhost') return name === undefined ? [] : [invalid(at, name, 'can only be set when AppArmor type is Localhost')]
  if (name === undefined || name === '') return [required(at, 'must be set when AppArmor type is Localhost')]
  return [
    ...(name.trim() === name ? [] : [invalid(at, name, 'must not be padded with whitespace')]),
    ...(Buffer.byteLength(name) > PROFILE_BYTES_MAX ? [tooLong(at, PROFILE_BYTES_MAX)] : []),
  ]
}
