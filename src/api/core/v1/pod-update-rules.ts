/** What of a pod may change once it exists, and by which path. */

import type { Affinity } from './affinity.ts'
import type { Container } from './container.ts'
import type { NodeSelectorTerm } from './node-selector.ts'
import { MIRROR_ANNOTATION, podAnnotationUpdateErrors } from './pod-annotation-rules.ts'
import { podResizeErrors } from './pod-resize-rules.ts'
import { podStatusErrors } from './pod-status-rules.ts'
import type { Pod, PodSpec } from './pod.ts'
import type { Toleration } from './toleration.ts'
import { forbidden, invalid, invalidEach, quoted, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { inRange } from '#schema/names.ts'

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',')

export function podUpdateErrors(pod: Pod, old: Pod, _path: string, subresource: string | undefined): FieldError[] {
  if (subresource === 'resize') return podResizeErrors(pod, old)
  const errors = podAnnotationUpdateErrors(pod.metadata.annotations, old.metadata.annotations, 'metadata.annotations')
  if (subresource === 'status') return [...errors, ...podStatusErrors(pod, old)]
  if (subresource === 'ephemeralcontainers') {
    if (old.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined)
      return [forbidden('[]', 'static pods do not support ephemeral containers')]
    return [...errors, ...ephemeralUpdateErrors(pod, old)]
  }
  // Binding has rules of its own.
  return subresource ? errors : [...errors, ...specUpdateErrors(pod.spec, old.spec, subresource)]
}

function specUpdateErrors(spec: PodSpec, before: PodSpec, subresource: string | undefined): FieldError[] {
  if (sameJson(spec, before)) return []
  const counts = countErrors(spec, before)
  if (counts.length > 0) return counts
  const deadline = deadlineErrors(spec.activeDeadlineSeconds, before.activeDeadlineSeconds)
  if (deadline.length > 0 && spec.activeDeadlineSeconds !== undefined) return deadline
  const gated = (before.schedulingGates?.length ?? 0) > 0
  const errors = [
    ...deadline,
    ...tolerationUpdateErrors(spec.tolerations ?? [], before.tolerations ?? []),
    ...gateUpdateErrors(spec, before),
    ...(gated ? placementUpdateErrors(spec, before) : []),
  ]
  const munged = withUpdatable(spec, before, gated, subresource)
  if (sameJson(munged, before)) return errors
  return [...errors, forbidden('spec', `pod updates may not change fields other than ${UPDATABLE}\n${difference(before, munged)}`)]
}

/** Ephemeral containers are only ever added. */
function ephemeralUpdateErrors(pod: Pod, old: Pod): FieldError[] {
  const path = 'spec.ephemeralContainers'
  const now = new Map((pod.spec.ephemeralContainers ?? []).map((container) => [container.name, container]))
  return (old.spec.ephemeralContainers ?? []).flatMap((before) => {
    const container = now.get(before.name)
    const which = `existing ephemeral containers ${quoted(before.name)} may not be`
    if (container === undefined) return [forbidden(path, `${which} removed\n`)]
    return sameJson(container, before) ? [] : [forbidden(path, `${which} changed\n${difference(before, container)}`)]
  })
}

/** While gates hold it back, where a pod may run can be narrowed. */
function placementUpdateErrors(spec: PodSpec, before: PodSpec): FieldError[] {
  const errors: FieldError[] = []
  if (!addsOnly(spec.nodeSelector, before.nodeSelector))
    errors.push(
      invalid(
        'spec.nodeSelector',
        spec.nodeSelector ?? null,
        'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
      ),
    )
  const terms = ({ affinity }: PodSpec) => affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const [now, old] = [terms(spec), terms(before)]
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms'
  if (old.length > 0 && now.length !== old.length)
    return [...errors, invalid(path, now, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')]
  for (const [index, term] of old.entries())
    if (!narrows(now[index]!, term))
      errors.push(invalid(`${path}[${index}]`, now[index], 'only additions are allowed (no mutations or deletions)'))
  return errors
}

function narrows(now: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const
  // An empty term chooses no node, so that anything would widen it.
  if (lists.every((list) => (old[list] ?? []).length === 0)) return lists.every((list) => (now[list] ?? []).length === 0)
  return lists.every((list) => sameJson((now[list] ?? []).slice(0, (old[list] ?? []).length), old[list] ?? []))
}

function countErrors(spec: PodSpec, before: PodSpec): FieldError[] {
  const errors: FieldError[] = []
  if ((spec.containers?.length ?? 0) !== (before.containers?.length ?? 0))
    errors.push(forbidden('spec.containers', 'pod updates may not add or remove containers'))
  if ((spec.initContainers?.length ?? 0) !== (before.initContainers?.length ?? 0))
    errors.push(forbidden('spec.initContainers', 'pod updates may not add or remove containers'))
  return errors
}

function deadlineErrors(now: number | undefined, before: number | undefined): FieldError[] {
  const path = 'spec.activeDeadlineSeconds'
  if (now === undefined) return before === undefined ? [] : [invalid(path, null, 'must not update from a positive integer to nil value')]
  const problems = inRange(now, 0, 2_147_483_647)
  if (problems.length > 0) return invalidEach(path, now, problems)
  return before !== undefined && now > before ? [invalid(path, now, 'must be less than or equal to previous value')] : []
}

/** Existing ones must stay, but for their seconds. */
function tolerationUpdateErrors(now: readonly Toleration[], before: readonly Toleration[]): FieldError[] {
  const same = (a: Toleration, b: Toleration) =>
    (a.key ?? '') === (b.key ?? '') &&
    (a.effect ?? '') === (b.effect ?? '') &&
    (a.value ?? '') === (b.value ?? '') &&
    (a.operator ?? '') === (b.operator ?? '')
  if (before.every((b) => now.some((n) => same(n, b)))) return []
  return [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')]
}

function gateUpdateErrors(spec: PodSpec, before: PodSpec): FieldError[] {
  const known = new Set((before.schedulingGates ?? []).map((gate) => gate.name))
  return (spec.schedulingGates ?? []).flatMap(({ name }, index) =>
    known.has(name)
      ? []
      : [forbidden(`spec.schedulingGates[${index}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`)],
  )
}

function addsOnly(now: PodSpec['nodeSelector'], before: PodSpec['nodeSelector']): boolean {
  return Object.entries(before ?? {}).every(([key, value]) => now?.[key] === value)
}

/** The new spec with what may change put back as it was: what still differs may not. */
function withUpdatable(spec: PodSpec, before: PodSpec, gated: boolean, subresource: string | undefined): PodSpec {
  const images = (now: readonly Container[] | undefined, old: readonly Container[] | undefined) =>
    now?.map((container, index) => {
      const was = old?.[index]
      const image = was?.image
      const back = { ...container, ...(image !== undefined && { image }) }
      // Without the path known, a resize may be what this is.
      return subresource === undefined && was
        ? { ...back, resources: was.resources, ...(was.resizePolicy && { resizePolicy: was.resizePolicy }) }
        : back
    })
  const munged: Record<string, unknown> = {
    ...spec,
    containers: images(spec.containers, before.containers),
    ...(spec.initContainers && { initContainers: images(spec.initContainers, before.initContainers) }),
  }
  const putBack = (name: keyof PodSpec) => {
    if (before[name] === undefined) delete munged[name]
    else munged[name] = before[name]
  }
  putBack('activeDeadlineSeconds')
  putBack('tolerations')
  putBack('schedulingGates')
  if ((before.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1) putBack('terminationGracePeriodSeconds')
  if (gated) {
    putBack('nodeSelector')
    const affinity = withNodeAffinityOf(spec.affinity, before.affinity)
    if (affinity === undefined) delete munged['affinity']
    else munged['affinity'] = affinity
  }
  if (subresource === undefined) {
    putBack('ephemeralContainers')
    if (!before.nodeName) putBack('nodeName')
  }
  return munged as unknown as PodSpec
}

/** Which pods to be near stays fixed, as it is taken from labels when the pod is made. */
function withNodeAffinityOf(now: Affinity | undefined, before: Affinity | undefined): Affinity | undefined {
  if (sameJson(now?.nodeAffinity ?? null, before?.nodeAffinity ?? null)) return now
  if (before === undefined && !now?.podAffinity && !now?.podAntiAffinity) return undefined
  const { nodeAffinity: _, ...others } = now ?? {}
  return before?.nodeAffinity ? { ...others, nodeAffinity: before.nodeAffinity } : others
}

const DIFFERENCES_MAX = 20 // enough to see what is wrong; a message is no place for a whole spec

export function difference(before: unknown, now: unknown): string {
  const lines: string[] = []
  collect(before, now, 'spec', lines)
  return `${lines.slice(0, DIFFERENCES_MAX).join('\n')}\n`
}

function collect(before: unknown, now: unknown, path: string, lines: string[]): void {
  if (sameJson(before ?? null, now ?? null)) return
  if (isContainer(before) && isContainer(now) && Array.isArray(before) === Array.isArray(now)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(now)]))
      collect(before[key], now[key], Array.isArray(before) ? `${path}[${key}]` : `${path}.${key}`, lines)
    return
  }
  if (before !== undefined) lines.push(`- ${path}: ${JSON.stringify(before)}`)
  if (now !== undefined) lines.push(`+ ${path}: ${JSON.stringify(now)}`)
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
