/** Reviews: questions about who someone is and what they may do, answered at once and kept nowhere. */

import { badRequest, invalid, methodNotServed } from './errors.ts'
import { optionsObject, writeOptions } from './options.ts'
import type { TokenReview, UserInfo } from '#api/authentication/v1/token-review.ts'
import type { SelfSubjectRulesReview, SubjectRulesReviewStatus } from '#api/authorization/v1/self-subject-rules-review.ts'
import type { ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec } from '#api/authorization/v1/subject-access-review.ts'
import type { AdmissionRequest } from '#apiserver/admission/admission.ts'
import type { AdmissionChain } from '#apiserver/admission/chain.ts'
import type { Answer } from '#apiserver/answer.ts'
import type { TokenAuthenticator } from '#apiserver/authentication/authenticator.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import { selectorErrors, selectorsOf } from '#apiserver/authorization/review-spec.ts'
import { negotiate } from '#apiserver/encode/negotiate.ts'
import { readBody } from '#apiserver/encode/read-body.ts'
import { NOTHING_SAID, type RequestContext, type RequestInfo } from '#apiserver/request-context.ts'
import { admissionFacts, expectedOf, inNamespace } from './resource-endpoint.ts'
import { invalid as invalidField, type FieldError } from '#schema/field-error.ts'
import { generic } from '#apiserver/registry/strategies/plain.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

export interface ReviewParts {
  readonly authorizer: Authorizer
  readonly admission: AdmissionChain
  /** Absent: every token is unknown. */
  readonly tokens: TokenAuthenticator | undefined
  readonly apiAudiences: readonly string[]
  /** All that a user may do in a namespace; absent: the answer says that it is incomplete. */
  readonly rules: ((user: UserInfo, namespace: string) => Promise<SubjectRulesReviewStatus> | SubjectRulesReviewStatus) | undefined
}

type Review = (body: object, ctx: RequestContext, parts: ReviewParts) => Promise<object> | object

const REVIEWS: Readonly<Record<string, Review>> = {
  tokenreviews: reviewToken,
  selfsubjectreviews: (body, { user }) => ({ ...body, status: { userInfo: user } }),
  subjectaccessreviews: (body, ctx, parts) => reviewAccess(body as SubjectAccessReview, ctx, parts),
  localsubjectaccessreviews: (body, ctx, parts) => reviewAccess(body as SubjectAccessReview, ctx, parts, ctx.info.namespace),
  selfsubjectaccessreviews(body, ctx, parts) {
    const { user } = ctx
    const review = body as SubjectAccessReview
    const errors = attributeErrors(review.spec)
    if (errors.length > 0) throw invalid({ group: 'authorization.k8s.io', kind: 'SelfSubjectAccessReview' }, '', errors)
    const spec = { ...review.spec, user: user.username ?? '', groups: user.groups ?? [], uid: user.uid ?? '', extra: user.extra ?? {} }
    return access({ ...review, spec }, ctx, parts).then((status) => ({ ...review, status }))
  },
  async selfsubjectrulesreviews(body, { user }, parts) {
    const review = body as SelfSubjectRulesReview
    const namespace = review.spec?.namespace ?? ''
    if (namespace === '') throw badRequest('no namespace on request')
    const none = {
      resourceRules: [],
      nonResourceRules: [],
      incomplete: true,
      evaluationError: 'the authorizer does not support rule resolution',
    }
    return { ...review, spec: {}, status: (await parts.rules?.(user, namespace)) ?? none }
  },
}

export async function answerReview(resource: Resource, ctx: RequestContext, parts: ReviewParts): Promise<Answer> {
  const review = REVIEWS[resource.plural]
  if (ctx.info.verb !== 'create' || review === undefined) throw methodNotServed()
  negotiate(ctx.headers['accept'], 'rowless', ctx.cbor)
  const options = writeOptions(ctx, 'CreateOptions')
  const body = await readBody(ctx, expectedOf(resource), options.fieldValidation)
  if (body === undefined) throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind})`)
  const placed = resource.scope === 'Namespaced' ? inNamespace(body as never, ctx.info.namespace) : body
  const admitted = await admit(placed, resource, options.dryRun, ctx, parts)
  return { type: 'object', status: 201, object: await review(admitted, ctx, parts) }
}

/** A question is a creation to those who admit requests, although nothing is stored. */
async function admit(body: object, resource: Resource, dryRun: boolean, ctx: RequestContext, { admission }: ReviewParts): Promise<object> {
  const served = { resource, strategy: generic }
  const object = body as KubeObject
  const at = { namespace: ctx.info.namespace, name: object.metadata?.name ?? '' }
  const request: AdmissionRequest = {
    ...admissionFacts({ registry: { resource }, served }, '', at, ctx),
    operation: 'CREATE',
    object,
    dryRun,
    options: optionsObject('CREATE', ctx.query, dryRun),
  }
  const admitted = (await admission.admit(request)) ?? object
  await admission.validate({ ...request, object: admitted })
  return admitted
}

async function reviewToken(body: object, _: RequestContext, { tokens, apiAudiences }: ReviewParts): Promise<object> {
  const review = body as TokenReview
  if (!review.spec.token) throw badRequest('token is required for TokenReview in authentication')
  const audiences = review.spec.audiences?.length ? review.spec.audiences : apiAudiences
  const outcome = (await tokens?.authenticateToken(review.spec.token, audiences)) ?? { type: 'none' as const }
  switch (outcome.type) {
    case 'user':
      return {
        ...review,
        status: { authenticated: true, user: outcome.user, ...(outcome.audiences && { audiences: outcome.audiences }) },
      }
    case 'refused':
      return { ...review, status: { user: {}, error: outcome.why } }
    case 'none':
      return { ...review, status: { user: {} } }
  }
}

async function reviewAccess(review: SubjectAccessReview, ctx: RequestContext, parts: ReviewParts, namespace?: string): Promise<object> {
  const errors = problems(review.spec, namespace)
  const kind = { group: 'authorization.k8s.io', kind: namespace === undefined ? 'SubjectAccessReview' : 'LocalSubjectAccessReview' }
  if (errors.length > 0) throw invalid(kind, '', errors)
  return { ...review, status: await access(review, ctx, parts) }
}

async function access({ spec }: SubjectAccessReview, _: RequestContext, { authorizer }: ReviewParts): Promise<object> {
  const user: UserInfo = {
    ...(spec.user && { username: spec.user }),
    ...(spec.uid && { uid: spec.uid }),
    groups: spec.groups ?? [],
    ...(spec.extra && { extra: spec.extra }),
  }
  const decision = await authorizer.authorize({ user, info: infoOf(spec) })
  return {
    allowed: decision.type === 'allow',
    ...(decision.type === 'deny' && { denied: true }),
    ...(decision.reason !== '' && { reason: decision.reason }),
    ...(decision.error !== undefined && { evaluationError: decision.error }),
  }
}

function infoOf({ resourceAttributes, nonResourceAttributes }: SubjectAccessReviewSpec): RequestInfo {
  if (resourceAttributes === undefined)
    return { ...NOTHING_SAID, path: nonResourceAttributes?.path ?? '', verb: nonResourceAttributes?.verb ?? '' }
  const {
    namespace = '',
    verb = '',
    group = '',
    version = '',
    resource = '',
    subresource = '',
    name = '',
  } = resourceAttributes as ResourceAttributes
  const selectors = selectorsOf(resourceAttributes)
  return { ...NOTHING_SAID, isResourceRequest: true, namespace, verb, group, version, resource, subresource, name, ...selectors }
}

/** Exactly one sort of attributes, and selectors that can be read. */
function attributeErrors(spec: Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>): FieldError[] {
  const errors: FieldError[] = []
  const both = spec.resourceAttributes !== undefined && spec.nonResourceAttributes !== undefined
  const neither = spec.resourceAttributes === undefined && spec.nonResourceAttributes === undefined
  if (both)
    errors.push(
      invalidField('spec.nonResourceAttributes', spec.nonResourceAttributes, 'cannot be specified in combination with resourceAttributes'),
    )
  if (neither)
    errors.push(
      invalidField('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified'),
    )
  if (spec.resourceAttributes) errors.push(...selectorErrors(spec.resourceAttributes, 'spec.resourceAttributes'))
  return errors
}

function problems(spec: SubjectAccessReviewSpec, namespace: string | undefined): FieldError[] {
  const errors = attributeErrors(spec)
  if (!spec.user && !spec.groups?.length) errors.push(invalidField('spec.user', '', 'at least one of user or group must be specified'))
  if (namespace !== undefined && spec.nonResourceAttributes !== undefined)
    errors.push(invalidField('spec.nonResourceAttributes', spec.nonResourceAttributes, 'disallowed on this kind of request'))
  if (namespace !== undefined && (spec.resourceAttributes?.namespace ?? '') !== namespace)
    errors.push(
      invalidField(
        'spec.resourceAttributes.namespace',
        spec.resourceAttributes?.namespace ?? '',
        `must match metadata.namespace: ${namespace}`,
      ),
    )
  return errors
}
