/** What the folders of a subPath are like when the kubelet has to make them. */

import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolders } from './sub-path.ts'

test('the missing folders of a subPath get the mode of the volume, whatever the umask', () => {
  const volume = realpathSync(mkdtempSync(join(tmpdir(), 'sub-path-')))
  try {
    chmodSync(volume, 0o2777)
    makeFolders(volume, 'a/b')
    const modes = ['a', 'a/b'].map((p) => (statSync(join(volume, p)).mode & 0o7777).toString(8))
    assert.deepEqual(modes, ['2777', '2777'])
  } finally {
    rmSync(volume, { recursive: true })
  }
})

test('no folder is made behind a link that leads out of the volume', () => {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'sub-path-')))
  try {
    const volume = join(base, 'volume')
    makeFolders(base, 'volume')
    makeFolders(base, 'outside')
    symlinkSync('../outside', join(volume, 'link'))
    assert.throws(() => makeFolders(volume, 'link/new'), /not within volume path/)
    assert.throws(() => statSync(join(base, 'outside/new')), { code: 'ENOENT' })
  } finally {
    rmSync(base, { recursive: true })
  }
})
