import { equal, ok, throws } from 'node:assert/strict'
import { getCiphers } from 'node:tls'
import { test } from 'node:test'
import { tlsOptions } from './tls-options.ts'

test('without a choice it is TLS 1.2 with forward secrecy only', () => {
  const { minVersion, ciphers } = tlsOptions({})
  equal(minVersion, 'TLSv1.2')
  const known = new Set(getCiphers().map((c) => c.toUpperCase()))
  for (const cipher of ciphers.split(':')) {
    ok(/^(TLS_|ECDHE-)/.test(cipher), cipher)
    ok(known.has(cipher), cipher)
  }
})

test('suites go by their names in Go, and those of TLS 1.3 are not taken away', () => {
  equal(
    tlsOptions({ cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'] }).ciphers,
    'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-AES128-GCM-SHA256',
  )
})

test('what is unknown, and what HTTP/2 clients could not speak, is refused', () => {
  throws(() => tlsOptions({ minVersion: 'TLS12' }), { message: 'unknown tls version "TLS12"' })
  throws(() => tlsOptions({ cipherSuites: ['constructor'] }), { message: "Cipher suite constructor not supported or doesn't exist" })
  throws(() => tlsOptions({ cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'] }), {
    message: /missing an HTTP\/2-required AES_128_GCM_SHA256 cipher/,
  })
  equal(tlsOptions({ minVersion: 'VersionTLS13', cipherSuites: ['TLS_AES_256_GCM_SHA384'] }).minVersion, 'TLSv1.3')
})
