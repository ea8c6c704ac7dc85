/** What the status path of a pod refuses: containers that come back to life, addresses that are none, devices nobody asked for. */

import type { ContainerStatus } from './container-status.ts'
import type { Container, ContainerRestartRule } from './container.ts'
import type { Pod, PodSpec, PodStatus } from './pod.ts'
import { IMMUTABLE, duplicate, forbidden, invalid, invalidEach, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { dns1123Label, dns1123Subdomain, inRange, ipAddress, qualifiedName } from '#schema/names.ts'

const OWN_CONDITIONS = new Set(['PodScheduled', 'Ready', 'Initialized'])
const HEALTH = ['Healthy', 'Unhealthy', 'Unknown']
const ID_MAX = 2_147_483_647
const NEGATIVE = 'must be a non-negative integer'
const LISTS = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const

export function podStatusErrors({ spec, status }: Pod, old: Pod): FieldError[] {
  return [
    ...conditionErrors(status.conditions ?? []),
    ...nominationErrors(status.nominatedNodeName ?? '', old),
    ...((status.observedGeneration ?? 0) < 0 ? [invalid('status.observedGeneration', status.observedGeneration, NEGATIVE)] : []),
    ...((status.qosClass ?? '') === (old.status.qosClass ?? '') ? [] : [invalid('status.qosClass', status.qosClass ?? '', IMMUTABLE)]),
    ...LISTS.flatMap((list) => transitionErrors(status[list], old.status[list], `status.${list}`, old.spec, list)),
    ...claimErrors(spec, status.resourceClaimStatuses ?? []),
    ...extendedClaimErrors(spec, status.extendedResourceClaimStatus),
    ...addressErrors(status.podIPs ?? [], old.status.podIPs ?? [], 'status.podIPs'),
    ...hostAddressErrors(status, old.status),
    ...LISTS.flatMap((list) => (status[list] ?? []).flatMap((one, index) => userErrors(one, `status.${list}[${index}].linux`, spec))),
    ...LISTS.flatMap((list) => (status[list] ?? []).flatMap((one, index) => deviceErrors(one, `status.${list}[${index}]`, spec, list))),
  ]
}

function conditionErrors(conditions: NonNullable<PodStatus['conditions']>): FieldError[] {
  return conditions.flatMap(({ type = '', observedGeneration = 0 }, index) => {
    const at = `status.conditions[${index}]`
    return [
      ...(observedGeneration < 0 ? [invalid(`${at}.observedGeneration`, observedGeneration, NEGATIVE)] : []),
      ...(OWN_CONDITIONS.has(type) ? [] : invalidEach(`${at}.Type`, type, qualifiedName(type))),
    ]
  })
}

function nominationErrors(node: string, old: Pod): FieldError[] {
  if (node === '' || node === old.status.nominatedNodeName) return []
  const path = 'status.nominatedNodeName'
  return [
    ...invalidEach(path, node, dns1123Subdomain(node)),
    ...(old.spec.nodeName ? [forbidden(path, 'may not be set on pods that are already bound to a node')] : []),
  ]
}

/** What has ended for good stays ended. */
function transitionErrors(
  statuses: readonly ContainerStatus[] | undefined,
  old: readonly ContainerStatus[] | undefined,
  path: string,
  spec: PodSpec,
  list: (typeof LISTS)[number],
): FieldError[] {
  const isEphemeral = list === 'ephemeralContainerStatuses'
  const containers = (list === 'containerStatuses' ? spec.containers : spec.initContainers) ?? []
  if (!isEphemeral && restartsAll(spec)) return []
  return (old ?? []).flatMap(({ name, state }, index) => {
    const ended = state?.terminated
    const revived = statuses?.some((now) => now.name === name && now.state?.terminated === undefined)
    if (ended === undefined || !revived) return []
    const container = containers.find((c) => c.name === name)
    if (!isEphemeral && container && mayRestart(container, spec, ended.exitCode)) return []
    return [forbidden(`${path}[${index}].state`, 'may not be transitioned to non-terminated state')]
  })
}

/** Whether some container's end may start all of them again. */
function restartsAll(spec: PodSpec): boolean {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].some((c) =>
    c.restartPolicyRules?.some((rule) => rule.action === 'RestartAllContainers'),
  )
}

/** The container's rules go before its policy, and that before the pod's. */
function mayRestart(container: Container, spec: PodSpec, exitCode: number): boolean {
  if (container.restartPolicyRules?.some((rule) => rule.action === 'Restart' && matches(rule, exitCode))) return true
  switch (container.restartPolicy ?? spec.restartPolicy) {
    case 'Never':
      return false
    case 'OnFailure':
      return exitCode !== 0
    default:
      return true
  }
}

function matches({ exitCodes }: ContainerRestartRule, exitCode: number): boolean {
  const among = exitCodes?.values?.includes(exitCode) ?? false
  return exitCodes?.operator === 'In' ? among : exitCodes?.operator === 'NotIn' && !among
}

type Address = { readonly ip?: string }

/** Addresses that were let in once may stay. */
function addressErrors(addresses: readonly Address[], old: readonly Address[], path: string): FieldError[] {
  const known = new Set(old.map(({ ip }) => ip))
  const errors = addresses.flatMap(({ ip = '' }, index) => (known.has(ip) ? [] : invalidEach(`${path}[${index}]`, ip, ipAddress(ip))))
  if (errors.length > 0 || addresses.length < 2) return errors
  const sixes = addresses.filter(({ ip }) => ip?.includes(':')).length
  const both = addresses.length === 2 && sixes === 1
  return both ? [] : [invalid(path, addresses, 'may specify no more than one IP for each IP family')]
}

function hostAddressErrors({ hostIP = '', hostIPs = [] }: PodStatus, old: PodStatus): FieldError[] {
  const [first] = hostIPs
  if (first === undefined) return []
  const errors = first.ip === hostIP ? [] : [invalid('status.hostIPs[0].ip', first.ip, 'must be equal to `hostIP`')]
  return [...errors, ...addressErrors(hostIPs, old.hostIPs ?? [], 'status.hostIPs')]
}

function claimErrors(spec: PodSpec, statuses: NonNullable<PodStatus['resourceClaimStatuses']>): FieldError[] {
  const known = new Set((spec.resourceClaims ?? []).map(({ name }) => name))
  const seen = new Set<string>()
  return statuses.flatMap(({ name, resourceClaimName: claim }, index) => {
    const at = `status.resourceClaimStatuses[${index}]`
    const errors = known.has(name) ? [] : [invalid(`${at}.name`, name, 'must match the name of an entry in `spec.resourceClaims`')]
    if (seen.has(name)) errors.push(duplicate(`${at}.name`, name))
    seen.add(name)
    return claim === undefined ? errors : [...errors, ...invalidEach(`${at}.resourceClaimName`, claim, dns1123Subdomain(claim))]
  })
}

function extendedClaimErrors(spec: PodSpec, status: PodStatus['extendedResourceClaimStatus']): FieldError[] {
  if (status === undefined) return []
  const path = 'status.extendedResourceClaimStatus'
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
  const mappings = status.requestMappings ?? []
  const errors = mappings.length === 0 ? [required(`${path}.requestMappings`, 'at least one request mapping is required')] : []
  const seen = new Set<string>()
  for (const [index, { containerName = '', resourceName = '', requestName = '' }] of mappings.entries()) {
    const at = `${path}.requestMappings[${index}]`
    const container = containers.find((c) => c.name === containerName)
    if (container === undefined)
      errors.push(
        invalid(
          `${at}.containerName`,
          containerName,
          'must match the name of an entry in spec.initContainers.name or spec.containers.name',
        ),
      )
    else if (container.resources?.requests?.[resourceName] === undefined)
      errors.push(
        invalid(
          `${at}.resourceName`,
          resourceName,
          'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests',
        ),
      )
    errors.push(...invalidEach(`${path}.requestName`, requestName, dns1123Label(requestName)))
    const key = JSON.stringify([containerName, resourceName, requestName])
    if (seen.has(key))
      errors.push(
        duplicate(`${at}.containerName`, containerName),
        duplicate(`${at}.resourceName`, resourceName),
        duplicate(`${at}.requestName`, requestName),
      )
    seen.add(key)
  }
  const claim = status.resourceClaimName ?? ''
  if (claim === '') return [...errors, required(`${path}.resourceClaimName`)]
  return [...errors, ...invalidEach(`${path}.resourceClaimName`, claim, dns1123Subdomain(claim))]
}

function userErrors({ user }: ContainerStatus, path: string, spec: PodSpec): FieldError[] {
  const linux = user?.linux
  if (linux === undefined) return []
  if (spec.os?.name === 'windows') return [forbidden(path, 'cannot be set for a windows pod')]
  return [
    ...invalidEach(`${path}.uid`, linux.uid, inRange(linux.uid ?? 0, 0, ID_MAX)),
    ...invalidEach(`${path}.gid`, linux.gid, inRange(linux.gid ?? 0, 0, ID_MAX)),
    ...(linux.supplementalGroups ?? []).flatMap((group, index) =>
      invalidEach(`${path}.supplementalGroups[${index}]`, group, inRange(group, 0, ID_MAX)),
    ),
  ]
}

/** Devices are of resources the container asks for; ephemeral containers have none. */
function deviceErrors(status: ContainerStatus, path: string, spec: PodSpec, list: (typeof LISTS)[number]): FieldError[] {
  const resources = status.allocatedResourcesStatus ?? []
  if (list === 'ephemeralContainerStatuses')
    return resources.length === 0 ? [] : [forbidden(`${path}.allocatedResourcesStatus`, 'must not be specified in container status')]
  const container = ((list === 'containerStatuses' ? spec.containers : spec.initContainers) ?? []).find((c) => c.name === status.name)
  return resources.flatMap(({ name = '', resources: devices = [] }, index) => {
    const at = `${path}.allocatedResourcesStatus[${index}]`
    const errors = container ? askedErrors(container, name, `${at}.name`) : []
    const seen = new Set<string>()
    for (const [i, { health = '', resourceID = '' }] of devices.entries()) {
      if (!HEALTH.includes(health)) errors.push(notSupported(`${at}.resources[${i}].health`, health, HEALTH))
      if (seen.has(resourceID)) errors.push(duplicate(`${at}.resources[${i}].resourceID`, resourceID))
      seen.add(resourceID)
    }
    return errors
  })
}

function askedErrors({ resources }: Container, name: string, path: string): FieldError[] {
  if (!name.startsWith('claim:'))
    return resources?.requests?.[name] === undefined ? [invalid(path, name, "must match one of the container's resource requests")] : []
  const asked = (resources?.claims ?? []).some((claim) => `claim:${claim.name}${claim.request ? `/${claim.request}` : ''}` === name)
  const text =
    "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty"
  return asked ? [] : [invalid(path, name, text)]
}
