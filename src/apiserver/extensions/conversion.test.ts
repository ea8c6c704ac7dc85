/** What is asked of conversion webhooks, and what is not taken from them. */

import { deepEqual, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { converterOf } from './conversion.ts'
import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { seededRandom } from '#base/random.ts'
import type { KubeObject } from '#schema/resource.ts'

interface Review {
  readonly kind: string
  readonly apiVersion: string
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly KubeObject[] }
}

type Answer = (review: Review) => unknown

function convert(answer: Answer, objects: readonly KubeObject[], versions: readonly string[] = ['v1']) {
  const conversion = {
    strategy: 'Webhook',
    webhook: { clientConfig: { url: 'https://hooks.example.com' }, conversionReviewVersions: versions },
  }
  const webhooks = { call: async (_: unknown, body: unknown) => answer(body as Review) }
  const definition = { spec: { conversion } } as unknown as CustomResourceDefinition
  return Promise.resolve(converterOf(definition, { webhooks, random: seededRandom(1) })(objects, 'example.com/v2'))
}

const widget = (name: string, more: object = {}): KubeObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z', ...more },
})
const success =
  (change: (object: KubeObject, index: number) => unknown, more: object = {}): Answer =>
  ({ kind, apiVersion, request }) => ({
    kind,
    apiVersion,
    response: { uid: request.uid, result: { status: 'Success' }, convertedObjects: request.objects.map(change), ...more },
  })
const v2 = (object: KubeObject) => ({ ...object, apiVersion: 'example.com/v2' })
const WHO = 'conversion webhook for example.com/v1, Kind=Widget'
const failing = (answer: Answer, message: string, ...objects: readonly KubeObject[]) =>
  rejects(convert(answer, objects.length > 0 ? objects : [widget('a')]), { message })

test('a list is converted in one call, in the first version of reviews that is known', async () => {
  const reviews: Review[] = []
  const answer: Answer = (review) => {
    reviews.push(review)
    return success(v2)(review)
  }
  const converted = await convert(answer, [widget('a'), widget('b')], ['v9', 'v1beta1', 'v1'])
  deepEqual(
    converted.map((o) => [o.metadata.name, o.apiVersion]),
    [
      ['a', 'example.com/v2'],
      ['b', 'example.com/v2'],
    ],
  )
  deepEqual(
    reviews.map((r) => [r.apiVersion, r.request.desiredAPIVersion, r.request.objects.length]),
    [['apiextensions.k8s.io/v1beta1', 'example.com/v2', 2]],
  )
})

test('of metadata, only labels and annotations may change', async () => {
  const labelled = (o: KubeObject) => ({ ...v2(o), metadata: { ...o.metadata, annotations: null, labels: { a: 'b' }, generation: 9 } })
  const [converted] = await convert(success(labelled), [widget('a', { annotations: { old: 'gone' } })])
  deepEqual(converted!.metadata, { ...widget('a').metadata, labels: { a: 'b' } })
  const at = `${WHO} returned invalid converted object at index 0:`
  await failing(
    success((o) => ({ ...v2(o), metadata: { ...o.metadata, name: 'b' } })),
    `${at} must have the same name: a != b`,
  )
  await failing(
    success((o) => ({ ...v2(o), metadata: { ...o.metadata, uid: 'b' } })),
    `${at} must have the same UID: uid-a != b`,
  )
  await failing(
    success((o) => o),
    `${at} invalid groupVersion (expected example.com/v2, received example.com/v1)`,
  )
  await failing(
    success((o) => ({ ...v2(o), kind: 'Gadget' })),
    `${at} invalid kind (expected Widget, received Gadget)`,
  )
  await failing(
    success((o) => ({ ...v2(o), metadata: { ...o.metadata, labels: { a: 1 } } })),
    `${WHO} returned invalid metadata in object at index 0: metadata.labels[a] must be a string, but is int64 in converted object`,
  )
})

test('answers to other questions, failures and short lists are refused', async () => {
  await failing(
    success(v2, { uid: 'other' }),
    /* uuid of the seed */ `${WHO} failed: expected response.uid=${await firstUid()}, got "other"`,
  )
  await failing(success(v2, { result: { status: 'Failed', message: 'no way' } }), `${WHO} failed: no way`)
  await failing(success(v2, { result: {} }), `${WHO} failed: response.result.status was '', not 'Success'`)
  await failing(({ kind, apiVersion }) => ({ kind, apiVersion }), `${WHO} failed: no response provided`)
  await failing(
    () => ({ kind: 'Odd', apiVersion: 'v1' }),
    `${WHO} failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got v1, Kind=Odd`,
  )
  await failing(success(v2, { convertedObjects: [] }), `${WHO} returned 0 objects, expected 1`)
  await rejects(convert(success(v2), [widget('a')], ['v9']), { message: 'no supported conversion review versions' })
})

async function firstUid(): Promise<string> {
  let uid = ''
  await convert(
    (review) => {
      uid = review.request.uid
      return success(v2)(review)
    },
    [widget('a')],
  )
  return JSON.stringify(uid)
}
