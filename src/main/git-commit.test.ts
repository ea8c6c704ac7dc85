/** Tests that the commit of a working tree is found in every place where git may keep it. */

import { deepEqual } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { gitCommitOf } from './git-commit.ts'

const ONE = '1'.repeat(40)
const TWO = '2'.repeat(40)

/** The commit of `tree` in a folder with these files. */
function commit(files: Readonly<Record<string, string>>, tree = '.'): string {
  const folder = mkdtempSync(join(tmpdir(), 'git-commit-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    return gitCommitOf(join(folder, tree))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('the commit is that of the branch, packed or not, or of HEAD itself', () => {
  const HEAD = { '.git/HEAD': 'ref: refs/heads/main\n' }
  const packed = { '.git/packed-refs': `# pack-refs with: peeled\n${TWO} refs/heads/other-main\n${ONE} refs/heads/main\n` }
  deepEqual(
    [
      commit({ ...HEAD, '.git/refs/heads/main': `${ONE}\n` }),
      commit({ ...HEAD, ...packed }),
      commit({ ...HEAD, ...packed, '.git/refs/heads/main': `${TWO}\n` }),
      commit({ '.git/HEAD': `${TWO}\n` }),
    ],
    [ONE, ONE, TWO, TWO],
  )
})

test('a further working tree has a HEAD of its own', () => {
  const files = {
    'tree/.git': 'gitdir: ../main/.git/worktrees/tree\n',
    'main/.git/worktrees/tree/HEAD': 'ref: refs/heads/side\n',
    'main/.git/worktrees/tree/commondir': '../..\n',
    'main/.git/refs/heads/side': `${ONE}\n`,
  }
  deepEqual(commit(files, 'tree'), ONE)
})

test('without a commit there is none', () => {
  deepEqual([commit({}), commit({ '.git/HEAD': 'ref: refs/heads/main\n' }), commit({ '.git/HEAD': 'what\n' })], ['', '', ''])
})
