import { deepEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { parseRequestInfo } from './request-info.ts'

/** verb group/version namespace/resource/name/subresource rest, the form the table below is in. */
function said(method: string, url: string): string {
  const [path = '', query = ''] = url.split('?')
  const i = parseRequestInfo(method, path, new URLSearchParams(query))
  if (!i.isResourceRequest) return `${i.verb} path ${i.path}`
  return `${i.verb} ${i.group}/${i.version} [${i.namespace}] ${i.resource} [${i.name}] [${i.subresource}] ${i.rest}`.trim()
}

test('paths and methods are read as upstream reads them', () => {
  deepEqual(
    [
      said('GET', '/api/v1/namespaces'),
      said('GET', '/api/v1/namespaces/other'),
      said('GET', '/api/v1/namespaces/other/pods'),
      said('GET', '/api/v1/namespaces/other/pods/foo'),
      said('HEAD', '/api/v1/namespaces/other/pods/foo'),
      said('GET', '/api/v1/pods'),
      said('GET', '/api/v1/pods?watch=1'),
      said('GET', '/api/v1/pods?watch=false'),
      said('GET', '/api/v1/watch/namespaces/other/pods'),
      said('GET', '/api/v1/pods?fieldSelector=metadata.name%3Dfoo'),
      said('GET', '/api/v1/pods?fieldSelector=metadata.name!%3Dfoo'),
      said('POST', '/api/v1/namespaces/other/pods'),
      said('PUT', '/api/v1/namespaces/other/finalize'),
      said('PATCH', '/api/v1/namespaces/other/status'),
      said('DELETE', '/api/v1/namespaces/other/pods'),
      said('DELETE', '/apis/apps/v1/namespaces/other/deployments/foo'),
      said('GET', '/apis/apps/v1/namespaces/other/deployments/foo/scale'),
      said('GET', '/api/v1/namespaces/other/pods/https:foo:80/proxy/a%20b/c/'),
      said('GET', '/api/v1/namespaces/other/pods/foo/proxy'),
      said('GET', '/api/v1/nodes/n%3A1'),
      said('GET', '/'),
      said('GET', '/api'),
      said('GET', '/api/v1'),
      said('GET', '/apis/apps/v1'),
      said('POST', '/healthz/etcd'),
    ],
    [
      'list /v1 [] namespaces [] []',
      'get /v1 [other] namespaces [other] []',
      'list /v1 [other] pods [] []',
      'get /v1 [other] pods [foo] []',
      'get /v1 [other] pods [foo] []',
      'list /v1 [] pods [] []',
      'watch /v1 [] pods [] []',
      'list /v1 [] pods [] []',
      'watch /v1 [other] pods [] []',
      'list /v1 [] pods [foo] []',
      'list /v1 [] pods [] []',
      'create /v1 [other] pods [] []',
      'update /v1 [other] namespaces [other] [finalize]',
      'patch /v1 [other] namespaces [other] [status]',
      'deletecollection /v1 [other] pods [] []',
      'delete apps/v1 [other] deployments [foo] []',
      'get apps/v1 [other] deployments [foo] [scale]',
      'get /v1 [other] pods [https:foo:80] [proxy] a%20b/c/',
      'get /v1 [other] pods [foo] [proxy]',
      'get /v1 [] nodes [n:1] []',
      'get path /',
      'get path /api',
      'get path /api/v1',
      'get path /apis/apps/v1',
      'post path /healthz/etcd',
    ],
  )
})

test('a path that cannot be decoded is a bad request', () => {
  throws(() => parseRequestInfo('GET', '/api/v1/pods/%zz', new URLSearchParams()), { name: 'StatusError', code: 400 })
})
