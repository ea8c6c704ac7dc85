/** From one version of a custom resource to another: by name only, or by asking the definition's webhook. */

import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { refusal } from '#apiserver/endpoints/errors.ts'
import { webhookOf, type WebhookClient } from '#apiserver/webhook/webhook-client.ts'
import { uuid, type Random } from '#base/random.ts'
import { annotationErrors, labelErrors } from '#schema/validate-metadata.ts'
import type { KubeObject } from '#schema/resource.ts'

/** Objects that are none of them in `apiVersion` yet, in the same order. */
export type Converter = (objects: readonly KubeObject[], apiVersion: string) => readonly KubeObject[] | Promise<readonly KubeObject[]>

export interface ConverterParts {
  readonly webhooks: Pick<WebhookClient, 'call'>
  readonly random: Random
}

const TIMEOUT_MS = 30_000 // upstream's webhook clients

export function converterOf({ spec }: CustomResourceDefinition, parts: ConverterParts): Converter {
  const { strategy, webhook } = spec.conversion ?? { strategy: 'None' }
  if (strategy !== 'Webhook' || webhook?.clientConfig === undefined) return byName
  const { clientConfig, conversionReviewVersions } = webhook
  const target = webhookOf(clientConfig)
  return async (objects, apiVersion) => {
    const version = conversionReviewVersions.find((v) => v === 'v1' || v === 'v1beta1')
    if (version === undefined) throw failure('no supported conversion review versions')
    const who = `conversion webhook for ${kindOf(objects[0]!)}`
    const uid = uuid(parts.random)
    const review = {
      kind: 'ConversionReview',
      apiVersion: `apiextensions.k8s.io/${version}`,
      request: { uid, desiredAPIVersion: apiVersion, objects },
      response: { uid: '', convertedObjects: null, result: { metadata: {} } },
    }
    let answer: unknown
    try {
      answer = await parts.webhooks.call(target, review, { timeoutMs: TIMEOUT_MS })
    } catch (error) {
      throw failure(`${who} failed: ${(error as Error).message}`, error)
    }
    const converted = convertedObjects(answer, version, uid, who)
    if (converted.length !== objects.length) throw failure(`${who} returned ${converted.length} objects, expected ${objects.length}`)
    return objects.map((object, index) => checked(object, converted[index], apiVersion, who, index))
  }
}

const byName: Converter = (objects, apiVersion) => objects.map((object) => ({ ...object, apiVersion }))

type Json = Readonly<Record<string, unknown>>

interface Response {
  readonly uid?: string
  readonly convertedObjects?: readonly unknown[]
  readonly result?: { readonly status?: string; readonly message?: string }
}

function convertedObjects(answer: unknown, version: 'v1' | 'v1beta1', uid: string, who: string): readonly unknown[] {
  const { kind = '', apiVersion = '', response } = (answer ?? {}) as Json & { kind?: string; apiVersion?: string; response?: Response }
  const wanted = `apiextensions.k8s.io/${version}`
  // the older review was never held to its kind and identity
  if (version === 'v1' && (kind !== 'ConversionReview' || apiVersion !== wanted))
    throw failure(`${who} failed: expected webhook response of ${wanted}, Kind=ConversionReview, got ${kindOf({ apiVersion, kind })}`)
  if (!response) throw failure(`${who} failed: no response provided`)
  const { result = {}, convertedObjects: objects } = response
  if (version === 'v1' && response.uid !== uid)
    throw failure(`${who} failed: expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`)
  if (result.status !== 'Success')
    throw failure(`${who} failed: ${result.message || `response.result.status was '${result.status ?? ''}', not 'Success'`}`)
  return objects ?? []
}

/** What may change is the object's own; of its metadata, labels and annotations only. */
function checked(original: KubeObject, answer: unknown, apiVersion: string, who: string, index: number): KubeObject {
  const invalid = (what: string) => failure(`${who} returned invalid converted object at index ${index}: ${what}`)
  if (!isObject(answer)) throw invalid('the object is no object')
  const converted = answer as unknown as KubeObject
  if (converted.apiVersion !== apiVersion)
    throw invalid(`invalid groupVersion (expected ${apiVersion}, received ${converted.apiVersion ?? ''})`)
  if (converted.kind !== original.kind) throw invalid(`invalid kind (expected ${original.kind ?? ''}, received ${converted.kind ?? ''})`)
  const metadata: unknown = converted.metadata
  const [before, after] = [original.metadata, (isObject(metadata) ? metadata : {}) as Partial<KubeObject['metadata']>]
  for (const [member, word] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const)
    if ((before[member] ?? '') !== (after[member] ?? ''))
      throw invalid(`must have the same ${word}: ${before[member] ?? ''} != ${after[member] ?? ''}`)
  const wrong = (what: string) => failure(`${who} returned invalid metadata in object at index ${index}: ${what}`)
  if (metadata === undefined) throw wrong('missing metadata in converted object')
  if (!isObject(metadata)) throw wrong(`invalid metadata of type ${goType(metadata)} in converted object`)
  const { labels: _, annotations: __, ...kept } = before
  return {
    ...converted,
    metadata: { ...kept, ...texts('labels', metadata, before.labels, wrong), ...texts('annotations', metadata, before.annotations, wrong) },
  }
}

function texts(
  member: 'labels' | 'annotations',
  metadata: Json,
  before: Readonly<Record<string, string>> | undefined,
  wrong: (what: string) => Error,
): object {
  const given = metadata[member]
  if (given === undefined || given === null) return {}
  if (!isObject(given)) throw wrong(`invalid metadata.${member} of type ${goType(given)} in converted object`)
  for (const [key, value] of Object.entries(given))
    if (typeof value !== 'string') throw wrong(`metadata.${member}[${key}] must be a string, but is ${goType(value)} in converted object`)
  const changed = given as Readonly<Record<string, string>>
  const same =
    Object.keys(changed).length === Object.keys(before ?? {}).length && Object.keys(changed).every((k) => before?.[k] === changed[k])
  const errors = same
    ? []
    : member === 'labels'
      ? labelErrors(changed, 'metadata.labels')
      : annotationErrors(changed, 'metadata.annotation')
  if (errors.length > 0) throw wrong(errors.length === 1 ? errors[0]!.message : `[${errors.map((e) => e.message).join(', ')}]`)
  return { [member]: changed }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf({ apiVersion = '', kind = '' }: { readonly apiVersion?: string; readonly kind?: string }): string {
  return `${apiVersion}, Kind=${kind}`
}

function goType(value: unknown): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int64' : 'float64') : 'string'
}

function failure(message: string, cause?: unknown) {
  return refusal({ code: 500, reason: '', message }, cause)
}
