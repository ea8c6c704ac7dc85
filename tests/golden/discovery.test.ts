/** Holds discovery against upstream's table of resources: names, scopes, short names, categories, verbs, kinds of subresources. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi } from '#apiserver/endpoints/test-api.ts'
import { reference, withReference } from './declared.ts'

interface Row {
  readonly apiVersion: string
  /** `pods` or `pods/log`. */
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly string[]
}

const words = (text: string): string[] => (text === '' ? [] : text.split(',')).toSorted()

function rows(): readonly Row[] {
  return reference('resources.tsv')
    .toString()
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .filter((cells) => (cells[10] ?? '').startsWith('1.36'))
    .map(
      ([
        group = '',
        version = '',
        ,
        resource = '',
        subresource = '',
        kind = '',
        namespaced,
        shortNames = '',
        categories = '',
        verbs = '',
      ]) => ({
        apiVersion: group === 'core' ? version : `${group}/${version}`,
        name: subresource === '' ? resource : `${resource}/${subresource}`,
        kind,
        namespaced: namespaced === 'true',
        shortNames: words(shortNames),
        categories: words(categories),
        verbs: words(verbs),
      }),
    )
}

test('discovery lists what upstream lists, in the same words', withReference, async () => {
  await using api = await openTestApi({ enabled: () => true })
  const differences: unknown[] = []
  for (const row of rows()) {
    const path = row.apiVersion.includes('/') ? `/apis/${row.apiVersion}` : `/api/${row.apiVersion}`
    const { status, object } = await api.call('GET', path)
    const found = status === 200 && object.resources.find((r: Row) => r.name === row.name)
    if (!found) {
      differences.push(`${row.apiVersion} ${row.name}: missing`)
      continue
    }
    const shown = {
      apiVersion: row.apiVersion,
      name: found.name,
      kind: found.version === undefined ? found.kind : `${found.group}/${found.version}/${found.kind}`,
      namespaced: found.namespaced,
      shortNames: (found.shortNames ?? []).toSorted(),
      categories: (found.categories ?? []).toSorted(),
      verbs: found.verbs.toSorted(),
    }
    if (JSON.stringify(shown) !== JSON.stringify(row)) differences.push({ shown, row })
  }
  assert.deepEqual(differences, [])
})

test('a kind has the hash that upstream gives its stored version, and the aggregated form says the same of it', async () => {
  await using api = await openTestApi()
  const hashes = async (path: string): Promise<Record<string, string | undefined>> =>
    Object.fromEntries(
      (await api.call('GET', path)).object.resources.map((r: { name: string; storageVersionHash?: string }) => [
        r.name,
        r.storageVersionHash,
      ]),
    )
  const core = await hashes('/api/v1')
  assert.deepEqual(
    [core['pods'], core['configmaps'], core['nodes'], core['componentstatuses'], core['pods/log']],
    ['xPOwRZ+Yhw8=', 'qFsyl6wFWjQ=', 'XwShjMxG9Fs=', undefined, undefined],
  )
  assert.equal((await hashes('/apis/apps/v1'))['deployments'], '8aSe+NMegvE=')
  const v1 = await hashes('/apis/autoscaling/v1')
  assert.deepEqual(v1, await hashes('/apis/autoscaling/v2'))
  for (const version of ['v2', 'v2beta1']) {
    const headers = { accept: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList,application/json;q=0.9` }
    const { headers: answered, text } = await api.wire('GET', '/apis', { headers })
    assert.equal(answered['content-type'], `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
    const list = JSON.parse(text)
    assert.equal(list.apiVersion, `apidiscovery.k8s.io/${version}`)
    const again = await api.wire('GET', '/apis', { headers: { ...headers, 'if-none-match': answered['etag']! } })
    assert.equal(again.status, 304)
    const plain = (await api.call('GET', '/apis')).object.groups.map((g: { name: string; versions: { version: string }[] }) => [
      g.name,
      g.versions.map((v) => v.version),
    ])
    assert.deepEqual(
      list.items.map((g: { metadata: { name: string }; versions: { version: string }[] }) => [
        g.metadata.name,
        g.versions.map((v) => v.version),
      ]),
      plain,
    )
  }
})
