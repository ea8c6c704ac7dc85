/** Clusters as a whole: several nodes, several clusters side by side, a client library, the packed tarball, and nothing left behind. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { AppsV1Api, CoreV1Api, KubeConfig, Watch } from '@kubernetes/client-node'
import { eventually, needsKubectl, needsRealNodes, runProgram, startCluster } from './cluster-under-test.ts'

const skip = needsRealNodes || needsKubectl
const IMAGE = 'docker.io/library/k8ts-demo:1'

/** What `down` must leave as it was: interfaces, namespaces, rules, mounts, control groups and processes of ours. */
function traces(): readonly string[] {
  const shell = (script: string) =>
    execFileSync('sh', ['-c', script], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line !== '')
  return [
    ...shell('ls /sys/class/net'),
    ...shell('ip netns list'),
    ...shell('PATH=$PATH:/usr/sbin nft list tables'),
    ...shell("awk '{ print $2 }' /proc/mounts | grep k8ts || true"),
    ...shell("find /sys/fs/cgroup -maxdepth 2 -type d -name 'k8ts*'"),
    ...shell('pgrep -fa k8ts-e2e | grep -v pgrep || true'),
  ].toSorted()
}

test('three nodes reach each other, and down leaves nothing behind', { skip }, async () => {
  const before = traces()
  {
    await using c = await startCluster('--nodes', '3', '--no-demo')
    equal((await c.kubectl('get', 'nodes', '-o', 'name')).trim().split('\n').length, 3)
    const archive = join(c.home, 'demo.tar')
    await importDemo(c.k8ts, archive)
    const pod = (name: string, nodeName: string) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: 'reach' } },
      spec: { nodeName, terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: IMAGE, imagePullPolicy: 'Never' }] },
    })
    await c.apply(pod('a', 'node-1'), pod('b', 'node-2'), pod('c', 'node-3'))
    await c.kubectl('wait', '--for=condition=Ready', 'pod', '-l', 'app=reach', '--timeout=60s')
    const addresses = (await c.kubectl('get', 'pods', '-l', 'app=reach', '-o', 'jsonpath={.items[*].status.podIP}')).trim().split(' ')
    for (const address of addresses)
      match(await c.kubectl('exec', 'a', '--', '/bin/sh', '-c', `wget -qO- http://${address}:8080/`), /^Hello from/)
  }
  deepEqual(traces(), before)
})

test('two clusters live side by side, and taking one down leaves the other', { skip }, async () => {
  await using a = await startCluster()
  await using b = await startCluster()
  equal((await b.k8ts('down')).code, 0)
  match(await a.kubectl('get', 'pods', '-o', 'wide'), /k8ts-demo-.*Running/)
  const url = `http://${await a.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].status.addresses[0].address}')}:${await a.kubectl('get', 'service', 'k8ts-demo', '-o', 'jsonpath={.spec.ports[0].nodePort}')}/`
  match(await (await fetch(url)).text(), /^Hello from/)
})

test('a client library from npm creates, watches and deletes', { skip: needsRealNodes }, async () => {
  await using c = await startCluster('--runtime', 'simulated', '--nodes', '2', '--no-demo')
  const config = new KubeConfig()
  config.loadFromFile(c.kubeconfig)
  const apps = config.makeApiClient(AppsV1Api)
  const core = config.makeApiClient(CoreV1Api)
  const seen: string[] = []
  const stop = await new Watch(config).watch(
    '/api/v1/namespaces/default/pods',
    {},
    (type: string, pod: { metadata: { name: string } }) => seen.push(`${type} ${pod.metadata.name}`),
    () => {},
  )
  const labels = { app: 'library' }
  await apps.createNamespacedDeployment({
    namespace: 'default',
    body: {
      metadata: { name: 'library' },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'example:1' }] } },
      },
    },
  })
  await eventually('two ready', async () =>
    (await apps.readNamespacedDeployment({ namespace: 'default', name: 'library' })).status?.readyReplicas === 2 ? true : undefined,
  )
  equal((await core.listNamespacedPod({ namespace: 'default', labelSelector: 'app=library' })).items.length, 2)
  await apps.deleteNamespacedDeployment({ namespace: 'default', name: 'library' })
  await eventually('no pod left', async () =>
    (await core.listNamespacedPod({ namespace: 'default' })).items.length === 0 ? true : undefined,
  )
  stop.abort()
  equal(seen.filter((line) => line.startsWith('ADDED')).length, 2)
  equal(seen.filter((line) => line.startsWith('DELETED')).length, 2)
})

test('the packed tarball runs by npx, on a machine that has only npm', { skip: needsRealNodes }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-pack-'))
  try {
    const env = { ...process.env, K8TS_HOME: join(directory, 'home') }
    const packed = await runProgram(
      'npm',
      ['pack', '--pack-destination', directory, '--silent'],
      { ...env, npm_config_loglevel: 'error' },
      '',
    )
    equal(packed.code, 0, packed.err)
    const tarball = readdirSync(directory).find((f) => f.endsWith('.tgz'))!
    writeFileSync(join(directory, 'package.json'), '{"private":true}')
    const npx = (...words: readonly string[]) =>
      runProgram('npx', ['--prefix', directory, '--yes', '--package', join(directory, tarball), 'k8ts', ...words], env)
    match((await npx('version')).out, /^k8ts \d+\.\d+\.\d+ \(Kubernetes v1\.36/)
    const up = await npx('up', '--name', 'packed', '--runtime', 'simulated', '--nodes', '1', '--no-demo')
    equal(up.code, 0, up.err)
    equal((await npx('down', '--delete-data')).code, 0)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

async function importDemo(
  k8ts: (...words: readonly string[]) => Promise<{ readonly code: number; readonly err: string }>,
  archive: string,
): Promise<void> {
  const { demoImage } = await import('../../src/cli/cluster/images.ts')
  writeFileSync(archive, await demoImage(process.arch === 'x64' ? 'amd64' : process.arch))
  const imported = await k8ts('image', 'import', archive)
  equal(imported.code, 0, imported.err)
}
