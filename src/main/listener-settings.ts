/** Settings of the port that the API is served on, with upstream's flag names. */

import { settings, UsageError, type Values } from '#base/settings.ts'
import type { ListenerChoice } from '#wire/listener.ts'
import { TlsChoiceError, tlsOptions } from '#wire/tls-options.ts'

export const listenerSettings = settings({
  tlsMinVersion: {
    type: 'string',
    flag: 'tls-min-version',
    help: 'The oldest TLS that is spoken: VersionTLS12 or VersionTLS13',
    default: 'VersionTLS12',
  },
  tlsCipherSuites: {
    type: 'list',
    flag: 'tls-cipher-suites',
    help: "Cipher suites of TLS 1.2, by Go's names; by default Go's. Those of TLS 1.3 cannot be chosen",
  },
  streamsPerConnection: {
    type: 'int',
    flag: 'http2-max-streams-per-connection',
    help: 'Requests that a client may have under way on one HTTP/2 connection; 0: 100',
    default: 0,
    min: 0,
  },
  goAwayChance: {
    type: 'string',
    flag: 'goaway-chance',
    help: 'The part of HTTP/2 requests after which the client is asked to connect anew, so that clients spread over servers; at most 0.02',
    default: '0',
  },
})

/** Throws `UsageError`. */
export function listenerOf(values: Values<typeof listenerSettings>): ListenerChoice & { readonly goAwayChance: number } {
  const { tlsMinVersion: minVersion, tlsCipherSuites: cipherSuites, streamsPerConnection } = values
  return {
    tlsOptions: checkedTls({ minVersion, cipherSuites }),
    ...(streamsPerConnection > 0 && { streamsPerConnectionMax: streamsPerConnection }),
    goAwayChance: chance(values.goAwayChance),
  }
}

function checkedTls(choice: Parameters<typeof tlsOptions>[0]) {
  try {
    return tlsOptions(choice)
  } catch (error) {
    if (error instanceof TlsChoiceError) throw new UsageError(error.message, { cause: error })
    throw error
  }
}

const GO_AWAY_CHANCE_MAX = 0.02 // more would keep clients busy with handshakes

function chance(text: string): number {
  const number = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(number))
    throw new UsageError(
      `invalid argument ${JSON.stringify(text)} for "--goaway-chance" flag: strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`,
    )
  if (number < 0 || number > GO_AWAY_CHANCE_MAX) throw new UsageError('--goaway-chance can not be less than 0 or greater than 0.02')
  return number
}
