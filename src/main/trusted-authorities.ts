/** Whose client certificates count: this cluster's own authority, and those of files that flags name. */

import { X509Certificate } from 'node:crypto'
import type { Pki } from '#apiserver/pki/pki.ts'
import { settings as declare, type Values } from '#base/settings.ts'
import { OperatorError } from '#cli/command.ts'
import { readPem } from './read-pem.ts'

export const authoritySettings = declare({
  clientCaFile: {
    type: 'string',
    flag: 'client-ca-file',
    help: "Authorities whose client certificates count as users, beside this cluster's own",
  },
  proxyCaFile: {
    type: 'string',
    flag: 'requestheader-client-ca-file',
    help: "Authorities whose certificates let a proxy say for whom it asks, beside this cluster's own",
  },
  proxyNames: {
    type: 'list',
    flag: 'requestheader-allowed-names',
    help: 'Common names that such proxies may have; empty: any',
    default: ['front-proxy-client'],
  },
})

export interface TrustedAuthorities {
  /** PEM, one certificate each. */
  clients(): readonly string[]
  proxies(): readonly string[]
  readonly proxyNames: readonly string[]
}

/** Throws `OperatorError` for files that are of no use. */
export function trustedAuthorities(values: Values<typeof authoritySettings>, pki: Pki): TrustedAuthorities {
  const clients = certificatesIn(values.clientCaFile, 'client-ca-file')
  const proxies = certificatesIn(values.proxyCaFile, 'requestheader-client-ca-file')
  return {
    clients: () => [pki.ca.cert, ...clients],
    proxies: () => [pki.frontProxyCa.cert, ...proxies],
    proxyNames: values.proxyNames,
  }
}

function certificatesIn(file: string | undefined, flag: string): readonly string[] {
  if (file === undefined) return []
  const found = readPem(file, flag).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (found.length === 0) throw new OperatorError(`cannot use ${file}, which --${flag} names: there is no certificate in it`)
  try {
    return found.map((pem) => new X509Certificate(pem).toString())
  } catch (error) {
    throw new OperatorError(`cannot use ${file}, which --${flag} names: ${(error as Error).message}`, { cause: error })
  }
}
