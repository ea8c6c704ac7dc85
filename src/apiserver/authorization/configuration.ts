/** The AuthorizationConfiguration file: which authorizers are asked, in which order, and what webhooks are asked about. */

import { ConfigurationError, readConfiguration } from '#apiserver/authentication/configuration.ts'
import { compileFor, type Expression } from '#apiserver/authentication/expressions.ts'
import { ExpressionError } from '#cel/compile.ts'
import { BOOL, listOf, mapOf, sameType, shownType, STRING, type Type } from '#cel/type.ts'
import { durationMs } from '#schema/duration.ts'
import { duplicate, invalid, notSupported, required, tooMany, type FieldError } from '#schema/field-error.ts'
import { bool, duration, list, message, opt, string, val } from '#schema/message.ts'
import { dns1123Subdomain } from '#schema/names.ts'

const NAME = 'k8s.io.apiserver.apis.apiserver'

class ConnectionInfo extends message(`${NAME}.WebhookConnectionInfo`, {
  type: opt(1, string),
  kubeConfigFile: opt(2, string, { keepsZero: true }),
}) {}

class MatchCondition extends message(`${NAME}.WebhookMatchCondition`, { expression: opt(1, string) }) {}

export class WebhookConfiguration extends message(`${NAME}.WebhookConfiguration`, {
  authorizedTTL: opt(1, duration),
  cacheAuthorizedRequests: opt(9, bool, { keepsZero: true }),
  unauthorizedTTL: opt(2, duration),
  cacheUnauthorizedRequests: opt(10, bool, { keepsZero: true }),
  timeout: opt(3, duration),
  subjectAccessReviewVersion: opt(4, string),
  matchConditionSubjectAccessReviewVersion: opt(5, string),
  failurePolicy: opt(6, string),
  connectionInfo: val(7, ConnectionInfo),
  matchConditions: opt(8, list(MatchCondition)),
}) {}

class AuthorizerConfiguration extends message(`${NAME}.AuthorizerConfiguration`, {
  type: opt(1, string),
  name: opt(2, string),
  webhook: opt(3, WebhookConfiguration),
}) {}

export class AuthorizationConfiguration extends message(`${NAME}.AuthorizationConfiguration`, {
  apiVersion: opt(1, string),
  kind: opt(2, string),
  authorizers: opt(3, list(AuthorizerConfiguration)),
}) {}

export const AUTHORIZER_TYPES = ['AlwaysAllow', 'AlwaysDeny', 'ABAC', 'Webhook', 'RBAC', 'Node'] as const

export type AuthorizerType = (typeof AUTHORIZER_TYPES)[number]

/** An authorizer to be made: of a webhook, with its conditions compiled. */
export type WantedAuthorizer =
  | { readonly type: Exclude<AuthorizerType, 'Webhook'> }
  | { readonly type: 'Webhook'; readonly name: string; readonly webhook: WantedWebhook }

export interface WantedWebhook {
  readonly kubeconfig: string
  readonly version: 'v1' | 'v1beta1'
  readonly timeoutMs: number
  readonly authorizedMs: number
  readonly unauthorizedMs: number
  readonly failurePolicy: 'NoOpinion' | 'Deny'
  readonly conditions: readonly Expression[]
}

const CONDITIONS_MAX = 64
const TIMEOUT_MAX_MS = 30_000

/** `unreadable` says why a file cannot be read, undefined when it can. Throws `ConfigurationError`. */
export function parseAuthorizationConfiguration(
  text: string,
  unreadable: (path: string) => string | undefined,
): readonly WantedAuthorizer[] {
  const versions = ['v1', 'v1beta1', 'v1alpha1']
  const { authorizers = [] } = readConfiguration(text, AuthorizationConfiguration, 'AuthorizationConfiguration', versions)
  const errors: FieldError[] = []
  if (authorizers.length === 0) errors.push(required('authorizers', 'at least one authorization mode must be defined'))
  const types = new Set<string>()
  const names = new Set<string>()
  const wanted = authorizers.flatMap(({ type = '', name = '', webhook }, index): WantedAuthorizer[] => {
    const path = `authorizers[${index}]`
    if (type === '') errors.push(required(`${path}.type`))
    else if (!isKnown(type)) errors.push(notSupported(`${path}.type`, type, AUTHORIZER_TYPES.toSorted()))
    else if (types.has(type) && type !== 'Webhook') errors.push(duplicate(`${path}.type`, type))
    else {
      types.add(type)
      nameErrors(name, names, `${path}.name`, errors)
      names.add(name)
      if (type !== 'Webhook') {
        if (webhook !== undefined) errors.push(invalid(`${path}.webhook`, 'non-null', 'may only be specified when type=Webhook'))
        return [{ type }]
      }
      if (webhook === undefined) errors.push(required(`${path}.webhook`, 'required when type=Webhook'))
      else return [{ type, name, webhook: webhookOf(webhook, path, unreadable, errors) }]
    }
    return []
  })
  if (errors.length > 0) throw new ConfigurationError(errors.map((e) => e.message).join(', '))
  return wanted
}

function isKnown(type: string): type is AuthorizerType {
  return (AUTHORIZER_TYPES as readonly string[]).includes(type)
}

function nameErrors(name: string, names: ReadonlySet<string>, path: string, errors: FieldError[]): void {
  if (name === '') return void errors.push(required(path))
  if (names.has(name)) return void errors.push(duplicate(path, name))
  const problems = dns1123Subdomain(name)
  if (problems.length > 0) errors.push(invalid(path, name, `authorizer name is invalid: ${problems.join(', ')}`))
}

function webhookOf(
  config: WebhookConfiguration,
  path: string,
  unreadable: (path: string) => string | undefined,
  errors: FieldError[],
): WantedWebhook {
  const { subjectAccessReviewVersion: version = '', failurePolicy = '' } = config
  const timeoutMs = positive(config.timeout, undefined, `${path}.timeout`, errors, TIMEOUT_MAX_MS)
  const authorizedMs = positive(config.authorizedTTL, '5m0s', `${path}.authorizedTTL`, errors)
  const unauthorizedMs = positive(config.unauthorizedTTL, '30s', `${path}.unauthorizedTTL`, errors)
  oneOf(version, ['v1', 'v1beta1'], `${path}.subjectAccessReviewVersion`, errors)
  const seen = config.matchConditionSubjectAccessReviewVersion ?? ''
  if (seen === '') {
    if (config.matchConditions?.length)
      errors.push(required(`${path}.matchConditionSubjectAccessReviewVersion`, 'required if match conditions are specified'))
  } else oneOf(seen, ['v1'], `${path}.matchConditionSubjectAccessReviewVersion`, errors)
  oneOf(failurePolicy, ['NoOpinion', 'Deny'], `${path}.failurePolicy`, errors)
  return {
    kubeconfig: kubeconfigOf(config.connectionInfo, `${path}.connectionInfo`, unreadable, errors),
    version: version as WantedWebhook['version'],
    timeoutMs,
    authorizedMs: config.cacheAuthorizedRequests === false ? 0 : authorizedMs,
    unauthorizedMs: config.cacheUnauthorizedRequests === false ? 0 : unauthorizedMs,
    failurePolicy: failurePolicy as WantedWebhook['failurePolicy'],
    conditions: conditionsOf(config.matchConditions ?? [], `${path}.matchConditions`, errors),
  }
}

function positive(text: string | undefined, standard: string | undefined, path: string, errors: FieldError[], max?: number): number {
  const given = text ?? standard ?? '0s'
  const ms = durationMs(given) ?? 0
  if (ms === 0) errors.push(required(path))
  else if (ms < 0 || (max !== undefined && ms > max))
    errors.push(invalid(path, given, max === undefined ? 'must be > 0s' : `must be > 0s and <= ${max / 1000}s`))
  return ms
}

function oneOf(value: string, supported: readonly string[], path: string, errors: FieldError[]): void {
  if (value === '') errors.push(required(path))
  else if (!supported.includes(value)) errors.push(notSupported(path, value, supported))
}

function kubeconfigOf(
  { type = '', kubeConfigFile }: ConnectionInfo,
  path: string,
  unreadable: (path: string) => string | undefined,
  errors: FieldError[],
): string {
  // upstream's other type asks the API server itself, which an API server cannot use
  oneOf(type, ['KubeConfigFile'], `${path}.type`, errors)
  if (type !== 'KubeConfigFile') return ''
  if (!kubeConfigFile) errors.push(required(`${path}.kubeConfigFile`))
  else if (!kubeConfigFile.startsWith('/')) errors.push(invalid(`${path}.kubeConfigFile`, kubeConfigFile, 'must be an absolute path'))
  else {
    const why = unreadable(kubeConfigFile)
    if (why !== undefined) errors.push(invalid(`${path}.kubeConfigFile`, kubeConfigFile, why))
  }
  return kubeConfigFile ?? ''
}

function conditionsOf(conditions: readonly MatchCondition[], path: string, errors: FieldError[]): readonly Expression[] {
  if (conditions.length > CONDITIONS_MAX) {
    errors.push(tooMany(path, conditions.length, CONDITIONS_MAX))
    return []
  }
  const seen = new Set<string>()
  return conditions.flatMap(({ expression = '' }, index): Expression[] => {
    const at = `${path}[${index}].expression`
    if (expression.trim() === '') errors.push(required(at))
    else if (seen.has(expression)) errors.push(duplicate(at, expression))
    else {
      seen.add(expression)
      try {
        const compiled = compileFor('request', REVIEW, expression)
        if (sameType(compiled.type, BOOL)) return [compiled]
        errors.push(invalid(at, expression, `must evaluate to bool but got ${shownType(compiled.type)}`))
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error
        errors.push(invalid(at, expression, error.message))
      }
    }
    return []
  })
}

function objectType(name: string, fields: Readonly<Record<string, Type>>): Type {
  const known = new Map(Object.entries(fields))
  return { kind: 'object', name: `kubernetes.${name}`, fields: () => known }
}

const REQUIREMENT = objectType('SelectorRequirement', { key: STRING, operator: STRING, values: listOf(STRING) })

const REVIEW: Type = objectType('SubjectAccessReviewSpec', {
  resourceAttributes: objectType('ResourceAttributes', {
    namespace: STRING,
    verb: STRING,
    group: STRING,
    version: STRING,
    resource: STRING,
    subresource: STRING,
    name: STRING,
    fieldSelector: objectType('FieldSelectorAttributes', { rawSelector: STRING, requirements: listOf(REQUIREMENT) }),
    labelSelector: objectType('LabelSelectorAttributes', { rawSelector: STRING, requirements: listOf(REQUIREMENT) }),
  }),
  nonResourceAttributes: objectType('NonResourceAttributes', { path: STRING, verb: STRING }),
  user: STRING,
  groups: listOf(STRING),
  extra: mapOf(STRING, listOf(STRING)),
  uid: STRING,
})
