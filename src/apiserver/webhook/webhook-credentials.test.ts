import { deepEqual, throws } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { webhookCredentials } from './webhook-credentials.ts'

const directory = mkdtempSync(join(tmpdir(), 'webhook-users-'))
after(() => rmSync(directory, { recursive: true }))
const file = join(directory, 'kubeconfig')
const kinds = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'WebhookAdmissionConfiguration' }
writeFileSync(
  file,
  JSON.stringify({
    users: [
      { name: 'exact.ns.svc', user: { token: 'exact' } },
      { name: '*.ns.svc', user: { 'client-certificate-data': btoa('CERT'), 'client-key-data': btoa('KEY') } },
      { name: 'odd.example.com:8443', user: { username: 'u', password: 'p' } },
    ],
  }),
)

test('the user that is named as the webhook, or as a star before it, is shown to it', () => {
  const credentials = webhookCredentials({ ...kinds, kubeConfigFile: file })
  deepEqual(['exact.ns.svc:443', 'exact.ns.svc:8443', 'other.ns.svc:443', 'odd.example.com:8443', 'odd.example.com'].map(credentials), [
    { token: 'exact' },
    {},
    { cert: 'CERT', key: 'KEY' },
    { username: 'u', password: 'p' },
    {},
  ])
  deepEqual(webhookCredentials(undefined)('exact.ns.svc:443'), {})
})

test('a configuration that cannot be used is refused', () => {
  throws(() => webhookCredentials({ ...kinds, kubeConfigFile: 'kubeconfig' }), { name: 'AdmissionConfigurationError' })
  throws(() => webhookCredentials({ ...kinds, kubeConfigFile: `${file}x` }), { name: 'AdmissionConfigurationError' })
  throws(() => webhookCredentials({ ...kinds, kind: 'Other' }), { message: /^no kind "Other" is registered/ })
})
