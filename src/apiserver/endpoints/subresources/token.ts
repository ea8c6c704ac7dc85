/** TokenRequest: a fresh token for a service account, bound to what the caller names. */

import { badRequest, conflict, invalid, methodNotServed, serviceUnavailable } from '../errors.ts'
import { writeOptions } from '../options.ts'
import { inNamespace, writeFor, type Endpoint, type EndpointParts } from '../resource-endpoint.ts'
import { TokenRequest } from '#api/authentication/v1/token-request.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Answer } from '#apiserver/answer.ts'
import type { TokenIssuer, TokenToIssue } from '#apiserver/authentication/token-issuer.ts'
import { negotiate } from '#apiserver/encode/negotiate.ts'
import { readBody } from '#apiserver/encode/read-body.ts'
import { timestamp } from '#base/clock.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { invalid as invalidField, type FieldError } from '#schema/field-error.ts'

const SECONDS_DEFAULT = 3600
const SECONDS_MIN = 600 // upstream's: shorter ones would be renewed more often than used
const SECONDS_MAX = 2 ** 32

interface Bound {
  readonly pods: Endpoint
  readonly secrets: Endpoint
  readonly nodes: Endpoint
}

export async function requestToken(
  accounts: Endpoint,
  bound: Bound,
  issuer: TokenIssuer | undefined,
  ctx: RequestContext,
  parts: EndpointParts,
): Promise<Answer> {
  const { info } = ctx
  if (info.verb !== 'create') throw methodNotServed()
  if (issuer === undefined) throw serviceUnavailable('the server has no key to sign service account tokens with')
  negotiate(ctx.headers['accept'], 'rowless', ctx.cbor)
  const options = writeOptions(ctx, 'CreateOptions')
  const expected = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', message: TokenRequest.schema }
  const body = (await readBody(ctx, expected, options.fieldValidation)) as TokenRequest | undefined
  const at = { namespace: info.namespace, name: info.name }
  const account = (await accounts.registry.get(at.namespace, at.name)).object
  const request = inNamespace({ ...empty(), ...body } as TokenRequest, at.namespace)
  if (request.metadata.name && request.metadata.name !== at.name)
    throw badRequest(`the name of the object (${request.metadata.name}) does not match the name on the URL (${at.name})`)
  const audiences = request.spec.audiences?.length ? request.spec.audiences : issuer.audiences
  const expirationSeconds = request.spec.expirationSeconds ?? SECONDS_DEFAULT
  const errors = problems(expirationSeconds)
  if (errors.length > 0) throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, request.metadata.name ?? '', errors)
  const write = writeFor(accounts, 'CREATE', 'token', at, options.dryRun, ctx, parts)
  await write.admit(request, undefined)
  await write.check(request, undefined)
  const serviceAccount = { namespace: at.namespace, name: at.name, uid: account.metadata.uid }
  const wanted: TokenToIssue = { serviceAccount, audiences, expirationSeconds, ...(await boundTo(request, bound, at)) }
  const spec = { ...request.spec, audiences, expirationSeconds }
  const metadata = { ...request.metadata, name: at.name, namespace: at.namespace, creationTimestamp: timestamp(write.now) }
  const answered = { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata, spec }
  if (options.dryRun) return { type: 'object', status: 201, object: { ...answered, status: { token: '' } } }
  const { token, expirationTimestamp } = await issuer.issue(wanted)
  return { type: 'object', status: 201, object: { ...answered, status: { token, expirationTimestamp } } }
}

function empty(): Pick<TokenRequest, 'metadata' | 'spec'> {
  return { metadata: {} as TokenRequest['metadata'], spec: {} }
}

async function boundTo(request: TokenRequest, { pods, secrets, nodes }: Bound, at: { readonly namespace: string; readonly name: string }) {
  const reference = request.spec.boundObjectRef
  if (reference === undefined) return {}
  const { kind = '', apiVersion = '', name = '', uid = '' } = reference
  const named = `${apiVersion}/${kind}`
  const endpoint = ({ 'v1/Pod': pods, 'v1/Secret': secrets, 'v1/Node': nodes } as Readonly<Record<string, Endpoint>>)[named]
  if (endpoint === undefined)
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(at.name)} to object with group-kind ${JSON.stringify(kind)}, api-version ${JSON.stringify(apiVersion)}`,
    )
  const found = (await endpoint.registry.get(endpoint === nodes ? '' : at.namespace, name)).object
  if (uid !== '' && uid !== found.metadata.uid)
    throw conflict(
      endpoint.served.resource,
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  const bound = { name, uid: found.metadata.uid }
  if (endpoint === secrets) return { secret: bound }
  if (endpoint === nodes) return { node: bound }
  const pod = found as unknown as Pod
  if ((pod.spec.serviceAccountName ?? '') !== at.name)
    throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(at.name)} to pod running with different serviceaccount name.`)
  if (!pod.spec.nodeName) return { pod: bound }
  const node = nodes.registry.find('', pod.spec.nodeName)
  return { pod: bound, ...(node && { node: { name: pod.spec.nodeName, uid: node.object.metadata.uid } }) }
}

function problems(seconds: number): FieldError[] {
  if (seconds < SECONDS_MIN) return [invalidField('spec.expirationSeconds', seconds, 'may not specify a duration less than 10 minutes')]
  if (seconds > SECONDS_MAX) return [invalidField('spec.expirationSeconds', seconds, 'may not specify a duration larger than 2^32 seconds')]
  return []
}
