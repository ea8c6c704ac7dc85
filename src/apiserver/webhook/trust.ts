/** Whom to trust where nobody says: the machine's own authorities beside those that Node brings along. */

import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'

type Trust = { readonly ca: string | string[]; readonly allowPartialTrustChain?: true } | { readonly secureContext: SecureContext }

/**
 * What TLS is told about authorities. Each given one is trusted for itself, as in Go, whether or not who signed it is given, too. The machine's are read when they are first needed, which takes a tenth of a second.
 * `alike`: see `alike-certificates.ts`.
 */
export function openTrust(): (given: { readonly ca?: string; readonly cert?: string; readonly alike?: readonly string[] }) => Trust {
  let authorities: string[] | undefined
  let context: SecureContext | undefined
  return ({ ca, cert, alike = [] }) => {
    if (ca) return { ca: [ca, ...alike], allowPartialTrustChain: true }
    authorities ??= [...new Set([...getCACertificates('system'), ...getCACertificates('default')])]
    if (cert !== undefined) return { ca: authorities }
    // one for all, as it is large
    context ??= createSecureContext({ ca: authorities })
    return { secureContext: context }
  }
}
