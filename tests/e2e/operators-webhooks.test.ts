/** A module of Pepr, a framework whose operators bring webhooks over TLS, definitions and a store of their own, run unchanged against a server. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startServer, type Answer } from '../integration/server-under-test.ts'
import { eventually } from './cluster-under-test.ts'
import { keepRunning } from './operators/operator-process.ts'

type Value = Record<string, any> // oxlint-disable-line typescript/no-explicit-any -- objects of every kind, where a wrong path fails anyway

const source = join(import.meta.dirname, 'operators/pepr')
const packages = join(source, 'node_modules')
const TICKETS = '/apis/tickets.example.net/v1/namespaces/default/tickets'
const STORE = '/apis/pepr.dev/v1/namespaces/pepr-system/peprstores/pepr-ticket-office-store'
// the one port the framework knows
const PORT = 3000

test('webhooks complete and refuse, a reconciler applies, and the store outlives the operator', async (t) => {
  if (!existsSync(packages)) return t.skip('the packages are not installed: scripts/setup test')
  if (!(await isFree(PORT))) return t.skip(`port ${PORT}, where the framework serves its webhooks, is in use`)
  await using server = await startServer()
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-pepr-'))
  // a copy, since the framework builds where the module is
  for (const name of ['package.json', 'tsconfig.json', 'pepr.ts', 'capabilities']) {
    cpSync(join(source, name), join(directory, name), { recursive: true })
  }
  symlinkSync(packages, join(directory, 'node_modules'))
  await using _ = { [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }) }

  const startModule = () =>
    keepRunning('pepr', [join(packages, 'pepr/dist/cli.js'), 'dev', '--yes', '--host', 'localhost'], {
      env: { KUBECONFIG: server.kubeconfig, PEPR_RECONCILE_STRATEGY: 'kind' },
      directory,
      hasChildren: true,
      saysWithinMs: 60_000,
    })
  const read = async (path: string): Promise<Value> => {
    const answer = await server.call('GET', path)
    equal(answer.status, 200, answer.text)
    return answer.json()
  }
  const create = (name: string, title: string): Promise<Answer> =>
    server.call('POST', TICKETS, { apiVersion: 'tickets.example.net/v1', kind: 'Ticket', metadata: { name }, spec: { title } })
  const change = (name: string, title: string): Promise<Answer> =>
    server.call('PATCH', `${TICKETS}/${name}`, { spec: { title } }, { contentType: 'application/merge-patch+json' })
  const printed = (name: string, line: string): Promise<Value> =>
    eventually(line, async () => {
      const configMap = await read(`/api/v1/namespaces/default/configmaps/ticket-${name}`)
      deepEqual(configMap.data, { line })
      return configMap
    })

  {
    await using operator = startModule()
    await operator.says('Controller startup complete')
    for (const name of ['peprstores.pepr.dev', 'tickets.tickets.example.net']) {
      await eventually(`${name} is established`, async () => {
        const { status } = await read(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`)
        return status.conditions.find((c: Value) => c.type === 'Established' && c.status === 'True')
      })
    }
    for (const kind of ['mutating', 'validating']) {
      const path = `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations/pepr-ticket-office`
      const { webhooks } = await read(path)
      match(webhooks[0].clientConfig.url, /^https:\/\/localhost:3000\/(mutate|validate)\/[0-9a-f]{64}$/)
    }

    const made = await create('lamp', 'a lamp for the hall')
    equal(made.status, 201, made.text)
    const { metadata, spec } = made.json<Value>()
    deepEqual([metadata.labels, spec], [{ 'tickets.example.net/seen-for': 'create' }, { title: 'a lamp for the hall', priority: 'normal' }])
    const refused = await create('help', 'help!')
    deepEqual(refused.json(), {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'admission webhook "pepr-ticket-office.pepr.dev" denied the request: a ticket is a request, not a shout',
      code: 422,
    })
    const configMap = await printed('lamp', '#1 a lamp for the hall (normal)')
    deepEqual(
      configMap.metadata.managedFields.map((m: Value) => [m.manager, m.operation, m.fieldsV1]),
      [['pepr', 'Apply', { 'f:data': { 'f:line': {} } }]],
    )
    equal((await create('chair', 'a chair')).status, 201)
    await printed('chair', '#2 a chair (normal)')
    await operator.end('SIGKILL')
  }

  const kept = {
    __pepr_do_not_delete__: 'k-thx-bye',
    'ticket-office-v2-of-lamp': '1',
    'ticket-office-v2-of-chair': '2',
    'ticket-office-v2-last': '2',
  }
  deepEqual((await read(STORE)).data, kept)
  // nobody answers for the webhook, which is one to fail
  const unanswered = await change('lamp', 'a bigger lamp')
  equal(unanswered.status, 500)
  match(
    unanswered.json<Value>().message,
    /^Internal error occurred: failed calling webhook "pepr-ticket-office\.pepr\.dev": failed to call webhook: Post "https:\/\/localhost:3000\/mutate\//,
  )

  // a second life has other certificates and paths, and the numbers of the first
  await using operator = startModule()
  await operator.says('Controller startup complete')
  const changed = await change('lamp', 'a bigger lamp')
  equal(changed.status, 200, changed.text)
  deepEqual(changed.json<Value>().metadata.labels, { 'tickets.example.net/seen-for': 'update' })
  await printed('lamp', '#1 a bigger lamp (normal)')
  equal((await create('table', 'a table')).status, 201)
  await printed('table', '#3 a table (normal)')
  await eventually('the number in the status', async () => {
    const { status } = await read(`${TICKETS}/table`)
    deepEqual(status, { number: 3 })
    return true
  })
  await operator.end('SIGKILL')
})

const isFree = async (port: number): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const probe = createServer()
  probe.once('error', () => resolve(false))
  probe.listen(port, () => probe.close(() => resolve(true)))
  return promise
}
