/** The JWT issuers and the anonymous paths of a configuration that may be replaced while the server runs. */

import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { TokenAuthenticator } from './authenticator.ts'
import { anyOf } from './bearer-tokens.ts'
import { aggregated, ConfigurationError, type AuthenticationConfiguration } from './configuration.ts'
import { compileJwtIssuers } from './jwt-configuration.ts'
import { openJwtProvider, type JwtProvider } from './jwt-provider.ts'
import { jwtTokens } from './jwt-tokens.ts'

export interface ConfiguredTokens extends AsyncDisposable {
  readonly tokens: TokenAuthenticator
  /** Whether strangers may ask for a path; undefined when the configuration says nothing of them. */
  anonymous(path: string): boolean | undefined
  /**
   * Puts another configuration in this one's place once all its issuers answer; throws `ConfigurationError`, and keeps the old one, for
   * one that is wrong or whose issuers do not answer.
   */
  replace(configuration: AuthenticationConfiguration): Promise<void>
}

export interface ConfiguredTokensParts {
  readonly clock: Clock
  readonly log: Log
  /** Issuers that are not to be configured: those of service account tokens. */
  readonly disallowedIssuers: readonly string[]
  /** Upstream's default for the flags is RS256 alone, for files all. */
  readonly algorithms?: readonly string[]
}

const READY_WITHIN_MS = 60_000 // upstream's
const RETIRING_MS = 60_000 // upstream's: requests under way may still be fetching keys
const OTHER_ISSUERS_MAX = 16 // of distributed claims; each is asked for its keys again and again until it answers
const NAMED_CONDITIONS = 'enabled should be set to true when conditions are defined'

interface Current extends AsyncDisposable {
  readonly configuration: AuthenticationConfiguration
  readonly tokens: TokenAuthenticator
  readonly ready: Promise<unknown>
}

/** Issuers that do not answer yet do not keep the server from starting: they may run on this very cluster. Throws `ConfigurationError`. */
export function openConfiguredTokens(configuration: AuthenticationConfiguration, parts: ConfiguredTokensParts): ConfiguredTokens {
  let current = open(configuration, parts)
  const retiring = new Map<Current, Disposable>()
  const retire = (old: Current) => {
    const timer = parts.clock.timer(RETIRING_MS, () => {
      retiring.delete(old)
      void old[Symbol.asyncDispose]()
    })
    retiring.set(old, timer)
  }
  return {
    tokens: { authenticateToken: (token, audiences) => current.tokens.authenticateToken(token, audiences) },
    anonymous(path) {
      const { anonymous } = current.configuration
      if (anonymous === undefined) return undefined
      const { enabled = false, conditions = [] } = anonymous
      return enabled && (conditions.length === 0 || conditions.some((c) => c.path === path))
    },
    async replace(next) {
      const opened = open(next, parts)
      const waiting = new AbortController()
      const late = sleep(parts.clock, READY_WITHIN_MS, waiting.signal).then(() => true)
      late.catch(() => {})
      const isLate = await Promise.race([opened.ready.then(() => false), late])
      waiting.abort()
      if (isLate) {
        await opened[Symbol.asyncDispose]()
        throw new ConfigurationError('issuers of the new configuration do not answer')
      }
      const old = current
      current = opened
      retire(old)
    },
    async [Symbol.asyncDispose]() {
      for (const timer of retiring.values()) timer[Symbol.dispose]()
      await Promise.all([current, ...retiring.keys()].map((c) => c[Symbol.asyncDispose]()))
    },
  }
}

function open(configuration: AuthenticationConfiguration, { clock, log, disallowedIssuers, algorithms }: ConfiguredTokensParts): Current {
  const { compiled, errors } = compileJwtIssuers(configuration.jwt ?? [], disallowedIssuers)
  const texts = errors.length > 0 ? [aggregated(errors)] : []
  const { anonymous } = configuration
  if (anonymous && !anonymous.enabled && anonymous.conditions?.length)
    texts.push(`anonymous.conditions: Invalid value: ${JSON.stringify(anonymous.conditions)}: ${NAMED_CONDITIONS}`)
  if (texts.length > 0) throw new ConfigurationError(texts.join(', '))

  const configured: JwtProvider[] = []
  const others = new Map<string, JwtProvider>()
  const tokens = compiled.map((issuer) => {
    const { url = '', discoveryURL, certificateAuthority } = issuer.configuration.issuer
    const open = (name: string, discoveryUrl?: string) =>
      openJwtProvider({
        clock,
        log,
        issuer: name,
        ...(discoveryUrl && { discoveryUrl }),
        ...(certificateAuthority && { ca: certificateAuthority }),
      })
    const provider = open(url, discoveryURL)
    configured.push(provider)
    // whom a token that this issuer signed sends us to is trusted as the issuer is
    const providerFor = (name: string) => {
      if (!others.has(name) && others.size < OTHER_ISSUERS_MAX) others.set(name, open(name))
      return others.get(name)
    }
    return jwtTokens({ issuer, provider, providerFor, ...(algorithms && { algorithms }), clock })
  })
  return {
    configuration,
    tokens: anyOf(tokens),
    ready: Promise.all(configured.map((p) => p.ready)),
    async [Symbol.asyncDispose]() {
      await Promise.all([...configured, ...others.values()].map((p) => p[Symbol.asyncDispose]()))
    },
  }
}
