/** Bad input, as it arrives over TLS: each gets the answer upstream gives, and the server goes on. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { root, startServer, type ServerUnderTest } from './server-under-test.ts'

let s: ServerUnderTest
before(async () => {
  s = await startServer({ flags: ['--datastore', 'memory'] })
})
after(() => s[Symbol.asyncDispose]())

interface Status {
  readonly kind: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly code: number
  readonly details?: { readonly causes?: readonly { readonly reason: string; readonly message: string; readonly field: string }[] }
}

const MERGE = { contentType: 'application/merge-patch+json' }
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: '1' } })

test('malformed JSON is a bad request', async () => {
  const answer = await s.call('POST', CONFIG_MAPS, '{"apiVersion":"v1",')
  equal(answer.status, 400)
  const { kind, reason, code } = answer.json<Status>()
  deepEqual({ kind, reason, code }, { kind: 'Status', reason: 'BadRequest', code: 400 })
})

test('malformed YAML is a bad request', async () => {
  const answer = await s.call('POST', CONFIG_MAPS, 'kind: ConfigMap\n\tbad: [', { contentType: 'application/yaml' })
  deepEqual([answer.status, answer.json<Status>().reason], [400, 'BadRequest'])
})

test('an unknown field is refused when validation is strict, and warned of otherwise', async () => {
  const body = { ...configMap('strict'), datta: { a: '1' } }
  const strict = await s.call('POST', `${CONFIG_MAPS}?fieldValidation=Strict`, body)
  deepEqual([strict.status, strict.json<Status>().reason], [400, 'BadRequest'])
  match(strict.json<Status>().message, /strict decoding error: unknown field "datta"/)
  const warned = await s.call('POST', `${CONFIG_MAPS}?fieldValidation=Warn`, body)
  equal(warned.status, 201)
  match(String(warned.headers['warning']), /299 - "unknown field \\"datta\\""/)
})

test('a body of 3 MiB and one byte is too large', async () => {
  const answer = await s.call('POST', CONFIG_MAPS, Buffer.alloc(3 * 1024 * 1024 + 1, 0x20))
  deepEqual([answer.status, answer.json<Status>().reason], [413, 'RequestEntityTooLarge'])
  match(answer.json<Status>().message, /limit is 3145728/)
})

test('a revision that is past history has expired, for lists, their continuation and watches', async () => {
  await using short = await startServer({ flags: ['--datastore', 'memory', '--etcd-compaction-interval', '1s'] })
  for (const name of ['a-past', 'b-past']) equal((await short.call('POST', CONFIG_MAPS, configMap(name))).status, 201)
  const first = (await short.call('GET', `${CONFIG_MAPS}?limit=1`)).json<{ metadata: { continue: string; resourceVersion: string } }>()
  const token = encodeURIComponent(first.metadata.continue)
  // watches resume from a window of the latest events, so there must be more of them than it holds
  for (let i = 0; i < 6_000; i += 100)
    await Promise.all(
      Array.from({ length: 100 }, (_, j) => short.call('PATCH', `${CONFIG_MAPS}/a-past`, { data: { a: `${i + j}` } }, MERGE)),
    )
  const expired = async (path: string) => {
    for (;;) {
      const answer = await short.call('GET', path)
      if (answer.status !== 200) return answer
      await new Promise((done) => setTimeout(done, 100))
    }
  }
  const list = await expired(`${CONFIG_MAPS}?resourceVersion=${first.metadata.resourceVersion}&resourceVersionMatch=Exact`)
  deepEqual([list.status, list.json<Status>().reason], [410, 'Expired'])
  const continued = await expired(`${CONFIG_MAPS}?limit=1&continue=${token}`)
  const { reason, message, metadata } = continued.json<Status & { metadata: { continue?: string } }>()
  deepEqual([continued.status, reason], [410, 'Expired'])
  match(
    message,
    /^The provided continue parameter is too old to display a consistent list result\. You can start a new list without the continue parameter/,
  )
  const inconsistent = await short.call('GET', `${CONFIG_MAPS}?limit=1&continue=${encodeURIComponent(metadata.continue!)}`)
  deepEqual(
    inconsistent.json<{ items: { metadata: { name: string } }[] }>().items.map((i) => i.metadata.name),
    ['b-past'],
  )
  const watch = await short.call('GET', `${CONFIG_MAPS}?watch=true&resourceVersion=${first.metadata.resourceVersion}&timeoutSeconds=5`)
  const event = watch.status === 200 ? (JSON.parse(watch.text.split('\n')[0]!) as { object: Status }).object : watch.json<Status>()
  deepEqual([event.code, event.reason], [410, 'Expired'])
})

test('a wrong content type is not supported, an impossible Accept not acceptable', async () => {
  const sent = await s.call('POST', CONFIG_MAPS, '<x/>', { contentType: 'text/xml' })
  deepEqual([sent.status, sent.json<Status>().reason], [415, 'UnsupportedMediaType'])
  const asked = await s.call('GET', CONFIG_MAPS, undefined, { accept: 'text/xml' })
  equal(asked.status, 406)
})

test('an invalid object names every cause', async () => {
  const answer = await s.call('POST', '/api/v1/namespaces/default/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'Bad_Name' },
    spec: { restartPolicy: 'Sometimes', containers: [{ name: 'a' }] },
  })
  const status = answer.json<Status>()
  deepEqual([answer.status, status.reason], [422, 'Invalid'])
  const causes = status.details?.causes?.map((c) => `${c.field} ${c.reason}`).toSorted()
  deepEqual(causes, [
    'metadata.name FieldValueInvalid',
    'spec.containers[0].image FieldValueRequired',
    'spec.restartPolicy FieldValueNotSupported',
  ])
})

test('an update from an old version is a conflict', async () => {
  const created = (await s.call('POST', CONFIG_MAPS, configMap('conflict'))).json<{ metadata: object }>()
  equal((await s.call('PUT', `${CONFIG_MAPS}/conflict`, { ...created, data: { a: '2' } })).status, 200)
  const late = await s.call('PUT', `${CONFIG_MAPS}/conflict`, { ...created, data: { a: '3' } })
  deepEqual([late.status, late.json<Status>().reason], [409, 'Conflict'])
  equal(
    late.json<Status>().message,
    'Operation cannot be fulfilled on configmaps "conflict": the object has been modified; please apply your changes to the latest version and try again',
  )
})

test('a name that exists already is refused, one that does not is not found', async () => {
  await s.call('POST', CONFIG_MAPS, configMap('twice'))
  const again = await s.call('POST', CONFIG_MAPS, configMap('twice'))
  deepEqual([again.status, again.json<Status>().message], [409, 'configmaps "twice" already exists'])
  const missing = await s.call('GET', `${CONFIG_MAPS}/nowhere`)
  deepEqual([missing.status, missing.json<Status>().message], [404, 'configmaps "nowhere" not found'])
})

test('a stranger is told what is forbidden, and may ask for the version', async () => {
  const refused = await s.call('GET', CONFIG_MAPS, undefined, { anonymous: true })
  deepEqual(
    [refused.status, refused.json<Status>().message],
    [403, 'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default"'],
  )
  const version = await s.call('GET', '/version', undefined, { anonymous: true })
  deepEqual([version.status, version.json<{ minor: string }>().minor], [200, '36'])
  equal((await s.call('GET', CONFIG_MAPS, undefined, { anonymous: true, headers: { authorization: 'Bearer nonsense' } })).status, 401)
})

test('names that are special to JavaScript are data like any other, or refused', async () => {
  const body = (key: string) => `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"special"},"data":{"${key}":"a"}}`
  equal((await s.call('POST', CONFIG_MAPS, body('__proto__'))).status, 400)
  equal((await s.call('POST', CONFIG_MAPS, body('constructor'))).status, 201)
  equal(({} as Record<string, unknown>)['a'], undefined)
  equal((await s.call('GET', `${CONFIG_MAPS}/special`)).json<{ data: Record<string, string> }>().data['constructor'], 'a')
})

test('deep nesting is refused without harm', async () => {
  const answer = await s.call(
    'POST',
    CONFIG_MAPS,
    `{"apiVersion":"v1","kind":"ConfigMap","metadata":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`,
  )
  equal(answer.status, 400)
  equal((await s.call('GET', '/livez')).text, 'ok')
})

async function runLauncher(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; err: string }> {
  const child = spawn(join(root, 'k8ts'), words, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
  let err = ''
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const [code] = (await once(child, 'exit')) as [number | null]
  return { code, err }
}

test('a port that is taken is said in one sentence', async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  const { port } = blocker.address() as { port: number }
  const directory = mkdtempSync(join(tmpdir(), 'taken-'))
  const ran = await runLauncher([
    'server',
    '--data-dir',
    directory,
    '--secure-port',
    String(port),
    '--bind-address',
    '127.0.0.1',
    '--datastore',
    'memory',
  ])
  blocker.close()
  rmSync(directory, { recursive: true })
  equal(ran.code, 1)
  match(ran.err.trim(), new RegExp(`^k8ts server: port ${port} .*taken.*$`))
})

test('a wrong command line says so and ends with 2', async () => {
  deepEqual(await runLauncher(['server', '--nope']), { code: 2, err: "error: unknown flag: --nope\nRun 'k8ts server --help' for usage.\n" })
  deepEqual(await runLauncher(['nonsense']), {
    code: 2,
    err: 'error: unknown command "nonsense" for "k8ts"\nRun \'k8ts --help\' for usage.\n',
  })
})

test('a kubeconfig that cannot be read is said in one sentence', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kubeconfig-'))
  const path = join(directory, 'config')
  const missing = await runLauncher(['kube-scheduler', '--kubeconfig', path])
  equal(missing.code, 1)
  match(missing.err.trim(), /^k8ts kube-scheduler: cannot read the kubeconfig .*\n?[^\n]*$/)
  writeFileSync(path, 'clusters: [')
  const broken = await runLauncher(['kube-scheduler', '--kubeconfig', path])
  equal(broken.code, 1)
  equal(broken.err.trim().split('\n').length, 1)
  rmSync(directory, { recursive: true })
})

test(
  'no root, or no containerd, is said before anything is started',
  { skip: process.getuid?.() === 0 ? false : 'needs root to become another user' },
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'home-'))
    chownSync(home, 65534, 65534)
    const child = spawn('setpriv', ['--reuid=65534', '--clear-groups', join(root, 'k8ts'), 'up'], {
      env: { ...process.env, K8TS_HOME: home, NODE_COMPILE_CACHE: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let err = ''
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    const [code] = (await once(child, 'exit')) as [number | null]
    rmSync(home, { recursive: true })
    equal(code, 1)
    match(err, /real containers need root, and this user is not/)
  },
)
