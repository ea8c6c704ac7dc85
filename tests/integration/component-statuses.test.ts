/** The parts of the control plane that share a server's process, as component statuses show them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer } from './server-under-test.ts'

interface Statuses {
  readonly items: readonly { readonly metadata: { readonly name: string }; readonly conditions: readonly object[] }[]
}

const DEADLINE_MS = 20_000 // leadership comes within a second or two of /readyz

test('all parts of a server in one process are healthy once they lead', { timeout: 60_000 }, async () => {
  await using server = await startServer()
  const healthy = { type: 'Healthy', status: 'True', message: 'ok' }
  const wanted = [
    ['controller-manager', [healthy]],
    ['etcd-0', [healthy]],
    ['scheduler', [healthy]],
  ]
  const until = performance.now() + DEADLINE_MS
  for (;;) {
    const { items } = (await server.call('GET', '/api/v1/componentstatuses')).json<Statuses & Record<string, unknown>>()
    const seen = items.map((s) => [s.metadata.name, s.conditions] as const).toSorted()
    if (performance.now() > until || items.every((s) => JSON.stringify(s.conditions).includes('True'))) {
      assert.deepEqual(seen, wanted)
      return
    }
  }
})
