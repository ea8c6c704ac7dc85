import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { pods } from '#api/core/v1/pod.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { parseRequestInfo } from '#apiserver/filters/request-info.ts'
import { Metrics } from '#base/metrics.ts'
import { requestMetrics } from './request-metrics.ts'

const PODS = [pods as never]

function opened() {
  const metrics = new Metrics()
  const requests = requestMetrics(metrics, () => PODS)
  const lines = (name: string) =>
    metrics
      .text()
      .split('\n')
      .filter((line) => line.startsWith(name))
      .map((line) => line.replace(',component="apiserver"', ''))
  return { requests, lines }
}

function asked(method: string, path: string, contentType?: string): RequestContext {
  const { pathname, searchParams } = new URL(path, 'http://h')
  const headers = contentType === undefined ? {} : { 'content-type': contentType }
  return { info: parseRequestInfo(method, pathname, searchParams), query: searchParams, headers } as never
}

test('requests are told apart by verb, scope and dry run as upstream does', () => {
  const { requests, lines } = opened()
  requests.observe(asked('GET', '/api/v1/pods'), 200, 0.1)
  requests.observe(asked('POST', '/api/v1/namespaces/n/pods?dryRun=All'), 201, 0.1)
  requests.observe(asked('PATCH', '/api/v1/namespaces/n/pods/p?dryRun=nonsense', 'application/apply-patch+yaml'), 200, 0.1)
  requests.observe(asked('GET', '/api/v1/namespaces/n/pods/p/exec?command=ls'), 101, 0.1)
  requests.observe(asked('GET', '/livez/ping'), 200, 0.1)
  const which = 'group="",version="v1",resource="pods"'
  deepEqual(lines('apiserver_request_total'), [
    `apiserver_request_total{verb="LIST",dry_run="",${which},subresource="",scope="cluster",code="200"} 1`,
    `apiserver_request_total{verb="POST",dry_run="All",${which},subresource="",scope="resource",code="201"} 1`,
    `apiserver_request_total{verb="APPLY",dry_run="invalid",${which},subresource="",scope="resource",code="200"} 1`,
    `apiserver_request_total{verb="CONNECT",dry_run="",${which},subresource="exec",scope="resource",code="101"} 1`,
    'apiserver_request_total{verb="GET",dry_run="",group="",version="",resource="",subresource="/livez",scope="",code="200"} 1',
  ])
})

test('what is not served gets no counter, whatever strangers ask for', () => {
  const { requests, lines } = opened()
  for (const path of ['/apis/made.up/v1/things', '/api/v1/namespaces/n/pods/p/made-up']) requests.observe(asked('GET', path), 404, 0)
  deepEqual(lines('apiserver_request_total'), [])
})

test('what goes on is counted until it ends, and events with their sizes', () => {
  const { requests, lines } = opened()
  const sent = requests.watchEvents(pods)
  const name = 'apiserver_longrunning_requests{verb="WATCH"'
  {
    using _going = requests.longRunning(asked('GET', '/api/v1/pods?watch=1'))
    deepEqual(
      lines(name).map((line) => line.slice(-2)),
      [' 1'],
    )
    sent(1500)
  }
  deepEqual(
    lines(name).map((line) => line.slice(-2)),
    [' 0'],
  )
  deepEqual(lines('apiserver_watch_events_total'), ['apiserver_watch_events_total{group="",version="v1",resource="pods"} 1'])
  deepEqual(lines('apiserver_watch_events_sizes_bucket').slice(0, 2), [
    'apiserver_watch_events_sizes_bucket{group="",version="v1",resource="pods",le="1024"} 0',
    'apiserver_watch_events_sizes_bucket{group="",version="v1",resource="pods",le="2048"} 1',
  ])
})
