/** Encryption at rest with a real key management service over gRPC: the database does not tell, a restart reads on, what is wrong is said. */

import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Server, ServerCredentials, type handleUnaryCall } from '@grpc/grpc-js'
import { runProgram } from '../e2e/cluster-under-test.ts'
import { root, startServer } from './server-under-test.ts'
import { bytesField, decodeFields, encodeFields } from '#apiserver/encryption/fields.ts'

const directory = mkdtempSync(join(tmpdir(), 'encryption-'))
after(() => rmSync(directory, { recursive: true }))

/** It guards keys by turning their bits over. */
async function startKms(socket: string): Promise<Server> {
  const server = new Server()
  const same = (bytes: Uint8Array) => Buffer.from(bytes)
  const turned = (bytes: Uint8Array) => bytesField(decodeFields(bytes), 1).map((byte) => byte ^ 0xff)
  const answers: Record<string, (request: Uint8Array) => Uint8Array> = {
    Status: () =>
      encodeFields([
        [1, 'v2'],
        [2, 'ok'],
        [3, 'key-1'],
      ]),
    Encrypt: (request) =>
      encodeFields([
        [1, turned(request)],
        [2, 'key-1'],
      ]),
    Decrypt: (request) => encodeFields([[1, turned(request)]]),
  }
  const codec = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same }
  const methods = Object.keys(answers).map((name) => [
    name,
    { path: `/v2.KeyManagementService/${name}`, requestStream: false, responseStream: false, ...codec },
  ])
  const calls = Object.entries(answers).map(([name, answer]): [string, handleUnaryCall<Uint8Array, Uint8Array>] => [
    name,
    (call, done) => done(null, answer(call.request)),
  ])
  server.addService(Object.fromEntries(methods), Object.fromEntries(calls))
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
  )
  return server
}

const config = join(directory, 'encryption.yaml')
const socket = join(directory, 'kms.sock')
writeFileSync(
  config,
  `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - kms: { apiVersion: v2, name: vault, endpoint: "unix://${socket}" }
  - identity: {}
`,
)

test('secrets lie encrypted under keys of the service, and are read after a restart', async () => {
  const kms = await startKms(socket)
  const data = join(directory, 'data')
  const start = () => startServer({ directory: data, command: 'kube-apiserver', flags: ['--encryption-provider-config', config] })
  const path = '/api/v1/namespaces/default'
  try {
    {
      await using server = await start()
      equal((await server.call('POST', `${path}/secrets`, { metadata: { name: 's' }, stringData: { a: 'do not tell' } })).status, 201)
      equal((await server.call('POST', `${path}/configmaps`, { metadata: { name: 'c' }, data: { a: 'who can tell' } })).status, 201)
      equal((await server.call('GET', '/livez/kms-providers')).status, 200)
      const disk = Buffer.concat(['store.db', 'store.db-wal'].map((file) => readFileSync(join(data, file))))
      ok(disk.includes('who can tell'))
      ok(disk.includes('k8s:enc:kms:v2:vault:'))
      ok(!disk.includes(Buffer.from('do not tell').toString('base64')))
    }
    await using server = await start()
    const { data: read } = (await server.call('GET', `${path}/secrets/s`)).json<{ data: Record<string, string> }>()
    deepEqual(read, { a: Buffer.from('do not tell').toString('base64') })
  } finally {
    kms.forceShutdown()
  }
})

test('a service that is away, and a file that is wrong, are said in one sentence', async () => {
  const flags = ['--data-dir', join(directory, 'other'), '--secure-port', '0', '--encryption-provider-config']
  const away = await runProgram(join(root, 'k8ts'), ['kube-apiserver', ...flags, config], process.env)
  equal(away.code, 1)
  match(away.err, /^k8ts kube-apiserver: encryption by .*encryption.yaml cannot begin: [^\n]*\n$/m)
  const wrong = join(directory, 'wrong.yaml')
  writeFileSync(wrong, 'apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources: []\n')
  const refused = await runProgram(join(root, 'k8ts'), ['kube-apiserver', ...flags, wrong], process.env)
  equal(refused.code, 1)
  match(
    refused.err,
    /^k8ts kube-apiserver: the encryption configuration in .*wrong.yaml cannot be used: resources: Required value[^\n]*\n$/m,
  )
})
