/** How often each probe was made, what came of it and how long it took, for `/metrics/probes`. */

import type { Pod } from '#api/core/v1/pod.ts'
import { prometheusText, type Family, type Sample } from '../server/prometheus.ts'
import type { Finding } from './prober.ts'
import type { ProbeKind } from './probe-set.ts'

export interface ProbeCounts {
  made(pod: Pod, container: string, kind: ProbeKind, result: Finding['result'], seconds: number): void
  /** The container's probes have ended. */
  forget(pod: Pod, container: string): void
  text(): string
}

interface Count {
  readonly labels: Readonly<Record<string, string>>
  readonly uid: string
  readonly results: Map<string, number>
  readonly buckets: number[]
  sum: number
}

const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] // Prometheus' usual ones
const TYPES: Readonly<Record<ProbeKind, string>> = { liveness: 'Liveness', readiness: 'Readiness', startup: 'Startup' }
const RESULTS: Readonly<Record<Finding['result'], string>> = { success: 'successful', failure: 'failed', unknown: 'unknown' }

export function createProbeCounts(): ProbeCounts {
  const counts = new Map<string, Count>()
  const keyOf = (pod: Pod, container: string, kind: ProbeKind) => `${pod.metadata.uid}/${container}/${kind}`
  return {
    made(pod, container, kind, result, seconds) {
      const key = keyOf(pod, container, kind)
      let count = counts.get(key)
      if (count === undefined) {
        const { name, namespace = '', uid } = pod.metadata
        const labels = { container, namespace, pod: name, probe_type: TYPES[kind] }
        count = { labels, uid, results: new Map(), buckets: BUCKETS_SECONDS.map(() => 0), sum: 0 }
        counts.set(key, count)
      }
      const word = RESULTS[result]
      count.results.set(word, (count.results.get(word) ?? 0) + 1)
      count.sum += seconds
      BUCKETS_SECONDS.forEach((most, i) => seconds <= most && count.buckets[i]!++)
    },
    forget(pod, container) {
      for (const kind of ['liveness', 'readiness', 'startup'] as const) counts.delete(keyOf(pod, container, kind))
    },
    text: () => prometheusText(families([...counts.values()])),
  }
}

function families(counts: readonly Count[]): readonly Family[] {
  return [
    {
      name: 'prober_probe_total',
      type: 'counter',
      help: '[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.',
      samples: counts.flatMap(({ labels: { probe_type = '', ...place }, uid, results }) =>
        [...results].map(([result, value]) => ({ labels: { ...place, pod_uid: uid, probe_type, result }, value })),
      ),
    },
    {
      name: 'prober_probe_duration_seconds',
      type: 'histogram',
      help: '[ALPHA] Duration in seconds for a probe response.',
      samples: counts.flatMap(({ labels, results, buckets, sum }): readonly Sample[] => {
        const all = [...results.values()].reduce((total, n) => total + n, 0)
        return [
          ...buckets.map((value, i) => ({ suffix: '_bucket', labels: { ...labels, le: String(BUCKETS_SECONDS[i]) }, value })),
          { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: all },
          { suffix: '_sum', labels, value: sum },
          { suffix: '_count', labels, value: all },
        ]
      }),
    },
  ]
}
