/** What an operator's machine can lack: each is said in one plain sentence, and nothing is left half done. */

import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runProgram } from '../e2e/cluster-under-test.ts'
import { root, startServer } from './server-under-test.ts'

const needsRoot = process.platform === 'linux' && process.getuid?.() === 0 ? false : 'needs Linux and root'

test(
  'no containerd is said before anything is started',
  { skip: needsRoot || (existsSync('/usr/bin/containerd') ? false : 'needs containerd to hide') },
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'home-'))
    const script = `mount --bind /dev/null /usr/bin/containerd && exec ${join(root, 'k8ts')} up`
    const ran = await runProgram('unshare', ['--mount', 'sh', '-c', script], { ...process.env, K8TS_HOME: home })
    equal(ran.code, 1)
    match(
      ran.err,
      /^k8ts up: real containers need software that is not installed: run 'apt-get install containerd', or use --runtime simulated\n$/,
    )
    deepEqual(existsSync(join(home, 'clusters', 'k8ts.json')), false)
    rmSync(home, { recursive: true, force: true })
  },
)

test('a full disk refuses writes, keeps reads, and takes writes again when there is room', { skip: needsRoot }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'full-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', directory])
  try {
    await using server = await startServer({ directory })
    const path = '/api/v1/namespaces/default/configmaps'
    const create = (name: string, size: number) =>
      server.call('POST', path, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text: 'x'.repeat(size) } })
    equal((await create('kept', 1000)).status, 201)
    let refused: Awaited<ReturnType<typeof create>> | undefined
    for (let i = 0; i < 60 && refused === undefined; i++) {
      const answer = await create(`fill-${i}`, 900_000)
      if (answer.status !== 201) refused = answer
    }
    ok(refused !== undefined, 'the disk never filled up')
    equal(refused.status >= 500, true)
    match(refused.json<{ message: string }>().message, /space/)
    equal((await server.call('GET', `${path}/kept`)).status, 200)
    execFileSync('mount', ['-o', 'remount,size=96m', directory])
    equal((await create('after', 1000)).status, 201)
  } finally {
    execFileSync('umount', ['-l', directory])
    rmSync(directory, { recursive: true, force: true })
  }
})

test('a data directory that cannot be written is said in one sentence', { skip: needsRoot }, async () => {
  const ran = await runProgram(join(root, 'k8ts'), ['server', '--data-dir', '/dev/null/k8ts', '--secure-port', '0'], process.env)
  equal(ran.code, 1)
  match(ran.err, /^k8ts server: cannot use the data directory \/dev\/null\/k8ts: .*; choose another with --data-dir\n$/)
  const home = mkdtempSync(join(tmpdir(), 'home-'))
  const words = ['up', '--runtime', 'simulated', '--data-dir', '/dev/null/k8ts']
  const up = await runProgram(join(root, 'k8ts'), words, { ...process.env, K8TS_HOME: home })
  deepEqual([up.code, up.err], [1, ran.err.replace('server', 'up')])
  rmSync(home, { recursive: true, force: true })
})

test('a second server on the same data says whose it is', async () => {
  await using first = await startServer()
  const ran = await runProgram(
    join(root, 'k8ts'),
    ['server', '--data-dir', first.directory, '--secure-port', '0', '--bind-address', '127.0.0.1'],
    process.env,
  )
  equal(ran.code, 1)
  equal(ran.err.trim().split('\n').length, 1)
  match(ran.err, /^k8ts server: /)
})

test('a disk too small for a cluster is said at once, by the server and by up', { skip: needsRoot }, async () => {
  const home = mkdtempSync(join(tmpdir(), 'home-'))
  const directory = mkdtempSync(join(tmpdir(), 'small-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', directory])
  const k8ts = (...words: readonly string[]) =>
    runProgram(join(root, 'k8ts'), [...words, '--data-dir', directory], { ...process.env, K8TS_HOME: home })
  try {
    const up = await k8ts('up', '--runtime', 'simulated')
    equal(up.code, 1)
    match(up.err, /^k8ts up: cannot use the data directory \S+: no space is left on its device \(.*\); choose another with --data-dir\n$/)
    const server = await k8ts('server', '--secure-port', '0', '--bind-address', '127.0.0.1')
    equal(server.code, 1)
    const plain = server.err.split('\n').filter((line) => line !== '' && !line.startsWith('{'))
    equal(plain.length, 1)
    match(plain[0]!, /^k8ts server: .*no space is left on (the|its) device/)
    execFileSync('sh', ['-c', `rm -rf ${directory}/* && head -c 1m /dev/zero >${directory}/rest 2>/dev/null || true`])
    const full = await k8ts('server', '--secure-port', '0', '--bind-address', '127.0.0.1')
    deepEqual(
      [full.code, full.err],
      [1, `k8ts server: cannot use the data directory ${directory}: no space is left on its device; choose another with --data-dir\n`],
    )
  } finally {
    execFileSync('umount', ['-l', directory])
    for (const d of [directory, home]) rmSync(d, { recursive: true, force: true })
  }
})

test('a server that ends as it starts ends up too, with its words', async () => {
  const home = mkdtempSync(join(tmpdir(), 'home-'))
  const directory = mkdtempSync(join(tmpdir(), 'data-'))
  writeFileSync(join(directory, 'pki'), 'no folder')
  const words = ['up', '--runtime', 'simulated', '--data-dir', directory]
  const ran = await runProgram(join(root, 'k8ts'), words, { ...process.env, K8TS_HOME: home })
  deepEqual(
    [ran.code, ran.err],
    [
      1,
      `k8ts up: the control plane ended at once: cannot use the data directory ${directory}: a file is where a folder has to be; choose another with --data-dir\n`,
    ],
  )
  for (const d of [directory, home]) rmSync(d, { recursive: true, force: true })
})

test('a node without credentials is refused before anything is written', async () => {
  const directory = join(tmpdir(), `agent-${process.pid}`)
  const agent = (...words: readonly string[]) => runProgram(join(root, 'k8ts'), ['agent', '--root-dir', directory, ...words], process.env)
  const without = await agent()
  deepEqual([without.code, without.err], [1, 'k8ts agent: a node needs credentials to join: name their folder with --credentials\n'])
  const absent = await agent('--credentials', '/nowhere', '--node-name', 'a')
  deepEqual([absent.code, absent.err], [1, 'k8ts agent: cannot read the kubeconfig /nowhere/kubelet-a.kubeconfig: there is no such file\n'])
  equal(existsSync(directory), false)
})

test('a port that is none is a wrong command line', async () => {
  for (const name of ['server', 'up', 'kube-scheduler', 'kubelet']) {
    const flag = name === 'kubelet' ? '--port' : '--secure-port'
    const ran = await runProgram(join(root, 'k8ts'), [name, flag, '99999'], process.env)
    equal(ran.code, 2)
    match(ran.err, new RegExp(`^error: invalid argument "99999" for "${flag}" flag: must be between [01] and 65535\n`))
  }
})

test('a damaged store is refused in one sentence that names the object', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'damaged-'))
  {
    await using server = await startServer({ directory })
    await server.call('POST', '/api/v1/namespaces/default/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'hurt' },
      data: { text: 'as it was written' },
    })
  }
  const file = join(directory, 'store.db')
  const bytes = readFileSync(file)
  let copies = 0
  for (let at = bytes.indexOf('as it was'); at >= 0; at = bytes.indexOf('as it was', at), copies++) bytes[at]! ^= 4
  ok(copies > 0, 'the value was not found in the file')
  writeFileSync(file, bytes)
  const ran = await runProgram(join(root, 'k8ts'), ['server', '--data-dir', directory, '--secure-port', '0'], process.env)
  deepEqual(
    [ran.code, ran.err.split('\n').filter((line) => !line.startsWith('{'))],
    [1, ['k8ts: the store is damaged: the value of /registry/configmaps/default/hurt does not match its checksum', '']],
  )
  rmSync(directory, { recursive: true, force: true })
})
