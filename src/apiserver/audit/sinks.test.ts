/** Where audit events go: a file that is turned over, and batches for what is far away. */

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { openBatchingSink } from './batching-sink.ts'
import type { AuditEvent } from './event.ts'
import { openRotatingLog } from './rotating-log.ts'
import { webhookSink } from './webhook-sink.ts'
import { WebhookError, type WebhookClient } from '#apiserver/webhook/webhook-client.ts'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'

const event = (auditID: string, size = 0): AuditEvent => ({
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'Metadata',
  auditID,
  stage: 'ResponseComplete',
  requestURI: `/${'x'.repeat(size)}`,
  verb: 'get',
  user: { username: 'ann', groups: ['a', 'b'] },
  requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
  stageTimestamp: '2026-01-01T00:00:01.000000Z',
})

function inDirectory(run: (path: string) => void | Promise<void>) {
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), 'audit-'))
    try {
      await run(join(directory, 'log', 'audit.log'))
    } finally {
      rmSync(directory, { recursive: true })
    }
  }
}

const options = { sizeMaxMebibytes: 1, ageMaxDays: 0, backupsMax: 0, compress: false, format: 'json' as const }

test(
  'a line an event, going on where the file ended',
  inDirectory((path) => {
    const clock = new VirtualClock()
    for (const id of ['a', 'b']) {
      using log = openRotatingLog({ ...options, path, clock })
      void log.write([event(id)])
    }
    assert.deepEqual(
      readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as AuditEvent).auditID),
      ['a', 'b'],
    )
  }),
)

test(
  'a full file makes room, and only so many are kept',
  inDirectory(async (path) => {
    const clock = new VirtualClock()
    using log = openRotatingLog({ ...options, path, clock, backupsMax: 2, compress: true })
    for (const id of ['a', 'b', 'c', 'd']) {
      void log.write([event(id, 900_000)])
      await clock.advance(1000)
    }
    const past = readdirSync(join(path, '..')).filter((name) => name.endsWith('.gz'))
    assert.deepEqual(
      past.map((name) => (JSON.parse(gunzipSync(readFileSync(join(path, '..', name))).toString()) as AuditEvent).auditID),
      ['b', 'c'],
    )
    assert.equal((JSON.parse(readFileSync(path, 'utf8')) as AuditEvent).auditID, 'd')
  }),
)

test(
  'the old format is a line of words',
  inDirectory((path) => {
    using log = openRotatingLog({ ...options, path, clock: new VirtualClock(), format: 'legacy' })
    void log.write([event('a')])
    assert.equal(
      readFileSync(path, 'utf8'),
      '2026-01-01T00:00:01.000000Z AUDIT: id="a" stage="ResponseComplete" ip=<none> method="get" user="ann" groups="a","b" as="<self>" asgroups="<lookup>" user-agent=<none> namespace=<none> uri="/" response="<deferred>"\n',
    )
  }),
)

test('batches go when they are full, or have waited; too many too fast are held back, and what finds no room is lost', async () => {
  const clock = new VirtualClock()
  const batches: string[][] = []
  const lost: unknown[] = []
  const sink = openBatchingSink(
    { write: (events) => void batches.push(events.map((e) => e.auditID)) },
    { bufferSize: 4, batchSize: 2, waitMs: 1000, perSecond: 1, burst: 2 },
    { clock, log: { ...silentLog, error: (_, fields) => void lost.push(fields) } },
  )
  for (const id of ['a', 'b', 'c']) void sink.write([event(id)])
  assert.deepEqual(batches, [['a', 'b']])
  await clock.advance(1000)
  assert.deepEqual(batches, [['a', 'b'], ['c']])
  for (const id of ['d', 'e', 'f', 'g', 'h', 'i', 'j']) void sink.write([event(id)])
  assert.deepEqual(batches.slice(2), [['d', 'e']])
  assert.deepEqual(lost, [{ lost: 1 }])
  await clock.advance(1000)
  assert.deepEqual(batches.slice(3), [['f', 'g']])
  await sink[Symbol.asyncDispose]()
  assert.deepEqual(batches.slice(4), [['h', 'i']])
})

test('a webhook that does not answer is asked again, one that refuses is not', async () => {
  const clock = new VirtualClock()
  const bodies: unknown[] = []
  const answers: (WebhookError | undefined)[] = [
    new WebhookError('unreachable', 'refused'),
    undefined,
    new WebhookError('certificate', 'unknown authority'),
  ]
  const client = {
    async call(_: unknown, body: unknown) {
      bodies.push(body)
      const answer = answers.shift()
      if (answer) throw answer
    },
  } as unknown as WebhookClient
  const sink = webhookSink({ client, webhook: { url: 'https://example.com' }, clock, backoffMs: 10_000 })
  const written = sink.write([event('a')])
  await clock.advance(10_000)
  await written
  const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items: [event('a')] }
  assert.deepEqual(bodies, [list, list])
  await assert.rejects(Promise.resolve(sink.write([event('b')])), { message: 'unknown authority' })
})
