/** Counts requests: how many of which sort, how long they took, how large the answers were, and which still go on. */

import type { Count, Distribution, Metrics } from '#base/metrics.ts'
import { following } from '#apiserver/endpoints/following.ts'
import type { RequestContext, RequestInfo } from '#apiserver/request-context.ts'
import type { Resource } from '#schema/resource.ts'

// Upstream's buckets, so that dashboards made for it read the same.
const DURATION_SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]
const RESPONSE_BYTES = Array.from({ length: 7 }, (_, i) => 1000 * 10 ** i)
const EVENT_BYTES = Array.from({ length: 8 }, (_, i) => 1024 * 2 ** i)

const WHICH = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component']
const WHICH_AND_DRY = ['verb', 'dry_run', 'group', 'version', 'resource', 'subresource', 'scope', 'component']

export interface RequestMetrics {
  /** Notes one answered request. */
  observe(ctx: RequestContext, code: number, seconds: number): void
  /** Notes how large an answer was; only of reads, as upstream. */
  sent(ctx: RequestContext, bytes: number): void
  /** Until it is disposed of, one more request goes on. */
  longRunning(ctx: RequestContext): Disposable
  /** What to call for each event that is sent, with its size. */
  watchEvents(resource: Pick<Resource, 'group' | 'version' | 'plural'>): (bytes: number) => void
  /** Short requests under way, which the limiter counts. */
  readonly inFlight: { readOnly: number; mutating: number }
}

/** All requests that look alike; found by one text a request. */
interface Sort {
  readonly which: readonly string[]
  readonly codes: Map<number, Count>
  /** Of short requests. */
  readonly times: readonly Distribution[]
}

/** Only what is served is told by name: a stranger asking for ten thousand groups must not become ten thousand counters. */
export function requestMetrics(metrics: Metrics, resources: () => readonly Resource[]): RequestMetrics {
  const requests = metrics.counter({
    name: 'apiserver_request_total',
    help: 'Requests, by verb, dry run, group, version, resource, scope, component and code.',
    labels: [...WHICH_AND_DRY, 'code'],
    stability: 'STABLE',
  })
  const duration = 'Seconds from reception to answer, by verb, group, version, resource, subresource, scope and component'
  const durations = metrics.histogram(
    { name: 'apiserver_request_duration_seconds', help: `${duration}, and dry run.`, labels: WHICH_AND_DRY, stability: 'STABLE' },
    DURATION_SECONDS,
  )
  const sli = metrics.histogram(
    { name: 'apiserver_request_sli_duration_seconds', help: `${duration}.`, labels: WHICH, stability: 'ALPHA' },
    DURATION_SECONDS,
  )
  const sizes = metrics.histogram(
    { name: 'apiserver_response_sizes', help: 'Bytes of answers to reads.', labels: WHICH, stability: 'STABLE' },
    RESPONSE_BYTES,
  )
  const longRunning = metrics.gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Requests that go on: watches, logs that are followed, connections handed through.',
    labels: WHICH,
    stability: 'STABLE',
  })
  const watched = ['group', 'version', 'resource']
  const events = metrics.counter({ name: 'apiserver_watch_events_total', help: 'Events sent to watching clients.', labels: watched })
  const eventSizes = metrics.histogram(
    { name: 'apiserver_watch_events_sizes', help: 'Bytes of events sent to watching clients.', labels: watched },
    EVENT_BYTES,
  )
  const inFlight = { readOnly: 0, mutating: 0 }
  metrics.sampled(
    'gauge',
    {
      name: 'apiserver_current_inflight_requests',
      help: 'Short requests under way, by whether they change anything.',
      labels: ['request_kind'],
      stability: 'STABLE',
    },
    () => [
      [['mutating'], inFlight.mutating],
      [['readOnly'], inFlight.readOnly],
    ],
  )

  const known = following(
    resources,
    (list) =>
      new Set(list.flatMap((r) => ['', ...r.subresources.map((s) => s.name)].map((s) => `${r.group}/${r.version}/${r.plural}/${s}`))),
  )
  const sorts = new Map<string, Sort>()
  const sortOf = (ctx: RequestContext): Sort | undefined => {
    const { info } = ctx
    const subresource = info.isResourceRequest ? info.subresource : healthPath(info.path)
    if (info.isResourceRequest && !known().has(`${info.group}/${info.version}/${info.resource}/${subresource}`)) return undefined
    const verb = verbOf(ctx)
    const scope = scopeOf(info)
    const dry = dryRun(ctx.query)
    const key = `${verb} ${dry} ${scope} ${info.group}/${info.version}/${info.resource}/${subresource}`
    let sort = sorts.get(key)
    if (sort === undefined) {
      const rest = [info.group, info.version, info.resource, subresource, scope, 'apiserver']
      const short = verb !== 'WATCH' && verb !== 'CONNECT'
      sort = {
        which: [verb, dry, ...rest],
        codes: new Map(),
        times: short ? [durations.of(verb, dry, ...rest), sli.of(verb, ...rest)] : [],
      }
      sorts.set(key, sort)
    }
    return sort
  }
  const withoutDry = (sort: Sort) => sort.which.toSpliced(1, 1)
  return {
    inFlight,
    observe(ctx, code, seconds) {
      const sort = sortOf(ctx)
      if (sort === undefined) return
      let count = sort.codes.get(code)
      if (count === undefined) sort.codes.set(code, (count = requests.of(...sort.which, String(code))))
      count.inc()
      for (const times of sort.times) times.observe(seconds)
    },
    sent(ctx, bytes) {
      if (ctx.info.verb !== 'get' && ctx.info.verb !== 'list') return
      const sort = sortOf(ctx)
      if (sort) sizes.of(...withoutDry(sort)).observe(bytes)
    },
    longRunning(ctx) {
      const sort = sortOf(ctx)
      const gauge = sort && longRunning.of(...withoutDry(sort))
      gauge?.inc()
      return { [Symbol.dispose]: () => gauge?.inc(-1) }
    },
    watchEvents({ group, version, plural }) {
      let count: Count | undefined
      let size: Distribution | undefined
      return (bytes) => {
        count ??= events.of(group, version, plural)
        size ??= eventSizes.of(group, version, plural)
        count.inc()
        size.observe(bytes)
      }
    },
  }
}

const VERBS: Readonly<Record<string, string>> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
  proxy: 'CONNECT',
  post: 'POST',
  put: 'PUT',
  head: 'HEAD',
  options: 'OPTIONS',
}
const CONNECTED = new Set(['attach', 'exec', 'portforward', 'proxy'])

function verbOf({ info, headers }: RequestContext): string {
  if (CONNECTED.has(info.subresource)) return 'CONNECT'
  const verb = VERBS[info.verb] ?? 'other'
  return verb === 'PATCH' && headers['content-type'] === 'application/apply-patch+yaml' ? 'APPLY' : verb
}

function scopeOf({ name, verb, namespace, isResourceRequest }: RequestInfo): string {
  if (name !== '' || verb === 'create') return 'resource'
  if (namespace !== '') return 'namespace'
  return isResourceRequest ? 'cluster' : ''
}

/** Whatever clients say there becomes one of three words. */
function dryRun(query: URLSearchParams): string {
  if (!query.has('dryRun')) return ''
  const asked = query.getAll('dryRun').filter((value) => value !== '')
  return asked.length === 0 ? '' : asked.every((value) => value === 'All') ? 'All' : 'invalid'
}

function healthPath(path: string): string {
  const root = `/${path.split('/')[1] ?? ''}`
  return root === '/healthz' || root === '/livez' || root === '/readyz' ? root : ''
}
