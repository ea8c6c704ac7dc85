/** What the flags say of who may do what: modes, or a file with authorizers in order. */

import { readFileSync, statSync } from 'node:fs'
import { reviewWebhook } from '#apiserver/authentication/review-webhook.ts'
import { abacAuthorizer, MalformedPolicyFile } from '#apiserver/authorization/abac.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import {
  AUTHORIZER_TYPES,
  parseAuthorizationConfiguration,
  type AuthorizerType,
  type WantedAuthorizer,
} from '#apiserver/authorization/configuration.ts'
import { openConfiguredAuthorizer } from '#apiserver/authorization/configured.ts'
import { alwaysAllow, alwaysDeny, privilegedGroups } from '#apiserver/authorization/union.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { settings as declare, UsageError, type Values } from '#base/settings.ts'
import { OperatorError } from '#cli/command.ts'
import { milliseconds } from './component-settings.ts'
import { kubeconfigWebhook, ownWebhookClient } from './own-webhooks.ts'
import { onFileChange } from './reloaded-file.ts'

export const authorizationSettings = declare({
  authorizationModes: {
    type: 'list',
    flag: 'authorization-mode',
    help: `Asked in this order: ${AUTHORIZER_TYPES.join(', ')} (default Node,RBAC)`,
  },
  authorizationConfig: {
    type: 'string',
    flag: 'authorization-config',
    help: 'AuthorizationConfiguration file, in place of modes; read again when it changes',
  },
  authorizationPolicyFile: { type: 'string', flag: 'authorization-policy-file', help: 'Policies of mode ABAC, one JSON object a line' },
  authorizationWebhookConfig: {
    type: 'string',
    flag: 'authorization-webhook-config-file',
    help: 'Kubeconfig of the webhook of mode Webhook, which answers SubjectAccessReviews',
  },
  authorizationWebhookVersion: {
    type: 'string',
    flag: 'authorization-webhook-version',
    help: 'Version of the SubjectAccessReviews sent to it, v1 or v1beta1',
    default: 'v1beta1',
  },
  authorizationAllowedTtl: {
    type: 'string',
    flag: 'authorization-webhook-cache-authorized-ttl',
    help: 'How long what it allowed is remembered',
    default: '5m0s',
  },
  authorizationRefusedTtl: {
    type: 'string',
    flag: 'authorization-webhook-cache-unauthorized-ttl',
    help: 'How long what it did not allow is remembered',
    default: '30s',
  },
})

type AuthorizationSettings = Values<typeof authorizationSettings>

export interface ApiAuthorization extends AsyncDisposable {
  /** The authorizer, once it is known what Node and RBAC read. */
  authorizer(make: (type: 'Node' | 'RBAC') => Authorizer): Authorizer
}

const REVIEW_MS = 30_000 // upstream's, for the webhook of the flags

/** Throws `UsageError` for flags and `OperatorError` for files that are wrong. */
export function openAuthorization(
  settings: AuthorizationSettings,
  parts: { readonly clock: Clock; readonly random: Random; readonly log: Log },
): ApiAuthorization {
  const { clock, random, log } = parts
  const file = settings.authorizationConfig
  const wanted = file === undefined ? fromFlags(settings) : usable(file, () => fromFile(readFileSync(file, 'utf8')))
  const abac = settings.authorizationPolicyFile === undefined ? undefined : policiesIn(settings.authorizationPolicyFile)
  if (abac === undefined && wanted.some((w) => w.type === 'ABAC'))
    throw new UsageError("authorization-mode ABAC's authorization policy file not passed")
  const client = ownWebhookClient(clock)
  let watching: Disposable | undefined
  return {
    authorizer(make) {
      const configured = openConfiguredAuthorizer(wanted, {
        first: privilegedGroups('system:masters'),
        make(type) {
          switch (type) {
            case 'AlwaysAllow':
              return alwaysAllow
            case 'AlwaysDeny':
              return alwaysDeny
            case 'ABAC':
              if (abac === undefined) throw new Error("authorization-mode ABAC's authorization policy file not passed")
              return abac
            case 'Node':
            case 'RBAC':
              return make(type)
          }
        },
        webhook: ({ kubeconfig, timeoutMs }) => reviewWebhook({ client, webhook: kubeconfigWebhook(kubeconfig), timeoutMs, clock, random }),
        clock,
        log,
      })
      if (file !== undefined)
        watching = onFileChange(file, clock, async (text) => {
          try {
            configured.replace(fromFile(text))
            log.info('authorization configuration reloaded', { file })
          } catch (error) {
            log.error('the new authorization configuration is of no use, the old one stays', { file, error: (error as Error).message })
            throw error
          }
        })
      return configured
    },
    async [Symbol.asyncDispose]() {
      watching?.[Symbol.dispose]()
      await client[Symbol.asyncDispose]()
    },
  }

  function fromFile(text: string): readonly WantedAuthorizer[] {
    if (settings.authorizationModes.length > 0 || settings.authorizationWebhookConfig !== undefined)
      throw new UsageError(
        '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
      )
    return parseAuthorizationConfiguration(text, unreadable)
  }
}

function usable<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new OperatorError(`cannot use ${file}: ${(error as Error).message}`, { cause: error })
  }
}

function policiesIn(file: string): Authorizer {
  try {
    return abacAuthorizer(readFileSync(file, 'utf8'), file)
  } catch (error) {
    if (error instanceof MalformedPolicyFile) throw new OperatorError(error.message, { cause: error })
    throw new OperatorError(`cannot read ${file}: ${(error as Error).message}`, { cause: error })
  }
}

function unreadable(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? undefined : 'must be a regular file'
  } catch (error) {
    return `error loading file: ${(error as Error).message}`
  }
}

const DEFAULT_MODES = ['Node', 'RBAC']

function fromFlags(settings: AuthorizationSettings): readonly WantedAuthorizer[] {
  const modes = settings.authorizationModes.length > 0 ? settings.authorizationModes : DEFAULT_MODES
  const { authorizationWebhookConfig: kubeconfig, authorizationWebhookVersion: version } = settings
  for (const [index, mode] of modes.entries()) {
    if (!(AUTHORIZER_TYPES as readonly string[]).includes(mode))
      throw new UsageError(
        `invalid argument ${JSON.stringify(mode)} for "--authorization-mode" flag: must be one of ${AUTHORIZER_TYPES.join(', ')}`,
      )
    if (modes.indexOf(mode) < index) throw new UsageError(`authorization-mode ${JSON.stringify(mode)} has mode specified more than once`)
  }
  if (settings.authorizationPolicyFile !== undefined && !modes.includes('ABAC'))
    throw new UsageError('cannot specify --authorization-policy-file without mode ABAC')
  if (kubeconfig !== undefined && !modes.includes('Webhook'))
    throw new UsageError('cannot specify --authorization-webhook-config-file without mode Webhook')
  if (version !== 'v1' && version !== 'v1beta1')
    throw new UsageError(`invalid argument ${JSON.stringify(version)} for "--authorization-webhook-version" flag: must be v1 or v1beta1`)
  return (modes as readonly AuthorizerType[]).map((type): WantedAuthorizer => {
    if (type !== 'Webhook') return { type }
    if (kubeconfig === undefined) throw new UsageError("authorization-mode Webhook's authorization config file not passed")
    return {
      type,
      name: 'default',
      webhook: {
        kubeconfig,
        version,
        timeoutMs: REVIEW_MS,
        authorizedMs: milliseconds(settings.authorizationAllowedTtl, 'authorization-webhook-cache-authorized-ttl'),
        unauthorizedMs: milliseconds(settings.authorizationRefusedTtl, 'authorization-webhook-cache-unauthorized-ttl'),
        failurePolicy: 'NoOpinion',
        conditions: [],
      },
    }
  })
}
