/** What is let through in a pod or template although it hardly does what was meant: told in warnings. */

import { OLD_NODE_LABELS } from './old-node-labels.ts'
import type { Container, ContainerPort } from './container.ts'
import type { NodeSelectorTerm } from './node-selector.ts'
import type { PodSpec } from './pod.ts'
import type { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { quoted } from '#schema/field-error.ts'
import { milliValue } from '#schema/quantity.ts'

export interface PodParts {
  readonly metadata?: Pick<ObjectMeta, 'annotations'>
  readonly spec?: PodSpec
}

/** `path` leads to the template, and is empty for a pod itself. */
export function podWarnings({ metadata, spec }: PodParts, path: string): string[] {
  if (spec === undefined) return []
  const at = (rest: string) => (path === '' ? rest : `${path}.${rest}`)
  const containers = allContainers(spec, at('spec'))
  return [
    ...nodeLabelWarnings(spec, at('spec')),
    ...annotationWarnings(metadata?.annotations ?? {}, spec, containers, at('metadata.annotations'), path !== ''),
    ...volumeWarnings(spec, at('spec.volumes')),
    ...repeated(spec.hostAliases, 'ip', at('spec.hostAliases')),
    ...repeated(spec.imagePullSecrets, 'name', at('spec.imagePullSecrets')),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }, i) =>
      name ? [] : [`${at(`spec.imagePullSecrets[${i}].name`)}: invalid empty name ""`],
    ),
    ...fractionWarnings(spec.overhead, at('spec.overhead')),
    ...containers.flatMap(([container, where]) => containerWarnings(container, where)),
    ...portWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [`${at('spec.terminationGracePeriodSeconds')}: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
  ]
}

type Placed = readonly [container: Container, path: string]

function allContainers(spec: PodSpec, path: string): readonly Placed[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, index): Placed => [container as Container, `${path}.${list}[${index}]`]),
  )
}

function nodeLabelWarnings(spec: PodSpec, path: string): string[] {
  const inTerm = (term: NodeSelectorTerm, where: string) =>
    (term.matchExpressions ?? []).flatMap(({ key }, index) =>
      OLD_NODE_LABELS[key] ? [`${where}.matchExpressions[${index}].key: ${key} is ${OLD_NODE_LABELS[key]}`] : [],
    )
  const affinity = spec.affinity?.nodeAffinity
  const required = `${path}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`
  const preferred = `${path}.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution`
  return [
    ...Object.keys(spec.nodeSelector ?? {}).flatMap((key) =>
      OLD_NODE_LABELS[key] ? [`${path}.nodeSelector[${key}]: ${OLD_NODE_LABELS[key]}`] : [],
    ),
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []).flatMap((term, i) =>
      inTerm(term, `${required}[${i}]`),
    ),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((term, i) =>
      inTerm(term.preference, `${preferred}[${i}].preference`),
    ),
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, i) => {
      const where = `${path}.topologySpreadConstraints[${i}]`
      return [
        ...(OLD_NODE_LABELS[topologyKey] ? [`${where}.topologyKey: ${topologyKey} is ${OLD_NODE_LABELS[topologyKey]}`] : []),
        ...(labelSelector === undefined ? [`${where}.labelSelector: a null labelSelector results in matching no pod`] : []),
      ]
    }),
  ]
}

const OLD_ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
}
const POD_SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod'
const CONTAINER_SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/'
const CONTAINER_APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'
const SECCOMP_INSTEAD = 'non-functional in v1.27+; use the "seccompProfile" field instead'
const APP_ARMOR_INSTEAD = 'deprecated since v1.30; use the "appArmorProfile" field instead'

function annotationWarnings(
  annotations: Readonly<Record<string, string>>,
  spec: PodSpec,
  containers: readonly Placed[],
  path: string,
  template: boolean,
): string[] {
  const has = (key: string) => Object.hasOwn(annotations, key)
  const inPod = Object.entries(OLD_ANNOTATIONS).flatMap(([key, instead]) => (has(key) ? [`${path}[${key}]: ${instead}`] : []))
  if (spec.securityContext?.seccompProfile === undefined && has(POD_SECCOMP)) inPod.push(`${path}[${POD_SECCOMP}]: ${SECCOMP_INSTEAD}`)
  const inContainers = containers.flatMap(([{ name, securityContext }]) => {
    const seccomp = `${CONTAINER_SECCOMP}${name}`
    const appArmor = `${CONTAINER_APP_ARMOR}${name}`
    const confined = spec.securityContext?.appArmorProfile ?? securityContext?.appArmorProfile
    return [
      ...(securityContext?.seccompProfile === undefined && has(seccomp) ? [`${path}[${seccomp}]: ${SECCOMP_INSTEAD}`] : []),
      ...(template && confined === undefined && has(appArmor) ? [`${path}[${appArmor}]: ${APP_ARMOR_INSTEAD}`] : []),
    ]
  })
  return [...inPod, ...inContainers]
}

const OLD_VOLUMES = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
} as const
const SHOWN_AS: Readonly<Record<string, string>> = { storageos: 'storageOS' }

function volumeWarnings({ volumes = [] }: PodSpec, path: string): string[] {
  const tokens = new Set(volumes.flatMap(({ projected }) => (projected?.sources ?? []).flatMap((s) => s.serviceAccountToken?.path ?? [])))
  return volumes.flatMap((volume, index) => {
    const at = `${path}[${index}]`
    const old = Object.entries(OLD_VOLUMES).flatMap(([driver, why]) =>
      volume[driver as keyof typeof OLD_VOLUMES] === undefined ? [] : [`${at}.${SHOWN_AS[driver] ?? driver}: ${why}`],
    )
    const clash = (where: string, file: string | undefined) =>
      file !== undefined && tokens.has(file)
        ? [`${at}.projected.sources.${where}: has duplicated path with ServiceAccountToken ${quoted(file)}`]
        : []
    const clashes = (volume.projected?.sources ?? []).flatMap((source) => [
      ...(source.configMap?.items ?? []).flatMap((item, i) => clash(`configMap[${i}]`, item.path)),
      ...(source.secret?.items ?? []).flatMap((item, i) => clash(`secrets[${i}]`, item.path)),
      ...(source.downwardAPI?.items ?? []).flatMap((item, i) => clash(`downwardAPI[${i}]`, item.path)),
      ...clash('ClusterTrustBundle', source.clusterTrustBundle?.path),
    ])
    return [...old, ...clashes]
  })
}

function repeated<K extends string>(items: readonly { readonly [key in K]?: string }[] | undefined, key: K, path: string): string[] {
  const seen = new Set<string>()
  return (items ?? []).flatMap((item, index) => {
    const value = item[key] ?? ''
    if (seen.has(value)) return [`${path}[${index}].${key}: duplicate ${key} ${quoted(value)}`]
    seen.add(value)
    return []
  })
}

const WHOLE_BYTES = ['memory', 'ephemeral-storage']

function fractionWarnings(amounts: Readonly<Record<string, string>> | undefined, path: string): string[] {
  return WHOLE_BYTES.flatMap((name) => {
    const amount = amounts?.[name]
    if (amount === undefined || milliValue(amount) % 1000 === 0) return []
    return [`${path}[${name}]: fractional byte value ${quoted(amount)} is invalid, must be an integer`]
  })
}

function containerWarnings({ resources, env = [] }: Container, path: string): string[] {
  const seen = new Set<string>()
  const hidden = env.flatMap(({ name, value = '', valueFrom }, index) => {
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    const reference = `$(${name})`
    const extends_ = valueFrom === undefined && value !== reference && value.includes(reference)
    return extends_ ? [] : [`${path}.env[${index}]: hides previous definition of ${quoted(name)}, which may be dropped when using apply`]
  })
  return [
    ...fractionWarnings(resources?.limits, `${path}.resources.limits`),
    ...fractionWarnings(resources?.requests, `${path}.resources.requests`),
    ...hidden,
  ]
}

/** Two definitions of one port that differ in neither host port nor address, or of which one leaves them open. */
function portWarnings(containers: readonly Placed[]): string[] {
  const before: { readonly port: ContainerPort; readonly at: string }[] = []
  return containers.flatMap(([{ ports = [] }, path]) =>
    ports.flatMap((port, index) => {
      const at = `${path}.ports[${index}]`
      const warnings: string[] = []
      for (const other of before) {
        if (other.port.containerPort !== port.containerPort || other.port.protocol !== port.protocol) continue
        const [address, otherAddress] = [port.hostIP ?? '', other.port.hostIP ?? '']
        const [hostPort, otherPort] = [port.hostPort ?? 0, other.port.hostPort ?? 0]
        const overlaps =
          hostPort === 0 ||
          otherPort === 0 ||
          (hostPort === otherPort && (address === '' || otherAddress === '' || address === otherAddress))
        if (address === otherAddress && hostPort === otherPort) warnings.push(`${at}: duplicate port definition with ${other.at}`)
        else if (overlaps) warnings.push(`${at}: overlapping port definition with ${other.at}`)
      }
      before.push({ port, at })
      return warnings
    }),
  )
}
