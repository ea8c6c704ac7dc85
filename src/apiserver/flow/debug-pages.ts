/** Pages for who wants to see the queues of priority and fairness, laid out as upstream's. */

import { ESTIMATED_SECONDS, type Asked, type AtWork } from './fair-queue.ts'
import type { FlowControl } from './flow-control.ts'
import type { Answer } from '#apiserver/answer.ts'

const BASE = '/debug/api_priority_and_fairness/'
const NEVER = '0001-01-01T00:00:00Z' // the time of what has not begun

/** Undefined for other paths. */
export function flowPage(flow: FlowControl, path: string, query: URLSearchParams): Answer | undefined {
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
        ['PriorityLevelName', 'Index', 'PendingRequests', 'ExecutingRequests', 'SeatsInUse', 'NextDispatchR'].concat([
          'InitialSeatsSum',
          'MaxSeatsSum',
          'TotalWorkSum',
        ]),
        levels.flatMap(({ name, queue }) =>
          [...queue.busyQueues()].map(({ index, waiting, executing, next }) => {
            const inUse = seatSum([...queue.atWork].filter((work) => work.queue === index))
            const asked = seatSum(waiting)
            return [name, index, waiting.length, executing, inUse, seatSeconds(next), asked, asked, seatSeconds(asked * ESTIMATED_SECONDS)]
          }),
        ),
      )
    case 'dump_requests': {
      const detailed = (query.get('includeRequestDetails') ?? '') !== ''
      const row = (name: string, index: number, at: number, request: Omit<AtWork, 'queue' | 'began'>, began?: number) => [
        ...[name, request.schema, index, at, request.distinguisher, new Date(request.asked.at).toISOString(), request.seats, 0, '0s'],
        began === undefined ? NEVER : new Date(began).toISOString(),
        ...(detailed ? details(request.asked) : []),
      ]
      return table(
        ['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistingsher', 'ArriveTime'].concat(
          ['InitialSeats', 'FinalSeats', 'AdditionalLatency', 'StartTime'],
          detailed ? ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource'] : [],
        ),
        levels.flatMap(({ name, queue }) => [
          ...[...queue.busyQueues()].flatMap(({ index, waiting }) => waiting.map((request, at) => row(name, index, at, request))),
          ...[...queue.atWork].map((request) => row(name, request.queue, -1, request, request.began)),
        ]),
      )
    }
    default:
      return undefined
  }
}

function seatSum(requests: readonly { readonly seats: number }[]): number {
  return requests.reduce((sum, { seats }) => sum + seats, 0)
}

function seatSeconds(amount: number): string {
  return `${amount.toFixed(8)}ss`
}

function details({ user, info }: Asked): readonly string[] {
  return [user, info.verb, info.path, info.namespace, info.name, info.version, info.resource, info.subresource]
}

function table(header: readonly string[], rows: readonly (readonly (string | number | boolean)[])[]): Answer {
  const lines = [header, ...rows].map((row) => row.join(', '))
  return { type: 'bytes', status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${lines.join('\n')}\n` }
}
