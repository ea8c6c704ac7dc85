/** A large cluster's objects held by one server: how long it takes to start over them, and what they cost in memory. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { startServer } from '../tests/integration/server-under-test.ts'
import { ms, percentile, type Figure } from './figures.ts'
import { call, open } from './wire.ts'

const PODS = 150_000
const SERVICES = 10_000
const NODES = 5_000
const BATCH = 1_000
const READS = 2_000
const SETTLED_MS = 15_000 // what only starting needed has been given back

export async function benchScale(): Promise<readonly Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-scale-'))
  try {
    let program: number
    {
      await using empty = await startServer({ directory, command: 'kube-apiserver' })
      await setTimeout(SETTLED_MS)
      program = residentBytes(empty.process.pid!)
    }
    const jsonBytes = await fill(directory)
    const started = performance.now()
    await using server = await startServer({ directory, command: 'kube-apiserver' })
    const startMs = performance.now() - started
    await setTimeout(SETTLED_MS)
    const bytes = residentBytes(server.process.pid!) - program
    const session = open(server)
    const times: number[] = []
    for (let i = 0; i < READS; i++) {
      const before = performance.now()
      await call(session, 'GET', `/api/v1/namespaces/tenant-${i % 100}/pods/pod-${i % 100}`)
      times.push(performance.now() - before)
    }
    session.destroy()
    const mebibytes = (count: number) => `${Math.round(count / 2 ** 20)} MB`
    return [
      {
        what: `start over ${PODS.toLocaleString('en')} pods, ${SERVICES.toLocaleString('en')} services and ${NODES.toLocaleString('en')} nodes`,
        measured: `${(startMs / 1000).toFixed(1)} s`,
        budget: '10 s',
        met: startMs < 10_000,
        note: 'until /readyz answers, from SQLite',
      },
      {
        what: 'memory they take in the server',
        measured: `${mebibytes(bytes)} for ${mebibytes(jsonBytes)} of JSON, ${(bytes / jsonBytes).toFixed(2)} times`,
        budget: 'under 1.5 times',
        met: bytes < 1.5 * jsonBytes,
        note: `resident 15 s after the start, beyond the ${mebibytes(program)} of an empty server`,
      },
      {
        what: 'p99 of reading one pod of them',
        measured: ms(percentile(times, 0.99)),
        budget: 'under 100 ms',
        met: percentile(times, 0.99) < 100,
      },
    ]
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Answers how much JSON was stored. */
async function fill(directory: string): Promise<number> {
  await using store = await openSqliteStore({ directory, clock: systemClock, log: silentLog })
  const objects = function* (): Generator<readonly [key: string, object: object]> {
    for (let i = 0; i < NODES; i++) yield [`/registry/minions/node-${i}`, node(`node-${i}`)]
    for (let i = 0; i < PODS; i++) {
      const [namespace, name] = [`tenant-${i % 100}`, `pod-${Math.floor(i / 100)}`]
      yield [`/registry/pods/${namespace}/${name}`, pod(namespace, name, `node-${i % NODES}`, i)]
    }
    for (let i = 0; i < SERVICES; i++) {
      const [namespace, name] = [`tenant-${i % 100}`, `service-${Math.floor(i / 100)}`]
      yield [`/registry/services/specs/${namespace}/${name}`, service(namespace, name, i)]
    }
  }
  let bytes = 0
  let batch: { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }[] = []
  const flush = async () => {
    await store.commit({ expect: [], writes: batch })
    batch = []
  }
  for (const [key, object] of objects()) {
    const value = Buffer.from(JSON.stringify(object))
    bytes += value.length
    batch.push({ type: 'put', key, value })
    if (batch.length === BATCH) await flush()
  }
  await flush()
  return bytes
}

const metadata = (name: string, namespace: string | undefined, index: number) => ({
  name,
  ...(namespace && { namespace }),
  uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels: { app: `app-${index % 500}`, tier: 'back', 'pod-template-hash': `hash-${index % 500}` },
})

function pod(namespace: string, name: string, nodeName: string, index: number): object {
  const address = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`
  const condition = (type: string) => ({ type, status: 'True', lastTransitionTime: '2026-01-01T00:00:05Z' })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata(name, namespace, index),
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `set-${index % 500}`,
          uid: `set-${index % 500}`,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      nodeName,
      serviceAccountName: 'default',
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      terminationGracePeriodSeconds: 30,
      securityContext: {},
      containers: [
        {
          name: 'main',
          image: 'registry.example/app:1',
          imagePullPolicy: 'IfNotPresent',
          ports: [{ containerPort: 8080, protocol: 'TCP' }],
          env: [{ name: 'MODE', value: 'production' }],
          resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '128Mi' } },
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
    },
    status: {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      hostIP: '192.0.2.1',
      startTime: '2026-01-01T00:00:01Z',
      qosClass: 'Burstable',
      conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map(condition),
      containerStatuses: [
        {
          name: 'main',
          image: 'registry.example/app:1',
          imageID: 'sha256:0',
          containerID: `containerd://${index}`,
          ready: true,
          started: true,
          restartCount: 0,
          state: { running: { startedAt: '2026-01-01T00:00:04Z' } },
          lastState: {},
        },
      ],
    },
  }
}

function service(namespace: string, name: string, index: number): object {
  const clusterIP = `10.${96 + (index >> 16)}.${(index >> 8) & 255}.${(index & 255) + 1}`
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(name, namespace, PODS + index),
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      selector: { app: `app-${index % 500}` },
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
    },
    status: { loadBalancer: {} },
  }
}

function node(name: string): object {
  const amounts = { cpu: '8', memory: '32Gi', pods: '110', 'ephemeral-storage': '100Gi' }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...metadata(name, undefined, PODS + SERVICES), name, uid: `node-${name}` },
    spec: { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'] },
    status: {
      capacity: amounts,
      allocatable: amounts,
      addresses: [{ type: 'InternalIP', address: '192.0.2.1' }],
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    },
  }
}

function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}
