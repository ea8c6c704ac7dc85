/** /metrics and /metrics/slis of the API server, under upstream's names. */

import type { Answer } from '#apiserver/answer.ts'
import { WINDOW_EVENTS_MAX } from '#apiserver/cache/event-window.ts'
import type { WatchCache } from '#apiserver/cache/watch-cache.ts'
import { accessMetrics, type AccessMetrics } from '#apiserver/metrics/access-metrics.ts'
import { admissionMetrics, type AdmissionTimes } from '#apiserver/metrics/admission-metrics.ts'
import { policyMetrics, type PolicyCounts } from '#apiserver/metrics/policy-metrics.ts'
import { podSecurityMetrics, type PodSecurityCounts } from '#apiserver/metrics/pod-security-metrics.ts'
import { requestMetrics, type RequestMetrics } from '#apiserver/metrics/request-metrics.ts'
import type { Clock } from '#base/clock.ts'
import { Metrics, METRICS_TYPE } from '#base/metrics.ts'
import { groupResource, type Resource } from '#schema/resource.ts'

export interface ApiMetrics extends RequestMetrics, AccessMetrics {
  readonly admission: AdmissionTimes
  readonly podSecurity: PodSecurityCounts
  readonly policies: PolicyCounts
  /** Notes a connection that came to nothing. */
  handshakeFailed(): void
  /** Notes the outcome of one health check, for /metrics/slis. */
  checked(name: string, endpoint: string, well: boolean): void
  /** Undefined for other paths. */
  answer(path: string): Promise<Answer | undefined>
}

export interface MetricsParts {
  readonly clock: Clock
  /** All that are served. */
  /** All that is served now. */
  readonly resources: () => readonly Resource[]
  readonly caches: () => Iterable<WatchCache>
  /** How large the store is, where that is known. */
  readonly storeBytes?: () => number
  /** More in the same format: what is true of the whole process. */
  readonly ofProcess?: () => Promise<string>
}

export function openMetrics({ clock, resources, caches, storeBytes, ofProcess }: MetricsParts): ApiMetrics {
  const metrics = new Metrics(true)
  stateMetrics(metrics, caches, storeBytes)
  const handshakes = metrics.counter({ name: 'apiserver_tls_handshake_errors_total', help: 'Connections whose TLS handshake failed.' }).of()
  const slis = new Metrics()
  const health = slis.gauge({
    name: 'kubernetes_healthcheck',
    help: 'Outcome of the last run of a health check: 1 when it was well.',
    labels: ['name', 'type'],
    stability: 'STABLE',
  })
  const checks = slis.counter({
    name: 'kubernetes_healthchecks_total',
    help: 'Runs of health checks by outcome.',
    labels: ['name', 'type', 'status'],
    stability: 'STABLE',
  })
  return {
    ...requestMetrics(metrics, resources),
    ...accessMetrics(metrics, clock),
    admission: admissionMetrics(metrics, clock),
    podSecurity: podSecurityMetrics(metrics),
    policies: policyMetrics(metrics),
    handshakeFailed: () => handshakes.inc(),
    checked(name, type, well) {
      health.of(name, type).value = well ? 1 : 0
      checks.of(name, type, well ? 'success' : 'error').inc()
    },
    async answer(path) {
      if (path === '/metrics') return text(metrics.text() + ((await ofProcess?.()) ?? ''))
      return path === '/metrics/slis' ? text(slis.text()) : undefined
    },
  }
}

/** What is stored, and what the watch caches hold of it. */
function stateMetrics(metrics: Metrics, caches: MetricsParts['caches'], storeBytes: MetricsParts['storeBytes']): void {
  const labels = ['group', 'resource']
  const each = (number: (cache: WatchCache) => number) => () =>
    [...caches()].map((cache) => [[cache.resource.group, cache.resource.plural], number(cache)] as const)
  const count = (cache: WatchCache) => cache.count(cache.prefix)
  metrics.sampled(
    'gauge',
    {
      name: 'apiserver_storage_objects',
      help: 'Stored objects by resource; apiserver_resource_objects tells the group apart.',
      labels: ['resource'],
      stability: 'STABLE',
    },
    () => [...caches()].map((cache) => [[groupResource(cache.resource)], count(cache)]),
  )
  metrics.sampled('gauge', { name: 'apiserver_resource_objects', help: 'Stored objects by group and resource.', labels }, each(count))
  if (storeBytes)
    metrics.sampled(
      'gauge',
      { name: 'apiserver_storage_size_bytes', help: 'Bytes of the store.', labels: ['storage_cluster_id'], stability: 'STABLE' },
      () => [[['etcd-0'], storeBytes()]],
    )
  const received = each((cache) => cache.received)
  metrics.sampled(
    'gauge',
    { name: 'watch_cache_capacity', help: 'Events that a watch cache keeps.', labels },
    each(() => WINDOW_EVENTS_MAX),
  )
  metrics.sampled(
    'counter',
    { name: 'apiserver_watch_cache_events_received_total', help: 'Events that came to a watch cache.', labels },
    received,
  )
  metrics.sampled(
    'counter',
    { name: 'apiserver_watch_cache_events_dispatched_total', help: 'Events that a watch cache handed on.', labels },
    received,
  )
  metrics.sampled(
    'gauge',
    { name: 'apiserver_watch_cache_resource_version', help: 'Up to where a watch cache has seen everything.', labels },
    each((cache) => cache.revision),
  )
}

function text(body: string): Answer {
  return { type: 'bytes', status: 200, headers: { 'content-type': METRICS_TYPE }, body }
}
