/**
 * How a zone's nodes fare together, and so how fast pods may be evicted from them: when many nodes fall silent at once, the fault is
 * more likely in the network, or here, than in the nodes.
 */

import type { Node } from '#api/core/v1/node.ts'
import type { Clock } from '#base/clock.ts'

/** `everywhere`: no node of any zone is ready, so nothing is known and nobody is evicted. */
export type Disruption = 'none' | 'partial' | 'full' | 'everywhere'

const EVICTIONS_PER_SECOND = 0.1 // upstream's --node-eviction-rate: one node in ten seconds
const EVICTIONS_PER_SECOND_PARTIAL = 0.01 // upstream's --secondary-node-eviction-rate
const LARGE_ZONE_NODES = 50 // upstream's --large-cluster-size-threshold; smaller zones wait until it is over
const UNHEALTHY_FRACTION = 0.55 // upstream's --unhealthy-zone-threshold
const UNHEALTHY_NODES_MIN = 3

interface Zone {
  readonly ready: Set<string>
  readonly notReady: Set<string>
  tokens: number
  tokensAt: number
}

export class NodeZones {
  readonly #clock: Clock
  readonly #zones = new Map<string, Zone>()
  readonly #zoneOf = new Map<string, Zone>()
  /** Nodes whose pods may be evicted, until they are ready again. */
  readonly #granted = new Set<string>()
  #readyZones = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counts the node as it is now. */
  note(node: Node): void {
    const { name, labels } = node.metadata
    this.forget(name, false)
    const zone = this.#zone(`${labels?.['topology.kubernetes.io/region'] ?? ''}:${labels?.['topology.kubernetes.io/zone'] ?? ''}`)
    const ready = node.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true
    if (ready) {
      if (zone.ready.size === 0) this.#readyZones++
      zone.ready.add(name)
      this.#granted.delete(name)
    } else zone.notReady.add(name)
    this.#zoneOf.set(name, zone)
  }

  forget(name: string, granted = true): void {
    if (granted) this.#granted.delete(name)
    const zone = this.#zoneOf.get(name)
    if (zone === undefined) return
    this.#zoneOf.delete(name)
    zone.notReady.delete(name)
    if (zone.ready.delete(name) && zone.ready.size === 0) this.#readyZones--
  }

  disruptionOf(name: string): Disruption {
    const zone = this.#zoneOf.get(name)
    if (zone === undefined || zone.notReady.size === 0) return 'none'
    if (this.#readyZones === 0) return 'everywhere'
    if (zone.ready.size === 0) return 'full'
    const total = zone.ready.size + zone.notReady.size
    return zone.notReady.size >= UNHEALTHY_NODES_MIN && zone.notReady.size / total >= UNHEALTHY_FRACTION ? 'partial' : 'none'
  }

  /** Whether eviction from this node may begin now; the answer stays until the node is ready again. */
  mayEvict(name: string): boolean {
    const zone = this.#zoneOf.get(name)
    const disruption = this.disruptionOf(name)
    if (zone === undefined || disruption === 'everywhere') return false
    if (this.#granted.has(name)) return true
    const rate =
      disruption !== 'partial'
        ? EVICTIONS_PER_SECOND
        : zone.ready.size + zone.notReady.size > LARGE_ZONE_NODES
          ? EVICTIONS_PER_SECOND_PARTIAL
          : 0
    const now = this.#clock.monotonic()
    zone.tokens = Math.min(1, zone.tokens + ((now - zone.tokensAt) / 1000) * rate)
    zone.tokensAt = now
    if (rate === 0 || zone.tokens < 1) return false
    zone.tokens -= 1
    this.#granted.add(name)
    return true
  }

  #zone(name: string): Zone {
    let zone = this.#zones.get(name)
    if (zone === undefined)
      this.#zones.set(name, (zone = { ready: new Set(), notReady: new Set(), tokens: 1, tokensAt: this.#clock.monotonic() }))
    return zone
  }
}
