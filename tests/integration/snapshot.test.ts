import { deepEqual, equal, match } from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encodeSnapshot } from '#store/snapshot/format.ts'
import { readSnapshot } from '#store/snapshot/snapshot.ts'
import type { Entry } from '#store/store.ts'
import { needsEtcd, startEtcd } from '../conformance/etcd-under-test.ts'
import { root, startServer, type ServerUnderTest } from './server-under-test.ts'

const scratch = mkdtempSync(join(tmpdir(), 'k8ts-snapshot-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

function k8ts(...words: string[]): Promise<Ended> {
  return k8tsWith(process.env, ...words)
}

function k8tsWith(env: NodeJS.ProcessEnv, ...words: string[]): Promise<Ended> {
  return new Promise((done) =>
    execFile(join(root, 'k8ts'), ['snapshot', ...words], { env }, (error, out, err) =>
      done({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    ),
  )
}

const configMap = (name: string, data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })
const MAPS = '/api/v1/namespaces/default/configmaps'

interface Listed {
  readonly metadata: { readonly resourceVersion: string }
  readonly items: readonly { readonly metadata: { readonly name: string; readonly resourceVersion: string }; readonly data?: object }[]
}

test('saved under load, restored beside and over the lost store: one moment of the cluster, and nobody goes back in time', async () => {
  const directory = join(scratch, 'data')
  const file = join(scratch, 'saved.gz')
  let newest = 0
  {
    await using server = await startServer({ directory })
    for (let i = 0; i < 60; i++) await server.call('POST', MAPS, configMap(`m-${i}`, { text: 'x'.repeat(2000) }))
    // one writer in turn: of its numbers in a-counter and z-counter, z never leads and never lags by more than one
    for (const name of ['a-counter', 'z-counter']) await server.call('POST', MAPS, configMap(name, { n: '0' }))
    const writing = new AbortController()
    const writer = count(server, writing.signal)
    const saved = await k8ts('save', file, '--kubeconfig', server.kubeconfig)
    writing.abort()
    newest = await writer
    deepEqual([saved.code, saved.err], [0, ''])
    match(saved.out, /^\d+ objects saved to .*, as of resourceVersion \d+\.\n$/)

    const again = await k8ts('save', file, '--kubeconfig', server.kubeconfig)
    deepEqual([again.code, again.err], [1, `k8ts snapshot: ${file} is there already: name a new file\n`])
    const stranger = await server.call('GET', '/snapshot', undefined, { anonymous: true })
    deepEqual([stranger.status, stranger.json().reason], [403, 'Forbidden'])

    const used = await k8ts('restore', file, '--data-dir', directory, '--replace')
    equal(used.code, 1)
    match(used.err, /is in use by another process/)
  }
  const shown = await k8ts('status', file)
  match(shown.out, /^resourceVersion \d+, \d+ objects, \d+ bytes of values, whole\n[\s\S]* {6}\d\d {2}configmaps\n/)
  const revision = Number(/resourceVersion (\d+)/.exec(shown.out)![1])

  const full = await k8ts('restore', file, '--data-dir', directory)
  deepEqual([full.code, /is not empty/.test(full.err)], [1, true])

  for (const [target, words] of [
    [join(scratch, 'fresh'), []],
    [directory, ['--replace']],
  ] as const) {
    const restored = await k8ts('restore', file, '--data-dir', target, ...words)
    deepEqual([restored.code, restored.err], [0, ''])
    await using server = await startServer({ directory: target })
    const list = (await server.call('GET', MAPS)).json<Listed>()
    const number = (name: string) => Number((list.items.find((m) => m.metadata.name === name)!.data as { n: string }).n)
    deepEqual([[0, 1].includes(number('a-counter') - number('z-counter')), list.items.length >= 62], [true, true])
    const versions = list.items.filter((m) => m.metadata.name.startsWith('m-')).map((m) => Number(m.metadata.resourceVersion))
    deepEqual([Math.max(...versions) <= revision, Number(list.metadata.resourceVersion) > newest], [true, true])
    for (const seen of [revision, newest]) {
      const watch = await server.call('GET', `${MAPS}?watch=true&timeoutSeconds=5&resourceVersion=${seen}`)
      deepEqual(watch.json<{ object: { code: number } }>().object.code, 410)
    }
  }
  const aside = readdirSync(directory).filter((name) => name.startsWith('replaced-'))
  deepEqual(
    aside.map((name) => readdirSync(join(directory, name))),
    [['store.db']],
  )
})

test('of a stopped server the folder is read; a damaged file is named and refused', async () => {
  const directory = join(scratch, 'stopped')
  {
    await using server = await startServer({ directory })
    await server.call('POST', MAPS, configMap('kept', { a: 'b' }))
  }
  const folder = mkdtempSync(join(scratch, 'files-'))
  const file = join(folder, 'saved')
  const saved = await k8ts('save', file, '--data-dir', directory)
  deepEqual([saved.code, saved.err], [0, ''])
  const bytes = readFileSync(file)
  bytes[bytes.length >> 1]! ^= 4
  writeFileSync(join(folder, 'flipped'), bytes)
  writeFileSync(join(folder, 'torn'), bytes.subarray(0, 1000))
  const target = join(scratch, 'never')
  const refused = await k8ts('restore', join(folder, 'flipped'), '--data-dir', target)
  deepEqual([refused.code, refused.err], [1, 'k8ts snapshot: the snapshot is damaged or none: a checksum does not match\n'])
  deepEqual(readdirSync(target), [])
  const listed = await k8ts('list', folder)
  deepEqual(
    [listed.code, listed.out.split('\n').map((line) => [line.split(' ')[0], /resourceVersion|damaged/.exec(line)?.[0]])],
    [
      1,
      [
        ['flipped', 'damaged'],
        ['saved', 'resourceVersion'],
        ['torn', 'damaged'],
        ['', undefined],
      ],
    ],
  )
})

test('a save and a restore that are killed leave nothing that could be taken for whole', async () => {
  const directory = join(scratch, 'killed')
  const file = join(scratch, 'killed-file')
  {
    await using server = await startServer({ directory })
    for (let i = 0; i < 200; i++) await server.call('POST', MAPS, configMap(`m-${i}`, { text: 'y'.repeat(50_000) }))
    const saving = spawn(join(root, 'k8ts'), ['snapshot', 'save', file, '--kubeconfig', server.kubeconfig], { stdio: 'ignore' })
    await seen(scratch, 'killed-file.unfinished')
    saving.kill('SIGKILL')
    await once(saving, 'exit')
    equal(readdirSync(scratch).includes('killed-file'), false)
    equal((await k8ts('save', file, '--kubeconfig', server.kubeconfig)).code, 0)
  }
  const target = mkdtempSync(join(scratch, 'target-'))
  const restoring = spawn(join(root, 'k8ts'), ['snapshot', 'restore', file, '--data-dir', target], { stdio: 'ignore' })
  await seen(target, 'store.restoring')
  restoring.kill('SIGKILL')
  await once(restoring, 'exit')
  deepEqual(readdirSync(target), ['store.restoring'])
  const restored = await k8ts('restore', file, '--data-dir', target)
  deepEqual([restored.code, restored.err, readdirSync(target)], [0, '', ['store.db']])
})

test('a drill serves what is in a file and says what does not come back; nothing is left of it', async () => {
  const directory = join(scratch, 'drilled')
  const folder = mkdtempSync(join(scratch, 'drills-'))
  const file = join(folder, 'whole')
  {
    await using server = await startServer({ directory, command: 'kube-apiserver' })
    for (let i = 0; i < 3; i++) await server.call('POST', MAPS, configMap(`m-${i}`, { a: 'b' }))
    const names = { plural: 'stars', kind: 'Star' }
    // stored as v2: nobody answers who could convert to v1
    const versions = ['v1', 'v2'].map((name) => ({
      name,
      served: true,
      storage: name === 'v2',
      schema: { openAPIV3Schema: { type: 'object' } },
    }))
    const clientConfig = { service: { namespace: 'default', name: 'gone' } }
    const conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig } }
    const made = await server.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'stars.example.com' },
      spec: { group: 'example.com', scope: 'Namespaced', names, versions, conversion },
    })
    equal(made.status, 201, made.text)
    const STARS = '/apis/example.com/v2/namespaces/default/stars'
    const star = { apiVersion: 'example.com/v2', kind: 'Star', metadata: { name: 'sun' } }
    for (let tried = 0; (await server.call('POST', STARS, star)).status !== 201; tried++) equal(tried < 100, true)
    equal((await k8ts('save', file, '--kubeconfig', server.kubeconfig)).code, 0)
  }
  const temporary = mkdtempSync(join(scratch, 'temporary-'))
  const drill = (...words: string[]) => k8tsWith({ ...process.env, TMPDIR: temporary }, 'drill', ...words)

  const good = await drill('--snapshot-dir', folder)
  deepEqual([good.code, good.err], [0, ''], good.out)
  match(good.out, / (\d) {9}\1 {2}configmaps\n[\s\S]* 1 {9}1 {2}stars\.example\.com\n[\s\S]*The drill succeeded/)

  const altered = async (name: string, change: (entry: Entry) => Entry) => {
    const { header, pages } = await readSnapshot(createReadStream(file))
    const entries = (await Array.fromAsync(pages)).flat().map(change)
    const path = join(folder, name)
    writeFileSync(path, Buffer.concat(await Array.fromAsync(encodeSnapshot(header, one(entries)))))
    return path
  }
  const m1 = '/registry/configmaps/default/m-1'
  const nonsense = await altered('nonsense', (e) => (e.key === m1 ? { ...e, value: Buffer.from('no object') } : e))
  const bad = await drill(nonsense)
  deepEqual([bad.code, /configmaps {3}DIFFERS/.test(bad.out), /The drill FAILED/.test(bad.out)], [1, true, true], bad.out + bad.err)

  const lost = await altered('lost', (e) => (e.key === m1 ? { ...e, key: '/registry/nowhere/default/m-1' } : e))
  const unserved = await drill(lost)
  deepEqual([unserved.code, unserved.err], [1, ''])
  match(unserved.out, / 1 {9}0 {2}nowhere\/default {3}DIFFERS: no API lists them\n/)

  const sealed = await altered('sealed', (e) => (e.key === m1 ? { ...e, value: Buffer.from('k8s:enc:aescbc:v1:k:x') } : e))
  const keyless = await drill(sealed)
  deepEqual([keyless.code, keyless.out], [1, ''])
  match(keyless.err, /1 values in \S+ are encrypted: the drill needs the --encryption-provider-config of the server/)
  deepEqual(readdirSync(temporary), [])
})

async function* one<T>(page: T): AsyncGenerator<T> {
  yield page
}

test(
  'between SQLite and etcd, either way: every object under its number, and who watches from before starts over',
  { skip: needsEtcd, timeout: 150_000 },
  async () => {
    const ofSqlite = join(scratch, 'of-sqlite')
    const ofEtcd = join(scratch, 'of-etcd.gz')
    await using etcd = await startEtcd()
    const onEtcd = ['--datastore', 'etcd', '--etcd-servers', etcd.endpoints[0]!]
    let before: Listed
    {
      await using server = await startServer({ command: 'kube-apiserver' })
      for (let i = 0; i < 50; i++) await server.call('POST', MAPS, configMap(`m-${i}`, { text: 'x'.repeat(2000) }))
      const { code, err } = await k8ts('save', ofSqlite, '--kubeconfig', server.kubeconfig)
      deepEqual([code, err], [0, ''])
      before = (await server.call('GET', MAPS)).json<Listed>()
    }
    const restored = await k8ts('restore', ofSqlite, ...onEtcd, '--bump-revision', '1000')
    deepEqual([restored.code, /(?:^|\n)revision (\d+) of \1\n$/.test(restored.err)], [0, true], restored.err)
    match(restored.out, /^restored \d+ objects of \S+ into etcd; resourceVersions go on above \d+\.\n$/)
    const twice = await k8ts('restore', ofSqlite, ...onEtcd)
    deepEqual([twice.code, /etcd is not empty/.test(twice.err)], [1, true])
    {
      await using server = await startServer({ command: 'kube-apiserver', flags: onEtcd })
      await checkRestored(server, before)
      await server.call('POST', MAPS, configMap('later', {}))
      const { code, err } = await k8ts('save', ofEtcd, '--kubeconfig', server.kubeconfig)
      deepEqual([code, err], [0, ''])
      before = (await server.call('GET', MAPS)).json<Listed>()
    }
    const target = join(scratch, 'from-etcd')
    const back = await k8ts('restore', ofEtcd, '--data-dir', target)
    deepEqual([back.code, back.err], [0, ''])
    await using server = await startServer({ command: 'kube-apiserver', directory: target })
    await checkRestored(server, before)
  },
)

async function checkRestored(server: ServerUnderTest, before: Listed): Promise<void> {
  const { items, metadata } = (await server.call('GET', MAPS)).json<Listed>()
  const lasting = (list: Listed['items']) => list.filter((m) => m.metadata.name !== 'kube-root-ca.crt') // of the new server's authority
  deepEqual(lasting(items), lasting(before.items))
  equal(Number(metadata.resourceVersion) > Number(before.metadata.resourceVersion), true)
  const watch = await server.call('GET', `${MAPS}?watch=true&timeoutSeconds=5&resourceVersion=${before.metadata.resourceVersion}`)
  equal(watch.json<{ object: { code: number } }>().object.code, 410)
}

async function count(server: ServerUnderTest, signal: AbortSignal): Promise<number> {
  let newest = 0
  for (let n = 1; !signal.aborted; n++)
    for (const name of ['a-counter', 'z-counter']) {
      const answer = await server.call('PUT', `${MAPS}/${name}`, configMap(name, { n: String(n) }))
      newest = Number(answer.json<{ metadata: { resourceVersion: string } }>().metadata.resourceVersion)
    }
  return newest
}

async function seen(directory: string, name: string): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!readdirSync(directory).includes(name)) {
    if (performance.now() > deadline) throw new Error(`${name} never came`)
    await new Promise((done) => setImmediate(done))
  }
}
