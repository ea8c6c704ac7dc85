import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '#api/core/v1/event.ts'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import type { Client } from './client.ts'
import { createEventRecorder } from './event-recorder.ts'

const web = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'default', uid: 'u1', resourceVersion: '7' } }

/** Keeps events as a server would, as far as a recorder uses one. */
function eventStore() {
  const stored = new Map<string, Event>()
  const client = {
    create: async (_: unknown, event: Event) => {
      if (stored.has(event.metadata.name)) throw new Error('name taken')
      stored.set(event.metadata.name, event)
      return event
    },
    patch: async (_: unknown, ref: { readonly name: string }, __: unknown, patch: object) => {
      const next = { ...stored.get(ref.name)!, ...patch }
      stored.set(ref.name, next)
      return next
    },
  } as unknown as Client
  return { client, messages: () => [...stored.values()].map((e) => [e.message, e.count]) }
}

test('a repeated event is counted, not written again', async () => {
  const clock = new VirtualClock()
  const { client, messages } = eventStore()
  const recorder = createEventRecorder({ client, clock, log: silentLog, component: 'kubelet' })
  for (let i = 0; i < 3; i++) recorder.record(web, 'Warning', 'BackOff', 'Back-off restarting failed container')
  recorder.record(web, 'Normal', 'Pulled', 'Container image already present')
  await clock.advance(0)
  deepEqual(messages(), [
    ['Back-off restarting failed container', 3],
    ['Container image already present', 1],
  ])
})

test('many events alike but for their message become one that says so', async () => {
  const clock = new VirtualClock()
  const { client, messages } = eventStore()
  const recorder = createEventRecorder({ client, clock, log: silentLog, component: 'kubelet' })
  for (let i = 1; i <= 13; i++) recorder.record(web, 'Warning', 'Failed', `attempt ${i}`)
  await clock.advance(0)
  equal(messages().length, 10)
  deepEqual(messages().at(-1), ['(combined from similar events): attempt 13', 4])
})

test('a flood about one object is held back and let through again as time passes', async () => {
  const clock = new VirtualClock()
  const { client, messages } = eventStore()
  const recorder = createEventRecorder({ client, clock, log: silentLog, component: 'kubelet' })
  for (let i = 1; i <= 30; i++) recorder.record(web, 'Normal', `Reason${i}`, 'text')
  await clock.advance(0)
  equal(messages().length, 25)
  await clock.advance(300_000)
  recorder.record(web, 'Normal', 'Later', 'text')
  recorder.record(web, 'Normal', 'TooSoon', 'text')
  await clock.advance(0)
  equal(messages().length, 26)
})

test('recorders of one process that write in the same millisecond choose different names', async () => {
  const clock = new VirtualClock()
  const { client, messages } = eventStore()
  for (const component of ['kubelet', 'default-scheduler', 'replicaset-controller'])
    createEventRecorder({ client, clock, log: silentLog, component }).record(web, 'Normal', 'Seen', 'text')
  await clock.advance(0)
  equal(messages().length, 3)
})
