/** Compaction goes on while lists are read in pages and watches begin: what is too old is told as such, and nothing else is. */

import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { startServer, type ServerUnderTest } from '../integration/server-under-test.ts'

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const COUNT = 40
const NAMES = Array.from({ length: COUNT }, (_, i) => `c-${String(i).padStart(2, '0')}`)
const HISTORY_SECONDS = 1

interface Page {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly resourceVersion: string }
    readonly data: { readonly n: string }
  }[]
}

test('pages are of one moment or say that it is past, and a watch is refused only for what is compacted', { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-compaction-'))
  using _gone = { [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) }
  const start = () => startServer({ command: 'kube-apiserver', directory, flags: ['--etcd-compaction-interval', `${HISTORY_SECONDS}s`] })
  await using server = await start()
  const write = async (method: string, n: number, i: number) => {
    const path = method === 'POST' ? CONFIG_MAPS : `${CONFIG_MAPS}/${NAMES[i]}`
    const answer = await server.call(method, path, { metadata: { name: NAMES[i]! }, data: { n: String(n) } })
    ok(answer.status < 300, answer.text)
  }
  for (const i of NAMES.keys()) await write('POST', 0, i)
  const page = (query: string) => server.call('GET', `${CONFIG_MAPS}?limit=5${query}`)
  const next = (of: Page) => page(`&continue=${encodeURIComponent(of.metadata.continue!)}`)

  // written between pages: the list stays as it was
  const first = (await page('')).json<Page>()
  const whole = [...first.items]
  for (let last = first, n = 1; last.metadata.continue; n++) {
    for (const i of [n, COUNT - n]) await write('PUT', n, i)
    last = (await next(last)).json<Page>()
    equal(last.metadata.resourceVersion, first.metadata.resourceVersion)
    whole.push(...last.items)
  }
  deepEqual(
    whole.map(({ metadata, data }) => [metadata.name, data.n]),
    NAMES.map((name) => [name, '0']),
  )

  // compacted between pages: told, with a token that goes on from there in the present
  const before = (await page('')).json<Page>()
  const expired = await untilRefused(async () => {
    await write('PUT', 100, 1)
    return next(before)
  })
  equal(expired.status, 410)
  const refusal = expired.json<{ reason: string; metadata: { continue: string } }>()
  equal(refusal.reason, 'Expired')
  const names = before.items.map((item) => item.metadata.name)
  let rest = (await page(`&continue=${encodeURIComponent(refusal.metadata.continue)}`)).json<Page>()
  ok(Number(rest.metadata.resourceVersion) > Number(before.metadata.resourceVersion))
  for (;;) {
    names.push(...rest.items.map((item) => item.metadata.name))
    if (!rest.metadata.continue) break
    rest = (await next(rest)).json<Page>()
  }
  deepEqual(names, NAMES)

  // a watch from before gets all since, which the server still has in memory; one from now goes on over the compactions that follow
  const now = (await page('')).json<Page>().metadata.resourceVersion
  const missed = (await firstLine(server, before.metadata.resourceVersion)).object
  deepEqual([missed.metadata?.name, missed.data?.n], [NAMES[1], '100'])
  const seen: string[] = []
  const watching = (async () => {
    for await (const line of server.lines(`${CONFIG_MAPS}?watch=true&resourceVersion=${now}`)) {
      const { type, object } = JSON.parse(line) as { type: string; object: Page['items'][number] }
      seen.push(`${type} ${object.data.n}`)
      if (object.data.n === '205') break
    }
  })()
  for (let n = 200; n <= 205; n++) {
    await setTimeout((HISTORY_SECONDS * 1000) / 2)
    await write('PUT', n, 3)
  }
  await watching
  deepEqual(seen, ['MODIFIED 200', 'MODIFIED 201', 'MODIFIED 202', 'MODIFIED 203', 'MODIFIED 204', 'MODIFIED 205'])

  // what is neither in memory nor in the store is told to be too old
  await server[Symbol.asyncDispose]()
  await using restarted = await start()
  const refused = await firstLine(restarted, before.metadata.resourceVersion)
  equal(refused.type, 'ERROR')
  match(refused.object.message!, /^too old resource version: \d+ \(\d+\)$/)
})

interface First {
  readonly type: string
  readonly object: { readonly message?: string } & Partial<Page['items'][number]>
}

async function untilRefused<T extends { readonly status: number }>(attempt: () => Promise<T>): Promise<T> {
  for (const deadline = performance.now() + 20_000; ;) {
    const answer = await attempt()
    if (answer.status !== 200 || performance.now() > deadline) return answer
    await setTimeout(100)
  }
}

async function firstLine(server: ServerUnderTest, from: string): Promise<First> {
  for await (const line of server.lines(`${CONFIG_MAPS}?watch=true&resourceVersion=${from}`)) return JSON.parse(line) as First
  throw new Error('the watch said nothing')
}
