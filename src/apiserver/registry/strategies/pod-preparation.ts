/** What becomes of a pod before it is looked at: members that are off by default go, and labels become part of selectors. */

import type { Affinity, PodAffinityTerm } from '#api/core/v1/affinity.ts'
import type { ContainerStatus } from '#api/core/v1/container-status.ts'
import type { AppArmorProfile, Container } from '#api/core/v1/container.ts'
import { APP_ARMOR_PREFIX } from '#api/core/v1/pod-annotation-rules.ts'
import { containersOf } from '#api/core/v1/pod-containers.ts'
import type { Pod, PodSpec, PodStatus } from '#api/core/v1/pod.ts'
import type { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { appArmorErrors } from '#api/core/v1/security-rules.ts'
import { sameJson } from '#schema/json-patch.ts'

const CONTAINER_LISTS = ['containers', 'initContainers', 'ephemeralContainers'] as const

/** Members whose feature is off by default upstream are taken away, unless the stored pod uses that feature already. The same spec where nothing goes. */
export function withoutDisabled(spec: PodSpec, old?: PodSpec): PodSpec {
  const { schedulingGroup, ...rest } = spec
  let kept: PodSpec = schedulingGroup === undefined || old?.schedulingGroup ? spec : rest
  for (const projection of ['clusterTrustBundle', 'podCertificate'] as const)
    if (!usesProjection(old, projection) && usesProjection(kept, projection)) kept = withoutProjection(kept, projection)
  const stops = (one: PodSpec | undefined) =>
    one && containersOf(one, '').some(({ container }) => container.lifecycle?.stopSignal !== undefined)
  return stops(kept) && !stops(old) ? withoutStopSignals(kept) : kept
}

type Projection = 'clusterTrustBundle' | 'podCertificate'

function usesProjection(spec: PodSpec | undefined, projection: Projection): boolean {
  return (spec?.volumes ?? []).some((volume) => volume.projected?.sources?.some((source) => source[projection] !== undefined))
}

/** The source stays, empty. */
function withoutProjection(spec: PodSpec, projection: Projection): PodSpec {
  const volumes = (spec.volumes ?? []).map((volume) => {
    if (!volume.projected?.sources) return volume
    const sources = volume.projected.sources.map((source) => {
      const { [projection]: _, ...others } = source
      return others
    })
    return { ...volume, projected: { ...volume.projected, sources } }
  })
  return { ...spec, volumes }
}

function withoutStopSignals(spec: PodSpec): PodSpec {
  const changed: Record<string, unknown> = {}
  for (const list of CONTAINER_LISTS)
    if (spec[list])
      changed[list] = (spec[list] as readonly Container[]).map((container) => {
        if (container.lifecycle?.stopSignal === undefined) return container
        const { lifecycle, ...others } = container
        const { stopSignal: _, ...hooks } = lifecycle!
        return Object.keys(hooks).length > 0 ? { ...others, lifecycle: hooks } : others
      })
  return { ...spec, ...changed }
}

export function withoutDisabledStatus(status: PodStatus, old: PodStatus): PodStatus {
  const { nodeAllocatableResourceClaimStatuses, ...rest } = status
  const kept = old.nodeAllocatableResourceClaimStatuses && nodeAllocatableResourceClaimStatuses ? status : rest
  const lists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const
  const tells = (one: PodStatus) => lists.some((list) => one[list]?.some((s) => s.volumeMounts?.some((mount) => mount.volumeStatus)))
  if (tells(old) || !tells(kept)) return kept
  const changed = Object.fromEntries(lists.flatMap((list) => (kept[list] ? [[list, kept[list].map(withoutVolumeStatus)]] : [])))
  return { ...kept, ...changed }
}

function withoutVolumeStatus(status: ContainerStatus): ContainerStatus {
  if (!status.volumeMounts) return status
  return { ...status, volumeMounts: status.volumeMounts.map(withoutStatus) }
}

function withoutStatus<M extends object>(mount: M & { readonly volumeStatus?: unknown }): M {
  const { volumeStatus: _, ...kept } = mount
  return kept as M
}

type Labels = Readonly<Record<string, string>>

/** Where a term or constraint names labels of the pod itself, their values become part of its selector. */
export function withLabelKeys<S extends PodSpec>(spec: S, labels: Labels): S {
  const { affinity, topologySpreadConstraints: constraints } = spec
  return {
    ...spec,
    ...(affinity && { affinity: withAffinityKeys(affinity, labels) }),
    ...(constraints && {
      topologySpreadConstraints: constraints.map((constraint) =>
        constraint.labelSelector && constraint.matchLabelKeys?.length
          ? { ...constraint, labelSelector: withKeys(constraint.labelSelector, constraint.matchLabelKeys, 'In', labels) }
          : constraint,
      ),
    }),
  }
}

function withAffinityKeys(affinity: Affinity, labels: Labels): Affinity {
  const changed: Record<string, unknown> = {}
  for (const name of ['podAffinity', 'podAntiAffinity'] as const) {
    const terms = affinity[name]
    if (terms === undefined) continue
    const { requiredDuringSchedulingIgnoredDuringExecution: hard, preferredDuringSchedulingIgnoredDuringExecution: soft } = terms
    changed[name] = {
      ...terms,
      ...(hard && { requiredDuringSchedulingIgnoredDuringExecution: hard.map((term) => withTermKeys(term, labels)) }),
      ...(soft && {
        preferredDuringSchedulingIgnoredDuringExecution: soft.map((term) =>
          term.podAffinityTerm ? { ...term, podAffinityTerm: withTermKeys(term.podAffinityTerm, labels) } : term,
        ),
      }),
    }
  }
  return { ...affinity, ...changed }
}

function withTermKeys(term: PodAffinityTerm, labels: Labels): PodAffinityTerm {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term
  // Without a selector nothing is chosen, whatever the labels.
  if (labelSelector === undefined || matchLabelKeys.length + mismatchLabelKeys.length === 0) return term
  return { ...term, labelSelector: withKeys(withKeys(labelSelector, matchLabelKeys, 'In', labels), mismatchLabelKeys, 'NotIn', labels) }
}

function withKeys(selector: LabelSelector, keys: readonly string[], operator: 'In' | 'NotIn', labels: Labels): LabelSelector {
  const added = keys.flatMap((key) => (labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]))
  return added.length === 0 ? selector : { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...added] }
}

/** Profiles in the annotations of old become fields of the containers they are for, unless the pod's profile says the same. */
export function withAppArmorFields<P extends Pod>(pod: P, warn: (text: string) => void): P {
  const { annotations = {} } = pod.metadata
  const { spec } = pod
  if (spec.os?.name === 'windows' || !Object.keys(annotations).some((key) => key.startsWith(APP_ARMOR_PREFIX))) return pod
  const ofPod = spec.securityContext?.appArmorProfile
  const changed: Record<string, unknown> = {}
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const)
    if (spec[list])
      changed[list] = (spec[list] as readonly Container[]).map((container) => {
        const key = `${APP_ARMOR_PREFIX}${container.name}`
        const text = annotations[key]
        if (text === undefined || container.securityContext?.appArmorProfile) return container
        const profile = profileOf(text)
        if (profile && ofPod && sameJson(profile, ofPod)) return container
        warn(`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`)
        return profile ? { ...container, securityContext: { ...container.securityContext, appArmorProfile: profile } } : container
      })
  return { ...pod, spec: { ...spec, ...changed } }
}

function profileOf(text: string): AppArmorProfile | undefined {
  if (text === 'unconfined') return { type: 'Unconfined' }
  if (text === 'runtime/default') return { type: 'RuntimeDefault' }
  if (!text.startsWith('localhost/')) return undefined
  const profile = { type: 'Localhost', localhostProfile: text.slice('localhost/'.length) }
  return appArmorErrors(profile, '').length === 0 ? profile : undefined
}
