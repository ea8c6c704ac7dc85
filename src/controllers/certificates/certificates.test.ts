import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { recognize } from './approver.ts'
import { isDone } from './cleaner.ts'
import { refusalOf, type RequestFacts } from './request.ts'
import { decideSigning } from './signer.ts'

const HOUR_MS = 3_600_000
const NOW = Date.parse('2026-01-02T00:00:00Z')
const KUBELET = 'kubernetes.io/kube-apiserver-client-kubelet'
const SERVING = 'kubernetes.io/kubelet-serving'
const noNames = { dnsNames: [], ipAddresses: [], emailAddresses: [], uris: [] }
const facts: RequestFacts = { subject: { commonName: 'system:node:n1', organizations: ['system:nodes'] }, names: noNames }
const clientUsages = ['digital signature', 'key encipherment', 'client auth']
const read = () => facts

function request(
  spec: Partial<CertificateSigningRequest['spec']> = {},
  conditions: readonly string[] = [],
  ageMs = 0,
  certificate?: string,
): CertificateSigningRequest {
  const at = new Date(NOW - ageMs).toISOString()
  return {
    metadata: { name: 'csr-1', creationTimestamp: at },
    spec: { request: '', signerName: KUBELET, usages: clientUsages, username: 'system:node:n1', ...spec },
    status: { conditions: conditions.map((type) => ({ type, status: 'True', lastUpdateTime: at })), ...(certificate && { certificate }) },
  } as unknown as CertificateSigningRequest
}

test('a kubelet may ask for itself, a bootstrapper for a node; anything else is left to people', () => {
  const tried = (csr: CertificateSigningRequest, of: RequestFacts = facts) => recognize(csr, () => of).map((r) => r.subresource)
  deepEqual(tried(request()), ['selfnodeclient', 'nodeclient'])
  deepEqual(tried(request({ username: 'system:bootstrap:abcdef' })), ['nodeclient'])
  deepEqual(tried(request({ signerName: SERVING })), [])
  deepEqual(tried(request({ usages: ['server auth', 'digital signature'] })), [])
  deepEqual(tried(request(), { ...facts, subject: { commonName: 'system:admin', organizations: ['system:masters'] } }), [])
  deepEqual(tried(request({}, ['Approved'])), [])
  deepEqual(tried(request({}, ['Denied'])), [])
})

test('a signer says in so many words what it does not sign', () => {
  const named = { ...facts, names: { ...noNames, dnsNames: ['n1'] } }
  equal(refusalOf(KUBELET, facts, ['digital signature', 'client auth']), undefined)
  equal(refusalOf(KUBELET, named, clientUsages), 'DNS subjectAltNames are not allowed')
  equal(refusalOf(KUBELET, facts, ['client auth']), 'usages did not match [client auth digital signature key encipherment]')
  equal(refusalOf(SERVING, facts, ['digital signature', 'server auth']), 'DNS or IP subjectAltName is required')
  equal(refusalOf(SERVING, named, ['digital signature', 'server auth']), undefined)
  equal(refusalOf('kubernetes.io/kube-apiserver-client', facts, ['server auth']), 'invalid usage for client certificate: server auth')
  equal(
    refusalOf('kubernetes.io/kube-apiserver-client', facts, ['digital signature']),
    'missing required usage for client certificate: client auth',
  )
})

test('only approved requests of known signers are signed, for no longer than the cluster allows', () => {
  const signer = { readRequest: read, lifetimeMs: 24 * HOUR_MS }
  deepEqual(decideSigning(request(), signer, NOW), { type: 'none' })
  deepEqual(decideSigning(request({ signerName: 'example.com/own' }, ['Approved']), signer, NOW), { type: 'none' })
  deepEqual(decideSigning(request({}, ['Approved', 'Failed']), signer, NOW), { type: 'none' })
  deepEqual(decideSigning(request({}, ['Approved']), signer, NOW), { type: 'sign', pem: '', lifetimeMs: 24 * HOUR_MS })
  deepEqual(decideSigning(request({ expirationSeconds: 7200 }, ['Approved']), signer, NOW), {
    type: 'sign',
    pem: '',
    lifetimeMs: 2 * HOUR_MS,
  })
  deepEqual(decideSigning(request({ expirationSeconds: 600_000 }, ['Approved']), signer, NOW), {
    type: 'sign',
    pem: '',
    lifetimeMs: 24 * HOUR_MS,
  })
  const refused = decideSigning(request({ usages: ['any'] }, ['Approved']), signer, NOW)
  deepEqual(refused.type === 'refuse' && refused.object.status.conditions?.at(-1)?.reason, 'SignerValidationFailure')
  throws(
    () =>
      decideSigning(
        request({}, ['Approved']),
        {
          readRequest: () => {
            throw new Error('not a request')
          },
        },
        NOW,
      ),
    /not a request/,
  )
})

test('requests are cleared away an hour after they were decided, a day after nobody did', () => {
  equal(isDone(request({}, ['Denied'], HOUR_MS / 2), NOW), false)
  equal(isDone(request({}, ['Denied'], 2 * HOUR_MS), NOW), true)
  equal(isDone(request({}, ['Approved'], 2 * HOUR_MS, 'Y2VydA=='), NOW), true)
  equal(isDone(request({}, ['Approved'], 2 * HOUR_MS), NOW), false)
  equal(isDone(request({}, [], 2 * HOUR_MS), NOW), false)
  equal(isDone(request({}, [], 25 * HOUR_MS), NOW), true)
})
