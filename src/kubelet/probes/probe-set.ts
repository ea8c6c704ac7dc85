/** The probes of one pod's running containers: when they run, what they have found, and when a finding counts. */

import type { Container, Probe } from '#api/core/v1/container.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import type { Findings } from '../pod/pod-actions.ts'
import type { ViewedContainer } from '../pod/pod-view.ts'
import type { Finding, Prober } from './prober.ts'

export type ProbeKind = 'startup' | 'liveness' | 'readiness'

/** What a probe has found so far; `result` is undefined until a threshold was reached for the first time. */
export interface Tally {
  readonly result: boolean | undefined
  readonly last: Finding['result'] | undefined
  readonly run: number
}

export const noTally: Tally = { result: undefined, last: undefined, run: 0 }

/** Counts one finding: the result turns once as many in a row agree as the probe's threshold says. */
export function count(tally: Tally, finding: Finding['result'], probe: Probe): Tally {
  if (finding === 'unknown') return tally
  const run = tally.last === finding ? tally.run + 1 : 1
  const needed = finding === 'success' ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3)
  return { last: finding, run, result: run >= needed ? finding === 'success' : tally.result }
}

export interface ProbeSetParts {
  readonly clock: Clock
  readonly random: Random
  readonly prober: Prober
  /** Called when a result turned. */
  readonly changed: () => void
  readonly event: (container: Container, type: 'Warning', reason: string, message: string) => void
  readonly counts: {
    made(container: Container, kind: ProbeKind, result: Finding['result'], seconds: number): void
    forget(container: Container): void
  }
}

interface Running {
  readonly container: Container
  readonly tallies: Partial<Record<ProbeKind, Tally>>
  readonly timers: Map<ProbeKind, Disposable>
  live: boolean
}

const KINDS: readonly ProbeKind[] = ['startup', 'liveness', 'readiness']

export class ProbeSet implements Findings, Disposable {
  readonly #parts: ProbeSetParts
  readonly #running = new Map<string, Running>()
  #podIp = ''

  constructor(parts: ProbeSetParts) {
    this.#parts = parts
  }

  /** Begins probing containers that now run and ends it for those that do not. Readiness goes on while a pod is ending. */
  follow(pod: Pod, containers: readonly ViewedContainer[], podIp: string, ending: boolean): void {
    this.#podIp = podIp
    const live = new Set<string>()
    for (const current of containers) {
      if (current.state !== 'running') continue
      live.add(current.id)
      if (this.#running.has(current.id)) continue
      const container = probed(pod, current.name)
      if (container === undefined) continue
      const running: Running = { container, tallies: {}, timers: new Map(), live: true }
      this.#running.set(current.id, running)
      for (const kind of KINDS) if (probeOf(container, kind)) this.#schedule(current, running, kind, true)
    }
    for (const [id, running] of this.#running) {
      if (!live.has(id)) this.#end(id, running)
    }
    this.#ending = ending
  }
  #ending = false

  started(container: Container, id: string): boolean {
    return probeOf(container, 'startup') === undefined || this.#running.get(id)?.tallies.startup?.result === true
  }

  ready(container: Container, id: string): boolean {
    return probeOf(container, 'readiness') === undefined || this.#running.get(id)?.tallies.readiness?.result === true
  }

  failed(id: string): 'liveness' | 'startup' | undefined {
    if (this.#ending) return undefined
    const tallies = this.#running.get(id)?.tallies
    if (tallies?.startup?.result === false) return 'startup'
    return tallies?.liveness?.result === false ? 'liveness' : undefined
  }

  #schedule(current: ViewedContainer, running: Running, kind: ProbeKind, first: boolean): void {
    const { clock } = this.#parts
    const probe = probeOf(running.container, kind)!
    const initial = Math.max(0, current.startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now())
    const delay = first ? initial : (probe.periodSeconds ?? 10) * 1000
    running.timers.set(
      kind,
      clock.timer(delay, () => void this.#round(current, running, kind)),
    )
  }

  async #round(current: ViewedContainer, running: Running, kind: ProbeKind): Promise<void> {
    if (!running.live) return
    const { prober, event, changed, counts, clock } = this.#parts
    const { container, tallies } = running
    const probe = probeOf(container, kind)!
    const startupPassed = this.started(container, current.id)
    // liveness and readiness wait for startup; startup ends once it has passed; a failed container is not asked again
    const due = kind === 'startup' ? !startupPassed : startupPassed
    if (due && !(this.#ending && kind !== 'readiness')) {
      const asked = clock.monotonic()
      const finding = await prober(probe, { containerId: current.id, container, podIp: this.#podIp, kind }, probe.timeoutSeconds ?? 1)
      if (!running.live) return
      counts.made(container, kind, finding.result, (clock.monotonic() - asked) / 1000)
      const label = kind === 'startup' ? 'Startup' : kind === 'liveness' ? 'Liveness' : 'Readiness'
      if (finding.result === 'failure') event(container, 'Warning', 'Unhealthy', `${label} probe failed: ${finding.output}`)
      else if (finding.result === 'unknown')
        event(container, 'Warning', 'Unhealthy', `${label} probe errored and resulted in unknown state: ${finding.output}`)
      const before = tallies[kind] ?? noTally
      const after = count(before, finding.result, probe)
      tallies[kind] = after
      if (after.result !== before.result) changed()
    }
    if (kind === 'startup' && tallies.startup?.result === true) return
    this.#schedule(current, running, kind, false)
  }

  #end(id: string, running: Running): void {
    running.live = false
    for (const timer of running.timers.values()) timer[Symbol.dispose]()
    this.#running.delete(id)
    this.#parts.counts.forget(running.container)
  }

  [Symbol.dispose](): void {
    for (const [id, running] of this.#running) this.#end(id, running)
  }
}

function probed(pod: Pod, name: string): Container | undefined {
  return (
    pod.spec.containers.find((c) => c.name === name) ??
    pod.spec.initContainers?.find((c) => c.name === name && c.restartPolicy === 'Always')
  )
}

function probeOf(container: Container, kind: ProbeKind): Probe | undefined {
  return kind === 'startup' ? container.startupProbe : kind === 'liveness' ? container.livenessProbe : container.readinessProbe
}
