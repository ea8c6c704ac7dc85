import { deepEqual, equal, throws } from 'node:assert/strict'
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { BackOff, goSeconds } from './pod/back-off.ts'
import { expand } from './containers/expansion.ts'
import { dnsOf, hostsFile, parseResolvConf } from './containers/network-files.ts'
import { amount, milliAmount } from './resources/amounts.ts'
import { cpuQuota, cpuShares, cpuWeight } from './resources/cgroups.ts'
import { count, noTally } from './probes/probe-set.ts'
import { writeAtomically } from './volumes/atomic-writer.ts'

test('variables are expanded as upstream documents it', () => {
  const lookup = (name: string) => ({ A: '1', B: '$(A)' })[name]
  deepEqual(
    ['$(A)', '$$(A)', '$(NONE)', '$(B)', '$', '$(A', 'x$(A)y', '$$$(A)', '$A'].map((t) => expand(t, lookup)),
    ['1', '$(A)', '$(NONE)', '$(A)', '$', '$(A', 'x1y', '$1', '$A'],
  )
})

test('pauses double from ten seconds to five minutes and are forgotten after ten quiet minutes', () => {
  const b = new BackOff()
  equal(b.remaining('k', 0, 0), 0)
  const pauses = []
  for (let i = 0; i < 7; i++) {
    b.next('k', i)
    pauses.push(goSeconds(b.pauseMs('k')))
  }
  deepEqual(pauses, ['10s', '20s', '40s', '1m20s', '2m40s', '5m0s', '5m0s'])
  equal(b.remaining('k', 6, 6), 300_000)
  equal(b.remaining('k', 700_000, 700_000), 0)
})

test('quantities become numbers without a rounding error', () => {
  deepEqual(['100m', '1', '1.5', '1Ki', '2e3', '0.1', '128974848'].map(amount), [0.1, 1, 1.5, 1024, 2000, 0.1, 128974848])
  deepEqual(['100m', '1', '1.5', '1u', '0.1'].map(milliAmount), [100, 1000, 1500, 1, 100])
})

test('CPU amounts become shares, quotas and weights', () => {
  deepEqual([0, 1, 500, 1000, 1_000_000].map(cpuShares), [2, 2, 512, 1024, 262144])
  deepEqual([0, 5, 500].map(cpuQuota), [undefined, { quota: 1000, period: 100000 }, { quota: 50000, period: 100000 }])
  deepEqual([2, 1024, 262144].map(cpuWeight), [1, 39, 10000])
})

test('a probe counts only when as many in a row agree as its threshold says', () => {
  const probe = { failureThreshold: 3, successThreshold: 1 }
  const results = (['success', 'failure', 'failure', 'unknown', 'failure', 'success'] as const).reduce<(boolean | undefined)[]>(
    (all, finding) => {
      tally = count(tally, finding, probe)
      return [...all, tally.result]
    },
    [],
  )
  deepEqual(results, [true, true, true, true, false, true])
})
let tally = noTally

test('files are replaced all at once behind one link', () => {
  const directory = mkdtempSync(join(tmpdir(), 'atomic-'))
  try {
    const file = (text: string) => ({ data: Buffer.from(text), mode: 0o640 })
    equal(
      writeAtomically(
        directory,
        new Map([
          ['a', file('1')],
          ['sub/b', file('2')],
        ]),
        0,
      ),
      true,
    )
    equal(
      writeAtomically(
        directory,
        new Map([
          ['a', file('1')],
          ['sub/b', file('2')],
        ]),
        1,
      ),
      false,
    )
    const first = readlinkSync(join(directory, '..data'))
    equal(readlinkSync(join(directory, 'a')), '..data/a')
    equal(readFileSync(join(directory, 'sub/b'), 'utf8'), '2')
    equal(lstatSync(join(directory, first, 'a')).mode & 0o777, 0o640)
    equal(writeAtomically(directory, new Map([['a', file('3')]]), 2), true)
    deepEqual(readdirSync(directory).toSorted(), ['..data', readlinkSync(join(directory, '..data')), 'a'].toSorted())
    equal(readFileSync(join(directory, 'a'), 'utf8'), '3')
    throws(() => writeAtomically(directory, new Map([['../x', file('')]]), 3))
  } finally {
    rmSync(directory, { recursive: true })
  }
})

const pod = (spec: object) => ({ metadata: { name: 'web', namespace: 'shop' }, spec: { containers: [], ...spec }, status: {} }) as never

test('a pod resolves cluster names first, with its own settings added', () => {
  const node = parseResolvConf('# the node\nnameserver 192.0.2.53\nsearch example.org\noptions timeout:1\n')
  deepEqual(
    dnsOf(pod({ dnsConfig: { options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] } }), ['10.96.0.10'], 'cluster.local', node),
    {
      servers: ['10.96.0.10'],
      searches: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.org'],
      options: ['ndots:2', 'edns0'],
    },
  )
  deepEqual(dnsOf(pod({ dnsPolicy: 'Default' }), ['10.96.0.10'], 'cluster.local', node), node)
  deepEqual(dnsOf(pod({ hostNetwork: true }), ['10.96.0.10'], 'cluster.local', node), node)
})

test('the hosts file names the pod and its aliases', () => {
  const text = hostsFile(
    pod({ subdomain: 'sub', hostAliases: [{ ip: '192.0.2.9', hostnames: ['a', 'b'] }] }),
    ['10.0.0.7'],
    'cluster.local',
    '',
  )
  deepEqual(text.split('\n').slice(7), [
    '10.0.0.7\tweb.sub.shop.svc.cluster.local\tweb',
    '',
    '# Entries added by HostAliases.',
    '192.0.2.9\ta\tb',
    '',
  ])
})
