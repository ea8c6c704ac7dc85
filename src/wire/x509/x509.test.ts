import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { makeCertificateRequest, readCertificateRequest } from './certificate-request.ts'
import { certificateParts, fromPem, makeCertificate, pem } from './certificate.ts'
import { addressBytes, canonicalAddress, encodeName } from './names.ts'

const from = Date.UTC(2026, 0, 1)
const until = Date.UTC(2051, 0, 1)

function authority(type: 'ec' | 'rsa' = 'ec') {
  const keys = type === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const subject = encodeName({ commonName: 'kubernetes', organizations: [] })
  const certificate = makeCertificate(
    {
      subject,
      issuer: subject,
      publicKey: keys.publicKey,
      serial: Buffer.of(0x80, 1),
      notBefore: from,
      notAfter: until,
      authority: true,
      usages: ['digital signature', 'cert sign'],
    },
    keys.privateKey,
  )
  return { keys, certificate, subject }
}

test('what is made here is a certificate to others: names, usages, validity and signature', () => {
  const ca = authority()
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const leaf = new X509Certificate(
    makeCertificate(
      {
        subject: encodeName({ commonName: 'admin', organizations: ['a,b', 'system:masters'] }),
        issuer: certificateParts(ca.certificate).subject,
        publicKey: keys.publicKey,
        serial: Buffer.of(1),
        notBefore: from,
        notAfter: from + 1000,
        authority: false,
        usages: ['digital signature', 'key encipherment', 'client auth', 'server auth'],
        names: { dnsNames: ['localhost'], ipAddresses: ['10.96.0.1', '::1'], emailAddresses: [], uris: [] },
        authorityKeyId: certificateParts(ca.certificate).keyId,
      },
      ca.keys.privateKey,
    ),
  )
  const root = new X509Certificate(ca.certificate)
  deepEqual(
    {
      subject: { ...leaf.toLegacyObject().subject },
      names: leaf.subjectAltName,
      usages: leaf.keyUsage,
      from: leaf.validFrom,
      to: leaf.validTo,
      issued: leaf.checkIssued(root) && leaf.verify(root.publicKey),
      ca: [root.ca, leaf.ca],
      rootTo: root.validTo,
      serial: root.serialNumber,
    },
    {
      subject: { CN: 'admin', O: ['a,b', 'system:masters'] },
      names: 'DNS:localhost, IP Address:10.96.0.1, IP Address:0:0:0:0:0:0:0:1',
      usages: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'],
      from: 'Jan  1 00:00:00 2026 GMT',
      to: 'Jan  1 00:00:01 2026 GMT',
      issued: true,
      ca: [true, false],
      rootTo: 'Jan  1 00:00:00 2051 GMT',
      serial: '8001',
    },
  )
})

test('an RSA authority signs as well', () => {
  const ca = authority('rsa')
  equal(new X509Certificate(ca.certificate).verify(ca.keys.publicKey), true)
})

test('a certificate request is read back as it was made', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = { commonName: 'system:node:n1', organizations: ['system:nodes'] }
  const text = makeCertificateRequest({ subject, names: { dnsNames: ['n1'], ipAddresses: ['fd00::1'] } }, privateKey)
  const read = readCertificateRequest(text)
  deepEqual(read.subject, subject)
  deepEqual(read.names, { dnsNames: ['n1'], ipAddresses: ['fd00::1'], emailAddresses: [], uris: [] })
  equal(read.publicKey.equals(publicKey), true)
})

test('a certificate request that was tampered with, cut or made of noise is refused', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const bytes = Buffer.from(
    fromPem(makeCertificateRequest({ subject: { commonName: 'system:node:n1', organizations: [] } }, privateKey), 'CERTIFICATE REQUEST'),
  )
  const at = bytes.indexOf('n1')
  const forged = Buffer.from(bytes)
  forged.write('n2', at)
  throws(() => readCertificateRequest(pem('CERTIFICATE REQUEST', forged)), {
    name: 'MalformedDer',
    message: 'a certificate request whose signature does not match its key',
  })
  for (let length = 0; length < bytes.length; length += 7)
    throws(() => readCertificateRequest(pem('CERTIFICATE REQUEST', bytes.subarray(0, length))), { name: 'MalformedDer' })
  throws(
    () => readCertificateRequest('hello'),
    (e: Error) => (match(e.message, /no PEM block/), true),
  )
})

test('addresses have one text form', () => {
  deepEqual(['0:0:0:0:0:0:0:1', 'FD00:0:0:1:0:0:0:1', '::ffff:10.0.0.1', '10.0.0.1', '::'].map(canonicalAddress), [
    '::1',
    'fd00:0:0:1::1',
    '::ffff:a00:1',
    '10.0.0.1',
    '::',
  ])
  equal(addressBytes('fe80::1').length, 16)
})
