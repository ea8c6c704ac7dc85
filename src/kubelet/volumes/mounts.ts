/** Mounting and unmounting on the host. */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Whether something is mounted at exactly this path. */
export async function isMounted(path: string): Promise<boolean> {
  return mountPoints().includes(path)
}

/** Every mount point of this process's namespace. */
export function mountPoints(): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((p) => p.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))))
}

export async function mountBind(source: string, target: string): Promise<void> {
  await run('mount', ['--bind', source, target])
}

export async function mountTmpfs(target: string, sizeBytes: number | undefined): Promise<void> {
  await run('mount', ['-t', 'tmpfs', ...(sizeBytes === undefined ? [] : ['-o', `size=${sizeBytes}`]), 'tmpfs', target])
}

/** Unmounts everything at or below a folder, deepest first; what is busy is detached. */
export async function unmountBelow(directory: string): Promise<void> {
  const below = mountPoints().filter((p) => p === directory || p.startsWith(`${directory}/`))
  for (const point of below.toSorted((a, b) => b.length - a.length)) await run('umount', ['--lazy', point])
}

function run(program: string, words: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, words, (error, _out, err) =>
      error === null ? resolve() : reject(new Error(`${program} ${words.join(' ')}: ${err.trim() || error.message}`)),
    )
  })
}
