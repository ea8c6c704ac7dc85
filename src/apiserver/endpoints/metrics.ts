/** /metrics and /metrics/slis of the API server, under upstream's names. */

import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Answer } from '#apiserver/answer.ts'
import type { RequestContext } from '#apiserver/request-context.ts'

// Upstream's buckets, so that dashboards made for it read the same.
const DURATION_BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]

export interface ApiMetrics {
  /** Notes one answered request. */
  observe(ctx: RequestContext, code: number, seconds: number): void
  /** Notes the outcome of one health check, for /metrics/slis. */
  checked(name: string, endpoint: string, well: boolean): void
  /** Undefined for other paths. */
  answer(path: string): Promise<Answer | undefined>
}

/** `objects` counts what is stored, by resource, when somebody looks. */
export function openMetrics(objects: () => Iterable<readonly [resource: string, group: string, count: number]>): ApiMetrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({
    name: 'apiserver_request_total',
    help: 'Requests, by verb, dry run, group, version, resource, scope, component and code.',
    labelNames: ['verb', 'dry_run', 'group', 'version', 'resource', 'subresource', 'scope', 'component', 'code'],
    registers,
  })
  const durations = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Time from reception to answer, by verb, dry run, group, version, resource, subresource, scope and component.',
    labelNames: ['verb', 'dry_run', 'group', 'version', 'resource', 'subresource', 'scope', 'component'],
    buckets: DURATION_BUCKETS,
    registers,
  })
  registry.registerMetric(
    new Gauge({
      name: 'apiserver_storage_objects',
      help: 'Stored objects by kind.',
      labelNames: ['resource'],
      registers: [],
      collect() {
        for (const [resource, group, count] of objects()) this.set({ resource: group === '' ? resource : `${resource}.${group}` }, count)
      },
    }),
  )
  registry.registerMetric(
    new Gauge({
      name: 'apiserver_resource_objects',
      help: 'Stored objects by group and resource.',
      labelNames: ['group', 'resource'],
      registers: [],
      collect() {
        for (const [resource, group, count] of objects()) this.set({ group, resource }, count)
      },
    }),
  )
  const slis = new Registry()
  const health = new Gauge({
    name: 'kubernetes_healthcheck',
    help: 'Outcome of the last run of a health check: 1 when it was well.',
    labelNames: ['name', 'type'],
    registers: [slis],
  })
  const checks = new Counter({
    name: 'kubernetes_healthchecks_total',
    help: 'Runs of health checks by outcome.',
    labelNames: ['name', 'status', 'type'],
    registers: [slis],
  })
  return {
    checked(name, type, well) {
      health.set({ name, type }, well ? 1 : 0)
      checks.inc({ name, type, status: well ? 'success' : 'error' })
    },
    observe({ info, query }, code, seconds) {
      const labels = {
        verb: verbOf(info.verb, query),
        dry_run: query.get('dryRun') ?? '',
        group: info.group,
        version: info.version,
        resource: info.resource,
        subresource: info.subresource || (info.isResourceRequest ? '' : info.path.split('/')[1] === 'healthz' ? '/healthz' : ''),
        scope: info.name !== '' ? 'resource' : info.namespace !== '' ? 'namespace' : info.isResourceRequest ? 'cluster' : '',
        component: 'apiserver',
      }
      requests.inc({ ...labels, code: String(code) })
      if (labels.verb !== 'WATCH') durations.observe(labels, seconds)
    },
    async answer(path) {
      const asked = path === '/metrics' ? registry : path === '/metrics/slis' ? slis : undefined
      return asked && { type: 'bytes', status: 200, headers: { 'content-type': asked.contentType }, body: await asked.metrics() }
    },
  }
}

function verbOf(verb: string, query: URLSearchParams): string {
  if (verb === 'create') return 'POST'
  if (verb === 'update') return 'PUT'
  if (verb === 'watch') return 'WATCH'
  if (verb === 'patch' && query.get('force') !== null) return 'APPLY'
  return verb.toUpperCase()
}
