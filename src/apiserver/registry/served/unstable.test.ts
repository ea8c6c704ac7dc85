/** Beta and alpha versions over the API: shown from what the stable version stores, and stored where there is none. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi } from '#apiserver/endpoints/test-api.ts'

const everything = { enabled: () => true }

test('without being asked for, beta and alpha versions are not there', async () => {
  await using api = await openTestApi()
  equal((await api.call('GET', '/apis/networking.k8s.io/v1beta1/ipaddresses')).status, 404)
  equal((await api.call('GET', '/apis/scheduling.k8s.io/v1alpha2')).status, 404)
})

test('an object is the same in every version of its kind', async () => {
  await using api = await openTestApi(everything)
  const sent = {
    apiVersion: 'storage.k8s.io/v1beta1',
    kind: 'VolumeAttributesClass',
    metadata: { name: 'gold' },
    driverName: 'd',
    parameters: { iops: '1' },
  }
  const created = await api.call('POST', '/apis/storage.k8s.io/v1beta1/volumeattributesclasses', sent)
  deepEqual([created.status, created.object.apiVersion], [201, 'storage.k8s.io/v1beta1'])
  const { object } = await api.call('GET', '/apis/storage.k8s.io/v1/volumeattributesclasses/gold')
  deepEqual({ ...object, apiVersion: sent.apiVersion, metadata: 0 }, { ...created.object, metadata: 0 })
  const list = await api.call('GET', '/apis/storage.k8s.io/v1beta1/volumeattributesclasses')
  deepEqual([list.object.apiVersion, list.object.items.length], ['storage.k8s.io/v1beta1', 1])
})

test('devices of v1beta1 have their members in basic, and requests their own', async () => {
  await using api = await openTestApi(everything)
  const slice = {
    apiVersion: 'resource.k8s.io/v1beta1',
    kind: 'ResourceSlice',
    metadata: { name: 's' },
    spec: {
      driver: 'd.example.com',
      nodeName: 'n',
      pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
      devices: [{ name: 'gpu', basic: { attributes: { size: { int: 1 } } } }],
    },
  }
  const made = await api.call('POST', '/apis/resource.k8s.io/v1beta1/resourceslices', slice)
  deepEqual([made.status, made.object.spec?.devices], [201, slice.spec.devices])
  const { object } = await api.call('GET', '/apis/resource.k8s.io/v1/resourceslices/s')
  deepEqual(object.spec.devices, [{ name: 'gpu', attributes: { size: { int: 1 } } }])

  const claims = '/apis/resource.k8s.io/v1beta1/namespaces/default/resourceclaims'
  const claim = {
    apiVersion: 'resource.k8s.io/v1beta1',
    kind: 'ResourceClaim',
    metadata: { name: 'c' },
    spec: { devices: { requests: [{ name: 'r', deviceClassName: 'gpu' }] } },
  }
  const claimed = await api.call('POST', claims, claim)
  deepEqual(
    [claimed.status, claimed.object.spec?.devices.requests],
    [201, [{ name: 'r', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 }]],
  )
  const stable = await api.call('GET', '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims/c')
  deepEqual(stable.object.spec.devices.requests, [
    { name: 'r', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 } },
  ])
})

test('kinds without a stable version have a store of their own, and discovery shows them', async () => {
  await using api = await openTestApi(everything)
  const group = {
    apiVersion: 'scheduling.k8s.io/v1alpha2',
    kind: 'PodGroup',
    metadata: { name: 'g' },
    spec: { schedulingPolicy: { gang: { minCount: 2 } } },
  }
  const url = '/apis/scheduling.k8s.io/v1alpha2/namespaces/default/podgroups'
  equal((await api.call('POST', url, group)).status, 201)
  const wrong = await api.call('POST', url, { ...group, metadata: { name: 'h' }, spec: { schedulingPolicy: { gang: { minCount: 0 } } } })
  deepEqual([wrong.status, wrong.object.details.causes[0].field], [422, 'spec.schedulingPolicy.gang.minCount'])
  const candidates = 'namespaces/default/leasecandidates'
  const candidate = {
    metadata: { name: 'c' },
    spec: { leaseName: 'l', binaryVersion: '1.36.0', emulationVersion: '1.36.0', strategy: 'OldestEmulationVersion' },
  }
  equal((await api.call('POST', `/apis/coordination.k8s.io/v1beta1/${candidates}`, candidate)).status, 201)
  const alpha = (await api.call('GET', `/apis/coordination.k8s.io/v1alpha2/${candidates}/c`)).object
  deepEqual([alpha.apiVersion, alpha.spec.leaseName], ['coordination.k8s.io/v1alpha2', 'l'])
  const discovered = (await api.call('GET', '/apis/scheduling.k8s.io')).object
  deepEqual(
    discovered.versions.map((v: { version: string }) => v.version),
    ['v1', 'v1alpha2'],
  )
})
