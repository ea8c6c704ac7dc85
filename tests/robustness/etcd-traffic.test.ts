/** Random traffic through two servers on an etcd whose leader is killed, whose members are cut off and whose servers freeze. */

import { notEqual, ok } from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { seededRandom } from '#base/random.ts'
import { credentials, startServer } from '../integration/server-under-test.ts'
import { checkHistory } from './api-history.ts'
import { startTraffic } from './api-traffic.ts'
import { needsNamespaces, startMembers } from './etcd-in-namespaces.ts'

const SEED = Number(process.env['K8TS_TEST_SEED'] ?? 1)
const LONG = process.env['K8TS_LONG'] === '1'
const ROUNDS = LONG ? 60 : 1
const FAULT_MS = 2500 // longer than an election takes
const CALM_MS = 1000

test(
  `no history shows that etcd lost its leader, a member or a server for a while (seed ${SEED})`,
  { skip: needsNamespaces, timeout: LONG ? 7_200_000 : 180_000 },
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'k8ts-traffic-'))
    const random = seededRandom(SEED)
    await using stack = new AsyncDisposableStack()
    stack.defer(() => rmSync(directory, { recursive: true, force: true }))
    const etcd = stack.use(await startMembers())
    const start = async (name: string) => {
      const flags = ['--etcd-servers', etcd.endpoints.join(',')]
      return stack.use(await startServer({ command: 'kube-apiserver', directory: join(directory, name), flags }))
    }
    const first = await start('a')
    mkdirSync(join(directory, 'b'))
    cpSync(join(directory, 'a/pki'), join(directory, 'b/pki'), { recursive: true })
    const servers = [first, await start('b')] as const
    await using traffic = await startTraffic(
      servers.map((s) => ({ ...credentials(s.kubeconfig), host: '127.0.0.1', port: s.port })),
      SEED,
    )
    for (let round = 0; round < ROUNDS; round++) {
      const leader = await etcd.leader()
      await etcd.kill(leader)
      await setTimeout(FAULT_MS)
      notEqual(await etcd.leader(), leader)
      await etcd.start(leader)
      await setTimeout(CALM_MS)

      // the one that leads now believes so for a while longer
      const next = await etcd.leader()
      etcd.cutOff(next)
      await setTimeout(FAULT_MS)
      notEqual(await etcd.leader(), next, 'the others have not chosen another')
      etcd.join(next)
      await setTimeout(CALM_MS)

      const follower = ((await etcd.leader()) + 1) % 3
      etcd.cutOff(follower)
      await setTimeout(FAULT_MS)
      etcd.join(follower)

      const frozen = servers[Math.floor(random.next() * servers.length)]!
      frozen.process.kill('SIGSTOP')
      await setTimeout(FAULT_MS)
      frozen.process.kill('SIGCONT')
      await setTimeout(CALM_MS)
    }
    const history = await traffic.end()
    const done = history.operations.filter((o) => o.type === 'write' && o.outcome === 'done').length
    ok(done > ROUNDS * 40, `only ${done} writes were done`)
    checkHistory(history)
  },
)
