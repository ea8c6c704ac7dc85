/** Decides what has to be done so that a pod's containers become what its spec wants. Pure: carried out by the worker. */

import { createHash } from 'node:crypto'
import type { Container, EphemeralContainer } from '#api/core/v1/container.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { ANNOTATION_HASH, newest, type PodView, type ViewedContainer } from './pod-view.ts'

/** What probes have found for the running instances of a pod's containers. */
export interface Findings {
  /** Names of containers whose startup probe has passed, or which have none; only running ones. */
  started(container: Container, id: string): boolean
  ready(container: Container, id: string): boolean
  failed(id: string): 'liveness' | 'startup' | undefined
}

export interface Kill {
  readonly id: string
  readonly name: string
  /** For the event. */
  readonly message: string
  readonly reason: 'liveness' | 'startup' | 'changed' | 'unknown' | 'finished'
}

export interface Actions {
  /** The sandbox must go, with everything in it. */
  readonly stopPod: boolean
  /** Undefined: keep `sandbox`, or have none. */
  readonly createSandbox: { readonly attempt: number } | undefined
  readonly sandboxId: string | undefined
  readonly kill: readonly Kill[]
  /** In this order; a failure of one does not keep the others from starting. */
  readonly start: readonly {
    readonly container: Container
    readonly kind: 'init' | 'sidecar' | 'ordinary' | 'ephemeral'
    readonly previous: ViewedContainer | undefined
  }[]
  /** Nothing runs and nothing will be started again. */
  readonly completed: boolean
}

/** What upstream's computePodActions decides, sidecars included (KEP-753). */
export function decideActions(pod: Pod, view: PodView, findings: Findings): Actions {
  const { spec } = pod
  const sandbox = view.sandboxes[0]
  const ready = view.sandboxes.filter((s) => s.state === 'ready')
  const usable =
    sandbox !== undefined && sandbox.state === 'ready' && ready.length === 1 && (spec.hostNetwork === true || sandbox.ips.length > 0)
  const nothing = { createSandbox: undefined, sandboxId: sandbox?.id, kill: [], start: [], completed: false }

  if (!usable) {
    const attempt = sandbox === undefined ? 0 : sandbox.identity.attempt + 1
    const over = isOver(pod, view)
    const mayStart = spec.containers.some((c) => wantsStart(pod, c, newest(view, c.name)))
    const neverAgain = spec.restartPolicy === 'Never' && attempt > 0 && view.containers.length > 0
    if (over || neverAgain || !mayStart) return { ...nothing, stopPod: sandbox !== undefined, completed: over || neverAgain || !mayStart }
    const init = spec.initContainers ?? []
    const first = init[0]
    const start = first
      ? [{ container: first, kind: isSidecar(first) ? ('sidecar' as const) : ('init' as const), previous: newest(view, first.name) }]
      : spec.containers
          .filter((c) => wantsStart(pod, c, newest(view, c.name)))
          .map((container) => ({ container, kind: 'ordinary' as const, previous: newest(view, container.name) }))
    return { ...nothing, stopPod: sandbox !== undefined, createSandbox: { attempt }, start }
  }

  const kill: Kill[] = []
  const start: Actions['start'][number][] = []
  const here = (name: string) => {
    const c = newest(view, name)
    return c?.sandboxId === sandbox.id ? c : undefined
  }
  for (const ephemeral of spec.ephemeralContainers ?? [])
    if (newest(view, ephemeral.name ?? '') === undefined)
      start.push({ container: asContainer(ephemeral), kind: 'ephemeral', previous: undefined })

  // Init containers one after the other; sidecars are started on the way and kept alive from then on.
  const initialized = spec.containers.some((c) => here(c.name) !== undefined)
  let initDone = true
  let initFailed = false
  for (const container of spec.initContainers ?? []) {
    const current = here(container.name)
    if (isSidecar(container)) {
      if (current?.state === 'running') {
        const bad = brokenBy(container, current, findings)
        if (bad !== undefined) {
          kill.push(bad)
          start.push({ container, kind: 'sidecar', previous: current })
        } else if (!initialized && !findings.started(container, current.id)) {
          initDone = false
          break
        }
        continue
      }
      if (isOver(pod, view) && initialized) continue
      start.push({ container, kind: 'sidecar', previous: newest(view, container.name) })
      if (!initialized) {
        initDone = false
        break
      }
      continue
    }
    if (initialized) continue
    if (current?.state === 'exited' && current.exitCode === 0) continue
    initDone = false
    if (current === undefined || current.state === 'created')
      start.push({ container, kind: 'init', previous: newest(view, container.name) })
    else if (current.state === 'unknown') {
      kill.push({
        id: current.id,
        name: container.name,
        reason: 'unknown',
        message: `Init container ${container.name} is in "Unknown" state, try killing it before restart`,
      })
      start.push({ container, kind: 'init', previous: current })
    } else if (current.state === 'exited') {
      if (restarts(pod, container, current.exitCode, true)) start.push({ container, kind: 'init', previous: current })
      else initFailed = true
    }
    break
  }
  if (initFailed) {
    const running = view.containers.some((c) => c.state === 'running')
    return { ...nothing, stopPod: true, completed: true, kill: running ? [] : [] }
  }
  if (!initDone) return { stopPod: false, createSandbox: undefined, sandboxId: sandbox.id, kill, start, completed: false }

  let kept = 0
  for (const container of spec.containers) {
    const current = newest(view, container.name)
    if (current === undefined || current.state !== 'running') {
      if (current?.state === 'unknown')
        kill.push({
          id: current.id,
          name: container.name,
          reason: 'unknown',
          message: `Container ${container.name} is in "Unknown" state, try killing it before restart`,
        })
      if (wantsStart(pod, container, current)) start.push({ container, kind: 'ordinary', previous: current })
      continue
    }
    const bad = brokenBy(container, current, findings)
    if (bad === undefined) {
      kept++
      continue
    }
    const again = bad.reason === 'changed' || restarts(pod, container, 137, false)
    kill.push(again ? { ...bad, message: `${bad.message}, will be restarted` } : bad)
    if (again) start.push({ container, kind: 'ordinary', previous: current })
    else kept++ // until it has ended, the pod is not over
  }
  const completed = kept === 0 && !start.some((s) => s.kind === 'ordinary') && kill.length === 0
  if (completed) return { ...nothing, stopPod: true, completed: true }
  return { stopPod: false, createSandbox: undefined, sandboxId: sandbox.id, kill, start, completed: false }
}

function brokenBy(container: Container, current: ViewedContainer, findings: Findings): Kill | undefined {
  const { name } = container
  const hash = current.annotations[ANNOTATION_HASH]
  if (hash !== undefined && hash !== hashOf(container))
    return { id: current.id, name, reason: 'changed', message: `Container ${name} definition changed` }
  const failed = findings.failed(current.id)
  if (failed === undefined) return undefined
  return { id: current.id, name, reason: failed, message: `Container ${name} failed ${failed} probe` }
}

export function isSidecar(container: Pick<Container, 'restartPolicy'>): boolean {
  return container.restartPolicy === 'Always'
}

/** Changes of name and image restart a container; other fields of a running pod cannot change. */
export function hashOf(container: Pick<Container, 'name' | 'image'>): string {
  return createHash('sha256')
    .update(`${container.name}\n${container.image ?? ''}`)
    .digest('hex')
    .slice(0, 8)
}

function wantsStart(pod: Pod, container: Container, current: ViewedContainer | undefined): boolean {
  if (current === undefined || current.state === 'created') return true
  if (current.state === 'running') return true // it lies in a sandbox that is to be replaced
  if (current.state === 'unknown') return restarts(pod, container, 137, false)
  return restarts(pod, container, current.exitCode, false)
}

/** Whether a container that ended so is started again: its own policy and rules first (KEP-5307), then the pod's. */
export function restarts(pod: Pod, container: Container, exitCode: number, init: boolean): boolean {
  for (const rule of container.restartPolicyRules ?? []) {
    const named = rule.exitCodes?.values?.includes(exitCode) ?? false
    const matches = rule.exitCodes !== undefined && (rule.exitCodes.operator === 'In' ? named : !named)
    if (matches && rule.action === 'Restart') return true
  }
  const policy = container.restartPolicy ?? pod.spec.restartPolicy ?? 'Always'
  if (policy === 'Never') return false
  if (policy === 'OnFailure' || init) return exitCode !== 0
  return true
}

/** Every ordinary container has ended for good. */
function isOver(pod: Pod, view: PodView): boolean {
  return pod.spec.containers.every((c) => {
    const current = newest(view, c.name)
    return current?.state === 'exited' && !restarts(pod, c, current.exitCode, false)
  })
}

export function asContainer(e: EphemeralContainer): Container {
  const { targetContainerName: _, ...common } = e
  return { ...common, name: e.name ?? '', resources: e.resources ?? {} }
}

/** The container of a name among all of a pod. */
export function containerNamed(pod: Pod, name: string): Container | undefined {
  const { spec } = pod
  const ephemeral = spec.ephemeralContainers?.find((c) => c.name === name)
  return (
    spec.containers.find((c) => c.name === name) ??
    spec.initContainers?.find((c) => c.name === name) ??
    (ephemeral && asContainer(ephemeral))
  )
}
