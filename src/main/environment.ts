/** The real machine behind a command's `Environment`. */

import { execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '#base/clock.ts'
import { homeDirectory } from '#cli/cluster/record.ts'
import { ProgramFailed, type Environment } from '#cli/command.ts'
import type { Command } from '#cli/cluster/machine-plan.ts'

// Debian keeps nft, runc and others where an ordinary user's PATH does not look
const PATH = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`

/** The environment of this process; its signal aborts on SIGINT or SIGTERM. */
export function realEnvironment(): Environment {
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupted.abort(new Error(name)))
  const isRoot = process.getuid?.() === 0
  return {
    clock: systemClock,
    variables: process.env,
    platform: process.platform,
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    isRoot,
    isTerminal: process.stdout.isTTY === true,
    root: packageRoot,
    home: homeDirectory(process.env, isRoot),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    run,
    launch(program, words, log) {
      mkdirSync(dirname(log), { recursive: true })
      const output = openSync(log, 'a')
      const child = spawn(program, words, { detached: true, stdio: ['ignore', output, output], env: { ...process.env, PATH } })
      closeSync(output)
      child.unref()
      if (child.pid === undefined) throw new ProgramFailed(`cannot start ${program}: is it installed?`)
      return child.pid
    },
    alive: (pid, mark) => commandLine(pid).includes(mark),
    kill(pid, mark, signal) {
      try {
        if (commandLine(pid).includes(mark)) process.kill(pid, signal)
      } catch {
        // gone already
      }
    },
    signal: interrupted.signal,
  }
}

/** The folder of the package: two levels above this file in the source tree, one above the bundle. */
export const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), import.meta.url.endsWith('.ts') ? '../..' : '..')

/** Runs a program to its end; answers what it wrote. Throws `ProgramFailed` with its last words. */
export function run({ program, words, input, mayFail }: Command): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, PATH } })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.stdin.on('error', () => {}) // the program may end before it has read everything
    child.stdin.end(input ?? '')
    child.on('error', (error) => (mayFail ? done('') : fail(new ProgramFailed(`cannot run ${program}: ${error.message}`))))
    child.on('close', (code) => {
      if (code === 0 || mayFail) return done(Buffer.concat(out).toString())
      fail(new ProgramFailed(`${program} ${words.join(' ')} ended with status ${code}: ${Buffer.concat(err).toString().trim()}`))
    })
  })
}

/** What a process was started with; nothing of one that is gone or a zombie. */
function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}
