import { deepEqual } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { usageReader } from './group-usage.ts'

function files(t: { after(end: () => void): void }, texts: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'usage-'))
  t.after(() => rmSync(directory, { recursive: true }))
  for (const [file, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(directory, file)), { recursive: true })
    writeFileSync(join(directory, file), text)
  }
  return directory
}

const net = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0:    2000      20    1    2    0     0          0         0     3000      30    3    4    0     0       0          0
`

test('a group of version 1 is read from its controllers, its network from a process below it', (t) => {
  const mountPoint = files(t, {
    'cpuacct/p/cpuacct.usage': '5000\n',
    'cpuacct/p/cpuacct.usage_user': '3000\n',
    'cpuacct/p/cpuacct.usage_sys': '2000\n',
    'cpu/p/cpu.stat': 'nr_periods 7\nnr_throttled 2\nthrottled_time 900\n',
    'cpu/p/cpu.shares': '102\n',
    'cpu/p/cpu.cfs_quota_us': '20000\n',
    'cpu/p/cpu.cfs_period_us': '100000\n',
    'memory/p/memory.usage_in_bytes': '1000\n',
    'memory/p/memory.limit_in_bytes': '9223372036854771712\n',
    'memory/p/memory.stat':
      'rss 1\ntotal_rss 400\ntotal_cache 500\ntotal_inactive_file 300\ntotal_pgfault 9\ntotal_pgmajfault 1\ntotal_swap 6\n',
    'memory/p/cgroup.procs': '',
    'memory/p/c/cgroup.procs': '12\n13\n',
    'pids/p/pids.current': '4\n',
  })
  const reader = usageReader({ mountPoint, proc: files(t, { '12/net/dev': net }) })
  deepEqual(reader.group('p'), {
    cpuNanoseconds: 5000,
    userNanoseconds: 3000,
    systemNanoseconds: 2000,
    periods: 7,
    throttledPeriods: 2,
    throttledNanoseconds: 900,
    usageBytes: 1000,
    workingSetBytes: 700,
    rssBytes: 400,
    cacheBytes: 500,
    swapBytes: 6,
    pageFaults: 9,
    majorPageFaults: 1,
    cpuShares: 102,
    cpuQuota: 20000,
    cpuPeriod: 100000,
    processes: 4,
  })
  deepEqual(reader.group('absent'), undefined)
  deepEqual(reader.network('p'), [
    { name: 'eth0', rxBytes: 2000, rxPackets: 20, rxErrors: 1, rxDropped: 2, txBytes: 3000, txPackets: 30, txErrors: 3, txDropped: 4 },
  ])
})

test('a group of version 2 is read from one folder, the topmost from the machine', (t) => {
  const mountPoint = files(t, {
    'cgroup.controllers': 'cpu memory pids\n',
    'p/cpu.stat': 'usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 7\nnr_throttled 2\nthrottled_usec 9\n',
    'p/cpu.max': 'max 100000\n',
    'p/memory.current': '1000\n',
    'p/memory.max': '4096\n',
    'p/memory.stat': 'anon 400\nfile 500\ninactive_file 300\npgfault 9\npgmajfault 1\n',
    'p/pids.current': '4\n',
  })
  const reader = usageReader({ mountPoint, proc: files(t, { meminfo: 'MemTotal:       100 kB\nMemFree:       60 kB\n' }) })
  deepEqual(reader.group('p'), {
    cpuNanoseconds: 5000,
    userNanoseconds: 3000,
    systemNanoseconds: 2000,
    periods: 7,
    throttledPeriods: 2,
    throttledNanoseconds: 9000,
    usageBytes: 1000,
    workingSetBytes: 700,
    rssBytes: 400,
    cacheBytes: 500,
    swapBytes: 0,
    pageFaults: 9,
    majorPageFaults: 1,
    limitBytes: 4096,
    processes: 4,
  })
  deepEqual(reader.group('/')?.usageBytes, 40 * 1024)
})
