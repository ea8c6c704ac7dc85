import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { APIService } from '#api/apiregistration/v1/api-service.ts'
import { silentLog } from '#base/log.ts'
import { openDocumentCache } from './remote-documents.ts'
import { RemoteUnreachable, type RemoteServers } from './remote-servers.ts'

const apiService = {
  metadata: { name: 'v1.g' },
  spec: { group: 'g', version: 'v1', service: { namespace: 'ns', name: 's' } },
} as unknown as APIService
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

interface Page {
  readonly body: string
  readonly type?: string
  readonly etag?: string
}

/** A server that is a table of pages; what is not there is refused. */
function serving(pages: Record<string, Page | 'gone'>) {
  const asked: string[] = []
  const servers: RemoteServers = {
    send: () => Promise.reject(new Error('nobody sends')),
    async fetch(_, { path, headers = {} }) {
      asked.push(path)
      const page = pages[path]
      const address = { host: 'h', port: 1 }
      if (page === 'gone') throw new RemoteUnreachable('gone', address, undefined)
      if (page === undefined) return { status: 404, headers: {}, body: Buffer.from(''), address }
      if (page.etag !== undefined && headers['if-none-match'] === page.etag)
        return { status: 304, headers: {}, body: Buffer.from(''), address }
      return {
        status: 200,
        headers: { 'content-type': page.type ?? 'application/json', ...(page.etag !== undefined && { etag: page.etag }) },
        body: Buffer.from(page.body),
        address,
      }
    },
    [Symbol.dispose]() {},
  }
  return { cache: openDocumentCache(servers, silentLog), asked }
}

const groups = (resource: string) =>
  JSON.stringify({ items: [{ metadata: { name: 'g' }, versions: [{ version: 'v1', resources: [{ resource }], freshness: 'Stale' }] }] })

test('what a server says is remembered by its tag, and still shown when it is away', async () => {
  const pages: Record<string, Page | 'gone'> = {
    '/apis': { body: groups('a'), type: AGGREGATED, etag: '"1"' },
    '/openapi/v2': { body: '{"swagger":"2.0"}', etag: '"2"' },
    '/openapi/v3': { body: '{"paths":{"apis/g/v1":{"serverRelativeURL":"/openapi/v3/apis/g/v1?hash=H"}}}', etag: '"3"' },
  }
  const { cache } = serving(pages)
  await cache.refresh(apiService, true)
  const first = cache.of('v1.g')!
  deepEqual(
    [first.discovery, first.openApiV2, first.openApiV3],
    [{ version: 'v1', resources: [{ resource: 'a' }], freshness: 'Current' }, { swagger: '2.0' }, '/openapi/v3/apis/g/v1?hash=H'],
  )
  const version = cache.version()
  await cache.refresh(apiService, true)
  equal(cache.version(), version)
  await cache.refresh(apiService, false)
  deepEqual(cache.of('v1.g')!.discovery, { ...first.discovery, freshness: 'Stale' })
  await cache.refresh(apiService, true)
  equal(cache.of('v1.g')!.discovery.freshness, 'Current')
  cache.forget('v1.g')
  equal(cache.of('v1.g'), undefined)
})

test('the older form of discovery is read where there is no other', async () => {
  const resources = [
    { name: 'a', singularName: '', namespaced: false, kind: 'A', verbs: ['get'], shortNames: ['x'] },
    { name: 'a/scale', singularName: '', namespaced: false, group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get'] },
  ]
  const { cache } = serving({ '/apis': { body: '{"groups":[]}' }, '/apis/g/v1': { body: JSON.stringify({ resources }) } })
  await cache.refresh(apiService, true)
  deepEqual(cache.of('v1.g')!.discovery.resources, [
    {
      resource: 'a',
      responseKind: { group: 'g', version: 'v1', kind: 'A' },
      scope: 'Cluster',
      singularResource: '',
      verbs: ['get'],
      shortNames: ['x'],
      subresources: [{ subresource: 'scale', responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, verbs: ['get'] }],
    },
  ])
})

test('garbage is as good as nothing', async () => {
  for (const body of [
    '',
    'garbage',
    '[]',
    'null',
    '{"items":{}}',
    '{"items":[null]}',
    '{"items":[{"metadata":{"name":"g"},"versions":"x"}]}',
  ]) {
    const { cache } = serving({ '/apis': { body, type: AGGREGATED }, '/openapi/v2': { body }, '/openapi/v3': 'gone' })
    await cache.refresh(apiService, true)
    const { discovery, openApiV3 } = cache.of('v1.g')!
    deepEqual([discovery, openApiV3], [{ version: 'v1', resources: [], freshness: 'Stale' }, undefined], body)
  }
})
