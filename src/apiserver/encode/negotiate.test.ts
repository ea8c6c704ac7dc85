import { deepEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { negotiate, type Choice } from './negotiate.ts'

const chosen = (mediaType: Choice['mediaType'], as: Choice['as'] = 'object', more: Partial<Choice> = {}): Choice => ({
  mediaType,
  as,
  version: 'meta.k8s.io/v1',
  pretty: false,
  ...more,
})
const json = chosen('application/json')

test('the first clause that can be served wins, by quality, then by how exact it is', () => {
  deepEqual(negotiate(undefined, 'object'), json)
  deepEqual(negotiate('*/*', 'object'), json)
  deepEqual(negotiate('application/vnd.kubernetes.protobuf,application/json', 'object'), chosen('application/vnd.kubernetes.protobuf'))
  deepEqual(negotiate('application/yaml;q=0.5,application/json', 'object'), json)
  deepEqual(negotiate('*/*,application/yaml', 'object'), chosen('application/yaml'))
  deepEqual(negotiate('text/html,application/xml;q=0.9,*/*;q=0.8', 'object'), json)
  deepEqual(negotiate('application/json;pretty=1', 'object'), { ...json, pretty: true })
})

test('quality 0 is the last choice but no refusal, and an exact type may come before a wildcard that is wanted more', () => {
  deepEqual(negotiate('application/json;q=0', 'object'), json)
  deepEqual(negotiate('application/json;q=0,application/yaml;q=0.1', 'object'), chosen('application/yaml'))
  deepEqual(negotiate('*/*,application/yaml;q=0.1', 'object'), chosen('application/yaml'))
  deepEqual(negotiate('application/yaml;q=0.1,*/*', 'object'), json)
  deepEqual(negotiate('*', 'object'), json)
})

test('tables have no protobuf form, and unknown views fall through', () => {
  const table = 'as=Table;v=v1;g=meta.k8s.io'
  deepEqual(
    negotiate(`application/vnd.kubernetes.protobuf;${table},application/json;${table}`, 'object'),
    chosen('application/json', 'Table'),
  )
  deepEqual(negotiate(`application/yaml;${table}`, 'object'), chosen('application/yaml', 'Table'))
  deepEqual(
    negotiate('application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json', 'object'),
    chosen('application/json', 'Table', { version: 'meta.k8s.io/v1beta1' }),
  )
  deepEqual(negotiate('application/json;as=Table;v=v1alpha1;g=meta.k8s.io,application/json', 'object'), json)
  deepEqual(negotiate('application/json;as=Chair;v=v1;g=meta.k8s.io,application/yaml', 'object'), chosen('application/yaml'))
})

test('a wildcard takes the first type that has the view', () => {
  deepEqual(
    negotiate('application/*;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', 'object'),
    chosen('application/json', 'PartialObjectMetadataList'),
  )
})

test('nothing acceptable says what would be', () => {
  throws(() => negotiate('text/html', 'object'), {
    message: 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  })
  throws(() => negotiate('application/yaml', 'stream'), {
    message: 'only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
  })
  throws(() => negotiate('application/json;stream=tail', 'stream'), { code: 406 })
})

test('CBOR is acceptable only where it is spoken', () => {
  deepEqual(negotiate('application/cbor,application/json;q=0.9', 'object'), json)
  deepEqual(negotiate('application/cbor,application/json;q=0.9', 'object', true), chosen('application/cbor'))
  throws(() => negotiate('application/cbor', 'object'), { code: 406 })
  throws(() => negotiate('text/html', 'stream', true), {
    message:
      'only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch, application/cbor-seq',
  })
})
