import { deepEqual, equal, match } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startBucket } from './bucket-under-test.ts'
import { root, startServer, type ServerUnderTest } from './server-under-test.ts'

const scratch = mkdtempSync(join(tmpdir(), 'k8ts-snapshot-schedule-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

const NAME = /^k8ts-\d{8}T\d{6}Z-\d+\.snapshot\.gz$/
const OLD = ['k8ts-20200101T000000Z-5.snapshot.gz', 'k8ts-20200102T000000Z-9.snapshot.gz', 'k8ts-20200103T000000Z-12.snapshot.gz']
const SCHEDULE = ['--snapshot-schedule', '8760h', '--snapshot-retention', '2']

test('a server saves into a folder once in a span, removes old ones of its own, and what it saved can be restored', async () => {
  const directory = join(scratch, 'data')
  const folder = join(scratch, 'folder')
  mkdirSync(folder)
  for (const name of [...OLD, 'mine.snapshot.gz']) writeFileSync(join(folder, name), 'x')
  const flags = [...SCHEDULE, '--snapshot-dir', folder]
  let name = ''
  for (const run of ['first', 'again']) {
    await using server = await startServer({ directory, flags, command: run === 'first' ? 'server' : 'kube-apiserver' })
    await until(server, async () => /k8ts_snapshot_last_success_timestamp_seconds\{/.test(await metricsOf(server)))
    await until(server, async () => readdirSync(folder).length === 3)
    const names = readdirSync(folder)
    name = names.find((n) => NAME.test(n) && !OLD.includes(n))!
    deepEqual(names.toSorted(), [OLD[2]!, name, 'mine.snapshot.gz'])
    equal(statSync(join(folder, name)).mode & 0o777, 0o600)
    match(await metricsOf(server), new RegExp(`k8ts_snapshots_total{place="directory",result="success"} ${run === 'first' ? 1 : 0}\n`))
  }
  const restored = await k8ts(['snapshot', 'restore', join(folder, name), '--data-dir', join(scratch, 'restored')])
  deepEqual([restored.code, restored.err], [0, ''])
  await using server = await startServer({ directory: join(scratch, 'restored') })
  equal((await server.call('GET', '/api/v1/namespaces/kube-system')).status, 200)
})

test('a folder that cannot be used is said and counted, while the server serves', async () => {
  const file = join(scratch, 'a-file')
  writeFileSync(file, '')
  await using server = await startServer({ flags: [...SCHEDULE, '--snapshot-dir', join(file, 'below')] })
  await until(server, async () => (await metricsOf(server)).includes('k8ts_snapshots_total{place="directory",result="failure"} 1'))
  match(server.log(), /a scheduled snapshot failed and is tried again at the next minute/)
})

const KEYS = { id: 'AKEXAMPLE', secret: 'a/secret+of=ours' }
const PREFIX = "back ups/it's (prod)+/"

test('servers that share a bucket save one snapshot into it in a span, signed, and thin out their own', async () => {
  await using bucket = await startBucket({ ...KEYS, region: 'eu-test-1', bucket: 'saved' })
  for (const name of OLD) bucket.objects.set(`${PREFIX}${name}`, Buffer.from('x'))
  const others = [OLD[0]!, `${PREFIX}k8ts-notes`, `${PREFIX}k8ts-below/${OLD[0]}`]
  for (const key of others) bucket.objects.set(key, Buffer.from('x'))
  const flags = flagsOf(bucket.url, credentialsFile('good', KEYS.secret))
  {
    await using server = await startServer({ flags })
    await until(server, async () => /k8ts_snapshot_last_success_timestamp_seconds\{/.test(await metricsOf(server)))
    await until(server, async () => bucket.objects.size === others.length + 2)
    await using second = await startServer({ flags, command: 'kube-apiserver' })
    await until(second, async () => /k8ts_snapshot_last_success_timestamp_seconds\{/.test(await metricsOf(second)))
    match(await metricsOf(second), /k8ts_snapshots_total\{place="s3",result="success"\} 0\n/)
    deepEqual(unfinishedIn(server.directory), [])
  }
  const key = [...bucket.objects.keys()].find((k) => k.startsWith(PREFIX) && NAME.test(k.slice(PREFIX.length)) && !k.endsWith(OLD[2]!))!
  deepEqual([...bucket.objects.keys()].toSorted(), [...others, `${PREFIX}${OLD[2]}`, key].toSorted())
  deepEqual(bucket.refused, [])
  const file = join(scratch, 'downloaded.gz')
  writeFileSync(file, bucket.objects.get(key)!)
  const restored = await k8ts(['snapshot', 'restore', file, '--data-dir', join(scratch, 'from-bucket')])
  deepEqual([restored.code, restored.err], [0, ''])
})

test('a bucket that refuses its keys is said and counted; nothing is left behind', async () => {
  await using bucket = await startBucket({ ...KEYS, region: 'eu-test-1', bucket: 'saved' })
  await using server = await startServer({ flags: flagsOf(bucket.url, credentialsFile('bad', 'another')) })
  await until(server, async () => (await metricsOf(server)).includes('k8ts_snapshots_total{place="s3",result="failure"} 1'))
  match(server.log(), /was answered with status 403 SignatureDoesNotMatch: they differ/)
  deepEqual([bucket.objects.size, unfinishedIn(server.directory)], [0, []])
})

function flagsOf(url: string, credentials: string): readonly string[] {
  const words = { endpoint: url, bucket: 'saved', prefix: PREFIX, region: 'eu-test-1', 'credentials-file': credentials }
  return [...SCHEDULE, ...Object.entries(words).flatMap(([name, value]) => [`--snapshot-s3-${name}`, value])]
}

function credentialsFile(name: string, secret: string): string {
  const file = join(scratch, name)
  const other = '[other]\naws_access_key_id = none\naws_secret_access_key = none\n'
  writeFileSync(file, `[default]\naws_access_key_id = ${KEYS.id}\naws_secret_access_key=${secret}\n\n${other}`)
  return file
}

function unfinishedIn(directory: string): readonly string[] {
  return readdirSync(directory).filter((name) => name.includes('unfinished'))
}

test('flags that say nothing sensible are refused', async () => {
  const said = async (...flags: string[]) => (await k8ts(['server', '--data-dir', join(scratch, 'never'), ...flags])).err.split('\n')[0]
  deepEqual(
    [
      await said('--snapshot-schedule', '0 * * * *', '--snapshot-dir', scratch),
      await said('--snapshot-schedule', '5s', '--snapshot-dir', scratch),
      await said('--snapshot-schedule', '6h'),
      await said('--snapshot-dir', scratch),
      await said('--snapshot-schedule', '6h', '--snapshot-s3-bucket', 'b'),
    ],
    [
      'error: invalid argument "0 * * * *" for "--snapshot-schedule" flag: cron expressions are not taken here; expected an interval such as 6h or 30m',
      'error: invalid argument "5s" for "--snapshot-schedule" flag: expected one minute or more',
      'error: --snapshot-schedule needs a place for its files: --snapshot-dir or --snapshot-s3-bucket',
      'error: --snapshot-dir goes with --snapshot-schedule, which says how often',
      'error: a bucket takes all of --snapshot-s3-endpoint, --snapshot-s3-bucket and --snapshot-s3-credentials-file',
    ],
  )
})

async function metricsOf(server: ServerUnderTest): Promise<string> {
  return (await server.call('GET', '/metrics')).text
}

async function until(server: ServerUnderTest, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`it never came: ${server.log()}`)
    await new Promise((done) => setImmediate(done))
  }
}

function k8ts(words: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  return new Promise((done) =>
    execFile(join(root, 'k8ts'), words, { timeout: 30_000 }, (error, out, err) =>
      done({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    ),
  )
}
