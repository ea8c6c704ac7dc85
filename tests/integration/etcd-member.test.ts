/** Servers that run etcd themselves: the first one, others that join it, and what happens when they are killed. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { needsEtcd } from '../conformance/etcd-under-test.ts'
import { eventually, runProgram } from '../e2e/cluster-under-test.ts'
import { freePort, root, startServer, type ServerUnderTest } from './server-under-test.ts'

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const AUTHORITIES = ['ca.crt', 'ca.key', 'front-proxy-ca.crt', 'front-proxy-ca.key', 'sa.key', 'sa.pub', 'etcd/ca.crt', 'etcd/ca.key']

test('three servers make an etcd cluster of their own and outlive the death of one', { skip: needsEtcd, timeout: 240_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-members-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const [port, client, peer] = [await freePort(), await freePort(), await freePort()]
  const start = async (i: number, flags: readonly string[]): Promise<ServerUnderTest> => {
    const own = join(directory, `s${i}`)
    for (const file of i > 1 ? AUTHORITIES : []) {
      mkdirSync(dirname(join(own, 'pki', file)), { recursive: true })
      cpSync(join(directory, 's1/pki', file), join(own, 'pki', file))
    }
    return startServer({
      command: 'kube-apiserver',
      directory: own,
      port,
      host: `127.0.0.${i}`,
      flags: [...flags, '--etcd-client-port', String(client), '--etcd-peer-port', String(peer)],
    })
  }
  const name = async (server: ServerUnderTest, of: string) =>
    (await server.call('POST', CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: of } })).status
  const names = async (server: ServerUnderTest) =>
    (await server.call('GET', CONFIG_MAPS))
      .json<{ items: { metadata: { name: string } }[] }>()
      .items.map((i) => i.metadata.name)
      .filter((n) => n !== 'kube-root-ca.crt')

  let first = await start(1, ['--cluster-init'])
  stack.defer(() => first[Symbol.asyncDispose]())
  equal(await name(first, 'a'), 201)
  const second = stack.use(await start(2, ['--join', `https://127.0.0.1:${client}`]))
  const third = stack.use(await start(3, ['--join', `https://127.0.0.2:${client}`]))
  deepEqual([await names(second), await names(third)], [['a'], ['a']])
  equal(await name(third, 'b'), 201)

  first.process.kill('SIGKILL')
  await eventually('a write without the first', async () => ((await name(second, 'c')) === 201 ? true : undefined))
  first = await start(1, ['--cluster-init'])
  deepEqual(await names(first), ['a', 'b', 'c'])
  equal(await name(first, 'd'), 201)
  deepEqual(await names(third), ['a', 'b', 'c', 'd'])
})

test('flags that contradict each other are refused', async () => {
  for (const [words, said] of [
    [['--cluster-init', '--join', 'https://127.0.0.1:2379'], /--cluster-init and --join exclude each other/],
    [['--cluster-init', '--datastore', 'sqlite'], /--cluster-init and --join go with --datastore etcd, not with sqlite/],
    [['--datastore', 'etcd'], /--datastore etcd needs --etcd-servers, --cluster-init or --join/],
    [['--etcd-servers', 'ftp://x'], /invalid argument "ftp:\/\/x" for "--etcd-servers" flag/],
  ] as const) {
    const ran = await runProgram(join(root, 'k8ts'), ['server', '--data-dir', join(tmpdir(), 'k8ts-none'), ...words], process.env)
    match(ran.err, said)
    equal(ran.code, 2)
  }
})
