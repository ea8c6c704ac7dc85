/** The rules of webhooks, and what an old configuration may keep although a new one could not have it. */

import { choiceErrors, conditionErrors, FAILURE_POLICIES, MATCH_POLICIES, REINVOCATION_POLICIES, ruleErrors } from './match-rules.ts'
import type { MutatingWebhook, ServiceReference } from './mutating-webhook-configuration.ts'
import type { ValidatingWebhook } from './validating-webhook-configuration.ts'
import { duplicate, invalid, invalidEach, required, type FieldError } from '#schema/field-error.ts'
import { dns1035Label, dns1123Subdomain, portNumber } from '#schema/names.ts'

type Webhook = ValidatingWebhook & Partial<MutatingWebhook>
interface Configuration {
  readonly webhooks?: readonly Webhook[]
}

const REVIEW_VERSIONS = ['v1', 'v1beta1']
const NO_SIDE_EFFECTS = ['None', 'NoneOnDryRun']
const SIDE_EFFECTS = ['None', 'NoneOnDryRun', 'Some', 'Unknown']
const URL_FORM = '; desired format: https://host[/path]'
const TIMEOUT_SECONDS_MAX = 30

/** What is demanded of configurations unless one of before was without it. */
interface Strictness {
  readonly noSideEffects: boolean
  readonly knownVersions: boolean
  readonly uniqueNames: boolean
}

const STRICT: Strictness = { noSideEffects: true, knownVersions: true, uniqueNames: true }

export function webhooksErrors(configuration: Configuration, strictness: Strictness = STRICT): FieldError[] {
  const names = new Set<string>()
  return (configuration.webhooks ?? []).flatMap((hook, index) => {
    const at = `webhooks[${index}]`
    const errors = [...webhookErrors(hook, at, strictness), ...versionErrors(hook, `${at}.admissionReviewVersions`, strictness)]
    if (strictness.uniqueNames && names.has(hook.name)) errors.push(duplicate(`${at}.name`, hook.name))
    if (hook.name) names.add(hook.name)
    return errors
  })
}

/** Held to what the stored configuration already held to. */
export function webhooksUpdateErrors(configuration: Configuration, old: Configuration): FieldError[] {
  const hooks = old.webhooks ?? []
  return webhooksErrors(configuration, {
    noSideEffects: hooks.every((hook) => NO_SIDE_EFFECTS.includes(hook.sideEffects ?? '')),
    knownVersions: hooks.every(({ admissionReviewVersions: all = [] }) => all.length === 0 || all.some((v) => REVIEW_VERSIONS.includes(v))),
    uniqueNames: new Set(hooks.map((hook) => hook.name)).size === hooks.length,
  })
}

function webhookErrors(hook: Webhook, at: string, { noSideEffects }: Strictness): FieldError[] {
  const effects = noSideEffects ? NO_SIDE_EFFECTS : SIDE_EFFECTS
  const { name = '', timeoutSeconds, sideEffects } = hook
  const errors: FieldError[] = []
  const problems = dns1123Subdomain(name)
  if (name === '') errors.push(required(`${at}.name`))
  else if (problems.length > 0) errors.push(invalid(`${at}.name`, name, problems.join(',')))
  else if (name.split('.').length < 3)
    errors.push(invalid(`${at}.name`, name, 'should be a domain with at least three segments separated by dots'))
  for (const [index, rule] of (hook.rules ?? []).entries()) errors.push(...ruleErrors(rule, `${at}.rules[${index}]`))
  errors.push(
    ...choiceErrors(hook.failurePolicy, `${at}.failurePolicy`, FAILURE_POLICIES),
    ...choiceErrors(hook.matchPolicy, `${at}.matchPolicy`, MATCH_POLICIES),
  )
  if (!sideEffects) errors.push(required(`${at}.sideEffects`, `must specify one of ${effects.join(', ')}`))
  else errors.push(...choiceErrors(sideEffects, `${at}.sideEffects`, effects))
  if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > TIMEOUT_SECONDS_MAX))
    errors.push(invalid(`${at}.timeoutSeconds`, timeoutSeconds, `the timeout value must be between 1 and ${TIMEOUT_SECONDS_MAX} seconds`))
  errors.push(...choiceErrors(hook.reinvocationPolicy, `${at}.reinvocationPolicy`, REINVOCATION_POLICIES))
  const { url, service } = hook.clientConfig ?? {}
  if ((url === undefined) === (service === undefined))
    errors.push(required(`${at}.clientConfig`, 'exactly one of url or service is required'))
  else if (url !== undefined) errors.push(...urlErrors(url, `${at}.clientConfig.url`))
  else errors.push(...serviceErrors(service!, `${at}.clientConfig.service`))
  return [...errors, ...conditionErrors(hook.matchConditions, `${at}.matchConditions`)]
}

function versionErrors({ admissionReviewVersions: versions = [] }: Webhook, path: string, { knownVersions }: Strictness): FieldError[] {
  if (versions.length === 0) return [required(path, `must specify one of ${REVIEW_VERSIONS.join(', ')}`)]
  const errors = versions.flatMap((version, index) =>
    versions.indexOf(version) < index
      ? [invalid(`${path}[${index}]`, version, 'duplicate version')]
      : invalidEach(`${path}[${index}]`, version, dns1035Label(version)),
  )
  if (knownVersions && !versions.some((version) => REVIEW_VERSIONS.includes(version)))
    errors.push(invalid(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`))
  return errors
}

/** The address of a webhook outside the cluster. Parsed by hand: URL would mend what is to be refused. */
export function urlErrors(url: string, path: string): FieldError[] {
  const parts = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^/?#]*)@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(url)
  if (parts === null || /[\u0000-\u0020\u007f]/.test(parts[3] ?? ''))
    return [required(path, `url must be a valid URL: parse ${JSON.stringify(url)}: invalid character in host name${URL_FORM}`)]
  const [, scheme = '', user, host = '', , query = '', fragment = ''] = parts
  const errors: FieldError[] = []
  if (scheme.toLowerCase() !== 'https')
    errors.push(invalid(path, scheme.toLowerCase(), `'https' is the only allowed URL scheme${URL_FORM}`))
  if (host === '') errors.push(invalid(path, host, `host must be specified${URL_FORM}`))
  if (user !== undefined) errors.push(invalid(path, user, `user information is not permitted in the URL${URL_FORM}`))
  if (fragment !== '') errors.push(invalid(path, fragment, `fragments are not permitted in the URL${URL_FORM}`))
  if (query !== '') errors.push(invalid(path, query, `query parameters are not permitted in the URL${URL_FORM}`))
  return errors
}

export function serviceErrors({ name = '', namespace = '', port, path: url }: ServiceReference, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (name === '') errors.push(required(`${at}.name`, 'service name is required'))
  if (namespace === '') errors.push(required(`${at}.namespace`, 'service namespace is required'))
  const problems = port === undefined ? [] : portNumber(port)
  if (problems.length > 0) errors.push(invalid(`${at}.port`, port, `port is not valid: ${problems.join(', ')}`))
  return [...errors, ...pathErrors(url ?? '', `${at}.path`)]
}

function pathErrors(url: string, at: string): FieldError[] {
  if (url === '' || url === '/') return []
  if (url === '//') return [invalid(at, url, 'segment[0] may not be empty')]
  const errors = url.startsWith('/') ? [] : [invalid(at, url, "must start with a '/'")]
  for (const [index, segment] of url.slice(1).replace(/\/$/, '').split('/').entries())
    if (segment === '') errors.push(invalid(at, url, `segment[${index}] may not be empty`))
    else errors.push(...dns1123Subdomain(segment).map((problem) => invalid(at, url, `segment[${index}]: ${problem}`)))
  return errors
}

export function webhookDefaults(hook: ValidatingWebhook): Partial<ValidatingWebhook> {
  return {
    failurePolicy: hook.failurePolicy ?? 'Fail',
    matchPolicy: hook.matchPolicy ?? 'Equivalent',
    namespaceSelector: hook.namespaceSelector ?? {},
    objectSelector: hook.objectSelector ?? {},
    timeoutSeconds: hook.timeoutSeconds ?? 10,
  }
}
