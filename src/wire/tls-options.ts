/** Which TLS versions and cipher suites are spoken, by the names that Go and so upstream's flags give them. */

/** What operators may narrow. Left out: TLS 1.2 and later, with the suites Go has on by default. */
export interface TlsChoice {
  readonly minVersion?: string
  readonly cipherSuites?: readonly string[]
}

/** As node takes them. */
export interface TlsOptions {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL's names. */
  readonly ciphers: string
  /** The order above is the server's and goes before the client's. */
  readonly honorCipherOrder: true
}

/** The choice was wrong; the message is upstream's. */
export class TlsChoiceError extends Error {
  override readonly name = 'TlsChoiceError'
}

/** Throws `TlsChoiceError`. */
export function tlsOptions({ minVersion = 'VersionTLS12', cipherSuites = [] }: TlsChoice): TlsOptions {
  const version = VERSIONS[minVersion]
  if (version === undefined) throw new TlsChoiceError(`unknown tls version ${JSON.stringify(minVersion)}`)
  const suites = cipherSuites.length === 0 ? DEFAULT_SUITES : cipherSuites
  const unknown = suites.find((name) => !Object.hasOwn(SUITES, name))
  if (unknown !== undefined) throw new TlsChoiceError(`Cipher suite ${unknown} not supported or doesn't exist`)
  if (version !== 'TLSv1.3' && !HTTP2_SUITES.some((name) => suites.includes(name))) throw new TlsChoiceError(HTTP2_SUITE_MISSING)
  // the suites of TLS 1.3 are not the operator's to choose, as with Go
  const chosen = suites.filter((name) => !TLS13_SUITES.includes(name))
  return { minVersion: version, ciphers: [...TLS13_SUITES, ...chosen.map((name) => SUITES[name])].join(':'), honorCipherOrder: true }
}

/** Older versions than 1.2 may be asked for, but nobody has been able to use them with HTTP/2 or OpenSSL's defaults: 1.2 is spoken. */
const VERSIONS: Readonly<Record<string, TlsOptions['minVersion']>> = {
  VersionTLS10: 'TLSv1.2',
  VersionTLS11: 'TLSv1.2',
  VersionTLS12: 'TLSv1.2',
  VersionTLS13: 'TLSv1.3',
}

const TLS13_SUITES: readonly string[] = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']

const DEFAULT_SUITES: readonly string[] = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
]

/** One of them is what every HTTP/2 client must be able to speak. */
const HTTP2_SUITES: readonly string[] = ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256']
const HTTP2_SUITE_MISSING = `http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher (need at least one of ${HTTP2_SUITES.join(' or ')})`

/** Every suite Go knows and OpenSSL still has, those that Go calls insecure among them: only when they are asked for. */
const SUITES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(TLS13_SUITES.map((name) => [name, name])),
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
}
