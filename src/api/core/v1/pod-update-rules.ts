/** What of a pod may change once it exists, and by which path. */

import type { Container } from './container.ts'
import { podResizeErrors } from './pod-resize-rules.ts'
import { podStatusErrors } from './pod-status-rules.ts'
import type { Pod, PodSpec } from './pod.ts'
import type { Toleration } from './toleration.ts'
import { forbidden, invalid, invalidEach, type FieldError } from '#schema/field-error.ts'
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
  if (subresource === 'status') return podStatusErrors(pod, old)
  // Binding and ephemeral containers have rules of their own.
  if (subresource) return []
  const { spec } = pod
  const before = old.spec
  if (sameJson(spec, before)) return []
  const counts = countErrors(spec, before)
  if (counts.length > 0) return counts
  const errors = [
    ...deadlineErrors(spec.activeDeadlineSeconds, before.activeDeadlineSeconds),
    ...tolerationUpdateErrors(spec.tolerations ?? [], before.tolerations ?? []),
    ...gateUpdateErrors(spec, before),
  ]
  const gated = (before.schedulingGates?.length ?? 0) > 0
  if (gated && !addsOnly(spec.nodeSelector, before.nodeSelector))
    errors.push(invalid('spec.nodeSelector', spec.nodeSelector ?? null, 'only additions are allowed (no mutations or deletions)'))
  if (errors.length > 0) return errors
  const munged = withUpdatable(spec, before, gated, subresource)
  if (sameJson(munged, before)) return []
  return [forbidden('spec', `pod updates may not change fields other than ${UPDATABLE}\n${difference(before, munged)}`)]
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
    (a.operator ?? 'Equal') === (b.operator ?? 'Equal')
  if (before.every((b) => now.some((n) => same(n, b)))) return []
  return [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')]
}

function gateUpdateErrors(spec: PodSpec, before: PodSpec): FieldError[] {
  const known = new Set((before.schedulingGates ?? []).map((gate) => gate.name))
  return (spec.schedulingGates ?? [])
    .filter((gate) => !known.has(gate.name))
    .map((gate) => forbidden('spec.schedulingGates', `only deletion is allowed, but found new scheduling gate '${gate.name}'`))
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
    putBack('affinity')
  }
  if (subresource === undefined) {
    putBack('ephemeralContainers')
    if (!before.nodeName) putBack('nodeName')
  }
  return munged as unknown as PodSpec
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
