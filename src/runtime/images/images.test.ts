import { deepEqual, equal, throws } from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildImage, normalizeImageName } from './oci-image.ts'
import { pauseProgram } from './pause-program.ts'

test('short image names are completed as runtimes do', () => {
  deepEqual(['web', 'team/web:2', 'localhost:5000/web', 'registry.example/web@sha256:00'].map(normalizeImageName), [
    'docker.io/library/web:latest',
    'docker.io/team/web:2',
    'localhost:5000/web:latest',
    'registry.example/web@sha256:00',
  ])
})

test('an image archive holds a layout whose blobs carry their own digests, and is the same each time', async () => {
  const spec = {
    name: 'docker.io/library/x:1',
    architecture: 'amd64',
    config: { entrypoint: ['/x'] },
    files: [{ path: '/x', mode: 0o755, content: Buffer.from('hello') }],
  }
  const archive = await buildImage(spec)
  deepEqual(await buildImage(spec), archive)
  const directory = mkdtempSync(join(tmpdir(), 'image-'))
  try {
    writeFileSync(join(directory, 'a.tar'), archive)
    const list = execFileSync('tar', ['tf', join(directory, 'a.tar')], { encoding: 'utf8' })
      .trim()
      .split('\n')
    execFileSync('tar', ['xf', 'a.tar'], { cwd: directory })
    for (const blob of list.filter((f) => f.startsWith('blobs/'))) {
      equal(execFileSync('sha256sum', [blob], { cwd: directory, encoding: 'utf8' }).slice(0, 64), blob.slice('blobs/sha256/'.length))
    }
    equal(list.length, 5)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test(
  'the pause program runs until it is killed',
  { skip: process.platform === 'linux' && process.arch === 'x64' ? false : 'needs Linux on x64' },
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pause-'))
    const path = join(directory, 'pause')
    writeFileSync(path, pauseProgram('amd64'), { mode: 0o755 })
    const child = spawn(path)
    await once(child, 'spawn')
    child.kill('SIGCHLD')
    child.kill('SIGKILL')
    deepEqual(await once(child, 'exit'), [null, 'SIGKILL'])
    rmSync(directory, { recursive: true })
  },
)

test('an unknown processor has no pause program', () => {
  throws(() => pauseProgram('s390x'), /no pause program for processor s390x/)
})
