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
export function startOperator(program: string, kubeconfig: string, ...words: readonly string[]): OperatorProcess {
  let written = ''
  let changed = Promise.withResolvers<void>()
  const note = (text: string) => {
    written += text
    changed.resolve()
    changed = Promise.withResolvers()
  }
  let isWanted = true
  const start = () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, program), ...words], {
      env: { ...process.env, KUBECONFIG: kubeconfig },
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
  const ended = run()
  const end: OperatorProcess['end'] = async (signal = 'SIGTERM') => {
    isWanted = false
    child.kill(signal)
    await ended
    return written
  }
  return {
    async says(text) {
      const deadline = AbortSignal.timeout(SAYS_MS_MAX)
      const late = once(deadline, 'abort').then(() => Promise.reject(new Error(`${program} did not say "${text}" but:\n${written}`)))
      late.catch(() => {})
      while (!written.includes(text)) await Promise.race([changed.promise, late])
    },
    end,
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')
    },
  }
}

const SAYS_MS_MAX = 20_000
const STARTS_MAX = 4
