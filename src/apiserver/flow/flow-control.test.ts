/** Who waits for whom under priority and fairness. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFlowControl, type Seat } from './flow-control.ts'
import { flowPage } from './debug-pages.ts'
import { danglingChanges } from './dangling.ts'
import type { FlowSchema } from '#api/flowcontrol/v1/flow-schema.ts'
import { anything, groups } from '#api/flowcontrol/v1/mandatory.ts'
import type { PriorityLevelConfiguration } from '#api/flowcontrol/v1/priority-level-configuration.ts'
import { flowControlObjects } from '#apiserver/registry/default-flow-control.ts'
import { parseRequestInfo } from '#apiserver/filters/request-info.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { VirtualClock } from '#base/clock.ts'
import { Metrics } from '#base/metrics.ts'

const level = (name: string, shares: number, queuing?: object): PriorityLevelConfiguration =>
  ({
    metadata: { name, uid: `level-${name}` },
    spec: {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: shares,
        lendablePercent: 0,
        limitResponse: queuing ? { type: 'Queue', queuing } : { type: 'Reject' },
      },
    },
  }) as unknown as PriorityLevelConfiguration

const schema = (name: string, to: string, group: string, precedence = 1000): FlowSchema =>
  ({
    metadata: { name, uid: `schema-${name}` },
    spec: {
      priorityLevelConfiguration: { name: to },
      matchingPrecedence: precedence,
      distinguisherMethod: { type: 'ByUser' },
      rules: [anything(groups(group))],
    },
  }) as unknown as FlowSchema

const QUEUES = { queues: 64, handSize: 6, queueLengthLimit: 3 }

function flowOf(
  levels: readonly PriorityLevelConfiguration[],
  schemas: readonly FlowSchema[],
  options: { seats?: number; objects?: number } = {},
) {
  const clock = new VirtualClock()
  const metrics = new Metrics()
  const source = { version: () => 1, schemas: () => schemas, levels: () => levels, count: () => options.objects ?? 0 }
  const flow = openFlowControl({ source, clock, metrics, seats: options.seats ?? 20, soon: queueMicrotask })
  const started: string[] = []
  const seats = new Map<string, Seat>()
  const refused: string[] = []
  const ask = async (id: string, user: string, group: string, url = '/api/v1/nodes/n', signal = new AbortController().signal) => {
    const [path = '', query = ''] = url.split('?')
    const parameters = new URLSearchParams(query)
    const context = {
      user: { username: user, groups: [group] },
      info: parseRequestInfo('GET', path, parameters),
      query: parameters,
      signal,
    } as unknown as RequestContext
    try {
      seats.set(id, await flow.enter(context))
      started.push(id)
    } catch (error) {
      refused.push(`${id}: ${(error as Error).message}`)
    }
  }
  const settle = () => clock.advance(0)
  const end = async (id: string) => {
    seats.get(id)![Symbol.dispose]()
    await settle()
  }
  return { flow, clock, metrics, ask, settle, end, started, refused, seats }
}

test('a flow that floods fills its queues and is told to come back; another one waits only for its turn', async () => {
  const t = flowOf([level('work', 100, QUEUES)], [schema('all', 'work', 'dev')], { seats: 2 })
  for (let i = 0; i < 40; i++) void t.ask(`flood-${i}`, 'ann', 'dev')
  await t.settle()
  assert.deepEqual(t.started, ['flood-0', 'flood-1'])
  assert.deepEqual(t.refused, []) // for a moment, so that it does not ask again at once
  await t.clock.advance(250)
  // six queues of three wait; the rest found no room
  assert.equal(t.refused.length, 40 - 2 - 18)
  assert.equal(t.refused[0], 'flood-20: Too many requests, please try again later.')
  void t.ask('calm', 'bob', 'dev')
  for (let i = 0; !t.started.includes('calm'); i++) {
    await t.clock.advance(100)
    await t.end(t.started[i]!)
  }
  // each of the flood's queues at most once before
  assert.ok(t.started.length <= 2 + 6 + 1, t.started.join(' '))
})

test('levels do not wait for each other', async () => {
  const t = flowOf([level('low', 50, QUEUES), level('high', 50, QUEUES)], [schema('a', 'low', 'dev'), schema('b', 'high', 'ops')], {
    seats: 2,
  })
  for (let i = 0; i < 5; i++) void t.ask(`low-${i}`, 'ann', 'dev')
  await t.settle()
  await t.ask('high', 'bob', 'ops')
  assert.deepEqual(t.started, ['low-0', 'high'])
})

test('a level without queues refuses what finds no seat', async () => {
  const t = flowOf([level('none', 100)], [schema('a', 'none', 'dev')], { seats: 1 })
  await t.ask('first', 'ann', 'dev')
  void t.ask('second', 'ann', 'dev')
  await t.clock.advance(250)
  assert.deepEqual([t.started, t.refused], [['first'], ['second: Too many requests, please try again later.']])
  assert.match(t.metrics.text(), /rejected_requests_total\{priority_level="none",flow_schema="a",reason="concurrency-limit"\} 1/)
})

test('administrators never wait, and who matches no other schema falls to the last', async () => {
  const t = flowOf([], [], { seats: 1 })
  for (let i = 0; i < 5; i++) await t.ask(`admin-${i}`, 'root', 'system:masters')
  assert.equal(t.started.length, 5)
  await t.ask('stranger', 'system:anonymous', 'system:unauthenticated')
  void t.ask('second stranger', 'system:anonymous', 'system:unauthenticated')
  await t.clock.advance(250)
  assert.deepEqual(t.refused, ['second stranger: Too many requests, please try again later.'])
})

test('a long list takes several seats, but never more than its part of the level', async () => {
  const t = flowOf([level('work', 100, QUEUES)], [schema('all', 'work', 'dev')], { seats: 20, objects: 5000 })
  await t.ask('list', 'ann', 'dev', '/api/v1/pods')
  const work = t.flow.levels.get('work')!
  assert.equal(work.queue.seatsInUse, Math.ceil(work.range.nominal * 0.15))
  await t.ask('page', 'ann', 'dev', '/api/v1/pods?limit=50')
  assert.equal(work.queue.seatsInUse, Math.ceil(work.range.nominal * 0.15) + 1)
  await t.end('list')
  await t.end('page')
  assert.equal(work.queue.seatsInUse, 0)
})

test('who waited too long is told so, and who went away waits no longer', async () => {
  const t = flowOf([level('work', 100, QUEUES)], [schema('all', 'work', 'dev')], { seats: 1 })
  await t.ask('first', 'ann', 'dev')
  const gone = new AbortController()
  void t.ask('late', 'ann', 'dev')
  void t.ask('gone', 'ann', 'dev', undefined, gone.signal)
  await t.settle()
  gone.abort(new Error('the caller has gone'))
  await t.clock.advance(15_000)
  assert.deepEqual(t.refused, ['gone: the caller has gone', 'late: Too many requests, please try again later.'])
  const { queue, counts } = t.flow.levels.get('work')!
  assert.deepEqual([queue.waiting, counts], [0, { dispatched: 1, rejected: 0, timedOut: 1, cancelled: 1 }])
})

test('a level that needs more borrows what others lend, and gives it back', async () => {
  const lending = level('lender', 50, QUEUES)
  const lent = {
    ...lending,
    spec: { ...lending.spec, limited: { ...lending.spec.limited, lendablePercent: 80 } },
  } as PriorityLevelConfiguration
  const wide = { queues: 64, handSize: 6, queueLengthLimit: 50 }
  const t = flowOf([lent, level('busy', 50, wide)], [schema('a', 'lender', 'ops'), schema('b', 'busy', 'dev')], { seats: 21 })
  for (let i = 0; i < 40; i++) void t.ask(`busy-${i}`, 'ann', 'dev')
  await t.settle()
  const busy = t.flow.levels.get('busy')!
  assert.equal(busy.queue.executing, busy.range.nominal)
  await t.clock.advance(10_000)
  assert.ok(busy.queue.executing > busy.range.nominal, `${busy.queue.executing} of ${busy.range.nominal}`)
  assert.equal(t.flow.levels.get('lender')!.queue.limit, t.flow.levels.get('lender')!.range.least)
})

test('the default levels part the seats as upstream does', () => {
  const of = (kind: string) => flowControlObjects.map((d) => d.object).filter((o) => (o as { kind?: string }).kind === kind)
  const t = flowOf(of('PriorityLevelConfiguration') as never, of('FlowSchema') as never, { seats: 600 })
  assert.deepEqual(Object.fromEntries([...t.flow.levels].map(([name, { range }]) => [name, [range.nominal, range.least]])), {
    exempt: [0, 0],
    'catch-all': [13, 13],
    system: [74, 50],
    'node-high': [98, 73],
    'leader-election': [25, 25],
    'workload-high': [98, 49],
    'workload-low': [245, 24],
    'global-default': [49, 24],
  })
})

test('whoever looks sees the queues', async () => {
  const t = flowOf([level('work', 100, QUEUES)], [schema('all', 'work', 'dev')], { seats: 1 })
  await t.ask('first', 'ann', 'dev')
  void t.ask('second', 'ann', 'dev')
  await t.settle()
  const page = (name: string, query = '') => {
    const answer = flowPage(t.flow, `/debug/api_priority_and_fairness/${name}`, new URLSearchParams(query))
    return answer?.type === 'bytes' ? String(answer.body).trim().split('\n').slice(1) : undefined
  }
  assert.deepEqual(
    page('dump_priority_levels')?.find((line) => line.startsWith('work')),
    'work, 2, false, false, 1, 1, 1, 0, 0, 0',
  )
  const time = String.raw`\d{4}-[\d:T.-]+Z`
  const [waits, works] = page('dump_requests')!
  assert.match(waits!, new RegExp(String.raw`^work, all, \d+, 0, ann, ${time}, 1, 0, 0s, 0001-01-01T00:00:00Z$`))
  assert.match(works!, new RegExp(String.raw`^work, all, \d+, -1, ann, ${time}, 1, 0, 0s, ${time}$`))
  assert.match(
    page('dump_requests', 'includeRequestDetails=1')![1]!,
    new RegExp(String.raw`, ${time}, ann, get, /api/v1/nodes/n, , n, v1, nodes, ?$`),
  )
  const queues = page('dump_queues')!.toSorted((a, b) => a.split(', ')[2]!.localeCompare(b.split(', ')[2]!))
  assert.match(queues[0]!, /^work, \d+, 0, 1, 1, 0.\d{8}ss, 0, 0, 0.00000000ss$/)
  assert.match(queues[1]!, /^work, \d+, 1, 0, 0, 0.\d{8}ss, 1, 1, 0.00300000ss$/)
  assert.equal(page('other'), undefined)
})

test('a schema says whether its level is there', () => {
  const now = Date.UTC(2026, 0, 1)
  const [change] = danglingChanges([schema('a', 'gone', 'dev')], new Set(), now)
  assert.deepEqual(change, {
    name: 'a',
    condition: {
      type: 'Dangling',
      status: 'True',
      reason: 'NotFound',
      message: 'This FlowSchema references the PriorityLevelConfiguration object named "gone" but there is no such object',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  })
  const told = { ...schema('a', 'gone', 'dev'), status: { conditions: [change!.condition] } } as FlowSchema
  assert.deepEqual(danglingChanges([told], new Set(), now + 5000), [])
  const [mended] = danglingChanges([told], new Set(['gone']), now + 5000)
  assert.deepEqual([mended!.condition.status, mended!.condition.lastTransitionTime], ['False', '2026-01-01T00:00:05Z'])
})
