/** The kubelet on a private containerd: real processes, mounts, probes, logs and exec. Root on Linux with containerd only. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import type { Event } from '#api/core/v1/event.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import { runKubelet, claimReaders, type KubeletState } from '#kubelet/kubelet.ts'
import { nodeDisk } from '#kubelet/node/node-disk.ts'
import { readMachine } from '#kubelet/node/machine.ts'
import { cgroups } from '#kubelet/resources/cgroups.ts'
import { serveKubelet } from '#kubelet/server/server.ts'
import { createStats } from '#kubelet/server/stats.ts'
import { standInApi } from '#kubelet/stand-in-api.ts'
import { diskVolumes } from '#kubelet/volumes/pod-volumes.ts'
import { startContainerd } from '#runtime/cri/containerd.ts'
import { buildImage } from '#runtime/images/oci-image.ts'
import { pauseProgram } from '#runtime/images/pause-program.ts'

const PROGRAMS = ['/usr/bin/containerd', '/usr/sbin/runc', '/usr/bin/ctr', '/bin/busybox', '/usr/lib/cni/bridge', '/usr/bin/openssl']
const missing = process.getuid?.() !== 0 ? 'needs root' : PROGRAMS.find((p) => !existsSync(p))
const PAUSE = 'registry.k8s.io/pause:3.10'
const BUSYBOX = 'docker.io/library/busybox:test'

test(
  'a pod with a volume, a probe and a hook lives and ends on a real containerd',
  { skip: missing ?? false, timeout: 120_000 },
  async (t) => {
    const base = mkdtempSync(join(tmpdir(), 'k8ts-cri-'))
    const cni = join(base, 'cni')
    mkdirSync(cni)
    const bridge = {
      type: 'bridge',
      bridge: 'k8tscri0',
      isGateway: true,
      ipMasq: false,
      ipam: { type: 'host-local', dataDir: join(base, 'ipam'), ranges: [[{ subnet: '10.213.77.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] },
    }
    writeFileSync(join(cni, '10-test.conflist'), JSON.stringify({ cniVersion: '0.4.0', name: 'k8ts-test', plugins: [bridge] }))
    const group = `/k8ts-test-${process.pid}`
    const stop = new AbortController()
    try {
      await using containerd = await startContainerd({
        directory: base,
        cniConfigurationDirectory: cni,
        cniBinaryDirectory: '/usr/lib/cni',
        sandboxImage: PAUSE,
        clock: systemClock,
        log: silentLog,
      })
      // whatever happens, no process stays behind
      await using _ = {
        async [Symbol.asyncDispose]() {
          stop.abort()
          for (const { id } of await containerd.runtime.listSandboxes()) {
            await containerd.runtime.stopSandbox(id)
            await containerd.runtime.removeSandbox(id)
          }
        },
      }
      await importImages(base, containerd.socket)
      const api = standInApi(systemClock)
      let state: KubeletState | undefined
      const running = runKubelet(
        {
          client: api.client,
          informers: api.informers,
          runtime: containerd.runtime,
          clock: systemClock,
          random: systemRandom,
          log: process.env['VERBOSE'] ? loud : silentLog,
          nodeName: 'n1',
          nodeAddresses: ['192.0.2.1'],
          machine: readMachine(base),
          volumes: diskVolumes({ rootDirectory: join(base, 'kubelet'), clock: systemClock, ...claimReaders(api.client) }),
          cgroups: cgroups({ root: group }),
          disk: nodeDisk({ rootDirectory: base, logDirectory: join(base, 'logs'), log: silentLog }),
          clusterDns: ['10.96.0.10'],
        },
        stop.signal,
        (s) => (state = s),
      )
      api.put({ plural: 'configmaps' }, { metadata: { name: 'cm', namespace: 'default' }, data: { greeting: 'hello' } })
      await until(() => api.get('nodes', 'n1') !== undefined)

      const begun = performance.now()
      api.put(pods, pod)
      await until(
        () => current()?.status.phase === 'Running',
        () =>
          JSON.stringify([current()?.status.podIP, current()?.status.containerStatuses]) +
          JSON.stringify(api.list<Event>('events').map((e) => e.message)),
      )
      t.diagnostic(`pod running after ${Math.round(performance.now() - begun)} ms`)
      await until(
        () => current()?.status.conditions?.find((c) => c.type === 'Ready')?.status === 'True',
        () => JSON.stringify(api.list<Event>('events').map((e) => e.message)),
      )
      t.diagnostic(`pod ready after ${Math.round(performance.now() - begun)} ms`)
      function current() {
        return api.get<Pod>('pods', 'default/web')
      }
      match(current()!.status.podIP!, /^10\.213\.77\./)

      const id = current()!.status.containerStatuses![0]!.containerID!.replace('containerd://', '')
      const run = async (...command: string[]) => Buffer.from((await containerd.runtime.execSync(id, command, 10)).stdout).toString()
      equal(await run('cat', '/config/greeting'), 'hello')
      equal(await run('cat', '/one/file'), 'hello')
      equal(await run('cat', '/scratch/hook'), 'hooked\n')
      equal(await run('sh', '-c', 'echo $GREETING $POD $NUMBER'), 'hello web 1\n')
      equal(await run('id', '-u'), '1000\n')
      match(await run('cat', '/etc/hosts'), /# Kubernetes-managed hosts file\.[^]*\tweb\n/)
      match(
        await run('cat', '/etc/resolv.conf'),
        /search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local[^]*nameserver 10\.96\.0\.10[^]*options ndots:5/,
      )
      equal(await run('hostname'), 'web\n')
      const limit = join('/sys/fs/cgroup/memory', group, 'kubepods/burstable/podu1/memory.limit_in_bytes')
      if (existsSync(limit)) equal(readFileSync(limit, 'utf8').trim(), String(64 * 2 ** 20))
      const log = readFileSync((await containerd.runtime.containerStatus(id))!.logPath, 'utf8')
      match(log, /stdout F started\n/)

      await useServer(base, state!)

      const deleted = performance.now()
      api.deletePod('default/web')
      await until(() => current() === undefined)
      t.diagnostic(`pod gone after ${Math.round(performance.now() - deleted)} ms`)
      await until(() => !existsSync(join(base, 'kubelet/pods/u1')))
      while ((await containerd.runtime.listSandboxes()).length > 0) await new Promise((resolve) => setTimeout(resolve, 20))
      deepEqual(await containerd.runtime.listContainers(), [])
      equal(existsSync(join('/sys/fs/cgroup/memory', group, 'kubepods/burstable/podu1')), false)
      stop.abort()
      await running
    } finally {
      stop.abort()
      try {
        execFileSync('ip', ['link', 'delete', 'k8tscri0'], { stdio: 'ignore' })
      } catch {
        // the bridge was never made
      }
      execFileSync('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `/sys/fs/cgroup/*${group}*`, '-delete'], { stdio: 'ignore' })
      for (const point of readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .map((l) => l.split(' ')[4] ?? '')
        .filter((p) => p.startsWith(base))
        .toSorted()
        .toReversed())
        execFileSync('umount', ['-l', point])
      rmSync(base, { recursive: true, force: true })
    }
  },
)

async function importImages(base: string, socket: string): Promise<void> {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const directories = ['/bin', '/tmp', '/etc', '/proc', '/dev', '/sys'].map(
    (path) => ({ path, mode: 0o755, content: 'directory' }) as const,
  )
  const applets = ['sh', 'cat', 'echo', 'id', 'sleep', 'hostname'].map((name) => ({
    path: `/bin/${name}`,
    mode: 0o777,
    content: { link: 'busybox' },
  }))
  const busybox = { path: '/bin/busybox', mode: 0o755, content: readFileSync('/bin/busybox') }
  const pause = { path: '/pause', mode: 0o755, content: pauseProgram(architecture) }
  const archives = [
    await buildImage({ name: PAUSE, architecture, config: { entrypoint: ['/pause'] }, files: [pause] }),
    await buildImage({ name: BUSYBOX, architecture, config: { cmd: ['sh'] }, files: [...directories, busybox, ...applets] }),
  ]
  for (const archive of archives) {
    const file = join(base, 'image.tar')
    writeFileSync(file, archive)
    execFileSync('ctr', ['-a', socket, '-n', 'k8s.io', 'images', 'import', file], { stdio: 'pipe' })
  }
}

async function useServer(base: string, state: KubeletState): Promise<void> {
  const [key, certificate] = [join(base, 'key.pem'), join(base, 'cert.pem')]
  const words = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    certificate,
    '-subj',
    '/CN=kubelet',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
  ]
  execFileSync('openssl', words, { stdio: 'ignore' })
  const pem = readFileSync(certificate, 'utf8')
  await using server = await serveKubelet({
    state,
    authorizer: { identify: async ({ token }) => (token === 'good' ? { username: 'tester' } : undefined), allowed: async () => true },
    stats: createStats({ runtime: state.runtime, clock: systemClock, nodeName: 'n1', pods: state.pods }),
    clock: systemClock,
    log: silentLog,
    tls: { key: readFileSync(key, 'utf8'), certificate: pem, clientCa: pem },
    address: '127.0.0.1',
    port: 0,
  })
  const at = `127.0.0.1:${server.port}`
  const get = (path: string, token = 'good') =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      request(`https://${at}${path}`, { ca: pem, headers: { Authorization: `Bearer ${token}` }, agent: false }, (answer) => {
        let body = ''
        answer.on('data', (chunk) => (body += chunk))
        answer.on('end', () => resolve({ status: answer.statusCode!, body }))
      })
        .on('error', reject)
        .end()
    })
  deepEqual(await get('/pods', 'bad'), { status: 401, body: 'Unauthorized\n' })
  deepEqual(await get('/containerLogs/default/web/app'), { status: 200, body: 'started\n' })
  match((await get('/containerLogs/default/web/app?timestamps=true')).body, /^\d{4}-\d\d-\d\dT[\d:.]+Z started\n$/)
  deepEqual(await get('/containerLogs/default/web/app?tailLines=0'), { status: 200, body: '' })
  match(
    (await get('/metrics/resource')).body,
    /container_cpu_usage_seconds_total\{container="app",namespace="default",pod="web"\} [\d.]+ \d+\n/,
  )
  equal(JSON.parse((await get('/stats/summary')).body).pods[0].podRef.name, 'web')

  // cat ends only when it is told that its input has: v5's close message must reach it
  const query = 'command=sh&command=-c&command=cat;echo+done+>%262;exit+7&input=1&output=1&error=1'
  const socket = new WebSocket(`wss://${at}/exec/default/web/app?${query}`, ['v5.channel.k8s.io', 'v4.channel.k8s.io'], {
    ca: pem,
    headers: { Authorization: 'Bearer good' },
  })
  const channels: Record<number, string> = {}
  socket.on('message', (data: Buffer) => (channels[data[0]!] = (channels[data[0]!] ?? '') + data.subarray(1).toString()))
  socket.on('open', () => {
    socket.send(Buffer.concat([Buffer.from([0]), Buffer.from('over the wire')]))
    socket.send(Buffer.from([255, 0]))
  })
  await new Promise((resolve, reject) => socket.on('close', resolve).on('error', reject))
  equal(channels[1], 'over the wire')
  equal(channels[2], 'done\n')
  const status = JSON.parse(channels[3]!)
  deepEqual([status.status, status.reason, status.details.causes], ['Failure', 'NonZeroExitCode', [{ reason: 'ExitCode', message: '7' }]])
}

const loud = {
  debug: (m: string, f: unknown) => console.error(m, f),
  info: (m: string, f: unknown) => console.error(m, f),
  warn: (m: string, f: unknown) => console.error(m, f),
  error: (m: string, f: unknown) => console.error(m, f),
  with: () => silentLog,
} as typeof silentLog

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', uid: 'u1', generation: 1 },
  spec: {
    nodeName: 'n1',
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 2,
    securityContext: { runAsUser: 1000, fsGroup: 2000 },
    volumes: [
      { name: 'config', configMap: { name: 'cm', defaultMode: 0o644 } },
      { name: 'scratch', emptyDir: {} },
    ],
    initContainers: [
      {
        name: 'init',
        image: BUSYBOX,
        command: ['sh', '-c', 'echo ready > /scratch/init'],
        imagePullPolicy: 'IfNotPresent',
        resources: {},
        volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
      },
    ],
    containers: [
      {
        name: 'app',
        image: BUSYBOX,
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', 'echo started; trap "exit 0" TERM; while true; do sleep 0.1; done'],
        env: [
          { name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'cm', key: 'greeting' } } },
          { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'NUMBER', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        ],
        resources: { requests: { cpu: '100m', memory: '32Mi' }, limits: { cpu: '500m', memory: '64Mi' } },
        volumeMounts: [
          { name: 'config', mountPath: '/config' },
          { name: 'config', mountPath: '/one/file', subPath: 'greeting' },
          { name: 'scratch', mountPath: '/scratch' },
        ],
        lifecycle: { postStart: { exec: { command: ['sh', '-c', 'echo hooked > /scratch/hook'] } } },
        readinessProbe: {
          exec: { command: ['cat', '/scratch/init'] },
          periodSeconds: 1,
          timeoutSeconds: 5,
          successThreshold: 1,
          failureThreshold: 3,
        },
      },
    ],
  },
  status: { phase: 'Pending' },
}

async function until(done: () => boolean, why: () => string = () => ''): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!done()) {
    if (performance.now() > deadline) throw new Error(`not within 30 s ${why()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
