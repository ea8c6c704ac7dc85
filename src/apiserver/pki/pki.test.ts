import { deepEqual, equal, notEqual, throws } from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { VirtualClock } from '#base/clock.ts'
import { systemRandom } from '#base/random.ts'
import { makeCertificateRequest } from '#wire/x509/certificate-request.ts'
import { kubeconfig } from './kubeconfig.ts'
import { openPki } from './pki.ts'
import { signCertificate } from './sign-certificate.ts'

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'pki-'))
  t.after(() => rmSync(made, { recursive: true }))
  return made
}

const DAY = 24 * 3600 * 1000

test('a first start makes the files kubeadm would, keys for their owner only, and the next start keeps them', (t) => {
  const directory = folder(t)
  const clock = new VirtualClock()
  const first = openPki({ directory, clock, random: systemRandom, hosts: ['10.0.0.5', 'master-1'] })
  deepEqual(readdirSync(directory).toSorted(), [
    'admin.crt', 'admin.key', 'apiserver-kubelet-client.crt', 'apiserver-kubelet-client.key', 'apiserver.crt', 'apiserver.key', 'ca.crt', 'ca.key',
    'controller-manager.crt', 'controller-manager.key', 'front-proxy-ca.crt', 'front-proxy-ca.key', 'front-proxy-client.crt', 'front-proxy-client.key',
    'sa.key', 'sa.pub', 'scheduler.crt', 'scheduler.key',
  ]) // prettier-ignore
  for (const file of readdirSync(directory).filter((f) => f.endsWith('.key'))) equal(statSync(join(directory, file)).mode & 0o777, 0o600)
  equal(
    new X509Certificate(first.pair('serving').cert).subjectAltName,
    'DNS:kubernetes, DNS:kubernetes.default, DNS:kubernetes.default.svc, DNS:kubernetes.default.svc.cluster.local, DNS:localhost, DNS:master-1, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:10.96.0.1, IP Address:10.0.0.5',
  )
  const second = openPki({ directory, clock, random: systemRandom, hosts: ['10.0.0.5'] })
  deepEqual([second.ca, second.pair('serving'), second.serviceAccount], [first.ca, first.pair('serving'), first.serviceAccount])
})

test('a new address renews the serving certificate alone', (t) => {
  const directory = folder(t)
  const clock = new VirtualClock()
  const first = openPki({ directory, clock, random: systemRandom })
  const second = openPki({ directory, clock, random: systemRandom, hosts: ['10.0.0.6'] })
  notEqual(second.pair('serving').cert, first.pair('serving').cert)
  equal(second.pair('admin').cert, first.pair('admin').cert)
})

test('leaves are renewed before they run out, authorities with their own key', async (t) => {
  const directory = folder(t)
  const clock = new VirtualClock()
  const pki = openPki({ directory, clock, random: systemRandom })
  const old = pki.ca
  await clock.advance(200 * DAY)
  deepEqual(pki.renew(), [])
  await clock.advance(120 * DAY)
  deepEqual(pki.renew(), ['serving', 'kubeletClient', 'frontProxyClient', 'admin', 'controllerManager', 'scheduler'])
  equal(readFileSync(join(directory, 'admin.crt'), 'utf8'), pki.pair('admin').cert)
  const admin = pki.pair('admin')
  await clock.advance(3000 * DAY)
  deepEqual(pki.renew().slice(0, 2), ['ca', 'frontProxyCa'])
  equal(pki.ca.key, old.key)
  equal(new X509Certificate(admin.cert).verify(new X509Certificate(pki.ca.cert).publicKey), true)
})

test('an authority whose key is gone is not replaced behind everybody’s back', (t) => {
  const directory = folder(t)
  const parts = { directory, clock: new VirtualClock(), random: systemRandom }
  openPki(parts)
  unlinkSync(join(directory, 'ca.key'))
  throws(() => openPki(parts), { message: `${join(directory, 'ca')}.key is missing beside its certificate` })
})

test('a request is signed with its own subject and the given usages, within the life of the authority', (t) => {
  const clock = new VirtualClock()
  const pki = openPki({ directory: folder(t), clock, random: systemRandom })
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const csr = makeCertificateRequest({ subject: { commonName: 'system:node:n1', organizations: ['system:nodes'] } }, privateKey)
  const cert = new X509Certificate(
    signCertificate(csr, {
      ca: pki.ca,
      usages: ['digital signature', 'client auth'],
      lifetimeMs: 1e15,
      now: clock.now(),
      random: systemRandom,
    }),
  )
  const ca = new X509Certificate(pki.ca.cert)
  deepEqual({ ...cert.toLegacyObject().subject }, { O: 'system:nodes', CN: 'system:node:n1' })
  deepEqual([cert.keyUsage, cert.validTo, cert.verify(ca.publicKey), cert.ca], [['1.3.6.1.5.5.7.3.2'], ca.validTo, true, false])
})

test('a kubeconfig holds one cluster, user and context', () => {
  equal(
    kubeconfig({ server: 'https://127.0.0.1:6443', ca: 'CA', credentials: { token: 'a.b' }, user: 'joe' }),
    `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://127.0.0.1:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: joe
  name: joe@kubernetes
current-context: joe@kubernetes
kind: Config
preferences: {}
users:
- name: joe
  user:
    token: a.b
`,
  )
})
