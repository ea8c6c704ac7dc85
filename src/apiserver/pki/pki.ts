/** A cluster's keys and certificates: made on first start, renewed before they run out, laid out as kubeadm's pki folder. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import { certificateParts, makeCertificate } from '#wire/x509/certificate.ts'
import { canonicalAddress, encodeName, NO_ALTERNATIVE_NAMES, type DistinguishedName } from '#wire/x509/names.ts'
import { isIP } from 'node:net'

/** A certificate and its private key, in PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** Who holds a leaf certificate of the cluster. */
export type Holder = 'serving' | 'kubeletClient' | 'frontProxyClient' | 'admin' | 'controllerManager' | 'scheduler'

export interface Pki {
  readonly ca: KeyPair
  readonly frontProxyCa: KeyPair
  /** Signs and verifies service account tokens; PEM. */
  readonly serviceAccount: { readonly privateKey: string; readonly publicKey: string }
  /** The current certificate; ask again for each use, since renewal replaces it. */
  pair(holder: Holder): KeyPair
  /** A new client or serving certificate of the cluster's authority, kept nowhere: for node agents and users. */
  issue(wanted: {
    readonly commonName: string
    readonly organizations?: readonly string[]
    readonly hosts?: readonly string[]
    readonly usage: 'client' | 'serving'
    readonly lifetimeMs?: number
  }): KeyPair
  /** Replaces what runs out soon, on disk and here; answers what was replaced. Call it about daily. */
  renew(): readonly (Holder | 'ca' | 'frontProxyCa')[]
}

export interface PkiParts {
  /** The folder that holds `ca.crt` and the rest; made if need be. */
  readonly directory: string
  readonly clock: Pick<Clock, 'now'>
  readonly random: Random
  /** Further addresses and names to serve under: the machine's own, the advertised one. */
  readonly hosts?: readonly string[]
  /** The first address of the service range. */
  readonly serviceIp?: string
  readonly clusterDomain?: string
}

const DAY_MS = 24 * 3600 * 1000
const AUTHORITY_MS = 3650 * DAY_MS // as kubeadm
const LEAF_MS = 365 * DAY_MS
const AUTHORITY_RENEW_MS = 2 * LEAF_MS // so that no leaf outlives its authority
const LEAF_RENEW_MS = 60 * DAY_MS // leaves two months to notice that renewal does not work
const BACKDATE_MS = 5 * 60 * 1000 // clocks of other machines may be behind

interface Leaf {
  readonly file: string
  readonly name: DistinguishedName
  readonly authority: 'ca' | 'frontProxyCa'
  readonly usage: 'client' | 'serving'
}

const LEAVES: Readonly<Record<Holder, Leaf>> = {
  serving: { file: 'apiserver', name: { commonName: 'kube-apiserver', organizations: [] }, authority: 'ca', usage: 'serving' },
  kubeletClient: {
    file: 'apiserver-kubelet-client',
    name: { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] },
    authority: 'ca',
    usage: 'client',
  },
  frontProxyClient: {
    file: 'front-proxy-client',
    name: { commonName: 'front-proxy-client', organizations: [] },
    authority: 'frontProxyCa',
    usage: 'client',
  },
  admin: { file: 'admin', name: { commonName: 'kubernetes-admin', organizations: ['system:masters'] }, authority: 'ca', usage: 'client' },
  controllerManager: {
    file: 'controller-manager',
    name: { commonName: 'system:kube-controller-manager', organizations: [] },
    authority: 'ca',
    usage: 'client',
  },
  scheduler: { file: 'scheduler', name: { commonName: 'system:kube-scheduler', organizations: [] }, authority: 'ca', usage: 'client' },
}

const HOLDERS = Object.keys(LEAVES) as readonly Holder[]
const AUTHORITIES = {
  ca: { file: 'ca', commonName: 'kubernetes' },
  frontProxyCa: { file: 'front-proxy-ca', commonName: 'front-proxy-ca' },
} as const

/** Opens the folder, making and renewing what is missing or due. Throws when a file in it cannot be read or used. */
export function openPki(parts: PkiParts): Pki {
  const { directory, clock, random } = parts
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const domain = parts.clusterDomain ?? 'cluster.local'
  const hosts = [
    ...new Set([
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      `kubernetes.default.svc.${domain}`,
      'localhost',
      '127.0.0.1',
      '::1',
      parts.serviceIp ?? '10.96.0.1',
      ...(parts.hosts ?? []),
    ]),
  ]
  const authorities = {} as Record<'ca' | 'frontProxyCa', KeyPair>
  const leaves = {} as Record<Holder, KeyPair>

  const sign = (
    name: DistinguishedName,
    publicKeyPem: string,
    authority: KeyPair | undefined,
    signingKey: string,
    o: { usages: readonly string[]; lifetimeMs: number; hosts?: readonly string[] },
  ) => {
    const now = clock.now()
    const issuer = authority && certificateParts(authority.cert)
    const authorityEnd = authority ? Date.parse(new X509Certificate(authority.cert).validTo) : Infinity
    const subject = encodeName(name)
    return makeCertificate(
      {
        subject,
        issuer: issuer?.subject ?? subject,
        publicKey: createPublicKey(publicKeyPem),
        serial: serialNumber(random),
        notBefore: now - BACKDATE_MS,
        notAfter: Math.min(now + o.lifetimeMs, authorityEnd),
        authority: authority === undefined,
        usages: o.usages,
        names: {
          ...NO_ALTERNATIVE_NAMES,
          dnsNames: (o.hosts ?? []).filter((h) => isIP(h) === 0),
          ipAddresses: (o.hosts ?? []).filter((h) => isIP(h) !== 0),
        },
        ...(issuer && { authorityKeyId: issuer.keyId }),
      },
      createPrivateKey(signingKey),
    )
  }

  const makeAuthority = (which: 'ca' | 'frontProxyCa', key: string): KeyPair => {
    const { file, commonName } = AUTHORITIES[which]
    const cert = sign({ commonName, organizations: [] }, publicOf(key), undefined, key, {
      usages: ['digital signature', 'key encipherment', 'cert sign'],
      lifetimeMs: AUTHORITY_MS,
      hosts: [commonName],
    })
    return write(directory, file, { cert, key })
  }

  const issue: Pki['issue'] = (wanted) => {
    const key = newKey()
    return {
      key,
      cert: sign(nameOf(wanted.commonName, wanted.organizations), publicOf(key), authorities.ca, authorities.ca.key, {
        usages: usagesOf(wanted.usage),
        lifetimeMs: wanted.lifetimeMs ?? LEAF_MS,
        ...(wanted.hosts && { hosts: wanted.hosts }),
      }),
    }
  }

  const makeLeaf = (holder: Holder): KeyPair => {
    const leaf = LEAVES[holder]
    const authority = authorities[leaf.authority]
    const key = newKey()
    const cert = sign(leaf.name, publicOf(key), authority, authority.key, {
      usages: usagesOf(leaf.usage),
      lifetimeMs: LEAF_MS,
      ...(leaf.usage === 'serving' && { hosts }),
    })
    return write(directory, leaf.file, { cert, key })
  }

  const renew: Pki['renew'] = () => {
    const now = clock.now()
    const replaced: (Holder | 'ca' | 'frontProxyCa')[] = []
    for (const which of ['ca', 'frontProxyCa'] as const) {
      const found = (authorities[which] ??= read(directory, AUTHORITIES[which].file)!)
      // renewed with its own key, so that everything it signed stays valid
      if (found !== undefined && remaining(found, now) > AUTHORITY_RENEW_MS) continue
      authorities[which] = makeAuthority(which, found?.key ?? newKey())
      replaced.push(which)
    }
    for (const holder of HOLDERS) {
      const found = (leaves[holder] ??= read(directory, LEAVES[holder].file)!)
      const wanted = LEAVES[holder].usage === 'serving' ? hosts : []
      if (found !== undefined && remaining(found, now) > LEAF_RENEW_MS && fits(found, authorities[LEAVES[holder].authority], wanted))
        continue
      leaves[holder] = makeLeaf(holder)
      replaced.push(holder)
    }
    return replaced
  }

  renew()
  return {
    get ca() {
      return authorities.ca
    },
    get frontProxyCa() {
      return authorities.frontProxyCa
    },
    serviceAccount: serviceAccountKeys(directory),
    pair: (holder) => leaves[holder],
    issue,
    renew,
  }
}

const nameOf = (commonName: string, organizations: readonly string[] = []): DistinguishedName => ({ commonName, organizations })
const usagesOf = (usage: 'client' | 'serving') => [
  'digital signature',
  'key encipherment',
  usage === 'client' ? 'client auth' : 'server auth',
]

/** A positive number of 63 random bits. */
export function serialNumber(random: Random): Uint8Array {
  const bytes = Buffer.from(random.bytes(8))
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes
}

// P-256: a key takes a fraction of a millisecond, where RSA would take most of the time a start may take
function newKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
}

function publicOf(key: string): string {
  return createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string
}

function serviceAccountKeys(directory: string): Pki['serviceAccount'] {
  let privateKey = readIfThere(join(directory, 'sa.key'))
  if (privateKey === undefined) writeFile(join(directory, 'sa.key'), (privateKey = newKey()), 0o600)
  const publicKey = publicOf(privateKey)
  if (readIfThere(join(directory, 'sa.pub')) === undefined) writeFile(join(directory, 'sa.pub'), publicKey, 0o644)
  return { privateKey, publicKey }
}

function remaining(pair: KeyPair, now: number): number {
  return Date.parse(new X509Certificate(pair.cert).validTo) - now
}

/** Whether the certificate is this authority's and names every host that it has to. */
function fits(pair: KeyPair, authority: KeyPair, hosts: readonly string[]): boolean {
  const cert = new X509Certificate(pair.cert)
  const names = new Set(
    (cert.subjectAltName ?? '').split(', ').map((n) => {
      const [type, ...rest] = n.split(':')
      return type === 'IP Address' ? canonicalAddress(rest.join(':')) : rest.join(':')
    }),
  )
  return cert.verify(createPublicKey(authority.cert)) && hosts.every((h) => names.has(isIP(h) === 0 ? h : canonicalAddress(h)))
}

function read(directory: string, file: string): KeyPair | undefined {
  const cert = readIfThere(join(directory, `${file}.crt`))
  const key = readIfThere(join(directory, `${file}.key`))
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined) {
    // an authority without its key is somebody's choice, or a loss; a new one would lock every client out
    if (file.endsWith('ca'))
      throw new Error(
        `${join(directory, file)}.${cert === undefined ? 'crt' : 'key'} is missing beside its ${cert === undefined ? 'key' : 'certificate'}`,
      )
    return undefined
  }
  try {
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return { cert, key }
  } catch (cause) {
    throw new Error(`cannot read ${join(directory, file)}.crt and .key: ${(cause as Error).message}`, { cause })
  }
  // a crash between the two files of a leaf leaves an old certificate beside a new key
  if (file.endsWith('ca')) throw new Error(`${join(directory, file)}.key does not belong to ${file}.crt`)
  return undefined
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The key first: a key without a certificate is made anew, a certificate without its key could not be told from a loss. */
function write(directory: string, file: string, pair: KeyPair): KeyPair {
  writeFile(join(directory, `${file}.key`), pair.key, 0o600)
  writeFile(join(directory, `${file}.crt`), pair.cert, 0o644)
  return pair
}

/** Writes a file so that it is there whole or not at all. */
export function writeFile(path: string, text: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.new`
  const file = openSync(temporary, 'w', mode)
  try {
    chmodSync(temporary, mode) // an older file of that name would keep its own mode
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
}
