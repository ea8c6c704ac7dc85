/** Everything before the endpoints, put together: who asks, whether they may, and the way to kubelets. */

import type { SubjectRulesReviewStatus } from '#api/authorization/v1/self-subject-rules-review.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import { nodes } from '#api/core/v1/node.ts'
import { pods } from '#api/core/v1/pod.ts'
import { secrets } from '#api/core/v1/secret.ts'
import { serviceAccounts } from '#api/core/v1/service-account.ts'
import { clusterRoleBindings } from '#api/rbac/v1/cluster-role-binding.ts'
import { clusterRoles } from '#api/rbac/v1/cluster-role.ts'
import { roleBindings } from '#api/rbac/v1/role-binding.ts'
import { roles } from '#api/rbac/v1/role.ts'
import type { Api } from '#apiserver/api.ts'
import { firstOf, type Authenticator, type TokenAuthenticator } from '#apiserver/authentication/authenticator.ts'
import { bearerTokens, firstThatKnows } from '#apiserver/authentication/bearer-tokens.ts'
import { clientCertificates } from '#apiserver/authentication/client-certificate.ts'
import { frontProxy } from '#apiserver/authentication/front-proxy.ts'
import { serviceAccountTokens } from '#apiserver/authentication/service-account-tokens.ts'
import { openTokenIssuer, type TokenIssuer } from '#apiserver/authentication/token-issuer.ts'
import { passwords, staticTokens } from '#apiserver/authentication/user-files.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import type { EscalationParts } from '#apiserver/authorization/escalation.ts'
import { nodeAuthorizer } from '#apiserver/authorization/node-authorizer.ts'
import { rbacAuthorizer, reviewRules, ruleResolver, type RbacListers, type RuleResolver } from '#apiserver/authorization/rbac.ts'
import { alwaysAllow, firstWithOpinion, privilegedGroups } from '#apiserver/authorization/union.ts'
import { createHandler, type Handler } from '#apiserver/filters/handler.ts'
import type { InFlightLimits } from '#apiserver/filters/max-in-flight.ts'
import type { Pki } from '#apiserver/pki/pki.ts'
import { openKubeletConnection, type KubeletConnection } from '#apiserver/proxy/kubelet-connection.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Lister } from '#client/informer.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

export interface FrontParts {
  readonly pki: Pick<Pki, 'ca' | 'frontProxyCa' | 'serviceAccount' | 'pair'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Texts of a static token file and a password file, with their names for messages. */
  readonly tokenFile?: { readonly text: string; readonly name: string }
  readonly passwordFile?: { readonly text: string; readonly name: string }
  /** Default true. */
  readonly anonymous?: boolean
  readonly authorization?: 'RBAC' | 'AlwaysAllow'
  /** Whether kubelets' serving certificates must be signed by the cluster's authority. Default true. */
  readonly verifyKubelets?: boolean
  readonly limits?: InFlightLimits
}

export interface Front {
  readonly tokenIssuer: TokenIssuer
  /** For TokenReview. */
  readonly tokens: TokenAuthenticator
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  /** For SelfSubjectRulesReview. */
  readonly rules: (user: UserInfo, namespace: string) => SubjectRulesReviewStatus
  /** For writes of roles and bindings. */
  readonly escalation: EscalationParts
  readonly resolver: RuleResolver
  readonly kubelets: KubeletConnection
  /** Ties the knot: the API is opened with the parts above, and they read from it live. Until then nobody but administrators is known. */
  handlerFor(api: Pick<Api, 'handle' | 'lister'>): Handler
}

/** Throws `MalformedUserFile`. */
export function createFront(parts: FrontParts): Front {
  const { pki, clock, random, log } = parts
  let api: Pick<Api, 'lister'> | undefined
  const live = <T extends KubeObject>(resource: Resource<T>): Pick<Lister<T>, 'get' | 'list'> => {
    let lister: Lister<T> | undefined
    const found = () => (lister ??= api?.lister(resource))
    return { get: (key) => found()?.get(key), list: (namespace) => found()?.list(namespace) ?? [] }
  }

  const tokenIssuer = openTokenIssuer({ signingKey: pki.serviceAccount.privateKey, clock, random })
  const accounts = serviceAccountTokens({
    issuer: tokenIssuer,
    serviceAccounts: live(serviceAccounts),
    pods: live(pods),
    secrets: live(secrets),
    nodes: live(nodes),
    clock,
  })
  const tokens = firstThatKnows([...(parts.tokenFile ? [staticTokens(parts.tokenFile.text, parts.tokenFile.name)] : []), accounts])
  // proxies first: their own certificate is not the caller's
  const authenticator = firstOf([
    frontProxy({ authorities: () => [pki.frontProxyCa.cert], allowedNames: ['front-proxy-client'], clock }),
    clientCertificates({ authorities: () => [pki.ca.cert], clock }),
    ...(parts.passwordFile ? [passwords(parts.passwordFile.text, parts.passwordFile.name)] : []),
    bearerTokens(tokens, tokenIssuer.audiences),
  ])

  const listers: RbacListers = {
    roles: live(roles),
    clusterRoles: live(clusterRoles),
    roleBindings: live(roleBindings),
    clusterRoleBindings: live(clusterRoleBindings),
  }
  const resolver = ruleResolver(listers)
  const authorizer =
    parts.authorization === 'AlwaysAllow'
      ? alwaysAllow
      : firstWithOpinion([privilegedGroups('system:masters'), nodeAuthorizer({ pods: live(pods) }), rbacAuthorizer(listers)])

  return {
    tokenIssuer,
    tokens,
    authenticator,
    authorizer,
    resolver,
    rules: (user, namespace) => reviewRules(resolver, user, namespace),
    escalation: { authorizer, resolver },
    kubelets: openKubeletConnection({
      nodes: live(nodes),
      tls: () => ({ ...pki.pair('kubeletClient'), ...(parts.verifyKubelets !== false && { ca: pki.ca.cert }) }),
      clock,
      log,
    }),
    handlerFor(opened) {
      api = opened
      return createHandler({
        api: opened,
        authenticator,
        authorizer,
        clock,
        log,
        ...(parts.anonymous !== undefined && { anonymous: parts.anonymous }),
        ...(parts.limits && { limits: parts.limits }),
      })
    },
  }
}
