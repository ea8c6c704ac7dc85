/** A server takes over an etcd that upstream's API servers have filled: their protobuf objects are read, and written on as ours. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { withDefaults } from '#schema/defaults.ts'
import { encodeEnvelope } from '#schema/protobuf.ts'
import type { KubeObject } from '#schema/resource.ts'
import { openEtcdStore } from '#store/etcd/etcd-store.ts'
import { needsEtcd, startEtcd } from '../conformance/etcd-under-test.ts'
import { needsKubectl, runProgram, kubectlPath } from '../e2e/cluster-under-test.ts'
import { reference, resources, withReference } from '../golden/declared.ts'
import { startServer } from './server-under-test.ts'

const skip = needsEtcd || needsKubectl || ('skip' in withReference ? 'needs the reference' : false)

/** Golden object, where upstream keeps it, and what it is called in `kubectl get`. */
const KEPT: readonly (readonly [golden: string, folder: string, resource: string])[] = [
  ['core.v1.Pod', 'pods', 'pods'],
  ['core.v1.ConfigMap', 'configmaps', 'configmaps'],
  ['core.v1.Secret', 'secrets', 'secrets'],
  ['core.v1.Service', 'services/specs', 'services'],
  ['core.v1.Endpoints', 'services/endpoints', 'endpoints'],
  ['core.v1.ServiceAccount', 'serviceaccounts', 'serviceaccounts'],
  ['core.v1.PersistentVolumeClaim', 'persistentvolumeclaims', 'persistentvolumeclaims'],
  ['core.v1.ReplicationController', 'controllers', 'replicationcontrollers'],
  ['core.v1.Event', 'events', 'events'],
  ['apps.v1.Deployment', 'deployments', 'deployments.apps'],
  ['apps.v1.StatefulSet', 'statefulsets', 'statefulsets.apps'],
  ['batch.v1.CronJob', 'cronjobs', 'cronjobs.batch'],
  ['autoscaling.v2.HorizontalPodAutoscaler', 'horizontalpodautoscalers', 'horizontalpodautoscalers.autoscaling'],
  ['networking.k8s.io.v1.Ingress', 'ingress', 'ingresses.networking.k8s.io'],
  ['rbac.authorization.k8s.io.v1.Role', 'roles', 'roles.rbac.authorization.k8s.io'],
  ['coordination.k8s.io.v1.Lease', 'leases', 'leases.coordination.k8s.io'],
  ['discovery.k8s.io.v1.EndpointSlice', 'endpointslices', 'endpointslices.discovery.k8s.io'],
]
const ENDPOINTS_WARNING = 'Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n'
const NAMESPACE = 'namespaceValue'
const NAME = 'nameValue'

test("objects that upstream's servers stored are served, and what is changed is stored anew", { skip, timeout: 120_000 }, async () => {
  await using etcd = await startEtcd()
  const { endpoints } = etcd
  await using store = await openEtcdStore({ endpoints, clock: systemClock, log: silentLog, historyMs: 0 })
  for (const [golden, folder] of KEPT) {
    const value = reference(`golden/v1.36/${golden}.pb`)
    await store.commit({ expect: [], writes: [{ type: 'put', key: `/registry/${folder}/${NAMESPACE}/${NAME}`, value }] })
  }
  const settings = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'default', uid: 'u1' },
    data: { a: '1' },
  }
  const key = '/registry/configmaps/default/settings'
  await store.commit({ expect: [], writes: [{ type: 'put', key, value: encodeEnvelope(settings, ConfigMap.schema) }] })
  await using server = await startServer({ command: 'kube-apiserver', flags: ['--etcd-servers', endpoints.join(',')] })
  const env = { ...process.env, KUBECONFIG: server.kubeconfig }
  const kubectl = async (...words: string[]) => {
    const ran = await runProgram(kubectlPath!, ['-n', NAMESPACE, ...words], env)
    equal(ran.err, words.includes('endpoints') ? ENDPOINTS_WARNING : '')
    return ran.out
  }
  for (const [golden, folder, resource] of KEPT) {
    const object = JSON.parse(reference(`golden/v1.36/${golden}.json`).toString()) as KubeObject
    const { type } = resources.find((r) => r.apiVersion === object.apiVersion && r.kind === object.kind)!
    // as upstream does, what is read gets the defaults of what newer releases added
    const { metadata, ...rest } = withDefaults(type.schema, object)
    const { modRevision } = (await store.get(`/registry/${folder}/${NAMESPACE}/${NAME}`))!
    deepEqual(
      JSON.parse(await kubectl('get', resource, NAME, '-o', 'json', '--show-managed-fields')),
      { ...rest, metadata: { ...metadata, resourceVersion: String(modRevision) } },
      golden,
    )
  }
  await kubectl('-n', 'default', 'patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"b":"2"}}')
  const { metadata, ...rest } = JSON.parse(Buffer.from((await store.get(key))!.value).toString()) as typeof settings
  deepEqual({ ...rest, uid: metadata.uid }, { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1', b: '2' }, uid: 'u1' })
  await kubectl('-n', 'default', 'delete', 'configmap', 'settings')
  equal(await store.get(key), undefined)
})
