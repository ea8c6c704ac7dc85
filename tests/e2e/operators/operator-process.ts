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

/** Runs a program of this folder. */
export function startOperator(program: string, kubeconfig: string, ...words: readonly string[]): OperatorProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, program), ...words], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let written = ''
  let changed = Promise.withResolvers<void>()
  const note = (text: string) => {
    written += text
    changed.resolve()
    changed = Promise.withResolvers()
  }
  const ended = once(child, 'close').then(([code]) => note(`\nended with ${code}\n`))
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => note(chunk.toString()))
  const end: OperatorProcess['end'] = async (signal = 'SIGTERM') => {
    child.kill(signal)
    await ended
    return written
  }
  return {
    async says(text) {
      const deadline = AbortSignal.timeout(SAYS_MS_MAX)
      const late = once(deadline, 'abort').then(() => Promise.reject(new Error(`${program} did not say "${text}" but:\n${written}`)))
      late.catch(() => {})
      while (!written.includes(text)) {
        if (child.exitCode !== null) throw new Error(`${program} ended without saying "${text}":\n${written}`)
        await Promise.race([changed.promise, late])
      }
    },
    end,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await end('SIGKILL')
    },
  }
}

const SAYS_MS_MAX = 20_000
