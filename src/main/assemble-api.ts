/** Puts the API server together: the API over a store, and before it who asks and who may. Needs no network. */

import { clusterRoleBindings } from '#api/rbac/v1/cluster-role-binding.ts'
import { clusterRoles } from '#api/rbac/v1/cluster-role.ts'
import { nodes } from '#api/core/v1/node.ts'
import { persistentVolumeClaims } from '#api/core/v1/persistent-volume-claim.ts'
import { persistentVolumes } from '#api/core/v1/persistent-volume.ts'
import { pods } from '#api/core/v1/pod.ts'
import { podCertificateRequests } from '#api/certificates/v1beta1/certificates.ts'
import { roleBindings } from '#api/rbac/v1/role-binding.ts'
import { roles } from '#api/rbac/v1/role.ts'
import { secrets } from '#api/core/v1/secret.ts'
import { serviceAccounts } from '#api/core/v1/service-account.ts'
import { resourceSlices } from '#api/resource/v1/resource-slice.ts'
import { volumeAttachments } from '#api/storage/v1/volume-attachment.ts'
import { openApi, type Api, type ApiParts, type Listers } from '#apiserver/api.ts'
import type { Audit } from '#apiserver/audit/audit.ts'
import { bearerTokens, firstThatKnows, forOwnAudiences } from '#apiserver/authentication/bearer-tokens.ts'
import { bootstrapTokens } from '#apiserver/authentication/bootstrap-tokens.ts'
import {
  firstOf,
  processAuthenticator,
  withAnonymous,
  type Authenticator,
  type TokenAuthenticator,
} from '#apiserver/authentication/authenticator.ts'
import { legacyTokens } from '#apiserver/authentication/legacy-tokens.ts'
import { serviceAccountTokens } from '#apiserver/authentication/service-account-tokens.ts'
import type { TokenIssuer } from '#apiserver/authentication/token-issuer.ts'
import { nodeAuthorizer } from '#apiserver/authorization/node-authorizer.ts'
import { rbacAuthorizer, rightsOf, ruleResolver, type Rights } from '#apiserver/authorization/rbac.ts'
import { firstWithOpinion, privilegedGroups } from '#apiserver/authorization/union.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import { onlyReading } from '#apiserver/past/read-only.ts'
import type { InFlightLimits } from '#apiserver/filters/max-in-flight.ts'
import { createHandler, type Handler } from '#apiserver/filters/handler.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import { createClient } from '#client/create-client.ts'
import { inProcessTransport } from '#apiserver/server/in-process.ts'
import type { Identity, Transport } from '#client/transport.ts'

export interface AssembledApi extends AsyncDisposable {
  readonly api: Api
  readonly handler: Handler
  /** The API called directly, as this user; all that is granted to the user over the network is granted here, and no more. */
  transport(user: Identity): Transport
}

export interface AssembleParts extends Omit<ApiParts, 'authorizer' | 'tokens' | 'resolver' | 'tokenIssuer'> {
  readonly tokenIssuer: TokenIssuer
  /** Authenticators before the tokens: client certificates, the front proxy, password files. */
  readonly authenticators?: readonly Authenticator[]
  /** Tokens known beside the service accounts' (a token file). */
  readonly tokenAuthenticators?: readonly TokenAuthenticator[]
  /** Tokens asked about elsewhere, after all that is known here. */
  readonly remoteTokenAuthenticators?: readonly TokenAuthenticator[]
  /** Whether bootstrap tokens are accepted. */
  readonly bootstrapTokens?: boolean
  /** Who may, given what makes the authorizers that read the API's objects; absent: administrators, then Node, then RBAC. */
  readonly authorization?: (make: (type: 'Node' | 'RBAC') => Authorizer) => Authorizer
  /** Whether strangers may ask for a path; absent: for all. */
  readonly anonymous?: (path: string) => boolean
  /** Logs requests. */
  readonly audit?: Audit
  /** Requests at work where there is no priority and fairness. */
  readonly limits?: InFlightLimits
  readonly constrainedImpersonation?: boolean
  /** Only reads are answered; writers are told this. */
  readonly readOnly?: string
  /** Whether CBOR is spoken. */
  readonly cbor?: boolean
}

const ITSELF: UserInfo = { username: 'system:apiserver', groups: ['system:masters'] }

export async function assembleApi(parts: AssembleParts): Promise<AssembledApi> {
  const { clock, log, tokenIssuer } = parts
  let tokens: TokenAuthenticator | undefined
  const own = (known: readonly TokenAuthenticator[]) => known.map((t) => forOwnAudiences(tokenIssuer.audiences, t))
  const transport = (user: Identity) => inProcessTransport(handler, user)
  let found: Rights | undefined
  const rights = (listers: Listers) => (found ??= rightsIn(listers)) // one index for all that ask
  const api = await openApi({
    ...parts,
    authorizer: (listers) => (parts.authorization ?? nodesThenRoles)((type) => reading(type, listers, rights)),
    resolver: (listers) => ruleResolver(rights(listers)),
    tokens: (listers) =>
      (tokens = firstThatKnows([
        ...own(parts.tokenAuthenticators ?? []),
        legacyTokens({
          issuer: tokenIssuer,
          secrets: listers.lister(secrets),
          serviceAccounts: listers.lister(serviceAccounts),
          clock,
          async markUsed({ metadata: { namespace = '', name, uid } }, labels) {
            await createClient(transport(ITSELF), { userAgent: 'kube-apiserver' })
              .patch(secrets, { namespace, name }, 'application/merge-patch+json', { metadata: { uid, labels } })
              .catch((error: unknown) =>
                log.warn('cannot note the use of a token', { secret: `${namespace}/${name}`, error: String(error) }),
              )
          },
        }),
        serviceAccountTokens({
          issuer: tokenIssuer,
          serviceAccounts: listers.lister(serviceAccounts),
          pods: listers.lister(pods),
          secrets: listers.lister(secrets),
          nodes: listers.lister(nodes),
          clock,
        }),
        ...(parts.bootstrapTokens === true ? own([bootstrapTokens({ secrets: listers.lister(secrets), clock })]) : []),
        ...(parts.remoteTokenAuthenticators ?? []),
      ])),
  })
  const handler: Handler = createHandler({
    api: parts.readOnly === undefined ? api : onlyReading(api, parts.readOnly),
    authenticator: api.metrics.authenticating(
      withAnonymous(
        firstOf([processAuthenticator, ...(parts.authenticators ?? []), bearerTokens(tokens!, tokenIssuer.audiences)]),
        parts.anonymous ?? (() => true),
      ),
    ),
    authorizer: api.metrics.authorizing(api.authorizer),
    clock,
    random: parts.random,
    log,
    ...(api.flow && { flow: api.flow }),
    ...(parts.limits && { limits: parts.limits }),
    ...(parts.audit && { audit: parts.audit }),
    ...(parts.constrainedImpersonation === true && { constrainedImpersonation: true }),
    anonymous: false, // strangers are let in above, or not at all
    ...(parts.cbor !== undefined && { cbor: parts.cbor }),
  })
  return {
    api,
    handler,
    transport,
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
}

const nodesThenRoles: NonNullable<AssembleParts['authorization']> = (make) =>
  firstWithOpinion([privilegedGroups('system:masters'), make('Node'), make('RBAC')])

function reading(type: 'Node' | 'RBAC', listers: Listers, rights: (listers: Listers) => Rights): Authorizer {
  if (type === 'RBAC') return rbacAuthorizer(rights(listers))
  return nodeAuthorizer({
    pods: listers.lister(pods),
    claims: listers.lister(persistentVolumeClaims),
    volumes: listers.lister(persistentVolumes),
    attachments: listers.lister(volumeAttachments),
    slices: listers.lister(resourceSlices),
    certificateRequests: listers.lister(podCertificateRequests),
  })
}

function rightsIn(listers: Listers): Rights {
  return rightsOf({
    roles: listers.lister(roles),
    clusterRoles: listers.lister(clusterRoles),
    roleBindings: listers.lister(roleBindings),
    clusterRoleBindings: listers.lister(clusterRoleBindings),
  })
}
