/** What kube-proxy answers over HTTP: its own health, its mode and metrics, and the health checks of load balancers. */

import type { Node } from '#api/core/v1/node.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import type { HealthCheckPort } from './model.ts'

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** How the proxy fares; written by its loop only. */
export interface ProxyState {
  syncedAt: Instant | undefined
  /** Since when a change waits for its sync. */
  changedAt: Instant | undefined
  syncs: number
  failures: number
  services: number
  lastSyncMs: number
}

const STALE_MS = 60_000 // a change not written for this long: upstream's twice the sync period

/** The health port: `/healthz` also says whether load balancers should send new connections to this node. */
export function healthAnswer(path: string, state: ProxyState, now: Instant, node: Node | undefined): HttpAnswer {
  if (path !== '/healthz' && path !== '/livez') return notFound
  const healthy = state.syncedAt !== undefined && (state.changedAt === undefined || now - state.changedAt < STALE_MS)
  const eligible =
    node === undefined ||
    (node.metadata.deletionTimestamp === undefined && !node.spec.taints?.some((t) => t.key === 'ToBeDeletedByClusterAutoscaler'))
  const ok = healthy && (path === '/livez' || eligible)
  const body = {
    lastUpdated: state.syncedAt === undefined ? '' : timestamp(state.syncedAt),
    currentTime: timestamp(now),
    ...(path === '/healthz' && { nodeEligible: eligible }),
  }
  return { status: ok ? 200 : 503, headers: { ...JSON_TYPE, 'X-Content-Type-Options': 'nosniff' }, body: JSON.stringify(body) }
}

/** The metrics port. */
export function metricsAnswer(path: string, state: ProxyState): HttpAnswer {
  switch (path) {
    case '/healthz':
      return text('ok')
    case '/proxyMode':
      return text('nftables')
    case '/metrics':
      return {
        ...text(
          [
            '# HELP kubeproxy_sync_proxy_rules_last_timestamp_seconds The last time proxy rules were successfully synced',
            '# TYPE kubeproxy_sync_proxy_rules_last_timestamp_seconds gauge',
            `kubeproxy_sync_proxy_rules_last_timestamp_seconds ${(state.syncedAt ?? 0) / 1000}`,
            '# HELP kubeproxy_sync_proxy_rules_nftables_sync_failures_total Cumulative proxy nftables sync failures',
            '# TYPE kubeproxy_sync_proxy_rules_nftables_sync_failures_total counter',
            `kubeproxy_sync_proxy_rules_nftables_sync_failures_total ${state.failures}`,
            '',
          ].join('\n'),
        ),
        headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' },
      }
    default:
      return notFound
  }
}

/** The health check node port of a Service whose outside traffic stays on the node. */
export function healthCheckAnswer(check: HealthCheckPort): HttpAnswer {
  return {
    status: check.localEndpoints > 0 ? 200 : 503,
    headers: {
      ...JSON_TYPE,
      'X-Content-Type-Options': 'nosniff',
      'X-Load-Balancing-Endpoint-Weight': String(check.localEndpoints),
    },
    body: JSON.stringify({
      service: { namespace: check.namespace, name: check.name },
      localEndpoints: check.localEndpoints,
      serviceProxyHealthy: true,
    }),
  }
}

const JSON_TYPE = { 'Content-Type': 'application/json' }
const notFound: HttpAnswer = { status: 404, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: '404 page not found\n' }

function text(body: string): HttpAnswer {
  return { status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body }
}
