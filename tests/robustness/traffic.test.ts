/** Random traffic through the API while the server is killed, frozen and told a wrong time: the history is one a correct server gives. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { seededRandom } from '#base/random.ts'
import { credentials, freePort, startServer, type ServerUnderTest } from '../integration/server-under-test.ts'
import { checkHistory } from './api-history.ts'
import { startTraffic } from './api-traffic.ts'
import { needsShim, shimEnvironment } from './disk-shim.ts'

const LONG = process.env['K8TS_LONG'] === '1'
const FAULTS = LONG ? 1000 : 6
const BETWEEN_MS_MAX = 1200
const FROZEN_MS_MAX = 2000
const HOUR_SECONDS = 3600
const UPDATES = 100
const ROUNDS_OF_UPDATES = 10
/** Seeds that found something, and what it was; they are run for ever after. */
const FOUND: Readonly<Record<number, string>> = {}
const SEEDS = process.env['K8TS_TEST_SEED'] ? [Number(process.env['K8TS_TEST_SEED'])] : [1, ...Object.keys(FOUND).map(Number)]

for (const seed of SEEDS)
  test(
    `no history shows that the server was killed, frozen or misled about the time (seed ${seed})`,
    { timeout: LONG ? 7_200_000 : 120_000 },
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'k8ts-traffic-'))
      const random = seededRandom(seed)
      const port = await freePort()
      const clockFile = join(directory, 'clock')
      let wrong = 0
      // forth and back: before its certificates began a server would rightly trust nobody
      const mislead = () => {
        wrong = wrong === 0 ? HOUR_SECONDS : 0
        const bytes = Buffer.alloc(8)
        bytes.writeBigInt64LE(BigInt(wrong))
        writeFileSync(clockFile, bytes, { flag: 'r+' })
      }
      writeFileSync(clockFile, Buffer.alloc(8))
      const start = () =>
        startServer({
          command: 'kube-apiserver',
          directory: join(directory, 'server'),
          port,
          ...(needsShim === false && { env: shimEnvironment({ root: join(directory, 'server'), clockFile }) }),
        })
      let server: ServerUnderTest = await start()
      try {
        await using traffic = await startTraffic([{ ...credentials(server.kubeconfig), host: '127.0.0.1', port }], seed)
        for (let i = 0; i < FAULTS; i++) {
          await setTimeout(random.next() * BETWEEN_MS_MAX)
          const kind = i % 3
          if (kind === 0) {
            const gone = once(server.process, 'exit')
            server.process.kill('SIGKILL')
            await gone
            server = await start()
          } else if (kind === 1) {
            server.process.kill('SIGSTOP')
            await setTimeout(random.next() * FROZEN_MS_MAX)
            server.process.kill('SIGCONT')
          } else mislead()
        }
        await setTimeout(BETWEEN_MS_MAX)
        const history = await traffic.end()
        const done = history.operations.filter((o) => o.type === 'write' && o.outcome === 'done').length
        ok(done > FAULTS * 10, `only ${done} writes were done`)
        checkHistory(history)
      } finally {
        await server[Symbol.asyncDispose]()
        rmSync(directory, { recursive: true, force: true })
      }
    },
  )

test('of many updates on one version one wins, and the others are told that they came too late', { timeout: 60_000 }, async () => {
  await using server = await startServer({ command: 'kube-apiserver' })
  const path = '/api/v1/namespaces/default/configmaps'
  interface Made {
    readonly metadata: { readonly resourceVersion: string }
    readonly data: { readonly by: string }
  }
  let { metadata } = (await server.call('POST', path, { metadata: { name: 'a' }, data: { by: 'nobody' } })).json<Made>()
  for (let round = 0; round < ROUNDS_OF_UPDATES; round++) {
    const object = (i: number) => ({
      metadata: { name: 'a', resourceVersion: metadata.resourceVersion },
      data: { by: `${round}-${i}` },
    })
    const answers = await Promise.all(
      Array.from({ length: UPDATES }, (_, i) =>
        i % 2 === 0
          ? server.call('PUT', `${path}/a`, object(i))
          : server.call('PATCH', `${path}/a`, object(i), { contentType: 'application/merge-patch+json' }),
      ),
    )
    const winners = answers.flatMap((answer, i) => (answer.status === 200 ? [i] : []))
    deepEqual([winners.length, answers.filter((a) => a.status === 409).length], [1, UPDATES - 1])
    const now = (await server.call('GET', `${path}/a`)).json<Made>()
    equal(now.data.by, `${round}-${winners[0]}`)
    metadata = now.metadata
  }
})
