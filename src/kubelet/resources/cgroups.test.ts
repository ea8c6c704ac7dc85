import { deepEqual } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { cgroups } from './cgroups.ts'

/** Group files as the kernel would show them, to be written to; what each holds is asked back at the end. */
function groupFiles(t: { after(end: () => void): void }, files: readonly string[]) {
  const mountPoint = mkdtempSync(join(tmpdir(), 'cgroups-'))
  t.after(() => rmSync(mountPoint, { recursive: true }))
  for (const file of files) {
    mkdirSync(dirname(join(mountPoint, file)), { recursive: true })
    writeFileSync(join(mountPoint, file), '')
  }
  return { mountPoint, values: () => Object.fromEntries(files.map((file) => [file, readFileSync(join(mountPoint, file), 'utf8')])) }
}

function pod(uid: string, requests: Readonly<Record<string, string>>, limits: Readonly<Record<string, string>> = {}): Pod {
  return {
    metadata: { name: uid, namespace: 'default', uid },
    spec: { containers: [{ name: 'c', resources: { requests, limits } }] },
    status: {},
  } as unknown as Pod
}

const room = { milliCpu: 1500, memoryBytes: 2 ** 30, pids: 1000, hugepages: { 'hugepages-2Mi': 2 ** 22 } }

test('on version 1 all pods share what the node has, the classes what their pods ask for', (t) => {
  const { mountPoint, values } = groupFiles(t, [
    'cpu/kubepods/cpu.shares',
    'cpu/kubepods/burstable/cpu.shares',
    'cpu/kubepods/besteffort/cpu.shares',
    'memory/kubepods/memory.limit_in_bytes',
    'pids/kubepods/pids.max',
    'hugetlb/kubepods/hugetlb.2MB.limit_in_bytes',
    'hugetlb/kubepods/hugetlb.1GB.rsvd.limit_in_bytes',
    'hugetlb/kubepods/burstable/hugetlb.2MB.limit_in_bytes',
    'hugetlb/kubepods/burstable/poda/hugetlb.2MB.limit_in_bytes',
    'cpu/kubepods/burstable/poda/cpu.shares',
  ])
  const groups = cgroups({ mountPoint })
  groups.limitNode(room)
  const asking = pod('a', { cpu: '250m', 'hugepages-2Mi': '2Mi' })
  groups.share([asking, pod('b', { cpu: '1' }), pod('c', {}), pod('d', { cpu: '4', memory: '1' }, { cpu: '4', memory: '1' })])
  groups.create(asking)
  deepEqual(values(), {
    'cpu/kubepods/cpu.shares': '1536',
    'cpu/kubepods/burstable/cpu.shares': '1280',
    'cpu/kubepods/besteffort/cpu.shares': '2',
    'memory/kubepods/memory.limit_in_bytes': '1073741824',
    'pids/kubepods/pids.max': '1000',
    'hugetlb/kubepods/hugetlb.2MB.limit_in_bytes': '4194304',
    'hugetlb/kubepods/hugetlb.1GB.rsvd.limit_in_bytes': '0',
    'hugetlb/kubepods/burstable/hugetlb.2MB.limit_in_bytes': '4611686018427387904',
    'hugetlb/kubepods/burstable/poda/hugetlb.2MB.limit_in_bytes': '2097152',
    'cpu/kubepods/burstable/poda/cpu.shares': '256',
  })
  groups.share([])
  deepEqual(values()['cpu/kubepods/burstable/cpu.shares'], '2')
})

test('on version 2 shares are weights and unlimited is a word', (t) => {
  const { mountPoint, values } = groupFiles(t, [
    'cgroup.controllers',
    'kubepods/cpu.weight',
    'kubepods/memory.max',
    'kubepods/hugetlb.2MB.max',
    'kubepods/burstable/cpu.weight',
    'kubepods/burstable/hugetlb.2MB.max',
    'kubepods/besteffort/cpu.weight',
  ])
  const groups = cgroups({ mountPoint })
  groups.limitNode(room)
  groups.share([pod('a', { cpu: '1' })])
  deepEqual(values(), {
    'cgroup.controllers': '',
    'kubepods/cpu.weight': '59',
    'kubepods/memory.max': '1073741824',
    'kubepods/hugetlb.2MB.max': '4194304',
    'kubepods/burstable/cpu.weight': '39',
    'kubepods/burstable/hugetlb.2MB.max': 'max',
    'kubepods/besteffort/cpu.weight': '1',
  })
})
