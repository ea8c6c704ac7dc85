/** What the server adds to a pod's spec and what it refuses in one. */

import { commonContainerErrors, containerErrors, idErrors, initContainerErrors, seccompErrors, type PodContext } from './container-rules.ts'
import type { Container, EphemeralContainer, ResourceRequirements } from './container.ts'
import type { Pod, PodSpec } from './pod.ts'
import { requirementErrors } from './resource-rules.ts'
import { affinityErrors, spreadErrors, tolerationErrors } from './scheduling-rules.ts'
import { volumesErrors } from './volume-rules.ts'
import { duplicate, forbidden, invalid, invalidEach, notFound, required, type FieldError } from '#schema/field-error.ts'
import { dns1123Label, dns1123Subdomain, inRange, ipAddress, qualifiedName, sysctlName } from '#schema/names.ts'
import { addQuantities } from '#schema/quantity.ts'
import { labelErrors } from '#schema/validate-metadata.ts'

const NAMESERVERS_MAX = 3 // what resolv.conf takes
const SEARCH_PATHS_MAX = 32
const SEARCH_CHARACTERS_MAX = 2048

/** Holds for pods and for templates. The old name of the service account follows the new one. */
export function podSpecDefaults(spec: PodSpec): Partial<PodSpec> {
  const account = spec.serviceAccountName || spec.serviceAccount
  return {
    ...(spec.securityContext === undefined && { securityContext: {} }),
    ...(account &&
      (account !== spec.serviceAccountName || account !== spec.serviceAccount) && { serviceAccountName: account, serviceAccount: account }),
  }
}

/** Holds for pods only: templates keep what was written. */
export function podDefaults(pod: Pod): { spec: PodSpec } {
  const { spec } = pod
  const filled = (container: Container) => withHostPorts(withRequests(container), spec.hostNetwork === true)
  const containers = (spec.containers ?? []).map(filled)
  const initContainers = spec.initContainers?.map(filled)
  const resources = podResources(spec.resources, [...containers])
  return {
    spec: {
      ...spec,
      ...(spec.containers && { containers }),
      ...(initContainers && { initContainers }),
      ...(resources && { resources }),
      ...(spec.enableServiceLinks === undefined && { enableServiceLinks: true }),
    },
  }
}

/** What is limited but not requested is requested in full. */
function withRequests(container: Container): Container {
  const { limits, requests } = container.resources ?? {}
  if (limits === undefined || Object.keys(limits).every((name) => requests?.[name] !== undefined)) return container
  return { ...container, resources: { ...container.resources, requests: { ...limits, ...requests } } }
}

function withHostPorts(container: Container, hostNetwork: boolean): Container {
  if (!hostNetwork || !container.ports?.some((port) => !port.hostPort)) return container
  return { ...container, ports: container.ports.map((port) => (port.hostPort ? port : { ...port, hostPort: port.containerPort })) }
}

/** Requests of the pod as a whole: the sum of its containers', else its limit. */
function podResources(resources: ResourceRequirements | undefined, containers: readonly Container[]): ResourceRequirements | undefined {
  if (resources === undefined) return undefined
  const requests: Record<string, string> = { ...resources.requests }
  for (const [name, limit] of Object.entries(resources.limits ?? {})) {
    if (requests[name] !== undefined) continue
    const asked = containers.flatMap((c) => c.resources?.requests?.[name] ?? [])
    requests[name] = asked.length > 0 ? addQuantities(...asked) : limit
  }
  return Object.keys(requests).length > 0 ? { ...resources, requests } : resources
}

export function podSpecErrors(spec: PodSpec, path: string): FieldError[] {
  const volumes = spec.volumes ?? []
  const context: PodContext = {
    volumes: new Map(volumes.map((volume) => [volume.name, volume])),
    hostNetwork: spec.hostNetwork === true,
    gracePeriodSeconds: spec.terminationGracePeriodSeconds,
  }
  return [
    ...volumesErrors(volumes, `${path}.volumes`),
    ...allContainerErrors(spec, path, context),
    ...nameErrors(spec, path),
    ...labelErrors(spec.nodeSelector, `${path}.nodeSelector`),
    ...contextErrors(spec, path),
    ...dnsErrors(spec, path),
    ...affinityErrors(spec.affinity, `${path}.affinity`),
    ...tolerationErrors(spec.tolerations ?? [], `${path}.tolerations`),
    ...spreadErrors(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`),
    ...gateErrors(spec, path),
    ...(spec.resources ? requirementErrors(spec.resources, `${path}.resources`, 'pod') : []),
  ]
}

function allContainerErrors(spec: PodSpec, path: string, context: PodContext): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  const visit = (name: string | undefined, at: string) => {
    if (!name) return
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name))
    names.add(name)
  }
  for (const [index, container] of (spec.containers ?? []).entries()) {
    const at = `${path}.containers[${index}]`
    errors.push(...containerErrors(container, at, context))
    visit(container.name, at)
  }
  for (const [index, container] of (spec.initContainers ?? []).entries()) {
    const at = `${path}.initContainers[${index}]`
    errors.push(...initContainerErrors(container, at, context))
    visit(container.name, at)
  }
  for (const [index, container] of (spec.ephemeralContainers ?? []).entries()) {
    const at = `${path}.ephemeralContainers[${index}]`
    errors.push(...ephemeralErrors(container, at, context, spec))
    visit(container.name, at)
  }
  return errors
}

const NOT_EPHEMERAL = ['ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const

function ephemeralErrors(container: EphemeralContainer, at: string, context: PodContext, spec: PodSpec): FieldError[] {
  const errors = commonContainerErrors(container as Container, at, context)
  if (!container.name) errors.push(required(`${at}.name`))
  if (!container.image) errors.push(required(`${at}.image`))
  for (const member of NOT_EPHEMERAL)
    if (container[member] !== undefined) errors.push(forbidden(`${at}.${member}`, 'cannot be set for an Ephemeral Container'))
  const target = container.targetContainerName
  const known = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].some((c) => c.name === target)
  if (target && !known) errors.push(notFound(`${at}.targetContainerName`, target))
  return errors
}

function nameErrors(spec: PodSpec, path: string): FieldError[] {
  const subdomains = ['nodeName', 'serviceAccountName', 'priorityClassName', 'runtimeClassName'] as const
  const errors = subdomains.flatMap((name) => (spec[name] ? invalidEach(`${path}.${name}`, spec[name], dns1123Subdomain(spec[name])) : []))
  for (const name of ['hostname', 'subdomain'] as const)
    if (spec[name]) errors.push(...invalidEach(`${path}.${name}`, spec[name], dns1123Label(spec[name])))
  const deadline = spec.activeDeadlineSeconds
  if (deadline !== undefined) errors.push(...invalidEach(`${path}.activeDeadlineSeconds`, deadline, inRange(deadline, 1, 2_147_483_647)))
  for (const [index, alias] of (spec.hostAliases ?? []).entries()) {
    if (alias.ip) errors.push(...invalidEach(`${path}.hostAliases[${index}].ip`, alias.ip, ipAddress(alias.ip)))
    for (const hostname of alias.hostnames ?? [])
      errors.push(...invalidEach(`${path}.hostAliases[${index}].hostnames`, hostname, dns1123Subdomain(hostname)))
  }
  return errors
}

function contextErrors(spec: PodSpec, path: string): FieldError[] {
  const context = spec.securityContext
  if (context === undefined) return []
  const at = `${path}.securityContext`
  const errors = (['fsGroup', 'runAsUser', 'runAsGroup'] as const).flatMap((id) => idErrors(context[id], `${at}.${id}`))
  for (const [index, group] of (context.supplementalGroups ?? []).entries())
    errors.push(...idErrors(group, `${at}.supplementalGroups[${index}]`))
  if (spec.shareProcessNamespace && spec.hostPID)
    errors.push(invalid(`${at}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'))
  const names = new Set<string>()
  for (const [index, { name }] of (context.sysctls ?? []).entries()) {
    const where = `${at}.sysctls[${index}].name`
    if (name !== '' && !sysctlName(name))
      errors.push(
        invalid(
          where,
          name,
          `must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`,
        ),
      )
    else if (names.has(name)) errors.push(duplicate(where, name))
    names.add(name)
  }
  return [...errors, ...seccompErrors(context.seccompProfile, `${at}.seccompProfile`)]
}

function dnsErrors(spec: PodSpec, path: string): FieldError[] {
  const at = `${path}.dnsConfig`
  const servers = spec.dnsConfig?.nameservers ?? []
  if (spec.dnsPolicy === 'None' && spec.dnsConfig === undefined) return [required(at, 'must provide `dnsConfig` when `dnsPolicy` is None')]
  const errors: FieldError[] = []
  if (spec.dnsPolicy === 'None' && servers.length === 0)
    errors.push(required(`${at}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'))
  if (spec.dnsConfig === undefined) return errors
  if (servers.length > NAMESERVERS_MAX)
    errors.push(invalid(`${at}.nameservers`, servers, `must not have more than ${NAMESERVERS_MAX} nameservers`))
  for (const [index, server] of servers.entries()) errors.push(...invalidEach(`${at}.nameservers[${index}]`, server, ipAddress(server)))
  const searches = spec.dnsConfig.searches ?? []
  if (searches.length > SEARCH_PATHS_MAX)
    errors.push(invalid(`${at}.searches`, searches, `must not have more than ${SEARCH_PATHS_MAX} search paths`))
  if (searches.join(' ').length > SEARCH_CHARACTERS_MAX)
    errors.push(
      invalid(
        `${at}.searches`,
        searches,
        `must not have more than ${SEARCH_CHARACTERS_MAX} characters (including spaces) in the search list`,
      ),
    )
  for (const [index, search] of searches.entries()) {
    const name = search.replace(/\.$/, '').replaceAll('_', '-')
    if (search !== '.') errors.push(...invalidEach(`${at}.searches[${index}]`, search, dns1123Subdomain(name)))
  }
  for (const [index, option] of (spec.dnsConfig.options ?? []).entries())
    if (!option.name) errors.push(required(`${at}.options[${index}]`, 'must not be empty'))
  return errors
}

function gateErrors(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, gate] of (spec.readinessGates ?? []).entries())
    errors.push(...invalidEach(`${path}.readinessGates[${index}].conditionType`, gate.conditionType, qualifiedName(gate.conditionType)))
  const names = new Set<string>()
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries()) {
    errors.push(...invalidEach(`${path}.schedulingGates[${index}]`, name, qualifiedName(name)))
    if (names.has(name)) errors.push(duplicate(`${path}.schedulingGates[${index}]`, name))
    names.add(name)
  }
  return errors
}
