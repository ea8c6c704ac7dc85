import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics } from './metrics.ts'

test('families show their members, histograms what fell below each bound', () => {
  const metrics = new Metrics(true)
  const requests = metrics.counter({ name: 'requests_total', help: 'Requests.', labels: ['verb', 'path'], stability: 'STABLE' })
  requests.of('GET', '/a"b\\').inc()
  requests.of('GET', '/a"b\\').inc(2)
  const sizes = metrics.histogram({ name: 'sizes', help: 'Sizes.' }, [1, 10])
  for (const size of [1, 5, 50]) sizes.of().observe(size)
  metrics.gauge({ name: 'unused', help: 'Of no member.' })
  metrics.sampled('gauge', { name: 'objects', help: 'Objects.', labels: ['resource'] }, () => [[['pods'], 3]])
  assert.deepEqual(metrics.text().split('\n'), [
    '# HELP registered_metrics_total [BETA] Metrics there are, by their stability.',
    '# TYPE registered_metrics_total counter',
    'registered_metrics_total{stability_level="BETA",deprecated_version=""} 1',
    'registered_metrics_total{stability_level="STABLE",deprecated_version=""} 1',
    'registered_metrics_total{stability_level="ALPHA",deprecated_version=""} 3',
    '# HELP requests_total [STABLE] Requests.',
    '# TYPE requests_total counter',
    'requests_total{verb="GET",path="/a\\"b\\\\"} 3',
    '# HELP sizes [ALPHA] Sizes.',
    '# TYPE sizes histogram',
    'sizes_bucket{le="1"} 1',
    'sizes_bucket{le="10"} 2',
    'sizes_bucket{le="+Inf"} 3',
    'sizes_sum 56',
    'sizes_count 3',
    '# HELP objects [ALPHA] Objects.',
    '# TYPE objects gauge',
    'objects{resource="pods"} 3',
    '',
  ])
})
