/** The rules of what is for Windows only, of what is not, and of the user namespaces only Linux has. */

import type { WindowsSecurityContextOptions } from './container.ts'
import { containersOf } from './pod-containers.ts'
import type { PodSpec } from './pod.ts'
import { forbidden, invalid, invalidEach, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { dns1123Subdomain } from '#schema/names.ts'

const SPEC_KIB_MAX = 64
const DOMAIN_LENGTH_MAX = 256
const USER_LENGTH_MAX = 104
const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/
const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?'
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`)

export function windowsOptionsErrors(options: WindowsSecurityContextOptions | undefined, path: string): FieldError[] {
  if (options === undefined) return []
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options
  const errors = name === undefined ? [] : invalidEach(`${path}.gmsaCredentialSpecName`, name, dns1123Subdomain(name))
  const at = `${path}.gmsaCredentialSpec`
  if (spec === '') errors.push(invalid(at, spec, 'gmsaCredentialSpec cannot be an empty string'))
  else if (spec !== undefined && Buffer.byteLength(spec) > SPEC_KIB_MAX * 1024)
    errors.push(invalid(at, spec, `gmsaCredentialSpec size must be under ${SPEC_KIB_MAX} KiB`))
  if (user !== undefined) errors.push(...invalidEach(`${path}.runAsUserName`, user, userProblems(user)))
  return errors
}

/** `user` or `DOMAIN\user`. */
function userProblems(text: string): string[] {
  if (text === '') return ['runAsUserName cannot be an empty string']
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) return ['runAsUserName cannot contain control characters']
  const parts = text.split('\\')
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash']
  const problems: string[] = []
  const user = parts.at(-1)!
  const domain = parts.length === 2 ? parts[0]! : undefined
  if ((domain?.length ?? 0) >= DOMAIN_LENGTH_MAX)
    problems.push(`runAsUserName's Domain length must be under ${DOMAIN_LENGTH_MAX} characters`)
  if (domain !== undefined && !NETBIOS.test(domain) && !DOMAIN.test(domain))
    problems.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format")
  if (user === '') problems.push("runAsUserName's User cannot be empty")
  else if (user.length > USER_LENGTH_MAX) problems.push(`runAsUserName's User length must not be longer than ${USER_LENGTH_MAX} characters`)
  if (/^[. ]+$/.test(user)) problems.push("runAsUserName's User cannot contain only periods or spaces")
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) problems.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`)
  return problems
}

/** All containers are processes of the node, or none is. */
export function hostProcessErrors(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess
  const all = containersOf(spec, path)
  let count = 0
  for (const { container, at } of all) {
    const own = container.securityContext?.windowsOptions?.hostProcess
    if (ofPod !== undefined && own !== undefined && ofPod !== own)
      errors.push(
        invalid(
          `${at}.securityContext.windowsOptions.hostProcess`,
          own,
          `pod hostProcess value must be identical if both are specified, was ${ofPod}`,
        ),
      )
    if (own ?? ofPod) count++
  }
  if (count === 0) return errors
  if (count !== all.length)
    errors.push(invalid(path, '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers'))
  if (!spec.hostNetwork)
    errors.push(invalid(`${path}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers'))
  return errors
}

/** A pod with users of its own shares no other namespace with the node. */
export function hostUsersErrors(spec: PodSpec, path: string): FieldError[] {
  if (spec.hostUsers !== false) return []
  const text = 'when `hostUsers` is false'
  return [
    ...(spec.hostNetwork ? [forbidden(`${path}.hostNetwork`, text)] : []),
    ...(spec.hostPID ? [forbidden(`${path}.HostPID`, text)] : []),
    ...(spec.hostIPC ? [forbidden(`${path}.HostIPC`, text)] : []),
    ...containersOf(spec, path).flatMap(({ container, at }) =>
      (container.volumeDevices ?? []).length > 0 ? [forbidden(`${at}.volumeDevices`, text)] : [],
    ),
  ]
}

/** What a pod that says which system it is for may not ask of the other. */
export function osErrors(spec: PodSpec, path: string): FieldError[] {
  if (spec.os === undefined) return []
  const name = spec.os.name
  if (!name) return [required(`${path}.os.name`, 'cannot be empty')]
  if (name !== 'linux' && name !== 'windows') return [notSupported(`${path}.os`, name, ['linux', 'windows'])]
  return name === 'linux' ? linuxErrors(spec, path) : windowsErrors(spec, path)
}

function linuxErrors(spec: PodSpec, path: string): FieldError[] {
  const at = [{ at: path, options: spec.securityContext?.windowsOptions }]
  for (const { container, at: where } of containersOf(spec, path))
    at.push({ at: where, options: container.securityContext?.windowsOptions })
  return at
    .filter(({ options }) => options !== undefined)
    .map(({ at: where }) => forbidden(`${where}.securityContext.windowsOptions`, 'windows options cannot be set for a linux pod'))
}

const OF_PODS = [
  ...(['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'fsGroup', 'fsGroupChangePolicy', 'sysctls', 'runAsUser'] as const),
  ...(['runAsGroup', 'supplementalGroups', 'supplementalGroupsPolicy', 'seLinuxChangePolicy'] as const),
]
const OF_SPECS = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const
const OF_CONTAINERS = [
  ...(['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged'] as const),
  ...(['allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup'] as const),
]

function windowsErrors(spec: PodSpec, path: string): FieldError[] {
  const text = 'cannot be set for a windows pod'
  const set = <T extends object>(value: T | undefined, members: readonly (keyof T & string)[], at: string) =>
    members.filter((member) => isSet(value?.[member])).map((member) => forbidden(`${at}.${member}`, text))
  return [
    ...set(spec.securityContext, OF_PODS, `${path}.securityContext`),
    ...OF_SPECS.filter((member) =>
      member.startsWith('hostU') || member.startsWith('share') ? spec[member] !== undefined : spec[member],
    ).map((member) => forbidden(`${path}.${member}`, text)),
    ...containersOf(spec, path).flatMap(({ container, at }) => set(container.securityContext, OF_CONTAINERS, `${at}.securityContext`)),
  ]
}

function isSet(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined
}
