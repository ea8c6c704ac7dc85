import { equal } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { seededRandom } from '#base/random.ts'
import { unifiedDiff } from './unified-diff.ts'

test('a diff shows changed lines between three unchanged ones', () => {
  const before = 'a\nb\nc\nd\ne\nf\ng\nh\n'
  const after = 'a\nb\nc\nd\ne\nF\ng\nh\ni\n'
  equal(unifiedDiff(before, after, ['then', 'now']), '--- then\n+++ now\n@@ -3,6 +3,7 @@\n c\n d\n e\n-f\n+F\n g\n h\n+i\n')
  equal(unifiedDiff(before, before, ['then', 'now']), '')
})

test('what was not there before, or is not there any more, is a hunk of one kind', () => {
  equal(unifiedDiff('', 'a\nb\n', ['x', 'y']), '--- x\n+++ y\n@@ -0,0 +1,2 @@\n+a\n+b\n')
  equal(unifiedDiff('a\n', '', ['x', 'y']), '--- x\n+++ y\n@@ -1 +0,0 @@\n-a\n')
})

test('patch(1) makes the later text of the earlier one and the diff', (t) => {
  try {
    execFileSync('patch', ['--version'], { stdio: 'ignore' })
  } catch {
    return t.skip('needs patch')
  }
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-diff-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const random = seededRandom(7)
  const text = (length: number) => Array.from({ length }, () => `${'abcdef'[Math.floor(random.next() * 6)]}\n`).join('')
  for (let i = 0; i < 30; i++) {
    const before = text(i * 2)
    const after = i % 3 === 0 ? text(i) : before.replaceAll('a\n', i % 3 === 1 ? '' : 'a\nz\n')
    const diff = unifiedDiff(before, after, ['f', 'f'])
    if (diff === '') continue
    const file = join(directory, 'f')
    writeFileSync(file, before)
    execFileSync('patch', ['-s', file], { input: diff })
    equal(after === '' ? '' : readFileSync(file, 'utf8'), after)
  }
})
