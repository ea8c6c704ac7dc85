/** Reads which commit a working tree stands at, without a git program. */

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The commit of the working tree in this directory, 40 hexadecimal digits or more; empty when there is none to be found. */
export function gitCommitOf(directory: string): string {
  const git = gitDirectoryOf(directory)
  const head = readLine(join(git, 'HEAD'))
  const branch = /^ref: (.+)$/.exec(head)?.[1]
  if (branch === undefined) return commitIn(head)
  // a further working tree keeps its own HEAD, and shares the branches
  const shared = resolve(git, readLine(join(git, 'commondir')))
  const packed = readText(join(shared, 'packed-refs'))
    .split('\n')
    .find((line) => line.endsWith(` ${branch}`))
  return commitIn(readLine(join(shared, branch))) || commitIn(packed?.split(' ')[0] ?? '')
}

function gitDirectoryOf(directory: string): string {
  const path = join(directory, '.git')
  const elsewhere = /^gitdir: (.+)$/.exec(readLine(path))?.[1]
  return elsewhere === undefined ? path : resolve(directory, elsewhere)
}

function commitIn(text: string): string {
  return /^[0-9a-f]{40,64}$/.test(text) ? text : ''
}

function readLine(path: string): string {
  return readText(path).split('\n', 1)[0]!
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
