/** Metrics of work queues by their name, as client-go's queues have them. */

import type { Metrics } from '#base/metrics.ts'
import type { QueueObserver, QueueState } from './work-queue.ts'

const SECONDS = Array.from({ length: 10 }, (_, i) => 10 ** (i - 8))

/** What to give a queue of that name. */
export type QueueMetrics = (name: string) => (queue: QueueState) => QueueObserver

export function queueMetrics(metrics: Metrics): QueueMetrics {
  const queues = new Map<string, QueueState>()
  const labels = ['name']
  const each = (number: (queue: QueueState) => number) => () => [...queues].map(([name, queue]) => [[name], number(queue)] as const)
  metrics.sampled(
    'gauge',
    { name: 'workqueue_depth', help: 'Keys that wait.', labels },
    each((q) => q.length),
  )
  metrics.sampled(
    'gauge',
    { name: 'workqueue_unfinished_work_seconds', help: 'Seconds of work under way, of all keys together.', labels },
    each((q) => q.unfinishedSeconds.reduce((a, b) => a + b, 0)),
  )
  metrics.sampled(
    'gauge',
    { name: 'workqueue_longest_running_processor_seconds', help: 'Seconds of the longest work under way.', labels },
    each((q) => Math.max(0, ...q.unfinishedSeconds)),
  )
  const adds = metrics.counter({ name: 'workqueue_adds_total', help: 'Keys added.', labels })
  const retries = metrics.counter({ name: 'workqueue_retries_total', help: 'Keys that came back after a failure.', labels })
  const waited = metrics.histogram({ name: 'workqueue_queue_duration_seconds', help: 'Seconds that keys waited.', labels }, SECONDS)
  const worked = metrics.histogram({ name: 'workqueue_work_duration_seconds', help: 'Seconds that work on a key took.', labels }, SECONDS)
  return (name) => (queue) => {
    queues.set(name, queue)
    const [added, retried, wait, work] = [adds.of(name), retries.of(name), waited.of(name), worked.of(name)]
    return {
      added: () => added.inc(),
      started: (ms) => wait.observe(ms / 1000),
      finished: (ms) => work.observe(ms / 1000),
      retried: () => retried.inc(),
    }
  }
}
