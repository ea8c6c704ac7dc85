import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { createProbeCounts } from './probe-counts.ts'

const pod = { metadata: { name: 'web', namespace: 'shop', uid: 'u1' } } as Pod

test('probes are counted by result and timed, and forgotten with their container', () => {
  const counts = createProbeCounts()
  counts.made(pod, 'app', 'readiness', 'failure', 0.02)
  counts.made(pod, 'app', 'readiness', 'success', 3)
  counts.made(pod, 'app', 'readiness', 'success', 0.5)
  const place = 'container="app",namespace="shop",pod="web"'
  const bucket = (le: string, value: number) => `prober_probe_duration_seconds_bucket{${place},probe_type="Readiness",le="${le}"} ${value}`
  deepEqual(counts.text().split('\n'), [
    '# HELP prober_probe_duration_seconds [ALPHA] Duration in seconds for a probe response.',
    '# TYPE prober_probe_duration_seconds histogram',
    ...['0.005', '0.01'].map((le) => bucket(le, 0)),
    ...['0.025', '0.05', '0.1', '0.25'].map((le) => bucket(le, 1)),
    ...['0.5', '1', '2.5'].map((le) => bucket(le, 2)),
    ...['5', '10', '+Inf'].map((le) => bucket(le, 3)),
    `prober_probe_duration_seconds_sum{${place},probe_type="Readiness"} 3.52`,
    `prober_probe_duration_seconds_count{${place},probe_type="Readiness"} 3`,
    '# HELP prober_probe_total [BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.',
    '# TYPE prober_probe_total counter',
    `prober_probe_total{${place},pod_uid="u1",probe_type="Readiness",result="failed"} 1`,
    `prober_probe_total{${place},pod_uid="u1",probe_type="Readiness",result="successful"} 2`,
    '',
  ])
  counts.forget(pod, 'app')
  deepEqual(counts.text(), '')
})
