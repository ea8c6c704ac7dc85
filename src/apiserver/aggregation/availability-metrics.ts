/** Counts which API services of others cannot be reached, and how often that came about. */

import type { Judgement } from './availability.ts'
import type { Metrics } from '#base/metrics.ts'

/** Hears of each API service as it is judged; undefined: it is gone, or this server's own. */
export function availabilityMetrics(metrics: Metrics): (name: string, judgement: Judgement | undefined) => void {
  const reasons = new Map<string, string | undefined>()
  metrics.sampled(
    'gauge',
    { name: 'aggregator_unavailable_apiservice', help: 'API services that cannot be reached: 1 for those.', labels: ['name'] },
    () => [...reasons].map(([name, reason]) => [[name], reason === undefined ? 0 : 1]),
  )
  const total = metrics.counter({
    name: 'aggregator_unavailable_apiservice_total',
    help: 'How often an API service could not be reached any more, by the reason.',
    labels: ['name', 'reason'],
  })
  return (name, judgement) => {
    if (judgement === undefined) return void reasons.delete(name)
    const reason = judgement.status === 'True' ? undefined : (judgement.reason ?? '')
    if (reason !== undefined && reasons.get(name) !== reason) total.of(name, reason).inc()
    reasons.set(name, reason)
  }
}
