import { deepEqual, equal, rejects } from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { planRotation, rotateLog } from './log-rotation.ts'

const SECOND = 1000
const START = Date.parse('2026-01-31T23:59:59Z')

function folder(t: { after(end: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'rotation-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

test('a log that has grown is moved aside, the one before it compressed, the oldest removed', async (t) => {
  const directory = folder(t)
  const log = join(directory, '0.log')
  const limits = { bytesMax: 5, filesMax: 4 }
  for (let i = 0; i < 5; i++) {
    writeFileSync(log, `text ${i}`)
    await rotateLog(log, limits, START + i * SECOND, async () => writeFileSync(log, ''))
  }
  await rotateLog(log, limits, START, async () => Promise.reject(new Error('the log is small again')))
  deepEqual(readdirSync(directory).toSorted(), ['0.log', '0.log.20260201-000001.gz', '0.log.20260201-000002.gz', '0.log.20260201-000003'])
  equal(gunzipSync(readFileSync(join(directory, '0.log.20260201-000002.gz'))).toString(), 'text 3')
})

test('a log goes on in its file when the runtime cannot begin another', async (t) => {
  const directory = folder(t)
  const log = join(directory, '0.log')
  writeFileSync(log, 'text')
  await rejects(
    rotateLog(log, { bytesMax: 1, filesMax: 5 }, START, () => Promise.reject(new Error('no'))),
    { message: 'no' },
  )
  deepEqual(readdirSync(directory), ['0.log'])
})

test('what an unfinished compression left is cleared, and other logs are left alone', () => {
  deepEqual(planRotation('0.log', ['0.log', '0.log.1', '0.log.1.gz', '0.log.2', '0.log.2.tmp', '1.log', '1.log.1', '10.log.1'], 5), {
    remove: ['0.log.1', '0.log.2.tmp'],
    compress: ['0.log.2'],
  })
})
