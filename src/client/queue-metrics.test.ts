import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '#base/clock.ts'
import { Metrics } from '#base/metrics.ts'
import { queueMetrics } from './queue-metrics.ts'
import { WorkQueue } from './work-queue.ts'

test('a queue tells what waits, what is in work and for how long, and what came back', async () => {
  const clock = new VirtualClock()
  const metrics = new Metrics()
  const queue = new WorkQueue<string>(clock, queueMetrics(metrics)('replicaset'))
  const shown = () =>
    Object.fromEntries(
      metrics
        .text()
        .split('\n')
        .filter((line) => line.startsWith('workqueue') && !line.includes('_bucket'))
        .map((line) => [line.slice('workqueue_'.length, line.indexOf('{')), Number(line.split(' ')[1])]),
    )
  queue.add('a')
  queue.add('a')
  queue.add('b')
  await clock.advance(2000)
  await queue.take()
  await clock.advance(500)
  queue.add('a')
  const inWork = {
    depth: 1,
    unfinished_work_seconds: 0.5,
    longest_running_processor_seconds: 0.5,
    adds_total: 3,
    retries_total: 0,
    queue_duration_seconds_sum: 2,
    queue_duration_seconds_count: 1,
    work_duration_seconds_sum: 0,
    work_duration_seconds_count: 0,
  }
  deepEqual(shown(), inWork)
  queue.done('a')
  queue.addRateLimited('b')
  const done = { ...inWork, depth: 2, unfinished_work_seconds: 0, longest_running_processor_seconds: 0 }
  deepEqual(shown(), { ...done, retries_total: 1, work_duration_seconds_sum: 0.5, work_duration_seconds_count: 1 })
})
