import { deepEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { negotiate } from './negotiate.ts'

test('the first clause that can be served wins, by quality', () => {
  const json = { mediaType: 'application/json', as: 'object' }
  deepEqual(negotiate(undefined, 'object'), json)
  deepEqual(negotiate('*/*', 'object'), json)
  deepEqual(negotiate('application/vnd.kubernetes.protobuf,application/json', 'object'), {
    mediaType: 'application/vnd.kubernetes.protobuf',
    as: 'object',
  })
  deepEqual(negotiate('application/yaml;q=0.5,application/json', 'object'), json)
  deepEqual(negotiate('text/html,application/xml;q=0.9,*/*;q=0.8', 'object'), json)
})

test('tables have no protobuf form, and unknown views fall through', () => {
  const table = 'as=Table;v=v1;g=meta.k8s.io'
  deepEqual(negotiate(`application/vnd.kubernetes.protobuf;${table},application/json;${table}`, 'object'), {
    mediaType: 'application/json',
    as: 'Table',
  })
  deepEqual(negotiate('application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json', 'object'), {
    mediaType: 'application/json',
    as: 'object',
  })
})

test('nothing acceptable says what would be', () => {
  throws(() => negotiate('text/html', 'object'), {
    message: 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  })
  throws(() => negotiate('application/yaml', 'stream'), {
    message: 'only the following media types are accepted: application/json, application/vnd.kubernetes.protobuf;stream=watch',
  })
})
