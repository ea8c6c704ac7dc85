/** Auditing as an operator sets it up: a log file, and a webhook over TLS that is down for a moment. */

import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runProgram } from '../e2e/cluster-under-test.ts'
import { root, startServer } from './server-under-test.ts'
import { openPki } from '#apiserver/pki/pki.ts'
import { systemClock } from '#base/clock.ts'
import { systemRandom } from '#base/random.ts'

const directory = mkdtempSync(join(tmpdir(), 'audit-'))
after(() => rmSync(directory, { recursive: true }))

const policyFile = join(directory, 'policy.yaml')
writeFileSync(
  policyFile,
  `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:apiserver", "system:kube-scheduler", "system:kube-controller-manager"]
- level: None
  userGroups: ["system:serviceaccounts"]
- level: Metadata
  resources: [{ group: "", resources: ["secrets"] }]
- level: RequestResponse
  omitManagedFields: true
`,
)

interface Event {
  readonly auditID: string
  readonly verb: string
  readonly requestURI: string
  readonly user: { readonly username?: string }
  readonly responseStatus: { readonly code: number }
  readonly requestObject?: { readonly data?: object }
}

test('every request is in the log, whatever became of it, by the id its caller was told', async () => {
  const path = join(directory, 'audit.log')
  await using server = await startServer({ flags: ['--audit-policy-file', policyFile, '--audit-log-path', path] })
  const events = () =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Event)
  const logged = (id: unknown) => {
    const found = events().filter((event) => event.auditID === id)
    return found.map(({ verb, user, responseStatus, requestObject }) => [
      verb,
      user.username ?? '',
      responseStatus.code,
      requestObject?.data,
    ])
  }
  const secrets = '/api/v1/namespaces/default/secrets'
  const secret = await server.call('POST', secrets, { metadata: { name: 's' }, data: { a: 'YQ==' } })
  const maps = '/api/v1/namespaces/default/configmaps'
  const map = await server.call('POST', maps, { metadata: { name: 'm' }, data: { a: 'a' } })
  const stranger = await server.call('GET', maps, undefined, { anonymous: true })
  const bad = await server.call('GET', maps, undefined, { anonymous: true, headers: { authorization: 'Bearer x', 'audit-id': 'my-own' } })
  const garbage = await server.call('POST', maps, 'not an object')
  const nowhere = await server.call('GET', '/nowhere')
  deepEqual(
    [secret, map, stranger, bad, garbage, nowhere].map((answer) => logged(answer.headers['audit-id'])),
    [
      [['create', 'kubernetes-admin', 201, undefined]],
      [['create', 'kubernetes-admin', 201, { a: 'a' }]],
      [['list', 'system:anonymous', 403, undefined]],
      [['list', '', 401, undefined]],
      [['create', 'kubernetes-admin', 400, undefined]],
      [['get', 'kubernetes-admin', 404, undefined]],
    ],
  )
  equal(bad.headers['audit-id'], 'my-own')
})

test('a webhook gets all of it in lists, even when it was away at first', async () => {
  const pki = openPki({ directory: join(directory, 'pki'), clock: systemClock, random: systemRandom })
  const lists: { readonly kind: string; readonly items: readonly Event[] }[] = []
  const seen = Promise.withResolvers<void>()
  let asked = 0
  const webhook = createServer(pki.issue({ commonName: 'audit', hosts: ['127.0.0.1'], usage: 'serving' }), async (request, response) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of request) chunks.push(chunk as Uint8Array)
    if (asked++ === 0) return void response.writeHead(503).end()
    lists.push(JSON.parse(Buffer.concat(chunks).toString()) as (typeof lists)[number])
    response.end()
    if (lists.some(({ items }) => items.some((event) => event.requestURI === '/version?wanted=1'))) seen.resolve()
  })
  webhook.listen(0, '127.0.0.1')
  await once(webhook, 'listening')
  const config = join(directory, 'webhook.yaml')
  const { port } = webhook.address() as AddressInfo
  writeFileSync(
    config,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'a',
          cluster: { server: `https://127.0.0.1:${port}/audit`, 'certificate-authority-data': Buffer.from(pki.ca.cert).toString('base64') },
        },
      ],
      contexts: [{ name: 'a', context: { cluster: 'a', user: '' } }],
      'current-context': 'a',
    }),
  )
  const flags = ['--audit-policy-file', policyFile, '--audit-webhook-config-file', config]
  {
    await using server = await startServer({
      flags: [...flags, '--audit-webhook-batch-max-wait', '100ms', '--audit-webhook-initial-backoff', '50ms'],
    })
    equal((await server.call('GET', '/version?wanted=1')).status, 200)
    await seen.promise
  }
  webhook.closeAllConnections()
  webhook.close()
  ok(asked > lists.length)
  deepEqual([...new Set(lists.map((list) => list.kind))], ['EventList'])
})

test('a policy that cannot be used is said in one sentence', async () => {
  const wrong = join(directory, 'wrong.yaml')
  writeFileSync(wrong, 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Some }]\n')
  const flags = ['--audit-policy-file', wrong, '--audit-log-path', '-', '--data-dir', join(directory, 'data'), '--secure-port', '0']
  const ran = await runProgram(join(root, 'k8ts'), ['kube-apiserver', ...flags], process.env)
  equal(ran.code, 1)
  match(
    ran.err,
    /^k8ts kube-apiserver: the audit policy in .*wrong.yaml cannot be used: rules\[0\].level: Unsupported value: "Some"[^\n]*\n$/,
  )
})
