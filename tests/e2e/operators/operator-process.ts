/** An operator's program as a process of its own, with a kubeconfig as its only link to the cluster. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface OperatorProcess extends AsyncDisposable {
  /** Waits until the operator has written the text since it started. */
  says(text: string): Promise<void>
  /** Ends it as a kubelet would, or with SIGKILL as a power cut would; answers what it wrote. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<string>
}

/**
 * Runs a program of this folder, and anew when it gives up by itself, as a kubelet does: a framework that registers its kind and watches it at once
 * may be too early for it, with upstream as here, and ends.
 */
export const startOperator = (program: string, kubeconfig: string, ...words: readonly string[]): OperatorProcess =>
  keepRunning(program, [join(import.meta.dirname, program), ...words], { env: { KUBECONFIG: kubeconfig } })

export interface OperatorSurroundings {
  readonly env: NodeJS.ProcessEnv
  readonly directory?: string
  /** The operator starts processes itself, which end with it. */
  readonly hasChildren?: boolean
  readonly saysWithinMs?: number
}

/** Keeps a program of Node.js running, given as its words after `node`. */
export function keepRunning(name: string, words: readonly string[], surroundings: OperatorSurroundings): OperatorProcess {
  const { env, directory, hasChildren = false, saysWithinMs = SAYS_MS_MAX } = surroundings
  let written = ''
  let changed = Promise.withResolvers<void>()
  const note = (text: string) => {
    written += text
    changed.resolve()
    changed = Promise.withResolvers()
  }
  let isWanted = true
  const start = () => {
    const child = spawn(process.execPath, words, {
      env: { ...process.env, ...env },
      cwd: directory,
      detached: hasChildren,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => note(chunk.toString()))
    return child
  }
  let child = start()
  const run = async () => {
    for (let starts = 1; ; starts++) {
      const [code] = (await once(child, 'close')) as [number | null]
      if (!isWanted) return
      note(`ended with ${code}\n`)
      if (starts === STARTS_MAX) return
      child = start()
    }
  }
  // a group of its own would outlive interrupted tests
  const interrupted = (signal: NodeJS.Signals) => {
    endGroup(child.pid!, 'SIGKILL')
    process.kill(process.pid, signal)
  }
  const signals = hasChildren ? (['SIGINT', 'SIGTERM', 'SIGHUP'] as const) : []
  for (const signal of signals) process.once(signal, interrupted)
  const ended = run().finally(() => {
    for (const signal of signals) process.off(signal, interrupted)
  })
  const end: OperatorProcess['end'] = async (signal = 'SIGTERM') => {
    isWanted = false
    if (hasChildren) endGroup(child.pid!, signal)
    else child.kill(signal)
    await ended
    return written
  }
  return {
    async says(text) {
      const deadline = AbortSignal.timeout(saysWithinMs)
      const late = once(deadline, 'abort').then(() => Promise.reject(new Error(`${name} did not say "${text}" but:\n${written}`)))
      late.catch(() => {})
      while (!written.includes(text)) await Promise.race([changed.promise, late])
    },
    end,
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')
    },
  }
}

/** Ends a process and those it started, of which some may have outlived it. */
function endGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const SAYS_MS_MAX = 20_000
const STARTS_MAX = 4
