/** kube-proxy against a real kernel: a node, two endpoints and an outsider, each a network namespace. */

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { services, type Service } from '#api/core/v1/service.ts'
import { endpointSlices, type EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { cleanupScript, createProxy } from '#proxy/proxy.ts'
import { TestCluster } from '#scheduler/test-cluster.ts'

const run = promisify(execFile)
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` }
const prefix = `kp${process.pid}`
const names = { node: `${prefix}n`, one: `${prefix}a`, two: `${prefix}b`, outside: `${prefix}o` }
const skip = await whyNot()

async function whyNot(): Promise<string | false> {
  if (process.platform !== 'linux') return 'needs Linux'
  if (process.getuid?.() !== 0) return 'needs root'
  for (const [program, word] of [
    ['nft', '--version'],
    ['ip', '-V'],
    ['busybox', '--help'],
  ] as const)
    try {
      await run(program, [word], { env })
    } catch {
      return `needs ${program}`
    }
  return false
}

const root = mkdtempSync(join(tmpdir(), 'kube-proxy-'))
const stop = new AbortController()
const cluster = new TestCluster()
const scripts: string[] = []
const table = `proxy_${process.pid}`
const servers: number[] = []
let running: Promise<void> | undefined

const proxy = createProxy({
  informers: cluster.informers,
  clock: systemClock,
  log: { ...silentLog, error: (message, fields) => console.error(message, fields) },
  nodeName: 'node-1',
  table,
  clusterCidr: '10.244.0.0/16',
  run: async (script) => {
    await nft(script)
    scripts.push(script)
  },
})

async function nft(script: string): Promise<void> {
  const child = execFile('ip', ['netns', 'exec', names.node, 'nft', '-f', '-'], { env })
  let errors = ''
  child.stderr!.on('data', (text: string) => (errors += text))
  child.stdin!.end(script)
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve))
  if (code !== 0) throw new Error(`${errors}\n${script}`)
}

before(async () => {
  if (skip !== false) return
  const batch = `
netns add ${names.node}
netns add ${names.one}
netns add ${names.two}
netns add ${names.outside}`
  for (const line of batch.trim().split('\n')) await run('ip', line.split(' '), { env })
  const inside = (ns: string, line: string) => run('ip', ['-n', ns, ...line.split(' ')], { env })
  await inside(names.node, 'link set lo up')
  await inside(names.node, 'link add cni0 type bridge')
  await inside(names.node, 'addr add 10.244.0.1/24 dev cni0')
  await inside(names.node, 'link set cni0 up')
  for (const [i, ns] of [names.one, names.two].entries()) {
    await run('ip', ['link', 'add', `${prefix}v${i}`, 'netns', names.node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', ns], { env })
    await inside(names.node, `link set ${prefix}v${i} master cni0 up`)
    await inside(names.node, `link set ${prefix}v${i} type bridge_slave hairpin on`)
    await inside(ns, 'link set lo up')
    await inside(ns, `addr add 10.244.0.${i + 2}/24 dev eth0`)
    await inside(ns, 'link set eth0 up')
    await inside(ns, 'route add default via 10.244.0.1')
  }
  await run('ip', ['link', 'add', `${prefix}o`, 'netns', names.node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', names.outside], {
    env,
  })
  await inside(names.node, `addr add 192.0.2.1/24 dev ${prefix}o`)
  await inside(names.node, `link set ${prefix}o up`)
  await inside(names.node, 'route add default via 192.0.2.2')
  await inside(names.outside, 'addr add 192.0.2.2/24 dev eth0')
  await inside(names.outside, 'link set eth0 up')
  await inside(names.outside, 'route add 10.96.0.0/16 via 192.0.2.1')
  await run('ip', ['netns', 'exec', names.node, 'sysctl', '-qw', 'net.ipv4.ip_forward=1'], { env })
  // Bridged answers must pass the connection tracker, or hairpin and same-node answers keep the endpoint's address.
  await run('ip', ['netns', 'exec', names.node, 'sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=1'], { env }).catch(() => {})
  for (const ns of [names.one, names.two, names.outside]) {
    writeFileSync(join(root, 'name'), '')
    const directory = mkdtempSync(join(root, 'www-'))
    writeFileSync(join(directory, 'name'), ns)
    const child = spawn('ip', ['netns', 'exec', ns, 'busybox', 'httpd', '-f', '-p', '8080', '-h', directory], { stdio: 'ignore', env })
    servers.push(child.pid!)
  }
  // A new port of a bridge forwards only once the kernel has noticed its carrier, which it may take a second to do.
  for (const [from, address] of [
    [names.node, '10.244.0.2:8080'],
    [names.node, '10.244.0.3:8080'],
    [names.one, '192.0.2.1:1'],
    [names.outside, '192.0.2.1:1'],
  ] as const)
    for (let i = 0; i < 50; i++) {
      const answer = await get(from, address).catch((e: Error & { stderr: string }) => e.stderr)
      if (answer.startsWith(prefix) || (address.endsWith(':1') && /refused/.test(answer))) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  running = proxy.run(stop.signal)
  while (scripts.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
})

after(async () => {
  stop.abort()
  await running
  for (const pid of servers) process.kill(pid)
  if (skip === false) for (const ns of Object.values(names)) await run('ip', ['netns', 'del', ns], { env }).catch(() => {})
  rmSync(root, { recursive: true })
})

/** Debian's static busybox cannot run its wget (it crashes looking up names), so the request is spoken through its nc. */
async function get(from: string, address: string): Promise<string> {
  const [host, port = '80'] = address.split(':')
  const child = run('ip', ['netns', 'exec', from, 'busybox', 'nc', '-w', '2', host!, port], { env, timeout: 4000 })
  child.child.stdin!.on('error', () => {}).end('GET /name HTTP/1.0\r\n\r\n')
  const answer = (await child).stdout
  if (!answer.includes(' 200 ')) throw new Error(`no answer: ${answer}`)
  return answer.slice(answer.indexOf('\r\n\r\n') + 4)
}

function web(more: Partial<Service['spec']> = {}, name = 'web', clusterIP = '10.96.0.10'): Service {
  return {
    metadata: { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '' },
    spec: {
      clusterIP,
      clusterIPs: [clusterIP],
      type: 'ClusterIP',
      ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }],
      ...more,
    },
    status: { loadBalancer: {} },
  }
}

function slice(addresses: readonly string[], name = 'web', node = 'node-1'): EndpointSlice {
  return {
    metadata: {
      name: `${name}-1`,
      namespace: 'default',
      uid: name,
      resourceVersion: '1',
      creationTimestamp: '',
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType: 'IPv4',
    endpoints: addresses.map((a) => ({ addresses: [a], conditions: { ready: true }, nodeName: node })),
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  }
}

/** Puts objects in and waits until their rules are in the kernel. */
async function put(...objects: readonly (Service | EndpointSlice)[]): Promise<void> {
  const had = scripts.length
  for (const o of objects)
    if ('addressType' in o) cluster.of(endpointSlices).put(o)
    else cluster.of(services).put(o)
  for (let i = 0; i < 200 && scripts.length === had; i++) await new Promise((resolve) => setTimeout(resolve, 10))
  ok(scripts.length > had, 'the rules were not written')
}

async function answers(from: string, address: string, times = 24): Promise<readonly string[]> {
  return [...new Set(await Promise.all(Array.from({ length: times }, () => get(from, address))))].sort()
}

test('a cluster address reaches every endpoint, from the node, a pod and outside', { skip }, async () => {
  await put(web(), slice(['10.244.0.2', '10.244.0.3']))
  deepEqual(await answers(names.node, '10.96.0.10'), [names.one, names.two])
  deepEqual(await answers(names.one, '10.96.0.10'), [names.one, names.two]) // through itself too: hairpin
  deepEqual(await answers(names.outside, '10.96.0.10'), [names.one, names.two])
})

test('a changed endpoint is written as a difference and takes effect', { skip }, async () => {
  await put(slice(['10.244.0.3']))
  deepEqual(await answers(names.one, '10.96.0.10', 6), [names.two])
  const last = scripts.at(-1)!
  ok(!last.includes('add table') && last.split('\n').length < 10, last)
})

test('a node port is served on the node, for outsiders and the node itself', { skip }, async () => {
  await put(
    web({ type: 'NodePort', ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30080 }] }),
    slice(['10.244.0.2', '10.244.0.3']),
  )
  deepEqual(await answers(names.outside, '192.0.2.1:30080'), [names.one, names.two])
  deepEqual(await answers(names.node, '192.0.2.1:30080', 6).then((a) => a.length > 0), true)
})

test('with affinity a client stays with its endpoint', { skip }, async () => {
  await put(web({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } }))
  const seen = new Set<string>()
  for (let i = 0; i < 12; i++) seen.add(await get(names.outside, '10.96.0.10'))
  equal(seen.size, 1)
})

test('a Service without endpoints refuses at once', { skip }, async () => {
  await put(web({}, 'empty', '10.96.0.11'))
  for (const from of [names.node, names.one, names.outside]) {
    const started = performance.now()
    await rejects(get(from, '10.96.0.11'), /Connection refused/, `from ${from}`)
    ok(performance.now() - started < 1000, `from ${from}`)
  }
  await put(slice(['10.244.0.2'], 'empty'))
  deepEqual(await answers(names.outside, '10.96.0.11', 4), [names.one])
  await put(slice([], 'empty'))
  await rejects(get(names.outside, '10.96.0.11'), /Connection refused/)
  await put(slice(['10.244.0.2'], 'empty'))
})

test('affinity taken back and a Service deleted leave none of their chains and sets', { skip }, async () => {
  await put(web())
  const had = scripts.length
  cluster.of(services).delete('default/web')
  while (scripts.length === had) await new Promise((resolve) => setTimeout(resolve, 10))
  const { stdout } = await run('ip', ['netns', 'exec', names.node, 'nft', 'list', 'ruleset'], { env })
  equal(/default\/web|affinity-/.test(stdout), false, stdout)
})

test(
  'a node port with local traffic policy is silent on a node without endpoints, and keeps the client on one with',
  { skip },
  async () => {
    const local = web(
      { type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30081 }] },
      'local',
      '10.96.0.12',
    )
    await put(local, slice(['10.244.0.2'], 'local', 'node-2'))
    await rejects(get(names.outside, '192.0.2.1:30081'))
    await put(slice(['10.244.0.2'], 'local'))
    deepEqual(await answers(names.outside, '192.0.2.1:30081', 4), [names.one])
  },
)

test('pods reach out under the address of the node', { skip }, async () => {
  equal(await get(names.one, '192.0.2.2:8080'), names.outside)
})

test('a new run takes over the table of an old one', { skip }, async () => {
  const again = new AbortController()
  const written: string[] = []
  const second = createProxy({
    informers: cluster.informers,
    clock: systemClock,
    log: silentLog,
    nodeName: 'node-1',
    table,
    clusterCidr: '10.244.0.0/16',
    run: async (script) => {
      await nft(script)
      written.push(script)
    },
  }).run(again.signal)
  for (let i = 0; i < 200 && written.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 10))
  again.abort()
  await second
  deepEqual(await answers(names.outside, '10.96.0.11', 4), [names.one])
})

test('health and mode are answered, and cleaning up leaves nothing', { skip }, async () => {
  equal(proxy.health('/healthz').status, 200)
  equal(proxy.metrics('/proxyMode').body, 'nftables')
  stop.abort()
  await nft(cleanupScript(table))
  await nft(cleanupScript(table))
  const { stdout } = await run('ip', ['netns', 'exec', names.node, 'nft', 'list', 'ruleset'], { env })
  match(stdout, /^\s*$/)
})
