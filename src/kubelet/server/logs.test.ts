import { deepEqual } from 'node:assert/strict'
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { readLog, type LogOptions } from './logs.ts'

const LINES = [
  '2026-01-01T00:00:01.000000000Z stdout F one',
  '2026-01-01T00:00:02.000000000Z stderr F two',
  '2026-01-01T00:00:03.000000000Z stdout P thr',
  '2026-01-01T00:00:03.100000000Z stdout F ee',
]

async function read(options: Partial<LogOptions>, during?: (path: string) => void): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'log-'))
  const path = join(directory, '0.log')
  writeFileSync(path, `${LINES.join('\n')}\n`)
  let text = ''
  let asked = 0
  try {
    const source = { path, clock: systemClock, signal: new AbortController().signal, alive: async () => asked++ < 0 }
    for await (const chunk of readLog(source, { follow: false, timestamps: false, stream: 'All', ...options })) {
      text += Buffer.from(chunk).toString()
      during?.(path)
      during = undefined
    }
    return text
  } finally {
    rmSync(directory, { recursive: true })
  }
}

test('lines come without the runtime’s prefix, parts joined', async () => {
  deepEqual(await read({}), 'one\ntwo\nthree\n')
})

test('timestamps stand before whole lines only', async () => {
  deepEqual(
    await read({ timestamps: true, stream: 'Stdout' }),
    '2026-01-01T00:00:01.000000000Z one\n2026-01-01T00:00:03.000000000Z three\n',
  )
})

test('the tail, a point in time and a limit of bytes cut the log', async () => {
  deepEqual(await read({ tailLines: 3 }), 'two\nthree\n')
  deepEqual(await read({ tailLines: 0 }), '')
  deepEqual(await read({ tailLines: 100 }), 'one\ntwo\nthree\n')
  deepEqual(await read({ sinceTime: Date.parse('2026-01-01T00:00:02Z') }), 'two\nthree\n')
  deepEqual(await read({ limitBytes: 5 }), 'one\nt')
})

test('a followed log goes on in the file that follows a rotated one', async () => {
  const text = await read({ follow: true }, (path) => {
    renameSync(path, `${path}.20260101-000004`)
    appendFileSync(`${path}.20260101-000004`, '2026-01-01T00:00:04.000000000Z stdout F four\n')
    writeFileSync(path, '2026-01-01T00:00:05.000000000Z stdout F five\n')
  })
  deepEqual(text, 'one\ntwo\nthree\nfour\nfive\n')
})

test('a followed log goes on until its container has ended', async () => {
  const text = await read({ follow: true }, (path) => appendFileSync(path, '2026-01-01T00:00:04.000000000Z stdout F four\n'))
  deepEqual(text, 'one\ntwo\nthree\nfour\n')
})
