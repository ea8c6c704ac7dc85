/** Who may use an image that is on the node. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPulledImages, type PullRecord } from './pulled-images.ts'

function recordInMemory(): PullRecord {
  let text = ''
  return {
    read: () => text,
    write(next) {
      text = next
    },
  }
}

const login = { username: 'u', password: 'p' }
const other = { username: 'u', password: 'q' }
const image = 'example.org/a:1'

test('an image pulled with a login is for pods that bring it, also after a restart', () => {
  const record = recordInMemory()
  const pulled = createPulledImages(record)
  pulled.begin(image)
  pulled.finish(image, 'sha256:1', login, ['sha256:1'])
  const after = createPulledImages(record)
  const uses = [[], [other], [other, login]].map((logins) => after.mayUse(image, 'sha256:1', logins))
  assert.deepEqual(uses, [false, false, true])
  assert.equal(record.read().includes('"p"'), false)
})

test('once pulled by anybody, an image of that repository is for everybody', () => {
  const pulled = createPulledImages(recordInMemory())
  pulled.finish(image, 'sha256:1', login, ['sha256:1'])
  pulled.finish('example.org/a:2', 'sha256:1', undefined, ['sha256:1'])
  assert.equal(pulled.mayUse(image, 'sha256:1', []), true)
  assert.equal(pulled.mayUse('example.org/b:1', 'sha256:1', []), false)
})

test('an image that came another way is for everybody, unless a pull of it never ended', () => {
  const record = recordInMemory()
  const pulled = createPulledImages(record)
  assert.equal(pulled.mayUse(image, 'sha256:1', []), true)
  pulled.begin(image)
  assert.equal(createPulledImages(record).mayUse(image, 'sha256:1', []), false)
  pulled.abandon(image)
  assert.equal(createPulledImages(record).mayUse(image, 'sha256:1', []), true)
})

test('what is recorded of images that are gone is dropped', () => {
  const pulled = createPulledImages(recordInMemory())
  pulled.finish(image, 'sha256:1', login, ['sha256:1'])
  pulled.finish(image, 'sha256:2', login, ['sha256:2'])
  assert.equal(pulled.mayUse(image, 'sha256:1', []), true)
})
