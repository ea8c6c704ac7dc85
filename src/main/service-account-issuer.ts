/** The issuer of service account tokens that the flags describe. */

import { legacyTokenSigner } from '#apiserver/authentication/legacy-tokens.ts'
import { openTokenIssuer, UnusableKey, type TokenIssuer } from '#apiserver/authentication/token-issuer.ts'
import type { Pki } from '#apiserver/pki/pki.ts'
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import { UsageError } from '#base/settings.ts'
import { OperatorError } from '#cli/command.ts'
import { durationMs } from '#schema/duration.ts'
import type { ApiSettings } from './control-plane-settings.ts'
import { readPem } from './read-pem.ts'

const SECONDS_MIN = 3600 // upstream's bounds for --service-account-max-token-expiration
const SECONDS_MAX = 2 ** 32

/** Throws `UsageError` for flags that contradict each other and `OperatorError` for files that are of no use. */
export function serviceAccountIssuer(
  settings: ApiSettings,
  parts: { readonly pki: Pki; readonly clock: Pick<Clock, 'now'>; readonly random: Random },
): { readonly issuer: TokenIssuer; readonly signAccountToken: AccountTokenSigner } {
  const { serviceAccountSigningKeyFile: signingFile, serviceAccountKeyFiles: keyFiles, serviceAccountIssuers: issuers } = settings
  for (const issuer of issuers)
    if (issuer.includes(':') && !URL.canParse(issuer))
      throw new UsageError(`service-account-issuer "${issuer}" contained a ':' but was not a valid URL`)
  if (new Set(issuers).size < issuers.length) throw new UsageError('service-account-issuer must not be repeated')
  const { serviceAccount } = parts.pki
  try {
    const signingKey = signingFile === undefined ? serviceAccount.privateKey : readPem(signingFile, 'service-account-signing-key-file')
    const issuer = openTokenIssuer({
      signingKey,
      publicKeys: [
        ...keyFiles.map((file) => readPem(file, 'service-account-key-file')),
        // without files of one's own, the key of this cluster counts
        ...(keyFiles.length === 0 && signingFile === undefined ? [serviceAccount.publicKey] : []),
      ],
      issuers,
      audiences: settings.apiAudiences,
      ...(settings.serviceAccountJwksUri !== undefined && { jwksUri: settings.serviceAccountJwksUri }),
      expirationSecondsMax: longest(settings.serviceAccountMaxTokenExpiration),
      extendExpiration: settings.serviceAccountExtendTokenExpiration,
      clock: parts.clock,
      random: parts.random,
    })
    return { issuer, signAccountToken: legacyTokenSigner(signingKey) }
  } catch (error) {
    if (!(error instanceof UnusableKey)) throw error
    throw new OperatorError(`cannot use the keys of service account tokens: ${error.message}`, { cause: error })
  }
}

export type AccountTokenSigner = ReturnType<typeof legacyTokenSigner>

/** Signs the tokens kept in Secrets with the key in a file. Throws `OperatorError`. */
export function accountTokenSigner(file: string, flag: string): AccountTokenSigner {
  const pem = readPem(file, flag)
  try {
    return legacyTokenSigner(pem)
  } catch (error) {
    if (!(error instanceof UnusableKey)) throw error
    throw new OperatorError(`cannot use ${file}, which --${flag} names: ${error.message}`, { cause: error })
  }
}

function longest(text: string): number {
  const ms = durationMs(text)
  if (ms === undefined)
    throw new UsageError(
      `invalid argument ${JSON.stringify(text)} for "--service-account-max-token-expiration" flag: expected a duration such as 24h`,
    )
  const seconds = ms / 1000
  if (seconds === 0) return SECONDS_MAX
  if (seconds < SECONDS_MIN || seconds > SECONDS_MAX)
    throw new UsageError('the service-account-max-token-expiration must be between 1 hour and 2^32 seconds')
  return seconds
}
