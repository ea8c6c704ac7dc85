/** Keys of an etcd that the server runs itself, under an authority of its own: what the cluster's authority signed must not open it. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { serialNumber, writeFile, type KeyPair } from '#apiserver/pki/pki.ts'
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import { makeDirectory } from '#cli/data-directory.ts'
import type { EtcdTls } from '#store/etcd/connection.ts'
import { certificateParts, makeCertificate } from '#wire/x509/certificate.ts'
import { encodeName, NO_ALTERNATIVE_NAMES } from '#wire/x509/names.ts'

export interface EtcdCertificates {
  /** Paths, in kubeadm's names. */
  readonly authority: string
  readonly certificate: string
  readonly key: string
  /** PEM of the same, as it is by then. */
  readonly tls: () => EtcdTls
}

export interface EtcdCertificateParts {
  /** `pki/etcd` of the data directory. */
  readonly directory: string
  readonly host: string
  readonly clock: Pick<Clock, 'now'>
  readonly random: Random
}

const DAY_MS = 24 * 3600 * 1000
const AUTHORITY_MS = 3650 * DAY_MS
const MEMBER_MS = 365 * DAY_MS
const MEMBER_RENEW_MS = 60 * DAY_MS
const BACKDATE_MS = 5 * 60_000

/** Whether the authority is there, which all members share. */
export function hasEtcdAuthority(directory: string): boolean {
  return existsSync(join(directory, 'ca.crt')) && existsSync(join(directory, 'ca.key'))
}

/** Makes what is missing and the member's certificate anew when it is not for `host` or runs out soon. */
export function etcdCertificates(parts: EtcdCertificateParts): EtcdCertificates {
  const { directory, host, clock } = parts
  makeDirectory(directory, 'data-dir')
  const path = (file: string) => join(directory, file)
  const read = (file: string) => readFileSync(path(file), 'utf8')
  const write = (file: string, pair: KeyPair) => {
    writeFile(path(`${file}.key`), pair.key, 0o600)
    writeFile(path(`${file}.crt`), pair.cert, 0o644)
  }
  if (!hasEtcdAuthority(directory)) write('ca', signed(parts, 'etcd-ca', undefined))
  const authority = { cert: read('ca.crt'), key: read('ca.key') }
  const found = existsSync(path('peer.crt')) && existsSync(path('peer.key')) ? new X509Certificate(read('peer.crt')) : undefined
  const fits =
    found !== undefined &&
    Date.parse(found.validTo) - clock.now() > MEMBER_RENEW_MS &&
    found.checkIssued(new X509Certificate(authority.cert)) &&
    (isIP(host) === 0 ? found.checkHost(host) : found.checkIP(host)) !== undefined
  if (!fits) write('peer', signed(parts, host, authority))
  return {
    authority: path('ca.crt'),
    certificate: path('peer.crt'),
    key: path('peer.key'),
    tls: () => ({ ca: read('ca.crt'), certificate: read('peer.crt'), key: read('peer.key') }),
  }
}

function signed({ host, clock, random }: EtcdCertificateParts, commonName: string, authority: KeyPair | undefined): KeyPair {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = encodeName({ commonName, organizations: [] })
  const issuer = authority && certificateParts(authority.cert)
  const hosts = authority ? [...new Set([host, 'localhost', '127.0.0.1'])] : []
  const now = clock.now()
  const cert = makeCertificate(
    {
      subject,
      issuer: issuer?.subject ?? subject,
      publicKey: createPublicKey(pair.privateKey),
      serial: serialNumber(random),
      notBefore: now - BACKDATE_MS,
      notAfter: now + (authority ? MEMBER_MS : AUTHORITY_MS),
      authority: authority === undefined,
      // a member is a server to clients and both to its peers
      usages: authority
        ? ['digital signature', 'key encipherment', 'server auth', 'client auth']
        : ['digital signature', 'key encipherment', 'cert sign'],
      names: {
        ...NO_ALTERNATIVE_NAMES,
        dnsNames: hosts.filter((h) => isIP(h) === 0),
        ipAddresses: hosts.filter((h) => isIP(h) !== 0),
      },
      ...(issuer && { authorityKeyId: issuer.keyId }),
    },
    authority ? createPrivateKey(authority.key) : pair.privateKey,
  )
  return { cert, key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
}
