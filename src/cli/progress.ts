/** Live progress, step by step with times: redrawn on a terminal, plain lines elsewhere. */

import type { Environment } from './command.ts'

const REDRAW_MS = 100

/** Runs `work` as one step; what it passes to `say` is shown while it runs. A failure is shown and thrown on. */
export async function step<T>(
  environment: Pick<Environment, 'clock' | 'isTerminal' | 'out'>,
  title: string,
  work: (say: (detail: string) => void) => Promise<T>,
): Promise<T> {
  const { clock, isTerminal, out } = environment
  const start = clock.monotonic()
  let detail = ''
  const seconds = () => `${((clock.monotonic() - start) / 1000).toFixed(1)} s`
  let timer: Disposable | undefined
  const draw = () => {
    out(`\r\x1b[K  … ${title}${detail ? ` (${detail})` : ''} ${seconds()}`)
    timer = clock.timer(REDRAW_MS, draw)
  }
  if (isTerminal) draw()
  const end = (mark: string) => {
    timer?.[Symbol.dispose]()
    out(`${isTerminal ? '\r\x1b[K' : ''}  ${mark} ${title}${mark === '✓' && detail ? ` (${detail})` : ''} ${seconds()}\n`)
  }
  try {
    const result = await work((text) => (detail = text))
    end('✓')
    return result
  } catch (error) {
    end('✗')
    throw error
  }
}
