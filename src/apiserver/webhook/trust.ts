/** Whom to trust where nobody says: the machine's own authorities beside those that Node brings along. */

import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'

type Trust = { readonly ca: string | string[] } | { readonly secureContext: SecureContext }

/** What TLS is told about authorities. The machine's are read when they are first needed, which takes a tenth of a second. */
export function openTrust(): (given: { readonly ca?: string; readonly cert?: string }) => Trust {
  let authorities: string[] | undefined
  let context: SecureContext | undefined
  return ({ ca, cert }) => {
    if (ca) return { ca }
    authorities ??= [...new Set([...getCACertificates('system'), ...getCACertificates('default')])]
    if (cert !== undefined) return { ca: authorities }
    // one for all, as it is large
    context ??= createSecureContext({ ca: authorities })
    return { secureContext: context }
  }
}
