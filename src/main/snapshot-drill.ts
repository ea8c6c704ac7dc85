/** `k8ts snapshot drill`: restores a file into a scratch folder, serves it, and compares what comes back with what is in the file. */

import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { virtualResources } from '#apiserver/encode/known-kinds.ts'
import { customPrefix, storagePrefix } from '#apiserver/registry/storage-key.ts'
import { sleep, systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { OperatorError, type Environment } from '#cli/command.ts'
import { StatusError, TransportError, type Client } from '#client/client.ts'
import { createClient } from '#client/create-client.ts'
import { httpsTransport } from '#client/https-transport.ts'
import { loadKubeconfig } from '#client/kubeconfig.ts'
import { restoreToSqlite } from '#store/snapshot/restore-sqlite.ts'
import { readSnapshot } from '#store/snapshot/snapshot.ts'
import { holdDatabase } from '#store/sqlite/held-database.ts'
import type { Entry, Revision } from '#store/store.ts'
import { discoverResources } from './discover-resources.ts'

export interface DrillOptions {
  /** The configuration that the server which saved the file had. */
  readonly encryptionConfig?: string
}

/** What is compared of each entry. */
interface Fingerprint {
  readonly modRevision: Revision
  readonly sum: string
}

type Fingerprints = ReadonlyMap<string, Fingerprint>

interface Row {
  readonly name: string
  readonly inFile: number
  /** Listed under the key and the resourceVersion the file has. */
  readonly served: number
  readonly why?: string
}

interface Listable {
  readonly name: string
  readonly path: string
  readonly prefix: string
  readonly namespaced: boolean
}

const READY_MS_MAX = 120_000
const LIST_MS_MAX = 60_000
const POLL_MS = 100
const STOP_MS_MAX = 10_000
const PAGE_OBJECTS = 500
const ENCRYPTED = Buffer.from('k8s:enc:')
/** What servers keep for themselves, and no API lists. */
const INTERNAL = ['/registry/k8ts.io/', '/registry/masterleases/', '/registry/ranges/']
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** Answers the exit status: 1 when anything differs. Throws `StoreUnavailable` and `OperatorError` when it does not come that far. */
export async function drill(file: string, options: DrillOptions, environment: Environment): Promise<number> {
  const started = environment.clock.monotonic()
  const { expected, encrypted } = await fingerprintsOf(file)
  if (encrypted > 0 && options.encryptionConfig === undefined)
    throw new OperatorError(
      `${encrypted} values in ${file} are encrypted: the drill needs the --encryption-provider-config of the server that saved them`,
    )
  const scratch = await mkdtemp(join(tmpdir(), 'k8ts-drill-')) // nobody else may read it
  try {
    const directory = join(scratch, 'data')
    await restoreToSqlite(await readSnapshot(createReadStream(file)), directory, { bumpRevision: 0, now: environment.clock.now() })
    const [restored, differing] = compareStore(expected, directory)
    const rows = await served(scratch, directory, expected, options, environment)
    const whole = differing.length === 0 && rows.every((r) => r.inFile === r.served && r.why === undefined)
    environment.out(`${file}\n${table(rows)}`)
    environment.out(`  checksum of all values: ${checksum(expected)} in the file, ${checksum(restored)} restored\n`)
    for (const key of differing.slice(0, 10)) environment.out(`  ${key} is not in the store as it is in the file\n`)
    if (!whole && encrypted > 0)
      environment.out(
        `  ${encrypted} values are encrypted: it may be that ${options.encryptionConfig} is not the configuration they were written with\n`,
      )
    const seconds = ((environment.clock.monotonic() - started) / 1000).toFixed(1)
    environment.out(whole ? `The drill succeeded in ${seconds} s.\n` : `The drill FAILED: what is marked above differs.\n`)
    return whole ? 0 : 1
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** The file that was written last. */
export async function newestIn(directory: string): Promise<string> {
  let newest: { readonly path: string; readonly time: number } | undefined
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    const found = await stat(path)
    if (!found.isFile() || name.endsWith('.unfinished') || found.mtimeMs <= (newest?.time ?? 0)) continue
    newest = { path, time: found.mtimeMs }
  }
  if (newest === undefined) throw new OperatorError(`there is no snapshot in ${directory}`)
  return newest.path
}

async function fingerprintsOf(file: string): Promise<{ readonly expected: Fingerprints; readonly encrypted: number }> {
  const expected = new Map<string, Fingerprint>()
  let encrypted = 0
  for await (const page of (await readSnapshot(createReadStream(file))).pages)
    for (const entry of page) {
      expected.set(entry.key, fingerprint(entry))
      if (ENCRYPTED.equals(entry.value.subarray(0, ENCRYPTED.length))) encrypted++
    }
  return { expected, encrypted }
}

function fingerprint({ value, createRevision, modRevision, version }: Entry): Fingerprint {
  const sum = createHash('sha256').update(`${createRevision} ${modRevision} ${version}\n`).update(value).digest('hex')
  return { modRevision, sum }
}

function checksum(of: Fingerprints): string {
  const hash = createHash('sha256')
  for (const key of [...of.keys()].toSorted()) hash.update(`${key} ${of.get(key)!.sum}\n`)
  return hash.digest('hex').slice(0, 16)
}

/** What the store holds, and the keys under which it is not what is expected. */
function compareStore(expected: Fingerprints, directory: string): readonly [Fingerprints, readonly string[]] {
  using held = holdDatabase(directory)
  const found = new Map([...held.entries()].map((entry) => [entry.key, fingerprint(entry)]))
  const keys = new Set([...expected.keys(), ...found.keys()])
  return [found, [...keys].filter((key) => expected.get(key)?.sum !== found.get(key)?.sum)]
}

async function served(
  scratch: string,
  directory: string,
  expected: Fingerprints,
  { encryptionConfig }: DrillOptions,
  environment: Environment,
): Promise<readonly Row[]> {
  const own = join(scratch, 'server') // where its certificates go, so that they end with the rest
  await mkdir(own)
  // as it would be looked at by `--read-only`: it makes no objects of its own
  const words = ['kube-apiserver', '--read-only', '--data-dir', directory, '--secure-port', '0', '--bind-address', '127.0.0.1']
  if (encryptionConfig !== undefined) words.push('--encryption-provider-config', resolve(encryptionConfig))
  const child = spawn(join(environment.root, 'k8ts'), words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment.variables, TMPDIR: own },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)))
  const ended = new Promise<void>((done) => child.once('close', done).once('error', done))
  try {
    const client = await ready(child, own, environment).catch((error: unknown) => {
      throw error instanceof OperatorError ? new OperatorError(`${error.message}\n${said.trim()}`, { cause: error }) : error
    })
    return await compareApi(client, expected, environment.signal)
  } finally {
    child.kill('SIGTERM')
    using _ = systemClock.timer(STOP_MS_MAX, () => child.kill('SIGKILL'))
    await ended
  }
}

async function ready(child: ChildProcess, own: string, { signal }: Environment): Promise<Client> {
  const deadline = systemClock.monotonic() + READY_MS_MAX
  for (; systemClock.monotonic() < deadline; await sleep(systemClock, POLL_MS, signal)) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
      throw new OperatorError('the restored store cannot be served:')
    const [folder = ''] = await readdir(own)
    const kubeconfig = join(own, folder, 'admin.kubeconfig')
    if (!existsSync(kubeconfig)) continue
    const transport = httpsTransport({ ...loadKubeconfig(kubeconfig), clock: systemClock, timeoutMs: LIST_MS_MAX })
    const answer = await transport.request({ method: 'GET', path: '/readyz', signal }).catch((error: unknown) => {
      if (!(error instanceof TransportError)) throw error
    })
    if (answer?.status === 200) return createClient(transport, { userAgent: 'k8ts-snapshot-drill' })
    await transport[Symbol.asyncDispose]?.()
  }
  throw new OperatorError(`the server of the restored store was not ready within ${READY_MS_MAX / 1000} s:`)
}

async function compareApi(client: Client, expected: Fingerprints, signal: AbortSignal): Promise<readonly Row[]> {
  const rows: Row[] = []
  const left = new Map([...expected].filter(([key]) => !INTERNAL.some((prefix) => key.startsWith(prefix))))
  for (const { name, path, prefix, namespaced } of await listables(client, signal)) {
    const inFile = [...left.keys()].filter((key) => key.startsWith(prefix))
    let [right, wrong] = [0, 0]
    let why: string | undefined
    try {
      for await (const { metadata } of listed(client, path, signal)) {
        const key = prefix + (namespaced ? `${metadata.namespace}/${metadata.name}` : metadata.name)
        if (String(left.get(key)?.modRevision) === metadata.resourceVersion) right++
        else wrong++
      }
    } catch (error) {
      if (!(error instanceof StatusError) && !(error instanceof TransportError)) throw error
      why = error.message
    }
    if (wrong > 0) why ??= `${wrong} are listed that are not so in the file`
    for (const key of inFile) left.delete(key)
    if (inFile.length > 0 || why !== undefined) rows.push({ name, inFile: inFile.length, served: right, ...(why !== undefined && { why }) })
  }
  for (const [name, keys] of Map.groupBy(left.keys(), (key) => key.split('/').slice(2, -1).join('/')))
    rows.push({ name, inFile: keys.length, served: 0, why: 'no API lists them' })
  return rows.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** One way to each folder of the store: what is served in several versions lies there once. */
async function listables(client: Client, signal: AbortSignal): Promise<readonly Listable[]> {
  const byPrefix = new Map<string, Listable>()
  const virtual = new Set(virtualResources)
  for (const resource of await discoverResources({ client, clock: systemClock, log: silentLog }, signal)) {
    const { apiVersion, group, plural, scope } = resource
    const prefix = storagePrefix(resource)
    if (virtual.has(resource) || byPrefix.has(prefix)) continue
    const path = `${group === '' ? '/api' : '/apis'}/${apiVersion}/${plural}`
    byPrefix.set(prefix, { name: group === '' ? plural : `${plural}.${group}`, path, prefix, namespaced: scope === 'Namespaced' })
  }
  const definitions = (await client.raw('GET', DEFINITIONS, undefined, signal)) as { readonly items: readonly Definition[] }
  for (const { spec } of definitions.items) {
    const { group, scope, versions, names } = spec
    const prefix = customPrefix({ group, plural: names.plural })
    // as it is stored: converting would ask webhooks that are not there, or worse, that are
    const version = versions.find((v) => v.served && v.storage) ?? versions.find((v) => v.served)
    if (version === undefined) continue
    const path = `/apis/${group}/${version.name}/${names.plural}`
    byPrefix.set(prefix, { name: `${names.plural}.${group}`, path, prefix, namespaced: scope === 'Namespaced' })
  }
  return [...byPrefix.values()]
}

interface Definition {
  readonly spec: {
    readonly group: string
    readonly scope: string
    readonly names: { readonly plural: string }
    readonly versions: readonly { readonly name: string; readonly served: boolean; readonly storage: boolean }[]
  }
}

interface ListPage {
  readonly metadata: { readonly continue?: string }
  readonly items: readonly ListedObject[]
}

interface ListedObject {
  readonly metadata: { readonly namespace?: string; readonly name: string; readonly resourceVersion: string }
}

async function* listed(client: Client, path: string, signal: AbortSignal): AsyncGenerator<ListedObject> {
  for (let next = ''; ;) {
    const page = (await client.raw('GET', `${path}?limit=${PAGE_OBJECTS}${next}`, undefined, signal)) as ListPage
    yield* page.items
    if (!page.metadata.continue) return
    next = `&continue=${encodeURIComponent(page.metadata.continue)}`
  }
}

function table(rows: readonly Row[]): string {
  const line = (inFile: string, served: string, name: string) => `  ${inFile.padStart(8)}  ${served.padStart(8)}  ${name}\n`
  return (
    line('in file', 'served', '') +
    rows
      .map((r) =>
        line(
          String(r.inFile),
          String(r.served),
          r.name + (r.inFile === r.served && !r.why ? '' : `   DIFFERS${r.why ? `: ${r.why}` : ''}`),
        ),
      )
      .join('')
  )
}
