/** Files of keys and certificates that flags name, and a certificate for those who name none. */

import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { serialNumber, type KeyPair } from '#apiserver/pki/pki.ts'
import { systemClock } from '#base/clock.ts'
import { systemRandom } from '#base/random.ts'
import { UsageError } from '#base/settings.ts'
import { OperatorError } from '#cli/command.ts'
import { makeCertificate } from '#wire/x509/certificate.ts'
import { encodeName, NO_ALTERNATIVE_NAMES } from '#wire/x509/names.ts'

/** The file's text; throws `OperatorError` with the flag that named it. */
export function readPem(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'this user may not read it' : (error as Error).message
    throw new OperatorError(`cannot read ${path}, which --${flag} names: ${why}`, { cause: error })
  }
}

/** Certificate and key of two flags; undefined when neither is given. */
export function readPair(
  cert: string | undefined,
  key: string | undefined,
  flags: readonly [cert: string, key: string],
): KeyPair | undefined {
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined) throw new UsageError(`--${flags[0]} and --${flags[1]} must be given together`)
  return { cert: readPem(cert, flags[0]), key: readPem(key, flags[1]) }
}

const YEAR_MS = 365 * 24 * 3600 * 1000
const BACKDATE_MS = 3600 * 1000 // upstream's: clocks of other machines may be behind

/** A serving certificate that signs itself, for those who reach the port under these names. */
export function selfSigned(hosts: readonly string[]): KeyPair {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const name = encodeName({ commonName: `${hosts[0] ?? 'localhost'}@${Math.floor(systemClock.now() / 1000)}`, organizations: [] })
  const cert = makeCertificate(
    {
      subject: name,
      issuer: name,
      publicKey: createPublicKey(key),
      serial: serialNumber(systemRandom),
      notBefore: systemClock.now() - BACKDATE_MS,
      notAfter: systemClock.now() + YEAR_MS,
      authority: true, // so that clients can be told to trust it
      usages: ['digital signature', 'key encipherment', 'cert sign', 'server auth'],
      names: { ...NO_ALTERNATIVE_NAMES, dnsNames: hosts.filter((h) => isIP(h) === 0), ipAddresses: hosts.filter((h) => isIP(h) !== 0) },
    },
    key,
  )
  return { cert, key: key.export({ type: 'pkcs8', format: 'pem' }) as string }
}
