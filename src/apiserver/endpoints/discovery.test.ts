import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { APIGroupDiscoveryList } from '#api/apidiscovery/discovery.ts'
import { deployments } from '#api/apps/v1/deployment.ts'
import { pods } from '#api/core/v1/pod.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { decodeEnvelope, decodeMessage } from '#schema/protobuf.ts'
import { discovery } from './discovery.ts'

const discover = discovery([pods, deployments] as never)
const asked = (accept: string, path = '/apis') => {
  const answer = discover({ path, headers: { accept } } as unknown as RequestContext)
  return answer?.type === 'bytes' ? { type: answer.headers['content-type'], body: Buffer.from(answer.body as Uint8Array) } : answer
}
const aggregated = ';g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

test('everything at once comes in JSON and in protobuf, whichever is wanted more', () => {
  const json = asked(`application/json${aggregated}`) as { body: Buffer }
  const type = `application/vnd.kubernetes.protobuf${aggregated}`
  const proto = asked(`${type},application/json${aggregated};q=0.9`) as { type: string; body: Buffer }
  equal(proto.type, type)
  const { apiVersion, kind, raw } = decodeEnvelope(proto.body)
  const whole = JSON.parse(json.body.toString()) as object
  deepEqual({ apiVersion, kind, ...decodeMessage(APIGroupDiscoveryList.schema, raw) }, { ...whole, apiVersion: 'apidiscovery.k8s.io/v2' })
})

test('who wants the plain form more gets it', () => {
  equal((asked(`application/json,application/json${aggregated};q=0.9`) as { type: string }).type, 'object')
  equal((asked(`text/html${aggregated},*/*`) as { type: string }).type, 'object')
})
