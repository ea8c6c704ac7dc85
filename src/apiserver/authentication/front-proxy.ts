/** A trusted proxy in front: shows its own certificate and says in headers for whom it asks. */

import type { Clock } from '#base/clock.ts'
import { unescapeKey, valuesOf } from '#apiserver/filters/wanted-user.ts'
import type { Authenticator } from './authenticator.ts'
import { clientCertificateVerifier } from './client-certificate.ts'

const EXTRA_PREFIX = 'x-remote-extra-'

/** `allowedNames` are the common names proxies may have; none means any that the authority signed. */
export function frontProxy(parts: {
  readonly authorities: () => readonly string[]
  readonly allowedNames: readonly string[]
  readonly clock: Pick<Clock, 'now'>
}): Authenticator {
  const verify = clientCertificateVerifier(parts)
  return {
    authenticate({ headers, peer }) {
      const username = valuesOf(headers['x-remote-user'])[0] ?? ''
      if (username === '' || peer.type !== 'network' || peer.certificate === undefined) return { type: 'none' }
      const verdict = verify(peer.certificate)
      // somebody else's certificate: the headers are just headers then
      if (!verdict.ok) return { type: 'none' }
      const { commonName } = verdict.certificate
      if (parts.allowedNames.length > 0 && !parts.allowedNames.includes(commonName))
        return { type: 'refused', why: `x509: subject with cn=${commonName} is not in the allowed list` }
      const uid = valuesOf(headers['x-remote-uid'])[0] ?? ''
      const extra: Record<string, string[]> = {}
      for (const [name, value] of Object.entries(headers))
        if (name.startsWith(EXTRA_PREFIX)) extra[unescapeKey(name.slice(EXTRA_PREFIX.length)).toLowerCase()] = valuesOf(value)
      return {
        type: 'user',
        user: {
          username,
          ...(uid !== '' && { uid }),
          groups: valuesOf(headers['x-remote-group']),
          ...(Object.keys(extra).length > 0 && { extra }),
        },
      }
    },
  }
}
