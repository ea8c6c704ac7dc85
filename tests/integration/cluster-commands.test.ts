/** The commands around a cluster, on the simulated runtime: what they answer, and what changes when a cluster comes back otherwise. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { nodes } from '#api/core/v1/node.ts'
import { pods } from '#api/core/v1/pod.ts'
import { connect } from '#cli/cluster/connection.ts'
import { stop } from '#cli/commands/down.ts'
import type { ClusterRecord } from '#cli/cluster/record.ts'
import { needsRealNodes, runProgram } from '../e2e/cluster-under-test.ts'
import { realEnvironment } from '#main/environment.ts'
import { root } from './server-under-test.ts'

/** Runs `k8ts` with a home of its own, and takes its clusters down at the end. */
function commandLine() {
  const home = mkdtempSync(join(tmpdir(), 'home-'))
  const k8ts = (...words: readonly string[]) => runProgram(join(root, 'k8ts'), words, { ...process.env, K8TS_HOME: home })
  return {
    home,
    k8ts,
    async [Symbol.asyncDispose]() {
      await k8ts('down', '--all')
      rmSync(home, { recursive: true, force: true })
    },
  }
}

test('a cluster that comes back with fewer nodes keeps nothing of the others', async () => {
  await using c = commandLine()
  equal((await c.k8ts('up', '--runtime', 'simulated', '--nodes', '3')).code, 0)
  equal((await c.k8ts('down')).code, 0)
  equal((await c.k8ts('up', '--runtime', 'simulated')).code, 0)
  const client = await connect((await c.k8ts('kubeconfig')).out.trim())
  deepEqual(
    (await client.list(nodes)).items.map((n) => n.metadata.name),
    ['node-1'],
  )
  deepEqual(new Set((await client.list(pods)).items.map((p) => p.spec.nodeName)), new Set(['node-1']))
})

test('up on a running cluster is content with what it has, and says so when something else was asked for', async () => {
  await using c = commandLine()
  equal((await c.k8ts('up', '--runtime', 'simulated', '--nodes', '2', '--no-demo')).code, 0)
  equal((await c.k8ts('up')).code, 0)
  const more = await c.k8ts('up', '--nodes', '3')
  equal(more.code, 1)
  match(more.err, /^k8ts up: cluster k8ts runs already, with 2 simulated nodes: take it down first with 'k8ts down --name k8ts', or .*\n$/)
  equal((await c.k8ts('up', '--runtime', 'containerd')).code, 1)
})

test('up on a running cluster starts nodes that ended again', async () => {
  await using c = commandLine()
  equal((await c.k8ts('up', '--runtime', 'simulated', '--nodes', '2', '--no-demo')).code, 0)
  const agent = () => (JSON.parse(readFileSync(join(c.home, 'clusters', 'k8ts.json'), 'utf8')) as ClusterRecord).nodes.map((n) => n.pid!)
  const before = agent()
  await stop(before[0]!, c.home, realEnvironment())
  const client = await connect((await c.k8ts('kubeconfig')).out.trim())
  const again = await c.k8ts('up')
  deepEqual([again.code, again.err], [0, ''])
  match(again.out, /Cluster k8ts runs already; node-1, node-2 had ended and run again\./)
  const after = agent()
  deepEqual([new Set(after).size, after[0] === before[0]], [1, false])
  deepEqual(
    (await client.list(nodes)).items.map((n) => n.metadata.name),
    ['node-1', 'node-2'],
  )
})

test('doctor finds no fault with a simulated cluster, whatever the machine lacks', async () => {
  await using c = commandLine()
  equal((await c.k8ts('up', '--runtime', 'simulated', '--no-demo')).code, 0)
  const ran = await c.k8ts('doctor')
  deepEqual([ran.code, ran.out.includes('FAULT')], [0, false])
})

test('an image that cannot be built is said in one sentence', async () => {
  await using c = commandLine()
  const absent = await c.k8ts('image', 'build', '-t', 'web:1', '/nonexistent')
  equal(absent.code, 1)
  match(absent.err, /^k8ts image: cannot read \/nonexistent: .*\n$/)
  for (const name of ['BAD', 'a b', 'web::', '-web', 'web:'])
    equal((await c.k8ts('image', 'build', '-t', name, '-o', '/dev/null', root)).code, 2, name)
})

test('help of a command may be asked for either way', async () => {
  await using c = commandLine()
  equal((await c.k8ts('help', 'up')).out, (await c.k8ts('up', '--help')).out)
})

test('a data directory given from here is found from everywhere', async () => {
  await using c = commandLine()
  const directory = mkdtempSync(join(tmpdir(), 'data-'))
  equal((await c.k8ts('up', '--runtime', 'simulated', '--no-demo', '--data-dir', relative(process.cwd(), directory))).code, 0)
  equal((await c.k8ts('kubeconfig')).out, `${directory}/admin.kubeconfig\n`)
  equal((await c.k8ts('down', '--delete-data')).code, 0)
  deepEqual(existsSync(directory), false)
})

test('a stranger that got the id of a process of ours is neither taken for it nor ended', async () => {
  await using c = commandLine()
  equal((await c.k8ts('up', '--runtime', 'simulated', '--no-demo')).code, 0)
  const file = join(c.home, 'clusters', 'k8ts.json')
  const record = JSON.parse(readFileSync(file, 'utf8')) as { readonly nodes: readonly object[] }
  equal((await c.k8ts('down')).code, 0)
  const stranger = spawn('sleep', ['60'])
  try {
    const pid = stranger.pid
    writeFileSync(file, JSON.stringify({ ...record, serverPid: pid, nodes: record.nodes.map((n) => ({ ...n, pid })) }))
    match((await c.k8ts('up', '--no-demo', '--runtime', 'simulated')).out, /is up after/)
    deepEqual([stranger.exitCode, stranger.signalCode], [null, null])
  } finally {
    stranger.kill()
  }
})

test('a word that no command knows is refused before anything is started', async () => {
  await using c = commandLine()
  const ran = await c.k8ts('up', 'extra')
  deepEqual([ran.code, ran.err], [2, `error: unexpected argument "extra"\nRun 'k8ts up --help' for usage.\n`])
})

test('images that were built or imported are there again after down and up', { skip: needsRealNodes }, async () => {
  await using c = commandLine()
  equal((await c.k8ts('up', '--no-demo')).code, 0)
  const directory = join(c.home, 'root')
  const archive = join(c.home, 'imported.tar')
  mkdirSync(directory)
  writeFileSync(join(directory, 'file'), 'text')
  equal((await c.k8ts('image', 'build', '-t', 'built:1', directory)).code, 0)
  equal((await c.k8ts('image', 'build', '-t', 'built:1', directory)).code, 0)
  equal((await c.k8ts('image', 'build', '-t', 'imported:1', '-o', archive, directory)).code, 0)
  equal((await c.k8ts('image', 'import', archive)).code, 0)
  const listed = (await c.k8ts('image', 'list')).out
  deepEqual(listed, 'node-1\tdocker.io/library/built:1\nnode-1\tdocker.io/library/imported:1\nnode-1\tk8ts.dev/pause:1\n')
  equal(readdirSync(join(c.home, 'clusters', 'k8ts', 'images')).length, 2)
  equal((await c.k8ts('down')).code, 0)
  equal((await c.k8ts('up', '--no-demo')).code, 0)
  equal((await c.k8ts('image', 'list')).out, listed)

  const file = join(c.home, 'notes.txt')
  writeFileSync(file, 'no archive')
  const refused = await c.k8ts('image', 'import', file)
  deepEqual(
    [refused.code, refused.err],
    [1, `k8ts image: ${file} is no image archive: it is no tar with an index.json (OCI) or a manifest.json (Docker)\n`],
  )
})

test('of two ups at once the later waits, and is content with what it finds', async () => {
  await using c = commandLine()
  const both = await Promise.all(['a', 'b'].map(() => c.k8ts('up', '--runtime', 'simulated', '--no-demo')))
  deepEqual(
    both
      .map((ran) => [ran.code, /is up after|runs already/.exec(ran.out)?.[0]])
      .toSorted((a, b) => String(a[1]).localeCompare(String(b[1]))),
    [
      [0, 'is up after'],
      [0, 'runs already'],
    ],
  )
})

test('clusters of other homes that start at the same moment get ports and bridges of their own', async () => {
  await using a = commandLine()
  await using b = commandLine()
  const words = ['up', '--no-demo', ...(needsRealNodes ? ['--runtime', 'simulated'] : [])]
  const ran = await Promise.all([a.k8ts(...words), b.k8ts(...words)])
  deepEqual(
    ran.map(({ code, err }) => [code, err]),
    [
      [0, ''],
      [0, ''],
    ],
  )
})
