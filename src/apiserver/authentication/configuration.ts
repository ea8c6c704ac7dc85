/** The AuthenticationConfiguration file: issuers of JWTs and which paths strangers may ask for. */

import { bool, list, message, opt, string, val } from '#schema/message.ts'
import { decode, DecodeError, strictDecodingError } from '#schema/decode.ts'
import { MalformedInput } from '#schema/malformed-input.ts'
import type { FieldError } from '#schema/field-error.ts'
import { parseYaml } from '#schema/yaml.ts'

const GROUP = 'apiserver.config.k8s.io'
const NAME = 'k8s.io.apiserver.apis.apiserver'

class Issuer extends message(`${NAME}.Issuer`, {
  url: opt(1, string),
  discoveryURL: opt(2, string),
  certificateAuthority: opt(3, string),
  audiences: opt(4, list(string)),
  audienceMatchPolicy: opt(5, string),
  egressSelectorType: opt(6, string),
}) {}

class ClaimValidationRule extends message(`${NAME}.ClaimValidationRule`, {
  claim: opt(1, string),
  requiredValue: opt(2, string),
  expression: opt(3, string),
  message: opt(4, string),
}) {}

class PrefixedClaimOrExpression extends message(`${NAME}.PrefixedClaimOrExpression`, {
  claim: opt(1, string),
  prefix: opt(2, string, { keepsZero: true }),
  expression: opt(3, string),
}) {}

class ClaimOrExpression extends message(`${NAME}.ClaimOrExpression`, { claim: opt(1, string), expression: opt(2, string) }) {}

class ExtraMapping extends message(`${NAME}.ExtraMapping`, { key: opt(1, string), valueExpression: opt(2, string) }) {}

class ClaimMappings extends message(`${NAME}.ClaimMappings`, {
  username: val(1, PrefixedClaimOrExpression),
  groups: val(2, PrefixedClaimOrExpression),
  uid: val(3, ClaimOrExpression),
  extra: opt(4, list(ExtraMapping)),
}) {}

class UserValidationRule extends message(`${NAME}.UserValidationRule`, { expression: opt(1, string), message: opt(2, string) }) {}

export class JwtIssuer extends message(`${NAME}.JWTAuthenticator`, {
  issuer: val(1, Issuer),
  claimValidationRules: opt(2, list(ClaimValidationRule)),
  claimMappings: val(3, ClaimMappings),
  userValidationRules: opt(4, list(UserValidationRule)),
}) {}

class AnonymousCondition extends message(`${NAME}.AnonymousAuthCondition`, { path: opt(1, string) }) {}

class AnonymousConfiguration extends message(`${NAME}.AnonymousAuthConfig`, {
  enabled: opt(1, bool),
  conditions: opt(2, list(AnonymousCondition)),
}) {}

export class AuthenticationConfiguration extends message(`${NAME}.AuthenticationConfiguration`, {
  apiVersion: opt(1, string),
  kind: opt(2, string),
  jwt: opt(3, list(JwtIssuer)),
  anonymous: opt(4, AnonymousConfiguration),
}) {}

/** A configuration file is of no use; the message says why. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

/** Reads the file, strictly; whether what it says makes sense is `compileJwtIssuers`' to find out. Throws `ConfigurationError`. */
export function parseAuthenticationConfiguration(text: string): AuthenticationConfiguration {
  return readConfiguration(text, AuthenticationConfiguration, 'AuthenticationConfiguration', ['v1', 'v1beta1', 'v1alpha1'])
}

/** A file of this kind in the group of the API server's configurations. Throws `ConfigurationError`. */
export function readConfiguration<T>(
  text: string,
  type: { new (): T; readonly schema: Parameters<typeof decode>[0] },
  kind: string,
  versions: readonly string[],
): T {
  try {
    const { value, duplicates } = parseYaml(Buffer.from(text))
    const given = value as { readonly apiVersion?: unknown; readonly kind?: unknown } | null
    if (!given?.kind) throw new ConfigurationError("Object 'Kind' is missing")
    if (!versions.some((v) => given.apiVersion === `${GROUP}/${v}`) || given.kind !== kind)
      throw new ConfigurationError(
        `no kind ${JSON.stringify(given.kind)} is registered for version ${JSON.stringify(given.apiVersion ?? '')}`,
      )
    const decoded = decode(type.schema, value)
    const strict = strictDecodingError([...duplicates, ...decoded.unknown])
    if (strict !== undefined) throw new ConfigurationError(strict)
    return decoded.value as T
  } catch (error) {
    if (!(error instanceof DecodeError) && !(error instanceof MalformedInput)) throw error
    throw new ConfigurationError(error.message, { cause: error })
  }
}

/** All complaints on one line, as upstream joins them. */
export function aggregated(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map((e) => e.message))]
  return texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
}
