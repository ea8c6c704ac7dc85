/** The three ways to patch. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JsonPatchError, OPERATIONS_MAX, applyJsonPatch } from './json-patch.ts'
import { applyMergePatch } from './merge-patch.ts'
import { strategicMerge } from './strategic-merge.ts'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { Pod } from '#api/core/v1/pod.ts'

test('JSON patch operations apply in order and leave the document alone', () => {
  const document = { a: [1, 2], b: { c: 'x' }, 'd/e': 1 }
  const patched = applyJsonPatch(document, [
    { op: 'test', path: '/b', value: { c: 'x' } },
    { op: 'add', path: '/a/-', value: 3 },
    { op: 'add', path: '/a/0', value: 0 },
    { op: 'replace', path: '/b/c', value: 'y' },
    { op: 'copy', from: '/b', path: '/f' },
    { op: 'move', from: '/d~1e', path: '/g' },
    { op: 'remove', path: '/a/1' },
  ])
  assert.deepEqual(patched, { a: [0, 2, 3], b: { c: 'y' }, f: { c: 'y' }, g: 1 })
  assert.deepEqual(document, { a: [1, 2], b: { c: 'x' }, 'd/e': 1 })
})

test('a JSON patch that cannot apply says why', () => {
  const problem = (patch: unknown) => {
    try {
      return applyJsonPatch({ a: 1 }, patch)
    } catch (error) {
      assert.ok(error instanceof JsonPatchError)
      return error.kind
    }
  }
  assert.deepEqual(
    [
      problem({}),
      problem([{ op: 'fly', path: '/a' }]),
      problem([{ op: 'test', path: '/a', value: 2 }]),
      problem([{ op: 'remove', path: '/b' }]),
      problem([{ op: 'add', path: '/b/c', value: 1 }]),
      problem(Array.from({ length: OPERATIONS_MAX + 1 }, () => ({ op: 'test', path: '/a', value: 1 }))),
    ],
    ['malformed', 'does not apply', 'does not apply', 'does not apply', 'does not apply', 'too large'],
  )
})

test('copies cannot grow a document without bound', () => {
  const doubling = Array.from({ length: 100 }, () => ({ op: 'copy', from: '/a', path: '/a/x' }))
  assert.throws(() => applyJsonPatch({ a: { text: 'x'.repeat(1000) } }, doubling), { kind: 'too large' })
})

test('no patch reaches the prototype', () => {
  const evil = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as object
  applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }])
  assert.throws(() => applyJsonPatch({}, [{ op: 'add', path: '/__proto__/polluted', value: true }]))
  applyMergePatch({}, evil)
  strategicMerge(Pod.schema, {}, { metadata: { labels: evil } })
  assert.equal(({} as { polluted?: boolean }).polluted, undefined)
})

test('a merge patch replaces lists and deletes by null', () => {
  assert.deepEqual(applyMergePatch({ a: { b: 1, c: 2 }, l: [1] }, { a: { b: null, d: { e: null } }, l: [2] }), {
    a: { c: 2, d: {} },
    l: [2],
  })
})

const deployment = {
  metadata: { name: 'web', finalizers: ['a/b'] },
  spec: {
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
    template: {
      spec: {
        containers: [
          { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] },
          { name: 'b', image: 'b:1' },
        ],
        tolerations: [{ key: 'k' }],
      },
    },
  },
}

test('a strategic merge finds list elements by their key and keeps the others', () => {
  const patched = strategicMerge(Deployment.schema, deployment, {
    spec: { template: { spec: { containers: [{ name: 'b', image: 'b:2' }], tolerations: [{ key: 'z' }] } } },
  }) as typeof deployment
  assert.deepEqual(patched.spec.template.spec, {
    containers: [deployment.spec.template.spec.containers[0], { name: 'b', image: 'b:2' }],
    tolerations: [{ key: 'z' }],
  })
})

test('directives delete, replace, retain and order', () => {
  const spec = (patch: object) => (strategicMerge(Deployment.schema, deployment, { spec: patch }) as typeof deployment).spec
  assert.deepEqual(spec({ strategy: { $retainKeys: ['type'], type: 'Recreate' } }).strategy, { type: 'Recreate' })
  assert.deepEqual(
    spec({ template: { spec: { containers: [{ $patch: 'delete', name: 'a' }] } } }).template.spec.containers.map((c) => c.name),
    ['b'],
  )
  assert.deepEqual(spec({ template: { spec: { containers: [{ $patch: 'replace' }, { name: 'c' }] } } }).template.spec.containers, [
    { name: 'c' },
  ])
  assert.deepEqual(
    spec({
      template: {
        spec: { '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }, { name: 'a' }], containers: [{ name: 'c', image: 'c:1' }] },
      },
    }).template.spec.containers.map((c) => c.name),
    ['c', 'b', 'a'],
  )
  const patched = strategicMerge(Deployment.schema, deployment, {
    metadata: { '$deleteFromPrimitiveList/finalizers': ['a/b'], finalizers: ['c/d'] },
  })
  assert.deepEqual((patched as typeof deployment).metadata.finalizers, ['c/d'])
})

test('an element without its key is refused', () => {
  assert.throws(() => strategicMerge(Pod.schema, { spec: { containers: [] } }, { spec: { containers: [{ image: 'x' }] } }), {
    message: 'map: map[image:x] does not contain declared merge key: name',
  })
})
