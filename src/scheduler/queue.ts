/**
 * Pods that wait for a node. Ready ones are ordered by priority; refused ones wait for a change in the cluster that the
 * refusing plugins say may help, and then for their back-off to end:
 *
 *   add --> active --pop--> (in a cycle) --refused--> unschedulable --change--> backoff --> active
 *     \-> gated --gates gone--^                 \--error--> backoff --> active
 */

import type { Clock } from '#base/clock.ts'
import { Heap } from './heap.ts'
import type { PodInfo } from './pod-info.ts'
import type { ClusterChange, WeightedPlugin } from './plugin.ts'
import { prioritySort } from './plugins/priority-sort.ts'

const BACKOFF_MS_MIN = 1000
const BACKOFF_MS_MAX = 10_000
const UNSCHEDULABLE_MS_MAX = 5 * 60_000 // a pod is tried this often even when no change seems to help
const FLUSH_MS = 30_000 // how often the above is looked at

type Place = 'active' | 'backoff' | 'unschedulable' | 'gated' | 'cycle'

export interface QueuedPod {
  readonly info: PodInfo
  readonly since: number
  readonly order: number
  /** Cycles that ended without a node. */
  readonly attempts: number
}

interface Item extends QueuedPod {
  info: PodInfo
  since: number
  order: number
  attempts: number
  place: Place
  /** Plugins that refused it last. */
  refusedBy: ReadonlySet<string>
  /** After an error the back-off is always kept; after a refusal an idle scheduler may try early. */
  failed: boolean
  readyAt: number
  timer: Disposable | undefined
}

export class SchedulingQueue {
  readonly #clock: Clock
  readonly #wake: () => void
  readonly #plugins: readonly WeightedPlugin[]
  readonly #retryOn: ReadonlyMap<string, WeightedPlugin['plugin']['retryOn']>
  readonly #items = new Map<string, Item>()
  readonly #active = new Heap<Item>(prioritySort)
  readonly #backoff = new Heap<Item>((a, b) => a.readyAt - b.readyAt || prioritySort(a, b))
  readonly #unschedulable = new Set<Item>()
  #order = 0
  #flushTimer: Disposable | undefined

  /** `wake` is called whenever a pod becomes ready. */
  constructor(parts: { readonly clock: Clock; readonly plugins: readonly WeightedPlugin[]; readonly wake: () => void }) {
    this.#clock = parts.clock
    this.#wake = parts.wake
    this.#plugins = parts.plugins
    this.#retryOn = new Map(parts.plugins.map(({ plugin }) => [plugin.name, plugin.retryOn]))
  }

  /** How many pods wait, by place: upstream's `scheduler_pending_pods`. */
  counts(): Readonly<Record<Place, number>> {
    const counts = { active: 0, backoff: 0, unschedulable: 0, gated: 0, cycle: 0 }
    for (const item of this.#items.values()) counts[item.place]++
    return counts
  }

  add(info: PodInfo): void {
    this.delete(info.uid)
    const item: Item = {
      info,
      since: this.#clock.now(),
      order: this.#order++,
      attempts: 0,
      place: 'active',
      refusedBy: new Set(),
      failed: false,
      readyAt: 0,
      timer: undefined,
    }
    this.#items.set(info.uid, item)
    this.#enter(item)
  }

  /** The waiting pod changed. What its own spec, labels or gates say anew may let it through, so it gets another try. */
  update(info: PodInfo, mayHelp: boolean): void {
    const item = this.#items.get(info.uid)
    if (item === undefined) return this.add(info)
    const reorder = item.place === 'active' && item.info.priority !== info.priority
    if (reorder) this.#active.remove(item)
    item.info = info
    if (reorder) this.#active.push(item)
    if (item.place === 'gated') this.#enter(item)
    else if (item.place === 'unschedulable' && mayHelp) this.#ready(item)
  }

  delete(uid: string): void {
    const item = this.#items.get(uid)
    if (item === undefined) return
    this.#items.delete(uid)
    this.#leave(item)
  }

  has(uid: string): boolean {
    return this.#items.has(uid)
  }

  /** The next pod to place. When none is ready, one that was refused may cut its back-off short. */
  pop(): QueuedPod | undefined {
    let item = this.#active.pop()
    if (item === undefined) {
      const early = this.#backoff.peek()
      if (early === undefined || early.failed) return undefined
      item = early
      this.#leave(item)
    }
    item.place = 'cycle'
    return item
  }

  /** The pod has its node. */
  done(uid: string): void {
    this.delete(uid)
  }

  /** No node would do; `plugins` refused. */
  refused(uid: string, plugins: ReadonlySet<string>): void {
    const item = this.#items.get(uid)
    if (item === undefined) return
    item.attempts++
    item.refusedBy = plugins
    item.failed = false
    item.since = this.#clock.now()
    item.place = 'unschedulable'
    this.#unschedulable.add(item)
    this.#flushLater()
  }

  /** Something went wrong that is nobody's refusal: try again after the back-off. */
  failed(uid: string): void {
    const item = this.#items.get(uid)
    if (item === undefined) return
    item.attempts++
    item.failed = true
    item.since = this.#clock.now()
    this.#ready(item)
  }

  /** Something changed in the cluster: moves the pods it may help. */
  changed(change: ClusterChange): void {
    for (const item of this.#unschedulable) if (this.#mayHelp(item, change)) this.#ready(item)
  }

  [Symbol.dispose](): void {
    for (const item of this.#items.values()) item.timer?.[Symbol.dispose]()
    this.#flushTimer?.[Symbol.dispose]()
  }

  #mayHelp(item: Item, change: ClusterChange): boolean {
    for (const name of item.refusedBy)
      for (const event of this.#retryOn.get(name) ?? [])
        if (event.kind === change.kind && (event.helps === undefined || event.helps(item.info, change))) return true
    return item.refusedBy.size === 0
  }

  #enter(item: Item): void {
    const gated = this.#plugins.some(({ plugin }) => plugin.preEnqueue?.(item.info) !== undefined)
    this.#leave(item)
    item.place = gated ? 'gated' : 'active'
    if (gated) return
    this.#active.push(item)
    this.#wake()
  }

  #ready(item: Item): void {
    this.#leave(item)
    const backoff = Math.min(BACKOFF_MS_MIN * 2 ** (item.attempts - 1), BACKOFF_MS_MAX)
    item.readyAt = item.since + backoff
    const left = item.readyAt - this.#clock.now()
    if (left <= 0 || item.attempts === 0) return this.#enter(item)
    item.place = 'backoff'
    this.#backoff.push(item)
    item.timer = this.#clock.timer(left, () => this.#enter(item))
    if (!item.failed) this.#wake()
  }

  #leave(item: Item): void {
    item.timer?.[Symbol.dispose]()
    item.timer = undefined
    this.#active.remove(item)
    this.#backoff.remove(item)
    this.#unschedulable.delete(item)
  }

  #flushLater(): void {
    this.#flushTimer ??= this.#clock.timer(FLUSH_MS, () => {
      this.#flushTimer = undefined
      const now = this.#clock.now()
      for (const item of this.#unschedulable) if (now - item.since >= UNSCHEDULABLE_MS_MAX) this.#ready(item)
      if (this.#unschedulable.size > 0) this.#flushLater()
    })
  }
}
