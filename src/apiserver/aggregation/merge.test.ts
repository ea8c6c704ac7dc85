import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { withRemoteDiscovery, withRemoteGroups, type RemoteVersion } from './merge-discovery.ts'
import { withRemotePaths } from './merge-open-api.ts'

const group = (name: string, ...versions: readonly string[]) => {
  const listed = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: listed, preferredVersion: listed[0] }
}
const remote = (name: string, version: string, groupPriority: number, versionPriority: number): RemoteVersion => ({
  group: name,
  version,
  groupPriority,
  versionPriority,
  discovered: { version, resources: [], freshness: 'Current' },
})
const own: Readonly<Record<string, number>> = { first: 1000, second: 500, third: 700 }
const priorities = {
  group: (name: string) => own[name],
  version: (name: string) => (own[name] === undefined ? undefined : 15),
}

test('groups of others stand behind the last of the own that are as important, whose order stays', () => {
  const local = [group('first', 'v1'), group('second', 'v1'), group('third', 'v1')]
  const others = [
    remote('low', 'v1', 100, 10),
    remote('high', 'v1', 2000, 10),
    remote('middle', 'v1', 600, 10),
    remote('middle', 'v2', 600, 20),
  ]
  deepEqual(
    withRemoteGroups(local, others, priorities).map((g) => [g.name, g.versions.map((v) => v.version)]),
    [
      ['high', ['v1']],
      ['first', ['v1']],
      ['second', ['v1']],
      ['third', ['v1']],
      ['middle', ['v2', 'v1']],
      ['low', ['v1']],
    ],
  )
})

test('versions of others join a group of the own by their priority, and stand for the own of that name', () => {
  const merged = withRemoteGroups([group('first', 'v1')], [remote('first', 'v2', 1, 10), remote('first', 'v3', 1, 100)], priorities)
  deepEqual(merged, [group('first', 'v3', 'v1', 'v2')])
  const discovered = [{ metadata: { name: 'first' }, versions: [{ version: 'v1', freshness: 'Current', resources: ['own'] }] }]
  deepEqual(withRemoteDiscovery(discovered, [remote('first', 'v1', 1, 1)], priorities), [
    { metadata: { name: 'first' }, versions: [{ version: 'v1', resources: [], freshness: 'Current' }] },
  ])
})

test('only the paths of the group and version count, with the definitions they need, under names that are free', () => {
  const reference = (name: string) => ({ $ref: `#/definitions/${name}` })
  const local = { paths: { '/own': {} }, definitions: { Same: { a: 1 }, Other: { a: 1 } } }
  const document = {
    paths: { '/apis/g/v1/x': { get: reference('X') }, '/apis/g/v11/y': { get: reference('Y') }, '/own': { get: reference('Y') } },
    definitions: {
      X: { parts: [reference('Same'), reference('Other'), reference('X'), reference('Absent')] },
      Same: { a: 1 },
      Other: { a: 2 },
      Y: {},
    },
  }
  deepEqual(withRemotePaths(local, [{ prefix: '/apis/g/v1', document }]), {
    paths: { '/own': {}, '/apis/g/v1/x': { get: reference('X') } },
    definitions: {
      Same: { a: 1 },
      Other: { a: 1 },
      X: { parts: [reference('Same'), reference('Other_v2'), reference('X'), reference('Absent')] },
      Other_v2: { a: 2 },
    },
  })
})
