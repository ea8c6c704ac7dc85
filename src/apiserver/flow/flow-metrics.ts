/** What priority and fairness tells of itself on /metrics, under upstream's names. */

import type { LevelState } from './flow-control.ts'
import type { Metrics } from '#base/metrics.ts'

const WAIT_SECONDS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30] // upstream's buckets

export interface FlowMeasures {
  dispatched(level: string, schema: string, waitedSeconds: number): void
  rejected(level: string, schema: string, reason: 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled'): void
}

export function flowMetrics(metrics: Metrics, levels: () => Iterable<LevelState>): FlowMeasures {
  const labels = ['priority_level', 'flow_schema']
  const dispatched = metrics.counter({
    name: 'apiserver_flowcontrol_dispatched_requests_total',
    help: 'Requests that began to be worked on.',
    labels,
    stability: 'BETA',
  })
  const rejected = metrics.counter({
    name: 'apiserver_flowcontrol_rejected_requests_total',
    help: 'Requests that were sent away, by why.',
    labels: [...labels, 'reason'],
    stability: 'BETA',
  })
  const waits = metrics.histogram(
    {
      name: 'apiserver_flowcontrol_request_wait_duration_seconds',
      help: 'How long requests waited in a queue, by whether they were worked on in the end.',
      labels: [...labels, 'execute'],
      stability: 'BETA',
    },
    WAIT_SECONDS,
  )
  const ofLevels = (name: string, help: string, number: (level: LevelState) => number, stability?: 'BETA') =>
    metrics.sampled(
      'gauge',
      { name: `apiserver_flowcontrol_${name}`, help, labels: ['priority_level'], ...(stability && { stability }) },
      () => [...levels()].map((level) => [[level.name], number(level)]),
    )
  const ofFlows = (name: string, help: string, count: (level: LevelState) => ReadonlyMap<string, number>) =>
    metrics.sampled('gauge', { name: `apiserver_flowcontrol_${name}`, help, labels, stability: 'BETA' }, () =>
      [...levels()].flatMap((level) => [...count(level)].map(([schema, number]) => [[level.name, schema], number] as const)),
    )
  ofFlows('current_inqueue_requests', 'Requests that wait.', ({ queue }) => queue.waitingBySchema())
  ofFlows('current_executing_requests', 'Requests at work.', ({ queue }) => queue.executingBySchema)
  ofLevels('current_executing_seats', 'Seats that are taken.', ({ queue }) => queue.seatsInUse, 'BETA')
  ofLevels('nominal_limit_seats', 'Seats of a level by its shares.', ({ range }) => range.nominal, 'BETA')
  ofLevels('lower_limit_seats', 'Seats of a level when it has lent all it lends.', ({ range }) => range.least)
  ofLevels('upper_limit_seats', 'Seats of a level when it has borrowed all it may.', ({ range }) => range.most)
  ofLevels('current_limit_seats', 'Seats of a level now.', ({ queue }) => queue.limit)
  return {
    dispatched(level, schema, waitedSeconds) {
      dispatched.of(level, schema).inc()
      waits.of(level, schema, 'true').observe(waitedSeconds)
    },
    rejected: (level, schema, reason) => rejected.of(level, schema, reason).inc(),
  }
}
