/** CBOR over the API: bodies, patches, lists, tables, metadata, refusals, and none of it where it is not spoken. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi, type CallOptions } from '#apiserver/endpoints/test-api.ts'
import { decodeCbor } from '#schema/cbor-decode.ts'
import { encodeCbor } from '#schema/cbor-encode.ts'

const cbor: CallOptions = { cbor: true, contentType: 'application/cbor', headers: { accept: 'application/cbor' } }
const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { key: 'AQID' } }
const secrets = '/api/v1/namespaces/default/secrets'
const as = (kind: string) => ({ ...cbor, headers: { accept: `application/cbor;as=${kind};g=meta.k8s.io;v=v1` } })

test('an object is created, read, listed and applied in CBOR', async () => {
  await using api = await openTestApi()
  equal((await api.call('POST', secrets, undefined, { ...cbor, text: encodeCbor(secret) })).status, 201)

  const json = (await api.call('GET', `${secrets}/s`)).object
  deepEqual(json.data, { key: 'AQID' })
  const one = await api.wire('GET', `${secrets}/s`, cbor)
  equal(one.headers['content-type'], 'application/cbor')
  equal(Buffer.from(one.bytes.subarray(0, 3)).toString('hex'), 'd9d9f7')
  deepEqual(decodeCbor(one.bytes), JSON.parse(JSON.stringify(json)))

  const list = decodeCbor((await api.wire('GET', secrets, cbor)).bytes) as { readonly items: readonly object[] }
  deepEqual(list, JSON.parse((await api.wire('GET', secrets)).text))

  const applied = await api.call('PATCH', `${secrets}/s?fieldManager=me&force=true`, undefined, {
    ...cbor,
    contentType: 'application/apply-patch+cbor',
    text: encodeCbor({ ...secret, data: { key: 'BAUG' } }),
  })
  deepEqual([applied.status, applied.object.data], [200, { key: 'BAUG' }])
  const deleted = await api.call('DELETE', `${secrets}/s`, undefined, {
    ...cbor,
    text: encodeCbor({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: json.metadata.uid } }),
  })
  equal(deleted.status, 200)
})

test('tables, metadata and refusals have CBOR forms', async () => {
  await using api = await openTestApi()
  await api.call('POST', secrets, secret)
  for (const [url, kind] of [
    [`${secrets}/s`, 'Table'],
    [secrets, 'Table'],
    [`${secrets}/s`, 'PartialObjectMetadata'],
    [secrets, 'PartialObjectMetadataList'],
  ] as const) {
    const { headers } = as(kind)
    const answered = await api.wire('GET', url, as(kind))
    equal(answered.headers['content-type'], 'application/cbor')
    deepEqual(
      decodeCbor(answered.bytes),
      JSON.parse((await api.wire('GET', url, { headers: { accept: headers.accept.replace('cbor', 'json') } })).text),
    )
  }
  const missing = await api.wire('GET', `${secrets}/none`, cbor)
  deepEqual(decodeCbor(missing.bytes), JSON.parse((await api.wire('GET', `${secrets}/none`)).text))
})

test('events of a watch follow one another as a sequence', async () => {
  await using api = await openTestApi()
  const stop = new AbortController()
  const watch = api.wire('GET', `${secrets}?watch=true&resourceVersion=0&timeoutSeconds=1`, { ...cbor, signal: stop.signal })
  await api.call('POST', secrets, secret)
  await api.clock.advance(2000)
  const { headers, bytes } = await watch
  equal(headers['content-type'], 'application/cbor-seq')
  const event = decodeCbor(bytes) as { readonly type: string; readonly object: { readonly kind: string } }
  deepEqual([event.type, event.object.kind], ['ADDED', 'Secret'])
  stop.abort()
})

test('malformed CBOR is told from what it should have been', async () => {
  await using api = await openTestApi()
  const refused = await api.call('POST', secrets, undefined, { ...cbor, text: Buffer.from('a14161', 'hex') })
  deepEqual(
    [refused.status, refused.object.message],
    [400, 'the object provided is unrecognized (must be of type Secret): unable to determine group/version/kind: unexpected EOF (a14161)'],
  )
})

test('where CBOR is not spoken it is neither taken nor given', async () => {
  await using api = await openTestApi()
  const off = { ...cbor, cbor: false, headers: {}, text: encodeCbor(secret) }
  const types = 'application/json, application/yaml, application/vnd.kubernetes.protobuf'
  const posted = await api.call('POST', secrets, undefined, off)
  deepEqual(
    [posted.status, posted.object.message],
    [415, `the body of the request was in an unknown format - accepted media types include: ${types}`],
  )
  const got = await api.wire('GET', secrets, { ...cbor, cbor: false })
  deepEqual([got.status, JSON.parse(got.text).message], [406, `only the following media types are accepted: ${types}`])
  const patched = await api.call('PATCH', `${secrets}/s?fieldManager=me`, undefined, {
    ...off,
    contentType: 'application/apply-patch+cbor',
  })
  equal(patched.status, 415)
})
