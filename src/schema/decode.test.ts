import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { Lease } from '#api/coordination/v1/lease.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import { Service } from '#api/core/v1/service.ts'
import { decode, strictDecodingError } from './decode.ts'
import type { Message } from './message.ts'

function refusal(type: { schema: Message }, input: unknown): string {
  try {
    decode(type.schema, input)
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

test('a wrong type is refused in the words of Go', () => {
  const container = (c: object): object => ({ spec: { containers: [{ name: 'a', ...c }] } })
  assert.deepEqual(
    [
      refusal(Deployment, { spec: { replicas: 'three' } }),
      refusal(Deployment, { spec: { replicas: 1.5 } }),
      refusal(Deployment, { spec: { template: { spec: { containers: { a: 1 } } } } }),
      refusal(Deployment, []),
      refusal(Deployment, { metadata: { labels: { a: 1 } } }),
      refusal(Deployment, { metadata: 'x' }),
      refusal(Pod, container({ image: true })),
      refusal(Pod, container({ livenessProbe: { httpGet: { port: {} } } })),
      refusal(Pod, container({ resources: { limits: { cpu: 'much' } } })),
      refusal(Pod, { metadata: { creationTimestamp: 'today' } }),
      refusal(Pod, { metadata: { creationTimestamp: 5 } }),
      refusal(ConfigMap, { binaryData: { a: '!' } }),
      refusal(Lease, { spec: { renewTime: '2020-01-01T00:00:00Z' } }),
    ],
    [
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
      'json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container',
      'json: cannot unmarshal array into Go value of type v1.Deployment',
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
      'json: cannot unmarshal string into Go struct field Deployment.metadata of type v1.ObjectMeta',
      'json: cannot unmarshal bool into Go struct field Container.spec.containers.image of type string',
      'json: cannot unmarshal object into Go struct field HTTPGetAction.spec.containers.livenessProbe.httpGet.port of type int32',
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      'parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse "today" as "2006"',
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string',
      'illegal base64 data at input byte 0',
      'parsing time "2020-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    ],
  )
})

test('unknown fields are named by their paths, inline members are known', () => {
  const { unknown } = decode(Pod.schema, {
    kind: 'Pod',
    speck: {},
    spec: { foo: 1, containers: [{ name: 'a', bar: 1, livenessProbe: { exec: { command: ['x'] } } }], nodeSelector: { any: 'x' } },
  })
  assert.deepEqual(unknown, ['unknown field "speck"', 'unknown field "spec.foo"', 'unknown field "spec.containers[0].bar"'])
  assert.equal(strictDecodingError(unknown.slice(0, 2)), 'strict decoding error: unknown field "speck", unknown field "spec.foo"')
  assert.equal(strictDecodingError([]), undefined)
})

test('nulls and empty values are absent, pointers keep their zeros, structs by value are always there', () => {
  assert.deepEqual(
    decode(Deployment.schema, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a', namespace: '', labels: {}, annotations: { a: null }, creationTimestamp: null, finalizers: [] },
      spec: { replicas: 0, minReadySeconds: 0, paused: false, selector: {}, template: null },
    }).value,
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a', annotations: { a: '' } },
      spec: { replicas: 0, selector: {}, strategy: {} },
      status: {},
    },
  )
  assert.deepEqual(decode(Service.schema, { metadata: { name: 'a' } }).value, {
    metadata: { name: 'a' },
    spec: {},
    status: { loadBalancer: {} },
  })
})

test('times come out in UTC and whole seconds, a required scalar that is missing is its zero', () => {
  const { value } = decode(Pod.schema, {
    metadata: { creationTimestamp: '2020-02-29T23:59:59.9+02:00' },
    status: { containerStatuses: [{ name: 'a' }] },
  })
  assert.deepEqual(value, {
    metadata: { creationTimestamp: '2020-02-29T21:59:59Z' },
    spec: {},
    status: { containerStatuses: [{ name: 'a', ready: false, restartCount: 0, image: '', imageID: '', state: {}, lastState: {} }] },
  })
})

test('quantities come out in canonical form, also when they were numbers', () => {
  const hard = { a: '1000m', b: 0.5, c: '1024Mi', d: 2, e: '0.1', f: '1.5Gi', g: ' 3 ' }
  assert.deepEqual((decode(ResourceQuota.schema, { spec: { hard } }).value.spec as { hard: object }).hard, {
    a: '1',
    b: '500m',
    c: '1Gi',
    d: '2',
    e: '100m',
    f: '1536Mi',
    g: '3',
  })
})

test('the input is left as it was', () => {
  const input = Object.freeze({ metadata: Object.freeze({ name: 'a', labels: null }) })
  assert.deepEqual(decode(Pod.schema, input).value.metadata, { name: 'a' })
})

test('the greatest 64-bit integers are read as numbers that clients can read back', () => {
  const pod = (seconds: string) =>
    decode(Pod.schema, JSON.parse(`{"metadata":{"name":"a"},"spec":{"containers":[],"terminationGracePeriodSeconds":${seconds}}}`))
  const read = pod('9223372036854775807') as { value?: unknown; object?: unknown }
  assert.equal(BigInt(/"terminationGracePeriodSeconds":(\d+)/.exec(JSON.stringify(read))![1]!) < 2n ** 63n, true)
})
