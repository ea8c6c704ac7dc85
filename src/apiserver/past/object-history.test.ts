/* oxlint-disable typescript/no-explicit-any -- answers are looked into, and a wrong path fails there anyway */
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi } from '../endpoints/test-api.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const configMap = (value: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { value } })

test('the history of an object has its changes, its deletion and its next life, and nothing of others', async () => {
  await using api = await openTestApi()
  const made = (await api.call('POST', MAPS, configMap('one'))).object
  await api.call('POST', MAPS, { ...configMap('of another'), metadata: { name: 'ab' } })
  const changed = (await api.call('PUT', `${MAPS}/a`, configMap('two'))).object
  await api.call('DELETE', `${MAPS}/a`)
  const again = (await api.call('POST', MAPS, configMap('three'))).object
  const { status, object } = await api.call('GET', `${MAPS}/a?history=true`)
  equal(status, 200)
  deepEqual(
    [object.kind, object.apiVersion, object.metadata],
    ['ObjectHistory', 'k8ts.io/v1', { resourceVersion: again.metadata.resourceVersion }],
  )
  const deletion = String(Number(again.metadata.resourceVersion) - 1)
  deepEqual(
    object.items.map((i: any) => [i.type, i.resourceVersion, i.object.data.value, i.object.metadata.uid]),
    [
      ['ADDED', made.metadata.resourceVersion, 'one', made.metadata.uid],
      ['MODIFIED', changed.metadata.resourceVersion, 'two', made.metadata.uid],
      ['DELETED', deletion, 'two', made.metadata.uid],
      ['ADDED', again.metadata.resourceVersion, 'three', again.metadata.uid],
    ],
  )
  deepEqual(object.items[1].object, changed)
})

test('what was compacted is not told, but how the object stood then is', async () => {
  await using api = await openTestApi()
  await api.call('POST', MAPS, configMap('one'))
  const { resourceVersion } = (await api.call('PUT', `${MAPS}/a`, configMap('two'))).object.metadata
  await api.store.compact(Number(resourceVersion))
  await api.call('PUT', `${MAPS}/a`, configMap('three'))
  const { object } = await api.call('GET', `${MAPS}/a?history=true`)
  deepEqual(object.oldest, { resourceVersion })
  deepEqual(
    object.items.map((i: any) => [i.type, i.object.data.value]),
    [
      ['MODIFIED', 'two'],
      ['MODIFIED', 'three'],
    ],
  )
})

test('an object that never was has no history', async () => {
  await using api = await openTestApi()
  const { status, object } = await api.call('GET', `${MAPS}/never?history=true`)
  deepEqual([status, object.reason, object.message], [404, 'NotFound', 'configmaps "never" not found'])
})
