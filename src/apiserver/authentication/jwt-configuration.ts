/** Holds the configuration of JWT issuers to upstream's rules, and compiles the expressions in it. */

import { X509Certificate } from 'node:crypto'
import { ExpressionError } from '#cel/compile.ts'
import { BOOL, DYN, listOf, mapOf, STRING, type Type } from '#cel/type.ts'
import { duplicate, FieldError, invalid, required, tooMany } from '#schema/field-error.ts'
import type { JwtIssuer } from './configuration.ts'
import { compileFor, selects, type Expression } from './expressions.ts'

/** An issuer's configuration with its expressions compiled; what is a claim stays one. */
export interface CompiledJwtIssuer {
  readonly configuration: JwtIssuer
  readonly username?: Expression
  readonly groups?: Expression
  readonly uid?: Expression
  readonly extra: readonly { readonly key: string; readonly value: Expression }[]
  readonly claimRules: readonly CompiledRule[]
  readonly userRules: readonly CompiledRule[]
}

export interface CompiledRule {
  readonly expression: Expression
  readonly message: string
}

const ISSUERS_MAX = 64
const CLAIMS: Type = mapOf(STRING, DYN)
const USER: Type = {
  kind: 'object',
  name: 'kubernetes.UserInfo',
  fields: () =>
    new Map<string, Type>([
      ['username', STRING],
      ['uid', STRING],
      ['groups', listOf(STRING)],
      ['extra', mapOf(STRING, listOf(STRING))],
    ]),
}

/** `disallowed` are issuers that others speak for: those of service account tokens. */
export function compileJwtIssuers(
  issuers: readonly JwtIssuer[],
  disallowed: readonly string[],
): { readonly compiled: readonly CompiledJwtIssuer[]; readonly errors: readonly FieldError[] } {
  if (issuers.length > ISSUERS_MAX) return { compiled: [], errors: [tooMany('jwt', issuers.length, ISSUERS_MAX)] }
  const errors: FieldError[] = []
  const urls = new Set<string>()
  const discoveryUrls = new Set<string>()
  const compiled = issuers.map((issuer, index) => {
    const path = `jwt[${index}]`
    issuerErrors(issuer.issuer, `${path}.issuer`, disallowed, errors)
    const rules = claimRules(issuer, `${path}.claimValidationRules`, errors)
    const mapped = mappings(issuer, rules, `${path}.claimMappings`, errors)
    const users = userRules(issuer, `${path}.userValidationRules`, errors)
    const { url = '', discoveryURL = '' } = issuer.issuer
    if (urls.has(url)) errors.push(duplicate(`${path}.issuer.url`, url))
    urls.add(url)
    if (discoveryURL !== '' && discoveryUrls.has(discoveryURL)) errors.push(duplicate(`${path}.issuer.discoveryURL`, discoveryURL))
    discoveryUrls.add(discoveryURL)
    return { configuration: issuer, ...mapped, claimRules: rules, userRules: users }
  })
  return { compiled, errors }
}

function issuerErrors(issuer: JwtIssuer['issuer'], path: string, disallowed: readonly string[], errors: FieldError[]): void {
  const { url = '', discoveryURL = '', certificateAuthority = '', audiences = [], audienceMatchPolicy = '', egressSelectorType } = issuer
  if (url === '') errors.push(required(`${path}.url`))
  else urlErrors(url, `${path}.url`, disallowed, errors)
  if (discoveryURL !== '') {
    const bare = (text: string) => text.replace(/\/+$/, '')
    if (url !== '' && bare(url) === bare(discoveryURL))
      errors.push(invalid(`${path}.discoveryURL`, discoveryURL, 'discoveryURL must be different from URL'))
    urlErrors(discoveryURL, `${path}.discoveryURL`, [], errors)
  }
  audienceErrors(audiences, audienceMatchPolicy, path, errors)
  if (certificateAuthority !== '' && !isCertificate(certificateAuthority))
    errors.push(invalid(`${path}.certificateAuthority`, '<omitted>', 'data does not contain any valid RSA or ECDSA certificates'))
  // there is no egress selector configuration here, so none can be named
  if (egressSelectorType) errors.push(invalid(`${path}.egressSelectorType`, egressSelectorType, 'egress selectors are not supported'))
}

function urlErrors(text: string, path: string, disallowed: readonly string[], errors: FieldError[]): void {
  if (disallowed.includes(text))
    errors.push(invalid(path, text, `URL must not overlap with disallowed issuers: [${disallowed.toSorted().join(' ')}]`))
  if (!URL.canParse(text)) {
    const isRelative = !/^[a-z][a-z0-9+.-]*:/i.test(text)
    errors.push(
      invalid(path, text, isRelative ? 'URL scheme must be https' : `parse ${JSON.stringify(text)}: invalid character in host name`),
    )
    return
  }
  const url = new URL(text)
  if (url.protocol !== 'https:') errors.push(invalid(path, text, 'URL scheme must be https'))
  if (url.username !== '' || url.password !== '') errors.push(invalid(path, text, 'URL must not contain a username or password'))
  if (url.search.length > 1) errors.push(invalid(path, text, 'URL must not contain a query'))
  if (url.hash.length > 1) errors.push(invalid(path, text, 'URL must not contain a fragment'))
}

function audienceErrors(audiences: readonly string[], policy: string, path: string, errors: FieldError[]): void {
  if (audiences.length === 0) {
    errors.push(required(`${path}.audiences`, `at least one ${path}.audiences is required`))
    return
  }
  for (const [index, audience] of audiences.entries()) {
    if (audience === '') errors.push(required(`${path}.audiences[${index}]`))
    if (audiences.indexOf(audience) < index) errors.push(duplicate(`${path}.audiences[${index}]`, audience))
  }
  const wrong = (why: string) => void errors.push(invalid(`${path}.audienceMatchPolicy`, policy, why))
  if (audiences.length > 1 && policy !== 'MatchAny') wrong('audienceMatchPolicy must be MatchAny for multiple audiences')
  if (audiences.length === 1 && policy !== '' && policy !== 'MatchAny')
    wrong('audienceMatchPolicy must be empty or MatchAny for single audience')
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

/** Undefined, and the reason among `errors`, when it does not compile. */
function compiledAt(
  path: string,
  variable: 'claims' | 'user',
  source: string,
  errors: FieldError[],
  result?: Type,
): Expression | undefined {
  try {
    return compileFor(variable, variable === 'claims' ? CLAIMS : USER, source, result)
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    errors.push(invalid(path, source, error.message))
    return undefined
  }
}

function claimRules({ claimValidationRules = [] }: JwtIssuer, path: string, errors: FieldError[]): readonly CompiledRule[] {
  const compiled: CompiledRule[] = []
  const claims = new Set<string>()
  const expressions = new Set<string>()
  for (const [index, { claim = '', requiredValue = '', expression = '', message = '' }] of claimValidationRules.entries()) {
    const at = `${path}[${index}]`
    if (claim !== '' && expression !== '') errors.push(invalid(at, claim, "claim and expression can't both be set"))
    else if (claim !== '') {
      if (message !== '') errors.push(invalid(`${at}.message`, message, 'may not be specified when claim is set'))
      if (claims.has(claim)) errors.push(duplicate(`${at}.claim`, claim))
      claims.add(claim)
    } else if (expression === '') errors.push(required(at, 'claim or expression is required'))
    else {
      if (requiredValue !== '') errors.push(invalid(`${at}.requiredValue`, requiredValue, 'may not be specified when expression is set'))
      if (expressions.has(expression)) {
        errors.push(duplicate(`${at}.expression`, expression))
        continue
      }
      expressions.add(expression)
      const found = compiledAt(`${at}.expression`, 'claims', expression, errors, BOOL)
      if (found) compiled.push({ expression: found, message })
    }
  }
  return compiled
}

function userRules({ userValidationRules = [] }: JwtIssuer, path: string, errors: FieldError[]): readonly CompiledRule[] {
  const compiled: CompiledRule[] = []
  const seen = new Set<string>()
  for (const [index, { expression = '', message = '' }] of userValidationRules.entries()) {
    const at = `${path}[${index}].expression`
    if (expression === '') errors.push(required(at))
    else if (seen.has(expression)) errors.push(duplicate(at, expression))
    else {
      seen.add(expression)
      const found = compiledAt(at, 'user', expression, errors, BOOL)
      if (found) compiled.push({ expression: found, message })
    }
  }
  return compiled
}

function mappings(
  { claimMappings }: JwtIssuer,
  rules: readonly CompiledRule[],
  path: string,
  errors: FieldError[],
): Pick<CompiledJwtIssuer, 'username' | 'groups' | 'uid' | 'extra'> {
  const { uid } = claimMappings
  const username = prefixed(claimMappings.username, `${path}.username`, true, errors)
  const groups = prefixed(claimMappings.groups, `${path}.groups`, false, errors)
  if (uid.claim && uid.expression) errors.push(invalid(`${path}.uid`, '', "claim and expression can't both be set"))
  const uidExpression = uid.expression && !uid.claim ? compiledAt(`${path}.uid.expression`, 'claims', uid.expression, errors) : undefined
  const extra = extraMappings(claimMappings.extra ?? [], `${path}.extra`, errors)
  // an email address that nobody verified could be anybody's
  if (username && selects(username.tree, 'claims', 'email')) {
    const looking = [username, ...extra.map((e) => e.value), ...rules.map((r) => r.expression)]
    if (!looking.some((e) => selects(e.tree, 'claims', 'email_verified')))
      errors.push(
        invalid(
          `${path}.username.expression`,
          username.source,
          'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
        ),
      )
  }
  return { ...(username && { username }), ...(groups && { groups }), ...(uidExpression && { uid: uidExpression }), extra }
}

function prefixed(
  { claim = '', expression = '', prefix }: JwtIssuer['claimMappings']['username'],
  path: string,
  isRequired: boolean,
  errors: FieldError[],
): Expression | undefined {
  if (claim !== '' && expression !== '') errors.push(invalid(path, '', "claim and expression can't both be set"))
  else if (expression !== '') {
    if (prefix !== undefined) errors.push(invalid(`${path}.prefix`, prefix, 'may not be specified when expression is set'))
    return compiledAt(`${path}.expression`, 'claims', expression, errors)
  } else if (claim === '') {
    if (isRequired) errors.push(required(path, 'claim or expression is required'))
  } else if (prefix === undefined)
    errors.push(required(`${path}.prefix`, 'prefix is required when claim is set. It can be set to an empty string to disable prefixing'))
  return undefined
}

const DOMAIN_PREFIXED = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/

function extraMappings(
  list: readonly { readonly key?: string; readonly valueExpression?: string }[],
  path: string,
  errors: FieldError[],
): CompiledJwtIssuer['extra'] {
  const compiled: { key: string; value: Expression }[] = []
  const seen = new Set<string>()
  for (const [index, { key = '', valueExpression = '' }] of list.entries()) {
    const at = `${path}[${index}]`
    if (key === '') errors.push(required(`${at}.key`))
    else if (!DOMAIN_PREFIXED.test(key)) errors.push(invalid(`${at}.key`, key, 'must be a domain-prefixed path (such as "acme.io/foo")'))
    if (key !== key.toLowerCase()) errors.push(invalid(`${at}.key`, key, 'must be lowercase'))
    if (/(^|\.)(kubernetes|k8s)\.io$/.test(key.split('/', 1)[0]!))
      errors.push(invalid(`${at}.key`, key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use'))
    if (seen.has(key)) {
      errors.push(duplicate(`${at}.key`, key))
      continue
    }
    seen.add(key)
    if (valueExpression === '') errors.push(required(`${at}.valueExpression`))
    else {
      const value = compiledAt(`${at}.valueExpression`, 'claims', valueExpression, errors)
      if (value) compiled.push({ key, value })
    }
  }
  return compiled
}
