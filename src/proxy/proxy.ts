/** kube-proxy: keeps the kernel's Service rules equal to what Services and EndpointSlices say. */

import { nodes } from '#api/core/v1/node.ts'
import { services, type Service } from '#api/core/v1/service.ts'
import { endpointSlices, type EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import { keyOf, type Informers } from '#client/informer.ts'
import { staleFlows } from './conntrack.ts'
import { healthCheckOf, isRelevant, LABEL_SERVICE_NAME, rulesOf, type HealthCheckPort, type ServicePortRule } from './model.ts'
import { baseScript, differenceScripts, type TableSettings } from './nftables.ts'
import { healthAnswer, healthCheckAnswer, metricsAnswer, type HttpAnswer, type ProxyState } from './serving.ts'

export interface ProxyParts {
  readonly client?: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  readonly nodeName: string
  /** The nftables table, one per cluster and network namespace; `kube-proxy` by default, as upstream's. */
  readonly table?: string
  /** Pod addresses of the whole cluster: what comes from elsewhere is masqueraded. */
  readonly clusterCidr?: string
  /** Feeds a script to `nft -f -`; rejects with its error text. */
  readonly run: (nftInput: string) => Promise<void>
  /** Runs `conntrack` with these words, a failure meaning that no flow matched; absent, stale UDP flows stay. */
  readonly conntrack?: (words: readonly string[]) => Promise<void>
  /** Listens on the health check node port of a Service; absent, they are not served. */
  readonly serveHealthCheck?: (port: number, answer: () => HttpAnswer) => AsyncDisposable
}

export interface Proxy {
  /** Keeps the rules in step until `signal` aborts; they stay in place afterwards, so that Services outlive the proxy. */
  run(signal: AbortSignal): Promise<void>
  /** Answers GET on the health port, 10256: `/healthz` and `/livez`. */
  health(path: string): HttpAnswer
  /** Answers GET on the metrics port, 10249: `/proxyMode`, `/healthz`, `/metrics`. */
  metrics(path: string): HttpAnswer
}

/** The script that removes all rules of a table, whether or not it exists: `kube-proxy --cleanup`. */
export function cleanupScript(table = DEFAULT_TABLE): string {
  return `add table ip ${table}\ndelete table ip ${table}\n`
}

const DEFAULT_TABLE = 'kube-proxy'
const GATHER_MS = 5 // changes come in bunches; one transaction for a bunch is cheaper than many
const RETRY_MS = 1000 // after a transaction that the kernel refused

export function createProxy(parts: ProxyParts): Proxy {
  const { clock, log, nodeName } = parts
  const settings: TableSettings = { table: parts.table ?? DEFAULT_TABLE, ...(parts.clusterCidr && { clusterCidr: parts.clusterCidr }) }
  const servicesSeen = parts.informers.for(services)
  const slicesSeen = parts.informers.for(endpointSlices)
  const nodeSeen = parts.informers.for(nodes, { fieldSelector: `metadata.name=${nodeName}` })

  const slicesOf = new Map<string, Map<string, EndpointSlice>>() // by Service, then slice name
  let wanted: ReadonlyMap<string, ServicePortRule> = new Map()
  const rulesByService = new Map<string, readonly ServicePortRule[]>()
  const changed = new Set<string>()
  const healthChecks = new Map<string, { check: HealthCheckPort; server: AsyncDisposable }>()
  let applied: ReadonlyMap<string, ServicePortRule> | undefined // undefined: what the kernel has is not known
  let wake = () => {}
  const state: ProxyState = { syncedAt: undefined, changedAt: undefined, syncs: 0, failures: 0, services: 0, lastSyncMs: 0 }

  function dirty(service: string): void {
    changed.add(service)
    state.changedAt ??= clock.now()
    wake()
  }

  function onSlice(slice: EndpointSlice, present: boolean): void {
    const name = slice.metadata.labels?.[LABEL_SERVICE_NAME]
    if (name === undefined || !isRelevant(slice)) return
    const service = `${slice.metadata.namespace}/${name}`
    const slices = slicesOf.get(service) ?? new Map<string, EndpointSlice>()
    if (present) slices.set(slice.metadata.name, slice)
    else slices.delete(slice.metadata.name)
    if (slices.size > 0) slicesOf.set(service, slices)
    else slicesOf.delete(service)
    dirty(service)
  }

  /** Works out the changed Services again; unchanged rules stay the same objects, which is how differences are found. */
  function refresh(): void {
    const next = new Map(wanted)
    for (const key of changed) {
      const service = servicesSeen.get(key)
      const slices = [...(slicesOf.get(key)?.values() ?? [])]
      const rules = service === undefined ? [] : rulesOf(service, slices, nodeName)
      for (const old of rulesByService.get(key) ?? []) next.delete(keyOfRule(old))
      for (const rule of rules) {
        const before = wanted.get(keyOfRule(rule))
        next.set(keyOfRule(rule), before !== undefined && JSON.stringify(before) === JSON.stringify(rule) ? before : rule)
      }
      if (rules.length > 0) rulesByService.set(key, rules)
      else rulesByService.delete(key)
      refreshHealthCheck(key, service, slices)
    }
    changed.clear()
    wanted = next
    state.services = next.size
  }

  function refreshHealthCheck(key: string, service: Service | undefined, slices: readonly EndpointSlice[]): void {
    const check = service && healthCheckOf(service, slices, nodeName)
    const known = healthChecks.get(key)
    if (known !== undefined && known.check.port === check?.port) known.check = check
    else {
      if (known !== undefined) {
        healthChecks.delete(key)
        void known.server[Symbol.asyncDispose]()
      }
      if (check === undefined || parts.serveHealthCheck === undefined) return
      const entry = { check, server: { [Symbol.asyncDispose]: async () => {} } as AsyncDisposable }
      entry.server = parts.serveHealthCheck(check.port, () => healthCheckAnswer(entry.check))
      healthChecks.set(key, entry)
    }
  }

  async function sync(): Promise<void> {
    const started = clock.monotonic()
    refresh()
    const target = wanted
    const before = applied ?? new Map<string, ServicePortRule>()
    const scripts = [...differenceScripts(before, target, settings)]
    // A table left by an earlier run is replaced in the transaction that brings the first Services.
    if (applied === undefined) scripts[0] = baseScript(settings) + (scripts[0] ?? '')
    applied = undefined
    for (const script of scripts) await parts.run(script)
    applied = target
    state.syncs++
    state.syncedAt = clock.now()
    state.lastSyncMs = clock.monotonic() - started
    if (changed.size === 0) state.changedAt = undefined
    log.debug('rules synced', { transactions: scripts.length, services: target.size, ms: state.lastSyncMs })
    if (parts.conntrack !== undefined)
      for (const words of staleFlows(before, target)) await parts.conntrack(words).catch(() => log.debug('no stale flow', { words }))
  }

  return {
    health: (path) => healthAnswer(path, state, clock.now(), nodeSeen.get(nodeName)),
    metrics: (path) => metricsAnswer(path, state),
    async run(signal) {
      using subscriptions = new DisposableStack()
      subscriptions.use(servicesSeen.subscribe((c) => dirty(keyOf(c.object))))
      subscriptions.use(
        slicesSeen.subscribe((c) => {
          if (c.type === 'updated' && c.previous.metadata.labels?.[LABEL_SERVICE_NAME] !== c.object.metadata.labels?.[LABEL_SERVICE_NAME])
            onSlice(c.previous, false)
          onSlice(c.object, c.type !== 'deleted')
        }),
      )
      parts.informers.start(signal)
      try {
        await parts.informers.synced(signal)
        const stop = () => wake()
        signal.addEventListener('abort', stop)
        subscriptions.defer(() => signal.removeEventListener('abort', stop))
        while (!signal.aborted) {
          try {
            await sync()
          } catch (error) {
            state.failures++
            log.error('rules not synced; all will be written anew', { error: error instanceof Error ? error.message : String(error) })
            await sleep(clock, RETRY_MS, signal)
            continue
          }
          if (changed.size === 0 && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
          wake = () => {}
          if (!signal.aborted) await sleep(clock, GATHER_MS, signal)
        }
      } catch (error) {
        if (!signal.aborted) throw error
      } finally {
        for (const { server } of healthChecks.values()) await server[Symbol.asyncDispose]()
        healthChecks.clear()
      }
    },
  }
}

function keyOfRule(rule: ServicePortRule): string {
  return `${rule.key}/${rule.protocol}`
}
