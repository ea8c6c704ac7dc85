import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '#base/clock.ts'
import { WorkQueue } from './work-queue.ts'

test('a key waits once, and goes round again when it was added while in work', async () => {
  const queue = new WorkQueue<string>(new VirtualClock())
  queue.add('a')
  queue.add('a')
  queue.add('b')
  equal(queue.length, 2)
  equal(await queue.take(), 'a')
  queue.add('a')
  equal(await queue.take(), 'b')
  equal(queue.length, 0)
  queue.done('a')
  equal(await queue.take(), 'a')
})

test('a taker that waits gets the next key, and undefined once the queue is closed', async () => {
  const queue = new WorkQueue<string>(new VirtualClock())
  const first = queue.take()
  const second = queue.take()
  queue.add('a')
  queue.close()
  deepEqual([await first, await second, await queue.take()], ['a', undefined, undefined])
})

test('what is added at one moment is taken once', async () => {
  const clock = new VirtualClock()
  const queue = new WorkQueue<string>(clock)
  const taken: string[] = []
  const work = async () => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      taken.push(key)
      queue.done(key)
    }
  }
  const working = work()
  for (const _ of [1, 2, 3]) clock.timer(10, () => queue.add('a'))
  await clock.advance(10)
  deepEqual(taken, ['a'])
  queue.close()
  await working
})

test('failures come back later and later until the key is forgotten', async () => {
  const clock = new VirtualClock()
  const queue = new WorkQueue<string>(clock)
  for (const delayMs of [5, 10, 20]) {
    queue.addRateLimited('a')
    await clock.advance(delayMs - 1)
    equal(queue.length, 0)
    await clock.advance(1)
    equal(await queue.take(), 'a')
    queue.done('a')
  }
  equal(queue.retries('a'), 3)
  queue.forget('a')
  equal(queue.retries('a'), 0)
})

test('of two delays the earlier counts', async () => {
  const clock = new VirtualClock()
  const queue = new WorkQueue<string>(clock)
  queue.addAfter('a', 100)
  queue.addAfter('a', 10)
  queue.addAfter('a', 50)
  await clock.advance(10)
  equal(await queue.take(), 'a')
  queue.done('a')
  await clock.advance(1000)
  equal(queue.length, 0)
})
