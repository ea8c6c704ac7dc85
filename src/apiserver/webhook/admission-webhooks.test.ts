/* oxlint-disable typescript/no-explicit-any -- tests look into reviews of every kind, and a wrong path fails there anyway */
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { configMaps } from '#api/core/v1/config-map.ts'
import { Reinvocation, type AdmissionRequest } from '#apiserver/admission/admission.ts'
import { seededRandom } from '#base/random.ts'
import type { KubeObject } from '#schema/resource.ts'
import { admissionHooks } from './admission-hooks.ts'
import { mutatingWebhooks, type WebhookPluginParts } from './mutating-webhooks.ts'
import { validatingWebhooks } from './validating-webhooks.ts'

type Answer = (review: any) => object | Promise<object>

/** The plugins' parts over webhooks that are functions. */
function parts(webhooks: readonly object[], answer: Answer): WebhookPluginParts {
  const configuration = { metadata: { name: 'c' }, webhooks: webhooks as never }
  return {
    client: { call: async (_, review) => answer(review), [Symbol.asyncDispose]: async () => {} },
    random: seededRandom(1),
    hooks: admissionHooks(
      () => [configuration],
      () => ({}),
    ),
    namespaceLabels: async () => ({}),
    matchConditions: async () => true,
    watch: (_, __, work) => work(),
  }
}

const hook = (name: string, more: object = {}) => ({
  name,
  clientConfig: { url: 'https://webhook.example.com' },
  rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
})

const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: '1' } } as unknown as KubeObject
const request = (more: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  operation: 'CREATE',
  resource: configMaps as never,
  subresource: '',
  namespace: 'ns',
  name: 'x',
  object,
  user: { username: 'u' },
  dryRun: false,
  warn: () => {},
  ...more,
})
const respond = (verdict: object) => (review: any) => ({
  kind: review.kind,
  apiVersion: review.apiVersion,
  response: { uid: review.request.uid, ...verdict },
})
const patch = (...steps: readonly object[]) => Buffer.from(JSON.stringify(steps)).toString('base64')

test('a webhook that may have side effects is not asked about dry runs, nor is the request let through', async () => {
  const plugin = validatingWebhooks(parts([hook('a', { sideEffects: 'Some' })], respond({ allowed: true })))
  await plugin.validate!(request())
  await rejects(async () => plugin.validate!(request({ dryRun: true })), {
    code: 400,
    message: 'admission webhook "a" does not support dry run',
  })
  await validatingWebhooks(parts([hook('a', { sideEffects: 'NoneOnDryRun' })], respond({ allowed: true }))).validate!(
    request({ dryRun: true }),
  )
})

test('the older review needs neither uid nor patch type, and one that nobody knows is a failure', async () => {
  const seen: string[] = []
  const old: Answer = (review) => {
    seen.push(review.apiVersion)
    return { response: { allowed: true, patch: patch({ op: 'add', path: '/data/b', value: '2' }) } }
  }
  const plugin = mutatingWebhooks(parts([hook('a', { admissionReviewVersions: ['v0', 'v1beta1', 'v1'] })], old))
  deepEqual([((await plugin.admit!(request())) as any).data, seen], [{ a: '1', b: '2' }, ['admission.k8s.io/v1beta1']])
  await rejects(async () => mutatingWebhooks(parts([hook('a', { admissionReviewVersions: ['v2'] })], old)).admit!(request()), {
    message:
      'Internal error occurred: failed calling webhook "a": could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
  })
})

test('answers that break the protocol are failures, in words that say how', async () => {
  const mutate =
    (verdict: object, answer: Answer = respond(verdict)) =>
    async () =>
      mutatingWebhooks(parts([hook('a')], answer)).admit!(request())
  const because = (text: string) => ({ message: `Internal error occurred: failed calling webhook "a": ${text}` })
  const invalid = (text: string) => because(`received invalid webhook response: ${text}`)
  await rejects(
    mutate({}, () => ({ kind: 'AdmissionReview' })),
    invalid('webhook response was absent'),
  )
  await rejects(
    mutate({}, (review) => ({ response: { uid: review.request.uid, allowed: true } })),
    invalid('expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind='),
  )
  await rejects(mutate({ allowed: true, patch: 'W10=' }), invalid('webhook returned response.patch but not response.patchType'))
  await rejects(mutate({ allowed: true, patchType: 'JSONPatch' }), invalid('webhook returned response.patchType but not response.patch'))
  await rejects(
    mutate({ allowed: true, patch: patch({ op: 'remove', path: '/data/a' }), patchType: 'Other' }),
    because('unsupported patch type "Other"'),
  )
  await rejects(mutate({ allowed: true, patch: 'bm8=', patchType: 'JSONPatch' }), { code: 500, message: /^Internal error occurred: / })
  await rejects(async () => validatingWebhooks(parts([hook('a')], respond({ allowed: true, patch: 'W10=' }))).validate!(request()), {
    message:
      'Internal error occurred: failed calling webhook "a": received invalid webhook response: validating webhook may not return response.patch',
  })
})

test('of several refusals the caller hears the first, after all have answered', async () => {
  const answered: string[] = []
  let first: (() => void) | undefined
  const waiting = new Promise<void>((resolve) => (first = resolve))
  const answer: Answer = async (review) => {
    const second = answered.length > 0
    answered.push(review.request.uid as string)
    if (!second) await waiting
    else setImmediate(first!)
    return respond({ allowed: false, status: { message: second ? 'second' : 'first' } })(review)
  }
  const plugin = validatingWebhooks(parts([hook('a'), hook('b')], answer))
  await rejects(async () => plugin.validate!(request()), { message: 'admission webhook "b" denied the request: second' })
  equal(answered.length, 2)
})

test('nothing is changed where there is no object, and requests about webhooks themselves are not asked about', async () => {
  const remove = respond({ allowed: true, patchType: 'JSONPatch', patch: patch({ op: 'remove', path: '/data' }) })
  const { object: _, ...deletion } = request({ operation: 'DELETE', oldObject: object })
  await rejects(async () => mutatingWebhooks(parts([hook('a')], remove)).admit!(deletion), {
    message: 'Internal error occurred: admission webhook "a" attempted to modify the object, which is not supported for this operation',
  })
  const group = 'admissionregistration.k8s.io'
  const own = request({ resource: { ...configMaps, group, plural: 'validatingwebhookconfigurations' } as never })
  await validatingWebhooks(parts([hook('a')], respond({ allowed: false }))).validate!(own)
})

test('what is left for the audit log: who was asked, what was changed, and what was let through for want of an answer', async () => {
  const left: [string, string][] = []
  const annotate = (key: string, value: string) => void left.push([key, value])
  const step = { op: 'add', path: '/data/b', value: '2' }
  const answer: Answer = (review) => {
    if (review.request.object.data.b !== undefined) throw new Error('gone')
    return respond({ allowed: true, patchType: 'JSONPatch', patch: patch(step), auditAnnotations: { k: 'v', 'not a key': 'v' } })(review)
  }
  const plugin = mutatingWebhooks(parts([hook('a'), hook('b', { failurePolicy: 'Ignore' })], answer))
  await plugin.admit!(request({ annotate, reinvocation: new Reinvocation() }))
  const about = { configuration: 'c', webhook: 'a' }
  deepEqual(left, [
    ['a/k', 'v'],
    ['patch.webhook.admission.k8s.io/round_0_index_0', JSON.stringify({ ...about, patch: [step], patchType: 'JSONPatch' })],
    ['mutation.webhook.admission.k8s.io/round_0_index_0', JSON.stringify({ ...about, mutated: true })],
    ['failed-open.mutating.webhook.admission.k8s.io/round_0_index_1', 'b'],
  ])
})
