/** Objects and lists as tables and metadata, in the formats there are for them, and what is refused. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { parseYaml } from '#schema/yaml.ts'
import { openTestApi, type TestApi } from '#apiserver/endpoints/test-api.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const asked = (type: string, kind: string, version = 'v1') => ({ headers: { accept: `${type};as=${kind};g=meta.k8s.io;v=${version}` } })

async function withMap(): Promise<TestApi> {
  const api = await openTestApi()
  await api.call('POST', maps, { metadata: { name: 'm' }, data: { a: '1' } })
  return api
}

test('a table is the same in JSON and YAML, and has no protobuf form', async () => {
  await using api = await withMap()
  const table = JSON.parse((await api.wire('GET', maps, asked('application/json', 'Table'))).text)
  deepEqual([table.kind, table.rows.length, table.rows[0].object.kind], ['Table', 1, 'PartialObjectMetadata'])
  const yaml = await api.wire('GET', maps, asked('application/yaml', 'Table'))
  deepEqual(parseYaml(yaml.bytes).value, table)
  equal((await api.wire('GET', maps, asked('application/vnd.kubernetes.protobuf', 'Table'))).status, 406)
})

test('a view of v1beta1 says so in all its parts', async () => {
  await using api = await withMap()
  const table = JSON.parse((await api.wire('GET', maps, asked('application/json', 'Table', 'v1beta1'))).text)
  deepEqual([table.apiVersion, table.rows[0].object.apiVersion], ['meta.k8s.io/v1beta1', 'meta.k8s.io/v1beta1'])
  const list = JSON.parse((await api.wire('GET', maps, asked('application/json', 'PartialObjectMetadataList', 'v1beta1'))).text)
  deepEqual([list.apiVersion, list.items[0].apiVersion], ['meta.k8s.io/v1beta1', 'meta.k8s.io/v1beta1'])
})

test('metadata of a list is asked for as a list, and that of an object as an object', async () => {
  await using api = await withMap()
  const message = async (url: string, kind: string) => {
    const { status, text } = await api.wire('GET', url, asked('application/json', kind))
    return [status, JSON.parse(text).message]
  }
  deepEqual(await message(maps, 'PartialObjectMetadata'), [
    406,
    'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)',
  ])
  deepEqual(await message(`${maps}/m`, 'PartialObjectMetadataList'), [
    406,
    'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
  ])
})

test('JSON is indented for those who ask for it in the query or the type, and for browsers', async () => {
  await using api = await withMap()
  const lines = async (url: string, headers: Record<string, string> = {}) =>
    (await api.wire('GET', url, { headers })).text.split('\n').length > 2
  deepEqual(
    [
      await lines(`${maps}/m`),
      await lines(`${maps}/m?pretty=true`),
      await lines(`${maps}/m`, { accept: 'application/json;pretty=1' }),
      await lines(`${maps}/m`, { 'user-agent': 'Mozilla/5.0 (X11)' }),
      await lines(`${maps}/m?pretty=false`, { 'user-agent': 'curl/8' }),
    ],
    [false, true, true, true, false],
  )
})
