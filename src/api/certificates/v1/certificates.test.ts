/** Trust bundles and requests for certificates of pods: names, anchors, keys, and answers that are final. */

import { deepEqual } from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { requestSpecErrors, requestStatusErrors, requestUpdateErrors } from './certificate-signing-request-rules.ts'
import type { CertificateSigningRequest } from './certificate-signing-request.ts'
import { anchorErrors, bundleErrors, bundleUpdateErrors } from './cluster-trust-bundle-rules.ts'
import type { ClusterTrustBundle } from './cluster-trust-bundle.ts'
import { issueTimeErrors, podRequestErrors, podRequestUpdateErrors } from './pod-certificate-request-rules.ts'
import type { PodCertificateRequest, PodCertificateRequestSpec } from './pod-certificate-request.ts'
import { signerNameErrors } from './signer-name.ts'
import type { FieldError } from '#schema/field-error.ts'

const messages = (errors: readonly FieldError[]) => errors.map((e) => e.message)

function bundle(name: string, spec: Partial<ClusterTrustBundle['spec']>): ClusterTrustBundle {
  return { metadata: { name } as never, spec: { trustBundle: '', ...spec } }
}

test('the name of a trust bundle starts with its signer', () => {
  deepEqual(messages(bundleErrors(bundle('example.com:a:one', { signerName: 'example.com/a' }))), [])
  deepEqual(messages(bundleErrors(bundle('one', { signerName: 'example.com/a' }))), [
    'metadata.name: Invalid value: "one": ClusterTrustBundle for signerName example.com/a must be named with prefix example.com:a:',
  ])
  deepEqual(messages(bundleErrors(bundle('a:b', {}))), [
    'metadata.name: Invalid value: "a:b": ClusterTrustBundle without signer name must not have ":" in its name',
  ])
})

test('anchors are certificates, and other blocks are counted and refused', () => {
  const block = (type: string, body: string) => `-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`
  const refused = (problem: string) => `spec.trustBundle: Invalid value: "<value omitted>": ${problem}`
  deepEqual(messages(anchorErrors('some text')), [refused('at least one trust anchor must be provided')])
  deepEqual(messages(anchorErrors(block('KEY', 'AAAA') + block('CERTIFICATE', 'AAAA') + block('CERTIFICATE', 'a: b\n\nAAAA'))), [
    refused('entry 0 has bad block type: KEY'),
    refused('entry 1 does not parse as X.509'),
    refused('entry 2 has PEM block headers'),
  ])
})

test('anchors are read again only when they change, and the signer stays', () => {
  const old = bundle('n', { trustBundle: 'old' })
  deepEqual(messages(bundleUpdateErrors(bundle('n', { trustBundle: 'old', signerName: 'a.b/c' }), old)), [
    'spec.signerName: Invalid value: "a.b/c": field is immutable',
  ])
  deepEqual(bundleUpdateErrors(bundle('n', { trustBundle: 'new' }), old).length, 1)
})

test('a signer is a domain and a path', () => {
  deepEqual(messages(signerNameErrors('example.com/a', 's')), [])
  deepEqual(messages(signerNameErrors('', 's')), ['s: Required value'])
  deepEqual(messages(signerNameErrors('host/a', 's')), [
    's: Invalid value: "host": should be a domain with at least two segments separated by dots',
  ])
})

/** DER: a tag, a length below 2^16, the content. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const length = content.length < 0x80 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

/** A request with no subject, signed by the key unless `forged`. */
function stub(curve: string, forged = false): string {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const info = der(0x30, Buffer.from([2, 1, 0]), der(0x30), spki, der(0xa0))
  const algorithm = der(0x30, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
  const signature = sign('sha256', forged ? Buffer.from('else') : info, privateKey)
  return der(0x30, info, algorithm, der(0x03, Buffer.from([0]), signature)).toString('base64')
}

function spec(change: Partial<PodCertificateRequestSpec> = {}): PodCertificateRequestSpec {
  return {
    signerName: 'example.com/a',
    podName: 'p',
    podUID: 'u',
    serviceAccountName: 's',
    serviceAccountUID: 'u',
    nodeName: 'n',
    nodeUID: 'u',
    maxExpirationSeconds: 86_400,
    stubPKCS10Request: stub('P-256'),
    ...change,
  }
}

test('a request is signed by the key it is for, on a curve that signers know', () => {
  deepEqual(messages(podRequestErrors(spec())), [])
  deepEqual(messages(podRequestErrors(spec({ stubPKCS10Request: stub('P-256', true) }))), [
    'spec.stubPKCS10Request: Invalid value: could not verify the signature of the PKCS#10 CSR',
  ])
  deepEqual(messages(podRequestErrors(spec({ stubPKCS10Request: stub('P-224') }))), [
    'spec.stubPKCS10Request: Invalid value: "curve secp224r1": elliptic public keys must use curve P256, P384, or P521',
  ])
  deepEqual(messages(podRequestErrors(spec({ stubPKCS10Request: 'AAAA' }))), [
    'spec.stubPKCS10Request: Invalid value: must be a valid PKCS#10 CSR',
  ])
})

test('signers of the cluster itself sign for a day at most', () => {
  deepEqual(messages(podRequestErrors(spec({ signerName: 'kubernetes.io/a', maxExpirationSeconds: 86_401 }))), [
    'spec.maxExpirationSeconds: Invalid value: 86401: must be in the range [3600, 86400]',
  ])
  deepEqual(messages(podRequestErrors(spec({ maxExpirationSeconds: 60 }))), [
    'spec.maxExpirationSeconds: Invalid value: 60: must be in the range [3600, 7862400]',
  ])
})

test('an answer is final', () => {
  const condition = { status: 'True', reason: 'No', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }
  const request = (status: PodCertificateRequest['status']): PodCertificateRequest => ({ metadata: {} as never, spec: spec(), status })
  const denied = request({ conditions: [{ ...condition, type: 'Denied' }] })
  const pending = request({})
  const change = (next: PodCertificateRequest, old: PodCertificateRequest) => messages(podRequestUpdateErrors(next, old, '', 'status'))
  deepEqual(change(denied, pending), [])
  deepEqual(change(pending, denied), ['status: Invalid value: immutable after PodCertificateRequest is issued, denied, or failed'])
  deepEqual(change(request({ certificateChain: 'x' }), pending), [
    'status: Invalid value: status is immutable unless transitioning to "Issued", "Denied", or "Failed"',
  ])
  deepEqual(change(request({ conditions: [{ ...condition, type: 'Issued' }] }), pending), [
    'status.certificateChain: Invalid value: "": issued certificate chain must contain at least one certificate',
  ])
})

test('a certificate starts about now', () => {
  const issued = {
    conditions: [{ type: 'Issued', status: 'True', reason: 'I', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    notBefore: '2026-01-01T00:00:00Z',
  }
  const at = Date.parse(issued.notBefore)
  deepEqual(messages(issueTimeErrors(issued, {}, at + 60_000)), [])
  deepEqual(messages(issueTimeErrors(issued, {}, at + 300_000)), [
    'status.notBefore: Invalid value: "2026-01-01T00:00:00Z": must be set to within 5 minutes of kube-apiserver\'s current time',
  ])
})

test('a request names a signer that exists in form, usages that are known, once each', () => {
  const spec = {
    request: 'aGVsbG8=',
    signerName: 'kubernetes.io/legacy-unknown',
    usages: ['signing', 'signing', 'odd'],
    expirationSeconds: 3,
  }
  deepEqual(
    requestSpecErrors(spec as never, 'spec').map((e) => e.message.replace(/: supported values: .*/, '')),
    [
      'spec.request: Invalid value: "aGVsbG8=": PEM block type must be CERTIFICATE REQUEST',
      'spec.usages[2]: Unsupported value: "odd"',
      'spec.usages[1]: Duplicate value: "signing"',
      'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
      'spec.expirationSeconds: Invalid value: 3: may not specify a duration less than 600 seconds (10 minutes)',
    ],
  )
})

test('a request is approved or denied, not both, and stays so', () => {
  const decided = (...conditions: readonly (readonly [string, string])[]) =>
    ({ status: { conditions: conditions.map(([type, status]) => ({ type, status })) } }) as unknown as CertificateSigningRequest
  deepEqual(messages(requestStatusErrors(decided(['Approved', 'True'], ['Denied', 'True'], ['Failed', 'False']).status, 'status')), [
    'status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
    'status.conditions[2].status: Unsupported value: "False": supported values: "True"',
  ])
  deepEqual(messages(requestUpdateErrors(decided(), decided(['Denied', 'True']), '', 'approval')), [
    'status.conditions: Forbidden: updates may not remove a condition of type "Denied"',
  ])
  deepEqual(messages(requestUpdateErrors(decided(['Approved', 'True'], ['Failed', 'True']), decided(), '', 'status')), [
    'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
  ])
  deepEqual(requestUpdateErrors(decided(['Approved', 'True']), decided(), '', 'approval'), [])
})

test('a certificate of a request comes once, as PEM, by the status path', () => {
  const holding = (certificate: string) =>
    ({ status: { certificate: Buffer.from(certificate).toString('base64') } }) as unknown as CertificateSigningRequest
  deepEqual(messages(requestUpdateErrors(holding('hello'), holding(''), '', 'status')), [
    'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
  ])
  deepEqual(messages(requestUpdateErrors(holding(''), holding('hello'), '', 'status')), [
    'status.certificate: Forbidden: updates may not modify existing certificate content',
  ])
})
