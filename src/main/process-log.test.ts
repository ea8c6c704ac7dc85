import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { processLog } from './process-log.ts'

test('an error among the fields shows its message and where it came from', () => {
  const lines: string[] = []
  const log = processLog('server', 'info', { write: (line) => void lines.push(line) }).with({ node: 'n1' })
  log.error('request failed', { error: new TypeError('not that') })
  log.warn('not renewed', { error: 'as text' })
  const [first, second] = lines.map(
    (line) => JSON.parse(line) as { node?: string; error: { type: string; message: string; stack: string } },
  )
  deepEqual([first!.node, first!.error.type, first!.error.message], ['n1', 'TypeError', 'not that'])
  deepEqual(first!.error.stack.includes('process-log.test.ts'), true)
  deepEqual(second!.error as unknown, 'as text')
})
