/** Quotas, limits, volumes and devices through the API: who fills in what, and what each path may change. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi } from '#apiserver/endpoints/test-api.ts'
import { flowControlObjects } from '#apiserver/registry/default-flow-control.ts'

const PVCS = '/api/v1/namespaces/default/persistentvolumeclaims'
const PODS = '/api/v1/namespaces/default/pods'
const CLASSES = '/apis/storage.k8s.io/v1/storageclasses'

const claim = (more: object = {}) => ({
  metadata: { name: 'c' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...more },
})
const storageClass = (name: string, annotations: object = {}, more: object = {}) => ({
  metadata: { name, annotations },
  provisioner: 'p',
  ...more,
})
const DEFAULT = { 'storageclass.kubernetes.io/is-default-class': 'true' }
const limits = (...items: object[]) => ({ metadata: { name: 'lr' }, spec: { limits: items } })
const pod = (name: string, resources: object, more: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i:1', resources }], ...more },
})

/** Namespaces demand service accounts before pods. */
async function opened() {
  const api = await openTestApi()
  await api.call('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  return api
}

test('a claim without a class gets the newest default one, and is protected', async () => {
  await using api = await opened()
  await api.call('POST', CLASSES, storageClass('old', DEFAULT))
  await api.clock.advance(1000)
  await api.call('POST', CLASSES, storageClass('new', DEFAULT))
  const { object } = await api.call('POST', PVCS, claim())
  assert.equal(object.spec.storageClassName, 'new')
  assert.deepEqual(object.metadata.finalizers, ['kubernetes.io/pvc-protection'])
  assert.deepEqual(object.status, { phase: 'Pending' })
  const none = await api.call('POST', PVCS, { ...claim({ storageClassName: '' }), metadata: { name: 'none' } })
  assert.equal(none.object.spec.storageClassName, '')
})

test('a claim grows when it is bound and its class lets it', async () => {
  await using api = await opened()
  await api.call('POST', CLASSES, storageClass('stiff'))
  await api.call('POST', CLASSES, storageClass('soft', {}, { allowVolumeExpansion: true }))
  for (const name of ['stiff', 'soft']) {
    const made = await api.call('POST', PVCS, { ...claim({ storageClassName: name, volumeName: 'v' }), metadata: { name } })
    await api.call('PUT', `${PVCS}/${name}/status`, { ...made.object, status: { phase: 'Bound', capacity: { storage: '1Gi' } } })
  }
  const grow = (name: string) =>
    api.call(
      'PATCH',
      `${PVCS}/${name}`,
      { spec: { resources: { requests: { storage: '2Gi' } } } },
      { contentType: 'application/merge-patch+json' },
    )
  const refused = await grow('stiff')
  assert.equal(refused.status, 403)
  assert.equal(
    refused.object.message,
    'persistentvolumeclaims "stiff" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
  )
  assert.equal((await grow('soft')).object.spec.resources.requests.storage, '2Gi')
})

test("a volume's phase brings its time along, and its status path leaves the rest alone", async () => {
  await using api = await opened()
  const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } }
  const { object } = await api.call('POST', '/api/v1/persistentvolumes', { metadata: { name: 'v' }, spec, status: { phase: 'Bound' } })
  assert.deepEqual(object.status, { phase: 'Pending', lastPhaseTransitionTime: '2026-01-01T00:00:00Z' })
  await api.clock.advance(60_000)
  const available = await api.call('PUT', '/api/v1/persistentvolumes/v/status', {
    ...object,
    spec: { ...spec, storageClassName: 'other' },
    status: { ...object.status, phase: 'Available' },
  })
  assert.deepEqual(available.object.status, { phase: 'Available', lastPhaseTransitionTime: '2026-01-01T00:01:00Z' })
  assert.equal(available.object.spec.storageClassName, undefined)
})

test('containers without resources get those of the namespace, and say so', async () => {
  await using api = await opened()
  await api.call(
    'POST',
    '/api/v1/namespaces/default/limitranges',
    limits({ type: 'Container', default: { cpu: '500m', memory: '1Gi' }, defaultRequest: { cpu: '100m' } }),
  )
  const { object } = await api.call('POST', PODS, pod('p', { limits: { cpu: '1' } }))
  assert.deepEqual(object.spec.containers[0].resources, { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } })
  assert.equal(
    object.metadata.annotations['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: memory request for container c; memory limit for container c',
  )
})

test('pods and claims beyond the limits are refused with every reason', async () => {
  await using api = await opened()
  const made = await api.call(
    'POST',
    '/api/v1/namespaces/default/limitranges',
    limits(
      {
        type: 'Container',
        min: { cpu: '100m' },
        max: { cpu: '2' },
        default: { cpu: '1' },
        defaultRequest: { cpu: '1' },
        maxLimitRequestRatio: { cpu: '4' },
      },
      { type: 'Pod', max: { cpu: '3', memory: '1Gi' } },
      { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } },
    ),
  )
  assert.equal(made.status, 201)
  const why = async (body: object, url = PODS) => (await api.call('POST', url, body)).object.message
  assert.equal(
    await why(pod('p', { requests: { cpu: '50m' }, limits: { cpu: '3', memory: '1Gi' } })),
    'pods "p" is forbidden: [minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per Container is 2, but limit is 3, cpu max limit to request ratio per Container is 4, but provided ratio is 60.000000]',
  )
  assert.equal(
    await why(pod('p', { requests: { cpu: '1' }, limits: { cpu: '1' } })),
    'pods "p" is forbidden: maximum memory usage per Pod is 1Gi.  No limit is specified',
  )
  const small = { name: 'a', image: 'i:1', resources: { limits: { cpu: '2', memory: '1Mi' }, requests: { cpu: '2' } } }
  assert.equal(
    await why(pod('p', small.resources, { containers: [small, { ...small, name: 'b' }] })),
    'pods "p" is forbidden: maximum cpu usage per Pod is 3, but limit is 4',
  )
  assert.equal(
    await why(claim({ resources: { requests: { storage: '3Gi' } } }), PVCS),
    'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
  )
})

test('what a pod says as a whole is held to the limits of pods, and so is what it is resized to', async () => {
  await using api = await opened()
  await api.call('POST', '/api/v1/namespaces/default/limitranges', limits({ type: 'Pod', max: { cpu: '3' }, min: { memory: '64Mi' } }))
  const whole = (cpu: string, memory = '64Mi') => ({ resources: { requests: { cpu, memory }, limits: { cpu, memory } } })
  const refused = await api.call('POST', PODS, pod('p', {}, whole('4', '1Mi')))
  assert.equal(
    refused.object.message,
    'pods "p" is forbidden: [minimum memory usage per Pod is 64Mi, but request is 1Mi, maximum cpu usage per Pod is 3, but limit is 4]',
  )
  assert.equal((await api.call('POST', PODS, pod('p', {}, whole('3')))).status, 201)
  const amounts = { cpu: '1', memory: '64Mi' }
  await api.call('POST', PODS, pod('q', { requests: amounts, limits: amounts }))
  const larger = { spec: { containers: [{ name: 'c', resources: { limits: { cpu: '4' }, requests: { cpu: '4' } } }] } }
  const resized = await api.call('PATCH', `${PODS}/q/resize`, larger, { contentType: 'application/strategic-merge-patch+json' })
  assert.equal(resized.object.message, 'pods "q" is forbidden: maximum cpu usage per Pod is 3, but limit is 4')
})

test('a cluster starts with the priority levels and schemas upstream has, and nobody changes the mandatory ones', async () => {
  await using api = await opened()
  const base = '/apis/flowcontrol.apiserver.k8s.io/v1'
  const names = async (plural: string) =>
    (await api.call('GET', `${base}/${plural}`)).object.items.map((i: { metadata: { name: string } }) => i.metadata.name)
  const expected = (plural: string) =>
    flowControlObjects
      .filter((o) => o.resource.startsWith(plural))
      .map((o) => o.object.metadata.name)
      .toSorted()
  assert.deepEqual(await names('prioritylevelconfigurations'), expected('prioritylevelconfigurations'))
  assert.deepEqual(await names('flowschemas'), expected('flowschemas'))
  assert.deepEqual([expected('prioritylevelconfigurations').length, expected('flowschemas').length], [8, 11])
  const patch = { spec: { matchingPrecedence: 9999 } }
  const refused = await api.call('PATCH', `${base}/flowschemas/catch-all`, patch, { contentType: 'application/merge-patch+json' })
  assert.equal(refused.status, 422)
  assert.match(refused.object.message, /spec of 'catch-all' must equal the fixed value$/)
  const suggested = await api.call('PATCH', `${base}/flowschemas/global-default`, patch, { contentType: 'application/merge-patch+json' })
  assert.equal(suggested.object.metadata.generation, 2)
})

test('a claim for devices keeps its metadata when its status changes', async () => {
  await using api = await opened()
  const url = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims'
  const { object } = await api.call('POST', url, {
    metadata: { name: 'c', labels: { a: 'b' } },
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'd' } }] } },
    status: { reservedFor: [{ resource: 'pods', name: 'p', uid: 'u' }] },
  })
  assert.deepEqual(object.status, {})
  const allocation = { devices: { results: [{ request: 'r', driver: 'd', pool: 'p', device: 'x' }] } }
  const changed = await api.call('PUT', `${url}/c/status`, {
    ...object,
    metadata: { ...object.metadata, labels: {} },
    status: { allocation },
  })
  assert.deepEqual([changed.object.metadata.labels, changed.object.status], [{ a: 'b' }, { allocation }])
})

test('only a namespace marked for it may look after devices of others', async () => {
  await using api = await opened()
  const url = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims'
  const body = {
    metadata: { name: 'c' },
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'd', adminAccess: true } }] } },
  }
  const refused = await api.call('POST', url, body)
  assert.deepEqual(refused.object.details.causes, [
    {
      reason: 'FieldValueForbidden',
      message:
        'Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace',
      field: 'spec.devices.requests[0].adminAccess',
    },
  ])
  const labels = { 'resource.kubernetes.io/admin-access': 'true' }
  await api.call('PATCH', '/api/v1/namespaces/default', { metadata: { labels } }, { contentType: 'application/merge-patch+json' })
  assert.equal((await api.call('POST', url, body)).status, 201)
})

test('a taint is as old as its slice, and only a new spec is a new generation', async () => {
  await using api = await opened()
  const url = '/apis/resource.k8s.io/v1/resourceslices'
  const devices = [{ name: 'x', taints: [{ key: 'k', effect: 'NoSchedule' }] }]
  const spec = { driver: 'd', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, devices }
  const { object } = await api.call('POST', url, { metadata: { name: 's' }, spec })
  assert.deepEqual(object.spec.devices[0].taints, [{ key: 'k', effect: 'NoSchedule', timeAdded: '2026-01-01T00:00:00Z' }])
  const relabelled = await api.call('PUT', `${url}/s`, { ...object, metadata: { ...object.metadata, labels: { a: 'b' } } })
  assert.equal(relabelled.object.metadata.generation, 1)
  const changed = await api.call('PUT', `${url}/s`, { ...relabelled.object, spec: { ...object.spec, devices: [] } })
  assert.equal(changed.object.metadata.generation, 2)
})

test('a limit range that nobody named gets a name', async () => {
  await using api = await opened()
  const { status, object } = await api.call('POST', '/api/v1/namespaces/default/limitranges', { metadata: {}, spec: { limits: [] } })
  assert.equal(status, 201)
  assert.match(object.metadata.name, /^[0-9a-f-]{36}$/)
})

test('components are asked anew, and asking is deprecated', async () => {
  await using api = await opened()
  const { object, warnings } = await api.call('GET', '/api/v1/componentstatuses/etcd-0')
  assert.deepEqual(object, {
    kind: 'ComponentStatus',
    apiVersion: 'v1',
    metadata: { name: 'etcd-0' },
    conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
  })
  assert.deepEqual(warnings, ['v1 ComponentStatus is deprecated in v1.19+'])
  assert.equal((await api.call('GET', '/api/v1/componentstatuses/none')).status, 404)
  assert.equal((await api.call('DELETE', '/api/v1/componentstatuses/etcd-0')).status, 405)
})
