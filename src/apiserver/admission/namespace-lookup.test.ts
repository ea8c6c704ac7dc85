import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namespaceLookup } from './namespace-lookup.ts'
import type { LimitRange } from '#api/core/v1/limit-range.ts'
import { VirtualClock } from '#base/clock.ts'

const range = { metadata: { name: 'lr' } } as unknown as LimitRange

function opened() {
  const clock = new VirtualClock()
  const state = { cached: [] as readonly LimitRange[], fresh: [] as readonly LimitRange[], asked: 0 }
  const find = namespaceLookup({
    clock,
    cached: () => state.cached,
    async fresh() {
      state.asked++
      return state.fresh
    },
  })
  return { clock, state, find }
}

test('ranges that are known are answered at once', () => {
  const { state, find } = opened()
  state.cached = [range]
  assert.deepEqual(find('shop'), [range])
  assert.equal(state.asked, 0)
})

test('a namespace without ranges is asked for once by all who wait, and again after half a minute', async () => {
  const { clock, state, find } = opened()
  assert.deepEqual(await Promise.all([find('shop'), find('shop')]), [[], []])
  assert.deepEqual(find('shop'), [])
  assert.equal(state.asked, 1)
  await find('else')
  assert.equal(state.asked, 2)
  await clock.advance(30_000)
  await find('shop')
  assert.equal(state.asked, 3)
})

test('a range that is too new for the cache counts, one that the cache gets meanwhile, too', async () => {
  const { state, find } = opened()
  state.fresh = [range]
  assert.deepEqual(await find('shop'), [range])
  state.fresh = []
  assert.deepEqual(await find('shop'), [])
  state.cached = [range]
  assert.deepEqual(await find('shop'), [range])
  assert.equal(state.asked, 2)
})
