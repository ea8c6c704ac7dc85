/** What the flags say of who may come in: users' files, the authentication configuration, OpenID Connect, strangers. */

import { readFileSync } from 'node:fs'
import type { TokenAuthenticator } from '#apiserver/authentication/authenticator.ts'
import {
  ConfigurationError,
  parseAuthenticationConfiguration,
  type AuthenticationConfiguration,
} from '#apiserver/authentication/configuration.ts'
import { openConfiguredTokens } from '#apiserver/authentication/configured-tokens.ts'
import { forOwnAudiences } from '#apiserver/authentication/bearer-tokens.ts'
import type { TokenIssuer } from '#apiserver/authentication/token-issuer.ts'
import { SIGNING_ALGORITHMS } from '#apiserver/authentication/jwt-tokens.ts'
import { reviewWebhook } from '#apiserver/authentication/review-webhook.ts'
import { webhookTokens } from '#apiserver/authentication/webhook-tokens.ts'
import type { WebhookClient } from '#apiserver/webhook/webhook-client.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { settings as declare, UsageError, type Values } from '#base/settings.ts'
import { OperatorError } from '#cli/command.ts'
import { milliseconds } from './component-settings.ts'
import { kubeconfigWebhook, ownWebhookClient } from './own-webhooks.ts'
import { readPem } from './read-pem.ts'
import { onFileChange } from './reloaded-file.ts'

export const authenticationSettings = declare({
  anonymous: { type: 'bool', flag: 'anonymous-auth', help: 'Let strangers in as system:anonymous', default: true },
  authenticationConfig: {
    type: 'string',
    flag: 'authentication-config',
    help: 'AuthenticationConfiguration file: issuers of JWTs and paths that strangers may ask for; read again when it changes',
  },
  oidcIssuerUrl: { type: 'string', flag: 'oidc-issuer-url', help: 'Address of an OpenID Connect provider, https only' },
  oidcClientId: { type: 'string', flag: 'oidc-client-id', help: 'What its tokens must be meant for' },
  oidcCaFile: { type: 'string', flag: 'oidc-ca-file', help: "Authorities of the provider's certificate; by default the system's" },
  oidcUsernameClaim: { type: 'string', flag: 'oidc-username-claim', help: 'Claim that is the user name', default: 'sub' },
  oidcUsernamePrefix: {
    type: 'string',
    flag: 'oidc-username-prefix',
    help: 'Put before user names; by default the issuer and #, unless the claim is email; - for nothing',
  },
  oidcGroupsClaim: { type: 'string', flag: 'oidc-groups-claim', help: 'Claim that has the groups, a string or a list of them' },
  oidcGroupsPrefix: { type: 'string', flag: 'oidc-groups-prefix', help: 'Put before groups' },
  oidcSigningAlgs: { type: 'list', flag: 'oidc-signing-algs', help: 'Algorithms that tokens may be signed with', default: ['RS256'] },
  oidcRequiredClaims: {
    type: 'list',
    flag: 'oidc-required-claim',
    help: 'A claim that tokens must have, with its value',
    placeholder: 'key=value',
  },
  tokenWebhookConfig: {
    type: 'string',
    flag: 'authentication-token-webhook-config-file',
    help: 'Kubeconfig of a webhook that answers TokenReviews',
  },
  tokenWebhookVersion: {
    type: 'string',
    flag: 'authentication-token-webhook-version',
    help: 'Version of the TokenReviews sent to it, v1 or v1beta1',
    default: 'v1beta1',
  },
  tokenWebhookCacheTtl: {
    type: 'string',
    flag: 'authentication-token-webhook-cache-ttl',
    help: 'How long its answers are good for',
    default: '2m0s',
  },
})

type AuthenticationSettings = Values<typeof authenticationSettings>

export interface ApiAuthentication extends AsyncDisposable {
  readonly tokens: readonly TokenAuthenticator[]
  /** Whether strangers may ask for a path. */
  anonymous(path: string): boolean
}

/** Throws `UsageError` for flags and `OperatorError` for files that are wrong. */
export function openAuthentication(
  settings: AuthenticationSettings,
  parts: {
    readonly clock: Clock
    readonly random: Random
    readonly log: Log
    readonly tokenIssuer: Pick<TokenIssuer, 'issuers' | 'audiences'>
  },
): ApiAuthentication {
  const { clock, log } = parts
  const file = settings.authenticationConfig
  const flagged = fromFlags(settings)
  if (file !== undefined && flagged !== undefined)
    throw new UsageError('authentication-config file and oidc-* flags are mutually exclusive')
  const read = (text: string) => {
    const configuration = parseAuthenticationConfiguration(text)
    if (configuration.anonymous !== undefined && !settings.anonymous)
      throw new ConfigurationError(
        '--anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file',
      )
    return configuration
  }
  const { audiences } = parts.tokenIssuer
  const webhooks = settings.tokenWebhookConfig === undefined ? undefined : ownWebhookClient(clock)
  const asked = webhooks === undefined ? [] : [webhookOf(settings, webhooks, parts)]
  const opening = { clock, log, disallowedIssuers: parts.tokenIssuer.issuers }
  const unlisted: AuthenticationConfiguration = flagged ?? {}
  const configured = openingOf(file === undefined ? '--oidc-issuer-url' : file, () =>
    file === undefined
      ? openConfiguredTokens(unlisted, { ...opening, algorithms: settings.oidcSigningAlgs })
      : openConfiguredTokens(read(readFileSync(file, 'utf8')), opening),
  )
  const watching =
    file === undefined
      ? undefined
      : onFileChange(file, clock, async (text) => {
          try {
            await configured.replace(read(text))
            log.info('authentication configuration reloaded', { file })
          } catch (error) {
            log.error('the new authentication configuration is of no use, the old one stays', { file, error: (error as Error).message })
            throw error
          }
        })
  return {
    tokens: [...(file === undefined && flagged === undefined ? [] : [forOwnAudiences(audiences, configured.tokens)]), ...asked],
    anonymous: (path) => configured.anonymous(path) ?? settings.anonymous,
    async [Symbol.asyncDispose]() {
      watching?.[Symbol.dispose]()
      await webhooks?.[Symbol.asyncDispose]()
      await configured[Symbol.asyncDispose]()
    },
  }
}

const REVIEW_MS = 30_000 // upstream's, for one exchange

function webhookOf(
  settings: AuthenticationSettings,
  client: WebhookClient,
  parts: Parameters<typeof openAuthentication>[1],
): TokenAuthenticator {
  const { tokenWebhookVersion: version, tokenWebhookCacheTtl: ttl } = settings
  if (version !== 'v1' && version !== 'v1beta1')
    throw new UsageError(
      `invalid argument ${JSON.stringify(version)} for "--authentication-token-webhook-version" flag: must be v1 or v1beta1`,
    )
  const { clock, random, log, tokenIssuer } = parts
  return webhookTokens({
    webhook: reviewWebhook({
      client,
      webhook: kubeconfigWebhook(settings.tokenWebhookConfig!),
      timeoutMs: REVIEW_MS,
      clock,
      random,
    }),
    version,
    cacheMs: milliseconds(ttl, 'authentication-token-webhook-cache-ttl'),
    audiences: tokenIssuer.audiences,
    clock,
    random,
    log,
  })
}

function openingOf<T>(name: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new OperatorError(`cannot use ${name}: ${(error as Error).message}`, { cause: error })
  }
}

/** The provider of the flags, as the configuration file would have it; undefined when none is named. */
function fromFlags(settings: AuthenticationSettings): AuthenticationConfiguration | undefined {
  const { oidcIssuerUrl: url, oidcClientId: clientId, oidcCaFile: ca, oidcUsernameClaim: claim, oidcUsernamePrefix: prefix } = settings
  if ((url === undefined) !== (clientId === undefined))
    throw new UsageError('oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set')
  if (url === undefined || clientId === undefined) return undefined
  for (const algorithm of settings.oidcSigningAlgs)
    if (!SIGNING_ALGORITHMS.includes(algorithm)) throw new UsageError(`oidc: unsupported signing alg: ${JSON.stringify(algorithm)}`)
  const usernamePrefix = prefix === undefined || prefix === '' ? (claim === 'email' ? '' : `${url}#`) : prefix === '-' ? '' : prefix
  const groups = settings.oidcGroupsClaim
  return {
    jwt: [
      {
        issuer: { url, audiences: [clientId], ...(ca !== undefined && { certificateAuthority: readPem(ca, 'oidc-ca-file') }) },
        claimMappings: {
          username: { claim, prefix: usernamePrefix },
          groups: groups ? { claim: groups, prefix: settings.oidcGroupsPrefix ?? '' } : {},
          uid: {},
        },
        claimValidationRules: settings.oidcRequiredClaims.map((pair) => {
          const equals = pair.indexOf('=')
          if (equals < 1)
            throw new UsageError(
              `invalid argument ${JSON.stringify(pair)} for "--oidc-required-claim" flag: must be formatted as key=value`,
            )
          return { claim: pair.slice(0, equals), requiredValue: pair.slice(equals + 1) }
        }),
      },
    ],
  }
}
