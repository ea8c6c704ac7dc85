/** What the server refuses in a pod's spec. */

import {
  containerErrors,
  ephemeralContainerErrors,
  hostPortErrors,
  initContainerErrors,
  paddingErrors,
  type PodContext,
} from './container-rules.ts'
import { dnsErrors, hostAliasErrors, hostNameErrors } from './dns-config-rules.ts'
import { fileVolumeErrors } from './environment-rules.ts'
import { MIRROR_ANNOTATION, podAnnotationErrors } from './pod-annotation-rules.ts'
import { containersOf } from './pod-containers.ts'
import { podResourceErrors } from './pod-resources.ts'
import type { Pod, PodResourceClaim, PodSpec } from './pod.ts'
import { requirementErrors } from './resource-rules.ts'
import { affinityErrors, spreadErrors, tolerationErrors } from './scheduling-rules.ts'
import { podSecurityErrors } from './security-rules.ts'
import { volumesErrors } from './volume-rules.ts'
import { Volume } from './volume.ts'
import { hostProcessErrors, hostUsersErrors, osErrors } from './windows-rules.ts'
import { duplicate, forbidden, invalid, invalidEach, required, type FieldError } from '#schema/field-error.ts'
import { dns1123Label, dns1123Subdomain, inRange, qualifiedName } from '#schema/names.ts'
import { partErrors } from '#schema/validate.ts'
import { labelErrors } from '#schema/validate-metadata.ts'

/** Of pods and of templates. */
export function podSpecErrors(spec: PodSpec, path: string): FieldError[] {
  const volumes = spec.volumes ?? []
  const claims = new Set((spec.resourceClaims ?? []).flatMap(({ name }) => name || []))
  const volumeErrors = volumesErrors(volumes, `${path}.volumes`)
  // A volume with which anything is wrong counts as absent, also for those who mount it.
  const sound = volumes.filter(
    (volume, index) =>
      !volumeErrors.some(({ field }) => field.startsWith(`${path}.volumes[${index}]`)) &&
      partErrors(Volume.schema, volume, '').length === 0,
  )
  const context: PodContext = {
    volumes: new Map(sound.map((volume) => [volume.name, volume])),
    claims,
    restartPolicy: spec.restartPolicy,
    hostUsers: spec.hostUsers !== false,
    gracePeriodSeconds: spec.terminationGracePeriodSeconds,
    os: spec.os?.name,
  }
  return [
    ...(spec.terminationGracePeriodSeconds === undefined ? [required(`${path}.terminationGracePeriodSeconds`)] : []),
    ...volumeErrors,
    ...claimErrors(spec.resourceClaims ?? [], `${path}.resourceClaims`),
    ...allContainerErrors(spec, path, context),
    ...podResourceErrors(spec, path, claims),
    ...labelErrors(spec.nodeSelector, `${path}.nodeSelector`),
    ...podSecurityErrors(spec, path),
    ...affinityErrors(spec.affinity, `${path}.affinity`),
    ...dnsErrors(spec, path),
    ...gateErrors(spec, path),
    ...spreadErrors(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`),
    ...hostProcessErrors(spec, path),
    ...hostUsersErrors(spec, path),
    ...nameErrors(spec, path),
    ...tolerationErrors(spec.tolerations ?? [], `${path}.tolerations`),
    ...hostAliasErrors(spec.hostAliases ?? [], `${path}.hostAliases`),
    ...(spec.overhead ? requirementErrors({ limits: spec.overhead }, `${path}.overhead`) : []),
    ...osErrors(spec, path),
    ...containersOf(spec, path).flatMap(({ container, at }) => fileVolumeErrors(container.env ?? [], `${at}.env`, volumes)),
  ]
}

/** Of pods only; that a new pod is held to more is said by its strategy. */
export function podErrors({ metadata, spec }: Pod): FieldError[] {
  if (!spec) return []
  const isMirror = metadata.annotations?.[MIRROR_ANNOTATION] !== undefined
  const claims = isMirror ? (spec.resourceClaims ?? []) : []
  return [
    ...podAnnotationErrors(metadata.annotations, spec, 'metadata.annotations'),
    ...madeVolumeErrors(spec, metadata.name),
    ...claims.map(() => forbidden('[]', 'static pods do not support resource claims')),
    ...tokenErrors(spec),
    ...(['containers', 'initContainers'] as const).flatMap((list) =>
      (spec[list] ?? []).flatMap(({ image }, index) => paddingErrors(image, `spec.${list}[${index}]`)),
    ),
  ]
}

/** What depends on the pod's own name, and on its being a pod. */
function madeVolumeErrors(spec: PodSpec, name: string): FieldError[] {
  const plain = new Set(volumesErrors(spec.volumes ?? [], 'spec.volumes').map((error) => error.message))
  return volumesErrors(spec.volumes ?? [], 'spec.volumes', name ?? '').filter((error) => !plain.has(error.message))
}

function tokenErrors(spec: PodSpec): FieldError[] {
  if (spec.serviceAccountName) return []
  return (spec.volumes ?? []).flatMap(({ projected }, v) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken }, s) =>
      serviceAccountToken
        ? [
            forbidden(
              `spec.volumes[${v}].projected.sources[${s}].serviceAccountToken`,
              'must not be specified when serviceAccountName is not set',
            ),
          ]
        : [],
    ),
  )
}

/** Names are unique across all sorts of containers; host ports across those that run side by side. */
function allContainerErrors(spec: PodSpec, path: string, context: PodContext): FieldError[] {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec
  const errors: FieldError[] = []
  const names = new Set<string>()
  const visit = (name: string | undefined, at: string) => {
    if (!name) return
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name))
    names.add(name)
  }
  for (const [index, container] of containers.entries()) {
    const at = `${path}.containers[${index}]`
    errors.push(...containerErrors(container, at, context))
    visit(container.name, at)
  }
  errors.push(
    ...hostPortErrors(
      containers,
      containers.map((_, index) => `${path}.containers[${index}]`),
    ),
  )
  for (const [index, container] of initContainers.entries()) {
    const at = `${path}.initContainers[${index}]`
    errors.push(...initContainerErrors(container, at, context))
    visit(container.name, at)
    errors.push(...hostPortErrors([container], [`${path}.initContainers[0]`]))
  }
  const others = new Set(names)
  for (const [index, container] of ephemeralContainers.entries()) {
    const at = `${path}.ephemeralContainers[${index}]`
    errors.push(...ephemeralContainerErrors(container, at, context, others))
    visit(container.name, at)
  }
  return [...errors, ...hostNetworkErrors(spec, path)]
}

/** With the node's network a port of the container is a port of the node. Templates may leave it to the pod's defaults. */
function hostNetworkErrors(spec: PodSpec, path: string): FieldError[] {
  if (!spec.hostNetwork) return []
  return (spec.containers ?? []).flatMap((container, c) =>
    (container.ports ?? []).flatMap(({ hostPort = 0, containerPort }, p) =>
      (hostPort !== 0 || path === 'spec') && hostPort !== containerPort
        ? [invalid(`${path}.containers[${c}].ports[${p}].hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true')]
        : [],
    ),
  )
}

function claimErrors(claims: readonly PodResourceClaim[], path: string): FieldError[] {
  const names = new Set<string>()
  return claims.flatMap((claim, index) => {
    const at = `${path}[${index}]`
    const { name, resourceClaimName: direct, resourceClaimTemplateName: template } = claim
    const errors: FieldError[] = []
    // An empty name is the declaration's to blame.
    if (name && names.has(name)) errors.push(duplicate(`${at}.name`, name))
    else if (name) errors.push(...invalidEach(`${at}.name`, name, dns1123Label(name)))
    names.add(name)
    if (direct !== undefined && template !== undefined)
      errors.push(invalid(at, claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'))
    if (direct === undefined && template === undefined)
      errors.push(invalid(at, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'))
    if (direct !== undefined) errors.push(...invalidEach(`${at}.resourceClaimName`, direct, dns1123Subdomain(direct)))
    if (template !== undefined) errors.push(...invalidEach(`${at}.resourceClaimTemplateName`, template, dns1123Subdomain(template)))
    return errors
  })
}

function nameErrors(spec: PodSpec, path: string): FieldError[] {
  const subdomains = ['serviceAccountName', 'nodeName', 'priorityClassName'] as const
  const errors = hostNameErrors(spec, path)
  for (const name of subdomains) if (spec[name]) errors.push(...invalidEach(`${path}.${name}`, spec[name], dns1123Subdomain(spec[name])))
  const runtime = spec.runtimeClassName
  if (runtime !== undefined) errors.push(...invalidEach(`${path}.runtimeClassName`, runtime, dns1123Subdomain(runtime)))
  const deadline = spec.activeDeadlineSeconds
  if (deadline !== undefined) errors.push(...invalidEach(`${path}.activeDeadlineSeconds`, deadline, inRange(deadline, 1, 2_147_483_647)))
  return errors
}

function gateErrors(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, { conditionType }] of (spec.readinessGates ?? []).entries())
    // An empty type is the declaration's to blame.
    if (conditionType)
      errors.push(...invalidEach(`${path}.readinessGates[${index}].conditionType`, conditionType, qualifiedName(conditionType)))
  const names = new Set<string>()
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries()) {
    if (name) errors.push(...invalidEach(`${path}.schedulingGates[${index}]`, name, qualifiedName(name)))
    if (names.has(name)) errors.push(duplicate(`${path}.schedulingGates[${index}]`, name))
    names.add(name)
  }
  return errors
}
