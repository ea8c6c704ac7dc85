/** Pages for who wants to see the queues of priority and fairness, laid out as upstream's. */

import type { FlowControl } from './flow-control.ts'
import type { Answer } from '#apiserver/answer.ts'

const BASE = '/debug/api_priority_and_fairness/'

/** Undefined for other paths. */
export function flowPage(flow: FlowControl, path: string): Answer | undefined {
  if (!path.startsWith(BASE)) return undefined
  const levels = [...flow.levels.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  switch (path.slice(BASE.length)) {
    case 'dump_priority_levels':
      return table(
        ['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests', 'DispatchedRequests'].concat(
          ['RejectedRequests', 'TimedoutRequests', 'CancelledRequests'],
        ),
        levels.map(({ name, queue, counts }) => [
          name,
          [...queue.busyQueues()].length,
          queue.waiting + queue.executing === 0,
          false,
          queue.waiting,
          queue.executing,
          counts.dispatched,
          counts.rejected,
          counts.timedOut,
          counts.cancelled,
        ]),
      )
    case 'dump_queues':
      return table(
        ['PriorityLevelName', 'Index', 'PendingRequests', 'ExecutingRequests', 'NextDispatchR', 'InitialSeatsSum'],
        levels.flatMap(({ name, queue }) =>
          [...queue.busyQueues()].map(({ index, waiting, executing, next }) => [
            name,
            index,
            waiting.length,
            executing,
            `${next.toFixed(8)}ss`,
            waiting.reduce((sum, { seats }) => sum + seats, 0),
          ]),
        ),
      )
    case 'dump_requests':
      return table(
        ['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistingsher', 'InitialSeats'],
        levels.flatMap(({ name, queue }) =>
          [...queue.busyQueues()].flatMap(({ index, waiting }) =>
            waiting.map(({ schema, distinguisher, seats }, at) => [name, schema, index, at, distinguisher, seats]),
          ),
        ),
      )
    default:
      return undefined
  }
}

function table(header: readonly string[], rows: readonly (readonly (string | number | boolean)[])[]): Answer {
  const lines = [header, ...rows].map((row) => row.join(', '))
  return { type: 'bytes', status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${lines.join('\n')}\n` }
}
