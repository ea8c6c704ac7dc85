/** A bookmark is true: whoever got it has got everything up to it, whatever his selection, and a watch from there misses nothing. */

import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi } from '#apiserver/endpoints/test-api.ts'
import { seededRandom } from '#base/random.ts'
import { checkHistory, type Seen, type Watched } from './api-history.ts'

const SEED = Number(process.env['K8TS_TEST_SEED'] ?? 1)
const MINUTES = process.env['K8TS_LONG'] === '1' ? 500 : 40
const WRITES_A_MINUTE = 12
const NAMES = ['a', 'b', 'c', 'd']
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const HALVES = ['0', '1']

interface Event {
  readonly type: Seen['type']
  readonly published?: { readonly object: ConfigMap }
  readonly object?: ConfigMap
}

interface ConfigMap {
  readonly metadata: { readonly name?: string; readonly resourceVersion: string }
  readonly data?: { readonly value: string }
}

test(`bookmarks tell how far a watch has come (seed ${SEED})`, { timeout: 120_000 }, async () => {
  await using t = await openTestApi()
  const random = seededRandom(SEED)
  const from = Number((await t.call('GET', CONFIG_MAPS)).object.metadata.resourceVersion)
  const stop = new AbortController()
  const watching: Promise<void>[] = []
  const follow = async (what: string, half: string | undefined, at: number): Promise<Watched> => {
    const events: Seen[] = []
    const query = half === undefined ? '' : `&labelSelector=half%3D${half}`
    const watch = await t.watch(`${CONFIG_MAPS}?watch=1&allowWatchBookmarks=true&timeoutSeconds=1000000&resourceVersion=${at}${query}`, {
      signal: stop.signal,
    })
    watching.push(
      (async () => {
        for (let next = await watch.next(); !next.done; next = await watch.next())
          for (const event of next.value as readonly unknown[] as readonly Event[]) {
            const { metadata, data } = (event.published ?? event).object as ConfigMap
            events.push({
              type: event.type,
              name: metadata.name ?? '',
              revision: Number(metadata.resourceVersion),
              value: data?.value ?? '',
            })
          }
      })(),
    )
    return { what, from: at, events, ...(half !== undefined && { selects: (value: string) => value.startsWith(half) }) }
  }
  const all = await follow('the watch of all', undefined, from)
  const watched = [all, ...(await Promise.all(HALVES.map((half) => follow(`the watch of half ${half}`, half, from))))]
  for (let minute = 0; minute < MINUTES; minute++) {
    for (let i = 0; i < WRITES_A_MINUTE; i++) {
      const name = NAMES[Math.floor(random.next() * NAMES.length)]!
      const half = HALVES[Math.floor(random.next() * 2)]!
      const object = { metadata: { name, labels: { half } }, data: { value: `${half}-${minute}-${i}` } }
      if (random.next() < 0.2) await t.call('DELETE', `${CONFIG_MAPS}/${name}`)
      else if ((await t.call('PUT', `${CONFIG_MAPS}/${name}`, object)).status === 404) await t.call('POST', CONFIG_MAPS, object)
      // other kinds move the store on, which bookmarks show and events do not
      await t.call('POST', '/api/v1/namespaces/default/secrets', { metadata: { name: `s-${minute}-${i}` } })
      if (random.next() < 0.3) await t.clock.advance(random.next() * 20_000)
    }
    await t.clock.advance(61_000 - random.next() * 2_000)
    // begun anew from a bookmark that was just given
    const marked = watched[1 + (minute % 2)]!.events.findLast((e) => e.type === 'BOOKMARK')
    if (minute % 8 === 7 && marked)
      watched.push(await follow(`a watch from bookmark ${marked.revision}`, String(minute % 2), marked.revision))
  }
  await t.clock.advance(130_000)
  const newest = await t.store.revision()
  for (const { what, events } of watched) {
    const marks = events.filter((e) => e.type === 'BOOKMARK')
    ok(marks.length > 0 && marks.at(-1)!.revision <= newest, what)
  }
  deepEqual(
    watched.map(({ events }) => events.at(-1)!.revision),
    watched.map(() => newest),
    'where nothing happens the last bookmark is of the newest revision',
  )
  stop.abort()
  await Promise.all(watching)
  // who wrote what is not of interest here: each change is taken for granted
  const operations = all.events.flatMap((e) =>
    e.type === 'BOOKMARK' ? [] : [{ ...granted(e, all.events), client: 0, start: e.revision, end: e.revision }],
  )
  checkHistory({ operations, watched: [all, ...watched.slice(1)] })
})

function granted(e: Seen, events: readonly Seen[]) {
  const before = events.findLast((o) => o.name === e.name && o.revision < e.revision && o.type !== 'BOOKMARK')
  const verb = e.type === 'ADDED' ? ('create' as const) : e.type === 'MODIFIED' ? ('update' as const) : ('delete' as const)
  const value = verb === 'delete' ? null : e.value
  const expected = verb === 'create' ? undefined : before?.revision
  return {
    type: 'write' as const,
    name: e.name,
    verb,
    value,
    expected,
    outcome: 'done' as const,
    revision: verb === 'delete' ? 0 : e.revision,
  }
}
