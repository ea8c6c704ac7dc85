/** The rules of one container: ports, environment, mounts, probes, hooks. */

import type {
  Container,
  ContainerPort,
  EnvFromSource,
  EnvVar,
  HTTPGetAction,
  LifecycleHandler,
  Probe,
  ProbeHandler,
  SecurityContext,
  VolumeMount,
} from './container.ts'
import { requirementErrors } from './resource-rules.ts'
import type { Volume } from './volume.ts'
import { duplicate, forbidden, invalid, invalidEach, notFound, notSupported, required, type FieldError } from '#schema/field-error.ts'
import {
  configKey,
  dns1123Label,
  dns1123Subdomain,
  environmentVariableName,
  httpHeaderName,
  inRange,
  ipAddress,
  labelValue,
  portName,
  portNumber,
  portNumberOrName,
  qualifiedName,
} from '#schema/names.ts'

/** What a container may refer to. */
export interface PodContext {
  readonly volumes: ReadonlyMap<string, Volume>
  readonly hostNetwork: boolean
  readonly gracePeriodSeconds: number | undefined
}

/** Everything that holds for containers of any sort. `restartable`: it may have probes and hooks. */
export function commonContainerErrors(container: Container, path: string, pod: PodContext): FieldError[] {
  const errors: FieldError[] = []
  const name = container.name ?? ''
  // An empty name is the declaration's to blame.
  if (name !== '') errors.push(...invalidEach(`${path}.name`, name, dns1123Label(name)))
  const image = container.image ?? ''
  if (image !== image.trim()) errors.push(invalid(`${path}.image`, image, 'must not have leading or trailing whitespace'))
  if (container.terminationMessagePolicy === undefined) errors.push(required(`${path}.terminationMessagePolicy`))
  errors.push(...portErrors(container.ports ?? [], `${path}.ports`, pod.hostNetwork))
  errors.push(...environmentErrors(container.env ?? [], `${path}.env`, pod))
  errors.push(...environmentSourceErrors(container.envFrom ?? [], `${path}.envFrom`))
  errors.push(...mountErrors(container, path, pod))
  if (container.imagePullPolicy === undefined) errors.push(required(`${path}.imagePullPolicy`))
  errors.push(...requirementErrors(container.resources, `${path}.resources`))
  errors.push(...securityErrors(container.securityContext, `${path}.securityContext`))
  return errors
}

export function containerErrors(container: Container, path: string, pod: PodContext): FieldError[] {
  const errors = commonContainerErrors(container, path, pod)
  if ((container.image ?? '') === '') errors.push(required(`${path}.image`))
  for (const hook of ['postStart', 'preStop'] as const) {
    const handler = container.lifecycle?.[hook]
    if (handler) errors.push(...handlerErrors(handler, `${path}.lifecycle.${hook}`, pod))
  }
  errors.push(...probeErrors(container.livenessProbe, `${path}.livenessProbe`, 'liveness'))
  errors.push(...probeErrors(container.readinessProbe, `${path}.readinessProbe`, 'readiness'))
  errors.push(...probeErrors(container.startupProbe, `${path}.startupProbe`, 'startup'))
  return errors
}

/** Init containers: only sidecars, which restart, have probes and hooks. */
export function initContainerErrors(container: Container, path: string, pod: PodContext): FieldError[] {
  if (container.restartPolicy === 'Always') return containerErrors(container, path, pod)
  const errors = commonContainerErrors(container, path, pod)
  if ((container.image ?? '') === '') errors.push(required(`${path}.image`))
  const denied = 'may not be set for init containers without restartPolicy=Always'
  if (container.lifecycle) errors.push(forbidden(`${path}.lifecycle`, denied))
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const)
    if (container[probe]) errors.push(forbidden(`${path}.${probe}`, denied))
  return errors
}

function portErrors(ports: readonly ContainerPort[], path: string, hostNetwork: boolean): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [index, port] of ports.entries()) {
    const at = `${path}[${index}]`
    if (port.name) {
      const problems = portName(port.name)
      if (problems.length > 0) errors.push(...invalidEach(`${at}.name`, port.name, problems))
      else if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name))
      names.add(port.name)
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`))
    else errors.push(...invalidEach(`${at}.containerPort`, port.containerPort, portNumber(port.containerPort)))
    if (port.hostPort) {
      errors.push(...invalidEach(`${at}.hostPort`, port.hostPort, portNumber(port.hostPort)))
      if (hostNetwork && port.hostPort !== port.containerPort)
        errors.push(invalid(`${at}.containerPort`, port.containerPort, 'must match `hostPort` when `hostNetwork` is true'))
    }
    if (port.hostIP) errors.push(...invalidEach(`${at}.hostIP`, port.hostIP, ipAddress(port.hostIP)))
  }
  return errors
}

const ENVIRONMENT_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
const CONTAINER_RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]

function environmentErrors(variables: readonly EnvVar[], path: string, pod: PodContext): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, variable] of variables.entries()) {
    const at = `${path}[${index}]`
    if (variable.name) errors.push(...invalidEach(`${at}.name`, variable.name, environmentVariableName(variable.name)))
    const source = variable.valueFrom
    if (source === undefined) continue
    const where = `${at}.valueFrom`
    const given = Object.values(source).filter((member) => member !== undefined).length
    if (given === 0)
      errors.push(
        invalid(where, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'),
      )
    else if (variable.value) errors.push(invalid(where, '', 'may not be specified when `value` is not empty'))
    if (given > 1) errors.push(invalid(where, '', 'may not have more than one field specified at a time'))
    if (source.fieldRef) errors.push(...fieldRefErrors(source.fieldRef.fieldPath, `${where}.fieldRef`, ENVIRONMENT_FIELDS))
    if (source.resourceFieldRef) errors.push(...resourceRefErrors(source.resourceFieldRef.resource, `${where}.resourceFieldRef`))
    for (const ref of ['configMapKeyRef', 'secretKeyRef'] as const) {
      const key = source[ref]
      if (key?.key) errors.push(...invalidEach(`${where}.${ref}.key`, key.key, configKey(key.key)))
    }
    if (source.fileKeyRef && !pod.volumes.has(source.fileKeyRef.volumeName))
      errors.push(notFound(`${where}.fileKeyRef.volumeName`, source.fileKeyRef.volumeName))
  }
  return errors
}

/** A downward API field: one of the plain ones, or a label or annotation by its key. */
export function fieldRefErrors(fieldPath: string, path: string, supported: readonly string[]): FieldError[] {
  const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/.exec(fieldPath)
  if (subscript === null)
    return fieldPath === '' || supported.includes(fieldPath) ? [] : [notSupported(`${path}.fieldPath`, fieldPath, supported.toSorted())]
  const key = subscript[2]!
  return subscript[1] === 'metadata.labels'
    ? invalidEach(path, key, qualifiedName(key))
    : invalidEach(path, key, qualifiedName(key.toLowerCase()))
}

export function resourceRefErrors(resource: string, path: string): FieldError[] {
  if (resource === '' || CONTAINER_RESOURCES.includes(resource) || /^(limits|requests)\.hugepages-/.test(resource)) return []
  return [notSupported(`${path}.resource`, resource, CONTAINER_RESOURCES)]
}

function environmentSourceErrors(sources: readonly EnvFromSource[], path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, source] of sources.entries()) {
    const at = `${path}[${index}]`
    if (source.prefix) errors.push(...invalidEach(`${at}.prefix`, source.prefix, environmentVariableName(source.prefix)))
    const given = [source.configMapRef, source.secretRef].filter((ref) => ref !== undefined).length
    if (given === 0) errors.push(invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`'))
    if (given > 1) errors.push(invalid(at, '', 'may not have more than one field specified at a time'))
    for (const ref of ['configMapRef', 'secretRef'] as const)
      if (source[ref])
        errors.push(
          ...(source[ref].name
            ? invalidEach(`${at}.${ref}.name`, source[ref].name, dns1123Subdomain(source[ref].name))
            : [required(`${at}.${ref}.name`)]),
        )
  }
  return errors
}

function mountErrors(container: Container, path: string, pod: PodContext): FieldError[] {
  const errors: FieldError[] = []
  const places = new Set<string>()
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}.volumeMounts[${index}]`
    if (mount.name && !pod.volumes.has(mount.name)) errors.push(notFound(`${at}.name`, mount.name))
    if (mount.mountPath) {
      if (places.has(mount.mountPath)) errors.push(invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'))
      places.add(mount.mountPath)
    }
    errors.push(...subPathErrors(mount, at))
    if (mount.mountPropagation === 'Bidirectional' && container.securityContext?.privileged !== true)
      errors.push(forbidden(`${at}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers'))
  }
  for (const [index, device] of (container.volumeDevices ?? []).entries()) {
    const at = `${path}.volumeDevices[${index}]`
    if (device.name && !pod.volumes.has(device.name)) errors.push(notFound(`${at}.name`, device.name))
    if (device.devicePath && places.has(device.devicePath))
      errors.push(invalid(`${at}.devicePath`, device.devicePath, 'must not already exist as a path in volumeMounts'))
    if (device.devicePath) errors.push(...noBackstep(device.devicePath, `${at}.devicePath`))
  }
  return errors
}

function subPathErrors(mount: VolumeMount, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (mount.subPath) errors.push(...relativePathErrors(mount.subPath, `${at}.subPath`))
  if (mount.subPathExpr) {
    if (mount.subPath) errors.push(invalid(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'))
    errors.push(...relativePathErrors(mount.subPathExpr, `${at}.subPathExpr`))
  }
  return errors
}

/** A path below something, which must not climb out of it. */
export function relativePathErrors(path: string, field: string): FieldError[] {
  if (path.startsWith('/')) return [invalid(field, path, 'must be a relative path')]
  return noBackstep(path, field)
}

export function noBackstep(path: string, field: string): FieldError[] {
  return path.split('/').includes('..') ? [invalid(field, path, "must not contain '..'")] : []
}

function probeErrors(probe: Probe | undefined, path: string, kind: 'liveness' | 'readiness' | 'startup'): FieldError[] {
  if (probe === undefined) return []
  const errors = probeHandlerErrors(probe, path)
  for (const member of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const)
    if ((probe[member] ?? 0) < 0) errors.push(invalid(`${path}.${member}`, probe[member], 'must be greater than or equal to 0'))
  const grace = probe.terminationGracePeriodSeconds
  if (kind === 'readiness') {
    if (grace !== undefined) errors.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'))
  } else {
    if (grace !== undefined && grace <= 0) errors.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'))
    if ((probe.successThreshold ?? 1) !== 1) errors.push(invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1'))
  }
  return errors
}

function probeHandlerErrors(handler: ProbeHandler, path: string): FieldError[] {
  const errors = actionErrors(handler, path, ['exec', 'httpGet', 'tcpSocket', 'grpc'])
  if (handler.grpc) errors.push(...invalidEach(`${path}.grpc.port`, handler.grpc.port, portNumber(handler.grpc.port)))
  return errors
}

function handlerErrors(handler: LifecycleHandler, path: string, pod: PodContext): FieldError[] {
  const errors = actionErrors(handler, path, ['exec', 'httpGet', 'tcpSocket', 'sleep'])
  const seconds = handler.sleep?.seconds
  if (seconds !== undefined && pod.gracePeriodSeconds !== undefined && (seconds < 0 || seconds > pod.gracePeriodSeconds))
    errors.push(
      invalid(
        `${path}.sleep`,
        seconds,
        `must be non-negative and less than terminationGracePeriodSeconds (${pod.gracePeriodSeconds}). Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep.`,
      ),
    )
  return errors
}

type Actions = Pick<ProbeHandler & LifecycleHandler, 'exec' | 'httpGet' | 'tcpSocket'>

function actionErrors(handler: Actions, path: string, members: readonly string[]): FieldError[] {
  const errors: FieldError[] = []
  let count = 0
  for (const member of members) {
    if ((handler as Readonly<Record<string, unknown>>)[member] === undefined) continue
    if (count++ > 0) errors.push(forbidden(`${path}.${member}`, 'may not specify more than 1 handler type'))
  }
  if (count === 0) errors.push(required(path, 'must specify a handler type'))
  if (handler.exec && (handler.exec.command ?? []).length === 0) errors.push(required(`${path}.exec.command`))
  if (handler.httpGet) errors.push(...httpErrors(handler.httpGet, `${path}.httpGet`))
  if (handler.tcpSocket)
    errors.push(...invalidEach(`${path}.tcpSocket.port`, handler.tcpSocket.port ?? 0, portNumberOrName(handler.tcpSocket.port ?? 0)))
  return errors
}

function httpErrors(action: HTTPGetAction, path: string): FieldError[] {
  const errors = invalidEach(`${path}.port`, action.port ?? 0, portNumberOrName(action.port ?? 0))
  for (const header of action.httpHeaders ?? [])
    errors.push(...invalidEach(`${path}.httpHeaders`, header.name, httpHeaderName(header.name)))
  return errors
}

function securityErrors(context: SecurityContext | undefined, path: string): FieldError[] {
  if (context === undefined) return []
  const errors: FieldError[] = []
  for (const id of ['runAsUser', 'runAsGroup'] as const) errors.push(...idErrors(context[id], `${path}.${id}`))
  if (context.procMount !== undefined && context.procMount !== 'Default' && context.procMount !== 'Unmasked')
    errors.push(notSupported(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']))
  errors.push(...seccompErrors(context.seccompProfile, `${path}.seccompProfile`))
  const added = context.capabilities?.add ?? []
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged) errors.push(invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'))
    if (added.includes('CAP_SYS_ADMIN'))
      errors.push(invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'))
  }
  return errors
}

export function idErrors(id: number | undefined, path: string): FieldError[] {
  return id === undefined ? [] : invalidEach(path, id, inRange(id, 0, 2_147_483_647))
}

export function seccompErrors(profile: SecurityContext['seccompProfile'], path: string): FieldError[] {
  if (profile === undefined) return []
  const file = profile.localhostProfile
  if (profile.type === 'Localhost')
    return file === undefined
      ? [required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost')]
      : relativePathErrors(file, `${path}.localhostProfile`)
  return file === undefined ? [] : [invalid(`${path}.localhostProfile`, file, 'can only be set when seccomp type is Localhost')]
}

export function labelValueErrors(value: string, path: string): FieldError[] {
  return invalidEach(path, value, labelValue(value))
}
