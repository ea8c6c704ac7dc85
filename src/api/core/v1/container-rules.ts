/** The rules of one container: its names and ports, and what holds for each sort of container. */

import type { Container, ContainerPort, ContainerResizePolicy, EphemeralContainer } from './container.ts'
import { environmentErrors, environmentSourceErrors } from './environment-rules.ts'
import { mountErrors } from './mount-rules.ts'
import { lifecycleErrors, probeErrors, type HookContext } from './probe-rules.ts'
import { requirementErrors } from './resource-rules.ts'
import { containerSecurityErrors } from './security-rules.ts'
import type { Volume } from './volume.ts'
import {
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  notFound,
  notSupported,
  required,
  tooMany,
  type FieldError,
} from '#schema/field-error.ts'
import { dns1123Label, portName, portNumber } from '#schema/names.ts'

/** What a container may refer to, and what it depends on. */
export interface PodContext extends HookContext {
  readonly volumes: ReadonlyMap<string, Volume>
  readonly claims: ReadonlySet<string>
  readonly restartPolicy: string | undefined
  readonly hostUsers: boolean
}

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const
const RULES_MAX = 20
const EXIT_CODES_MAX = 255

/** Everything that holds for containers of any sort. An empty name is the declaration's to blame. */
function commonErrors(container: Container, path: string, pod: PodContext): FieldError[] {
  const name = container.name ?? ''
  return [
    ...(name === '' ? [] : invalidEach(`${path}.name`, name, dns1123Label(name))),
    ...(container.image ? [] : [required(`${path}.image`)]),
    ...(container.terminationMessagePolicy === undefined ? [required(`${path}.terminationMessagePolicy`)] : []),
    ...portErrors(container.ports ?? [], `${path}.ports`),
    ...environmentErrors(container.env ?? [], `${path}.env`),
    ...environmentSourceErrors(container.envFrom ?? [], `${path}.envFrom`),
    ...mountErrors(container, path, pod.volumes),
    ...(container.imagePullPolicy === undefined ? [required(`${path}.imagePullPolicy`)] : []),
    ...requirementErrors(container.resources, `${path}.resources`, 'container', pod.claims),
    ...resizePolicyErrors(container.resizePolicy ?? [], `${path}.resizePolicy`, pod.restartPolicy),
    ...containerSecurityErrors(container.securityContext, `${path}.securityContext`, pod.hostUsers),
  ]
}

export function containerErrors(container: Container, path: string, pod: PodContext): FieldError[] {
  return [...commonErrors(container, path, pod), ...runningErrors(container, path, pod), ...restartErrors(container, path)]
}

/** Probes and hooks, which make sense for what runs as long as the pod does. */
function runningErrors(container: Container, path: string, pod: PodContext): FieldError[] {
  return [
    ...lifecycleErrors(container.lifecycle, `${path}.lifecycle`, pod),
    ...probeErrors(container.livenessProbe, `${path}.livenessProbe`, 'liveness'),
    ...probeErrors(container.readinessProbe, `${path}.readinessProbe`, 'readiness'),
    ...probeErrors(container.startupProbe, `${path}.startupProbe`, 'startup'),
  ]
}

/** Init containers: only sidecars, which restart, have probes and hooks. */
export function initContainerErrors(container: Container, path: string, pod: PodContext): FieldError[] {
  const errors = [...commonErrors(container, path, pod), ...restartErrors(container, path)]
  if (container.restartPolicy === 'Always') return [...errors, ...runningErrors(container, path, pod)]
  for (const member of ['lifecycle', ...PROBES] as const)
    if (container[member]) errors.push(forbidden(`${path}.${member}`, 'may not be set for init containers without restartPolicy=Always'))
  for (const [index, policy] of (container.resizePolicy ?? []).entries())
    if (policy.restartPolicy === 'RestartContainer')
      errors.push(
        invalid(
          `${path}.resizePolicy[${index}].restartPolicy`,
          policy.restartPolicy,
          "must not be set to 'RestartContainer' for non-sidecar initContainers",
        ),
      )
  return errors
}

const NOT_EPHEMERAL = [
  ...(['ports', 'resources', 'resizePolicy', 'restartPolicy', 'restartPolicyRules', 'livenessProbe'] as const),
  ...(['readinessProbe', 'startupProbe', 'lifecycle'] as const),
]

/** `others` are the names of containers that are not ephemeral. */
export function ephemeralContainerErrors(
  container: EphemeralContainer,
  path: string,
  pod: PodContext,
  others: ReadonlySet<string>,
): FieldError[] {
  const denied = 'cannot be set for an Ephemeral Container'
  const errors = [...commonErrors(container as Container, path, pod), ...paddingErrors(container.image, path)]
  const target = container.targetContainerName
  if (target && !others.has(target)) errors.push(notFound(`${path}.targetContainerName`, target))
  for (const member of NOT_EPHEMERAL) if (isSet(container[member])) errors.push(forbidden(`${path}.${member}`, denied))
  for (const [index, mount] of (container.volumeMounts ?? []).entries())
    for (const member of ['subPath', 'subPathExpr'] as const)
      if (mount[member]) errors.push(forbidden(`${path}.volumeMounts[${index}].${member}`, denied))
  return errors
}

function isSet(value: unknown): boolean {
  return Array.isArray(value)
    ? value.length > 0
    : typeof value === 'object' && value !== null
      ? Object.keys(value).length > 0
      : Boolean(value)
}

/** Templates may hold an image of blanks, for something else to fill in; pods may not. */
export function paddingErrors(image: string | undefined, path: string): FieldError[] {
  return image === undefined || image === image.trim()
    ? []
    : [invalid(`${path}.image`, image, 'must not have leading or trailing whitespace')]
}

function portErrors(ports: readonly ContainerPort[], path: string): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [index, port] of ports.entries()) {
    const at = `${path}[${index}]`
    if (port.name) {
      const problems = portName(port.name)
      if (problems.length > 0) errors.push(...invalidEach(`${at}.name`, port.name, problems))
      else if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name))
      else names.add(port.name)
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`))
    else errors.push(...invalidEach(`${at}.containerPort`, port.containerPort, portNumber(port.containerPort)))
    if (port.hostPort) errors.push(...invalidEach(`${at}.hostPort`, port.hostPort, portNumber(port.hostPort)))
    if (!port.protocol) errors.push(required(`${at}.protocol`))
  }
  return errors
}

/** No two of the containers open the same port of the node. `paths` is the list each container is blamed under. */
export function hostPortErrors(containers: readonly Container[], paths: readonly string[]): FieldError[] {
  const taken = new Set<string>()
  return containers.flatMap((container, c) =>
    (container.ports ?? []).flatMap(({ protocol, hostIP = '', hostPort }, p) => {
      if (!hostPort) return []
      const text = `${protocol}/${hostIP}/${hostPort}`
      if (taken.has(text)) return [duplicate(`${paths[c]}.ports[${p}].hostPort`, text)]
      taken.add(text)
      return []
    }),
  )
}

const RESIZABLE = ['cpu', 'memory']
const RESIZE_POLICIES = ['NotRequired', 'RestartContainer']

/** Empty members are the declaration's to blame. */
function resizePolicyErrors(policies: readonly ContainerResizePolicy[], path: string, podPolicy: string | undefined): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [index, { resourceName, restartPolicy }] of policies.entries()) {
    if (seen.has(resourceName)) errors.push(duplicate(`${path}[${index}]`, resourceName))
    seen.add(resourceName)
    if (resourceName && !RESIZABLE.includes(resourceName)) errors.push(notSupported(path, resourceName, RESIZABLE))
    if (restartPolicy && !RESIZE_POLICIES.includes(restartPolicy)) errors.push(notSupported(path, restartPolicy, RESIZE_POLICIES))
    if (podPolicy === 'Never' && restartPolicy !== 'NotRequired')
      errors.push(invalid(path, restartPolicy ?? '', "must be 'NotRequired' when pod `restartPolicy` is 'Never'"))
  }
  return errors
}

const RESTART_POLICIES = ['Always', 'Never', 'OnFailure']
const ACTIONS = ['Restart', 'RestartAllContainers']
const OPERATORS = ['In', 'NotIn']

/** A container's own restart policy, and what it makes of exit codes. */
function restartErrors({ restartPolicy, restartPolicyRules: rules = [] }: Container, path: string): FieldError[] {
  const errors: FieldError[] = []
  const at = `${path}.restartPolicy`
  if (restartPolicy === undefined) {
    if (rules.length > 0) errors.push(required(at, 'must specify restartPolicy when restart rules are used'))
  } else if (!RESTART_POLICIES.includes(restartPolicy)) errors.push(notSupported(at, restartPolicy, RESTART_POLICIES))
  if (rules.length > RULES_MAX) errors.push(tooMany(`${path}.restartPolicyRules`, rules.length, RULES_MAX))
  for (const [index, { action = '', exitCodes }] of rules.entries()) {
    const where = `${path}.restartPolicyRules[${index}]`
    if (!ACTIONS.includes(action)) errors.push(notSupported(`${where}.action`, action, ACTIONS))
    if (exitCodes === undefined) {
      errors.push(required(`${where}.exitCodes`, 'must be specified'))
      continue
    }
    const { operator = '', values = [] } = exitCodes
    if (!OPERATORS.includes(operator)) errors.push(notSupported(`${where}.exitCodes.operator`, operator, OPERATORS))
    if (values.length > EXIT_CODES_MAX) errors.push(tooMany(`${where}.exitCodes.values`, values.length, EXIT_CODES_MAX))
  }
  return errors
}
