import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { buildImage } from '#runtime/images/oci-image.ts'
import { readImageArchive } from './image-archive.ts'

test('an archive says which images it holds, plain or gzipped', async () => {
  const tar = await buildImage({ name: 'docker.io/library/web:1', architecture: 'amd64', config: { entrypoint: ['/web'] }, files: [] })
  deepEqual(readImageArchive(tar)?.names, ['docker.io/library/web:1'])
  deepEqual(readImageArchive(gzipSync(tar)), { bytes: Buffer.from(tar), names: ['docker.io/library/web:1'] })
})

test('what is no image archive is told from one', () => {
  const broken = gzipSync('text').subarray(0, 12)
  for (const file of ['', 'plain text', 'x'.repeat(5000), '\0'.repeat(2048)]) equal(readImageArchive(Buffer.from(file)), undefined)
  equal(readImageArchive(broken), undefined)
})
