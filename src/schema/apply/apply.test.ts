import assert from 'node:assert/strict'
import test from 'node:test'
import { compare } from './compare.ts'
import { difference, intersection, ordered, paths, readFieldSet, sameSet, union, type FieldSet } from './field-set.ts'
import { fieldsOf, NotDeclared } from './fields-of.ts'
import { merge, remove } from './merge.ts'
import type { Json } from './shape.ts'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Service } from '#api/core/v1/service.ts'
import { seededRandom, type Random } from '#base/random.ts'
import { withDefaults } from '#schema/defaults.ts'
import { decode } from '#schema/decode.ts'

const deployment = Deployment.schema
const container = (more: object) => ({ spec: { template: { spec: { containers: [{ name: 'app', ...more }] } } } })

test('an applied configuration names map entries, list items by their keys, and atomic values as a whole', () => {
  const fields = fieldsOf(deployment, {
    metadata: { labels: { app: 'web' }, finalizers: ['example.com/a'] },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: { spec: { containers: [{ name: 'app', command: ['sh'], ports: [{ containerPort: 80 }] }] } },
    },
  })
  assert.deepEqual(ordered(fields), {
    'f:metadata': { 'f:finalizers': { 'v:"example.com/a"': {} }, 'f:labels': { 'f:app': {} } },
    'f:spec': {
      'f:replicas': {},
      'f:selector': {},
      'f:template': {
        'f:spec': {
          'f:containers': {
            'k:{"name":"app"}': {
              '.': {},
              'f:command': {},
              'f:name': {},
              'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
            },
          },
        },
      },
    },
  })
})

test('a new object has what its structs hold by value from the start, and says the rest', () => {
  const sent = withDefaults(
    deployment,
    decode(deployment, {
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, ...container({ image: 'web:1' }).spec.template },
      },
    }).value,
  ) as Json
  const { changed, removed } = compare(deployment, {}, sent, (path) => path === '.status' || path === '.metadata.name')
  assert.deepEqual(removed, {})
  assert.deepEqual(ordered(changed), {
    'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
    'f:spec': {
      'f:progressDeadlineSeconds': {},
      'f:replicas': {},
      'f:revisionHistoryLimit': {},
      'f:selector': {},
      'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {}, 'f:maxUnavailable': {} }, 'f:type': {} },
      'f:template': {
        'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
        'f:spec': {
          'f:containers': {
            'k:{"name":"app"}': {
              '.': {},
              'f:image': {},
              'f:imagePullPolicy': {},
              'f:name': {},
              'f:resources': {},
              'f:terminationMessagePath': {},
              'f:terminationMessagePolicy': {},
            },
          },
          'f:dnsPolicy': {},
          'f:restartPolicy': {},
          'f:schedulerName': {},
          'f:securityContext': {},
          'f:terminationGracePeriodSeconds': {},
        },
      },
    },
  })
})

test('paths are printed as upstream prints them', () => {
  const set = fieldsOf(Service.schema, { metadata: { finalizers: ['x'] }, spec: { ports: [{ port: 443 }, { port: 80, protocol: 'UDP' }] } })
  assert.deepEqual(paths(set), [
    '.metadata.finalizers[="x"]',
    '.spec.ports[port=80,protocol="UDP"]',
    '.spec.ports[port=80,protocol="UDP"].port',
    '.spec.ports[port=80,protocol="UDP"].protocol',
    '.spec.ports[port=443,protocol="TCP"]',
    '.spec.ports[port=443,protocol="TCP"].port',
  ])
})

test('what the declaration does not have is refused where it stands', () => {
  const refusal = (config: Json) => {
    try {
      return fieldsOf(deployment, config)
    } catch (error) {
      assert.ok(error instanceof NotDeclared)
      return error.message
    }
  }
  assert.equal(refusal(container({ imag: 'web' })), '.spec.template.spec.containers[name="app"].imag: field not declared in schema')
  assert.equal(
    refusal({ spec: { template: { spec: { containers: [{ name: 'a' }, { name: 'a' }] } } } }),
    '.spec.template.spec.containers: duplicate entries for key [name="a"]',
  )
  assert.equal(refusal({ constructor: 1 }), '.constructor: field not declared in schema')
})

test('lists merge by their keys and keep the order of either side', () => {
  const live = {
    spec: {
      ports: [
        { port: 1, protocol: 'TCP', name: 'a' },
        { port: 2, protocol: 'TCP', name: 'b' },
      ],
    },
  }
  const config = { spec: { ports: [{ port: 2, targetPort: 8080 }, { port: 3 }] } }
  assert.deepEqual(merge(Service.schema, live, config), {
    spec: { ports: [{ port: 1, protocol: 'TCP', name: 'a' }, { port: 2, protocol: 'TCP', name: 'b', targetPort: 8080 }, { port: 3 }] },
  })
  assert.deepEqual(
    (
      merge(Service.schema, { metadata: { finalizers: ['a', 'b', 'c'] } }, { metadata: { finalizers: ['c', 'b', 'd'] } }) as never as {
        metadata: object
      }
    ).metadata,
    { finalizers: ['a', 'c', 'b', 'd'] },
  )
})

test('what stays the same is shared, not copied', () => {
  const live = container({ image: 'web:1', resources: { limits: { cpu: '1' } } })
  assert.equal(merge(deployment, live, structuredClone(live)), live)
  assert.equal(merge(deployment, live, container({ resources: { limits: { cpu: '1000m' } } })), live)
})

test('keys that are names of every object are keys like others', () => {
  const live = { data: JSON.parse('{"constructor":"a","__proto__":"b"}') as Json }
  const config = { data: JSON.parse('{"toString":"c","__proto__":"d"}') as Json }
  assert.deepEqual(Object.entries((merge(ConfigMap.schema, live, config) as { data: object }).data), [
    ['constructor', 'a'],
    ['__proto__', 'd'],
    ['toString', 'c'],
  ])
  assert.deepEqual(compare(ConfigMap.schema, {}, live).changed, { 'f:data': { '.': {}, 'f:constructor': {}, 'f:__proto__': {} } })
})

test('removal takes fields, items and what they leave empty', () => {
  const value = { data: { a: '1', b: '2' }, metadata: { finalizers: ['x'], labels: { l: '1' } } }
  const fields = { 'f:data': { 'f:a': {} }, 'f:metadata': { 'f:finalizers': { 'v:"x"': {} } } }
  assert.deepEqual(remove(ConfigMap.schema, value, fields), { data: { b: '2' }, metadata: { labels: { l: '1' } } })
})

test('a set from outside that is none is seen', () => {
  assert.deepEqual(readFieldSet({ 'f:a': { '.': {}, 'k:{"n":1}': {} } }), { 'f:a': { '.': {}, 'k:{"n":1}': {} } })
  for (const bad of [null, [], 'f:a', { a: {} }, { 'k:x': {} }, { 'i:"a"': {} }, { 'f:a': null }, { '.': { 'f:a': {} } }])
    assert.equal(readFieldSet(bad), undefined)
})

/** A set over a few names, as a set of paths would be. */
function someSet(random: Random, depth = 3): FieldSet {
  const out: Record<string, FieldSet> = {}
  for (const name of ['f:a', 'f:b', 'v:"c"']) {
    if (random.next() < 0.4) continue
    const below = depth > 0 && random.next() < 0.6 ? someSet(random, depth - 1) : {}
    out[name] = Object.keys(below).length > 0 && random.next() < 0.5 ? { '.': {}, ...below } : below
  }
  return out
}

test('sets obey the algebra of sets', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed)
    const [a, b] = [someSet(random), someSet(random)]
    const [pa, pb] = [new Set(paths(a)), new Set(paths(b))]
    const holds = (got: FieldSet, want: Set<string>, what: string) =>
      assert.deepEqual(paths(got).sort(), [...want].sort(), `${what}, seed ${seed}: ${JSON.stringify([a, b])}`)
    holds(union(a, b), pa.union(pb), 'union')
    holds(difference(a, b), pa.difference(pb), 'difference')
    holds(intersection(a, b), pa.intersection(pb), 'intersection')
    assert.ok(sameSet(union(difference(a, b), intersection(a, b)), a) && sameSet(union(a, b), union(b, a)), `seed ${seed}`)
    assert.ok(sameSet(ordered(a), a))
  }
})
