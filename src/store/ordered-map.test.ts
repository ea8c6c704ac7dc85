import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '#base/random.ts'
import { compareKeys } from './keys.ts'
import { OrderedMap } from './ordered-map.ts'

test('any sequence of sets and deletes reads as a sorted map would', () => {
  const random = seededRandom(7)
  const map = new OrderedMap<number>()
  const model = new Map<string, number>()
  const below = (n: number) => Math.floor(random.next() * n)
  for (let step = 0; step < 30_000; step++) {
    const key = `/${below(5)}/${below(2000)}`
    if (random.next() < (step % 10_000 < 6000 ? 0.8 : 0.2)) {
      map.set(key, step)
      model.set(key, step)
    } else {
      map.delete(key)
      model.delete(key)
    }
    if (step % 500 !== 0) continue
    const prefix = ['', '/2/', '/3', '/4/1', '/none/'][below(5)]!
    const after = random.next() < 0.5 ? undefined : `/${below(5)}/${below(2000)}`
    const limit = below(3) * 40
    const all = [...model].filter(([k]) => k.startsWith(prefix)).sort(([a], [b]) => compareKeys(a, b))
    const rest = all.filter(([k]) => after === undefined || compareKeys(k, after) > 0).map(([, v]) => v)
    deepEqual(map.under(prefix, after, limit), {
      values: limit ? rest.slice(0, limit) : rest,
      more: limit ? Math.max(0, rest.length - limit) : 0,
    })
    deepEqual([map.count(prefix), map.size], [all.length, model.size])
    deepEqual([...map.entries(prefix)], all)
  }
})
