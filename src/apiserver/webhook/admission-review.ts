/** AdmissionReview: what webhooks are asked and what they answer, in both of its versions. */

import type { Hook } from './admission-hooks.ts'
import type { Status } from '#api/meta/v1/status.ts'
import type { AdmissionRequest, ObjectForm } from '#apiserver/admission/admission.ts'
import { requestFacts } from '#apiserver/admission/request-facts.ts'

/** What a webhook decided; texts and texts' members are as it sent them. */
export interface Verdict {
  readonly allowed: boolean
  readonly result: Status | undefined
  readonly warnings: readonly string[]
  readonly auditAnnotations: Readonly<Record<string, string>>
  /** Base64 of a JSON Patch. */
  readonly patch: string | undefined
  readonly patchType: string
}

export type ReviewVersion = 'v1' | 'v1beta1'

/** The answer breaks the protocol; the message is what upstream says. */
export class MalformedReview extends Error {
  override readonly name = 'MalformedReview'
}

/** The first version that both sides know; undefined when there is none. */
export function reviewVersion({ webhook }: Hook): ReviewVersion | undefined {
  return (webhook.admissionReviewVersions ?? []).find((v): v is ReviewVersion => v === 'v1' || v === 'v1beta1')
}

/** `object` and `oldObject` of the request are in the stored form; the review shows them as `form` does. */
export function admissionReview(
  version: ReviewVersion,
  uid: string,
  request: AdmissionRequest,
  form: ObjectForm,
  requested: ObjectForm,
): object {
  const { object, oldObject } = request
  const { dryRun, options, ...facts } = requestFacts(request, form, requested)
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: {
      uid,
      ...facts,
      object: object === undefined ? null : typedFirst(form.show(object)),
      oldObject: oldObject === undefined ? null : typedFirst(form.show(oldObject)),
      dryRun,
      options,
    },
  }
}

/** Throws `MalformedReview`. */
export function readVerdict(answer: unknown, version: ReviewVersion, uid: string, mutating: boolean): Verdict {
  const { kind = '', apiVersion = '', response } = (answer ?? {}) as Readonly<Record<string, unknown>>
  const expected = `admission.k8s.io/${version}`
  // another version of the answer would be decoded as that, and what was waited for stays empty
  if (typeof response !== 'object' || response === null || (apiVersion !== '' && apiVersion !== expected && kind === 'AdmissionReview'))
    throw new MalformedReview('webhook response was absent')
  const given = response as Readonly<Record<string, unknown>>
  for (const [field, type] of FIELDS)
    if (given[field] !== undefined && given[field] !== null && typeof given[field] !== type)
      throw new MalformedReview(
        `json: cannot unmarshal ${goKind(given[field])} into Go struct field AdmissionResponse.response.${field} of type ${GO_TYPES[field]}`,
      )
  if (version === 'v1') {
    if ((given['uid'] ?? '') !== uid) throw new MalformedReview(`expected response.uid=${quoted(uid)}, got ${quoted(given['uid'] ?? '')}`)
    if (apiVersion !== expected || kind !== 'AdmissionReview')
      throw new MalformedReview(`expected webhook response of ${expected}, Kind=AdmissionReview, got ${kindText(apiVersion, kind)}`)
  }
  return {
    allowed: given['allowed'] === true,
    result: (given['status'] ?? undefined) as Status | undefined,
    warnings: Array.isArray(given['warnings']) ? given['warnings'].filter((w): w is string => typeof w === 'string') : [],
    auditAnnotations: stringsOf(given['auditAnnotations']),
    ...patchOf(given, version, mutating),
  }
}

function patchOf(
  given: Readonly<Record<string, unknown>>,
  version: ReviewVersion,
  mutating: boolean,
): Pick<Verdict, 'patch' | 'patchType'> {
  const patch = (given['patch'] as string | null | undefined) || undefined
  const patchType = given['patchType'] as string | null | undefined
  if (version === 'v1beta1') return { patch: mutating ? patch : undefined, patchType: mutating && patch ? 'JSONPatch' : '' }
  const typed = patchType !== undefined && patchType !== null
  if (!mutating) {
    if (patch) throw new MalformedReview('validating webhook may not return response.patch')
    if (typed) throw new MalformedReview('validating webhook may not return response.patchType')
    return { patch: undefined, patchType: '' }
  }
  if (patch && !typed) throw new MalformedReview('webhook returned response.patch but not response.patchType')
  if (!patch && typed) throw new MalformedReview('webhook returned response.patchType but not response.patch')
  if (patchType === '') throw new MalformedReview('webhook returned invalid response.patchType of ""')
  return { patch, patchType: patchType ?? '' }
}

const FIELDS = [
  ['uid', 'string'],
  ['allowed', 'boolean'],
  ['status', 'object'],
  ['patch', 'string'],
  ['patchType', 'string'],
  ['auditAnnotations', 'object'],
  ['warnings', 'object'],
] as const
const GO_TYPES: Readonly<Record<string, string>> = {
  uid: 'types.UID',
  allowed: 'bool',
  status: 'v1.Status',
  patch: '[]uint8',
  patchType: 'v1.PatchType',
  auditAnnotations: 'map[string]string',
  warnings: '[]string',
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

const quoted = (value: unknown) => JSON.stringify(String(value))

function kindText(apiVersion: unknown, kind: unknown): string {
  const version = String(apiVersion)
  return `${version === '' ? '/' : version.includes('/') ? version : `/${version}`}, Kind=${String(kind)}`
}

function stringsOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

function typedFirst<T extends { readonly kind?: unknown; readonly apiVersion?: unknown }>({ kind, apiVersion, ...rest }: T): object {
  return { kind, apiVersion, ...rest }
}
