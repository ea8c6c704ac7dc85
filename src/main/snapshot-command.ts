/** `k8ts snapshot`: takes a copy of what a cluster stores, looks at copies, and makes a store of one. */

import { createReadStream, existsSync } from 'node:fs'
import { link, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { settings, UsageError, type Values } from '#base/settings.ts'
import { ClusterRecords } from '#cli/cluster/record.ts'
import { command, OperatorError, type Environment } from '#cli/command.ts'
import { noCluster } from '#cli/commands/kubeconfig.ts'
import { plainly } from '#cli/data-directory.ts'
import { TransportError } from '#client/client.ts'
import { httpsTransport } from '#client/https-transport.ts'
import { loadKubeconfig } from '#client/kubeconfig.ts'
import { connectForMigration, migrateToEtcd, MigrationRefused } from '#store/migrate/to-etcd.ts'
import { writeHeldSnapshot, readSnapshot } from '#store/snapshot/snapshot.ts'
import { restoreToSqlite } from '#store/snapshot/restore-sqlite.ts'
import { holdDatabase } from '#store/sqlite/held-database.ts'
import { StoreUnavailable, type Revision } from '#store/store.ts'
import { progressTo } from './datastore-command.ts'
import { drill, newestIn } from './snapshot-drill.ts'
import { databaseIn, etcdAddress, etcdFolder, etcdSettings } from './datastore.ts'
import { examine, synced, writeVerified } from './snapshot-file.ts'

const BUMP_SQLITE = 1_000_000_000 // more than a store writes between a snapshot and its loss
const BUMP_ETCD = 10_000 // each is a transaction, about ten seconds for all
const SAVE_MS_MAX = 600_000
const STORE_FILES = ['store.db', 'store.db-wal']

const declared = settings({
  kubeconfig: { type: 'string', flag: 'kubeconfig', help: 'Of the cluster to save; by default that of the one started last' },
  dataDirectory: {
    type: 'string',
    flag: 'data-dir',
    help: 'save: of a stopped server, instead of asking one; restore: where to make the store',
  },
  replace: { type: 'bool', flag: 'replace', help: 'restore: move the store that is in --data-dir aside, into a folder beside it' },
  bumpRevision: {
    type: 'int',
    flag: 'bump-revision',
    help: `restore: how far above the snapshot resourceVersions go on; ${BUMP_SQLITE} for SQLite and ${BUMP_ETCD} for etcd unless given`,
    min: 0,
  },
  datastore: { type: 'string', flag: 'datastore', help: 'restore: sqlite or etcd', default: 'sqlite' },
  etcdServers: { type: 'list', flag: 'etcd-servers', help: 'restore: endpoints of an empty etcd' },
  ...etcdSettings,
  snapshotDirectory: { type: 'string', flag: 'snapshot-dir', help: 'drill: take the newest file in this folder' },
  encryptionConfig: {
    type: 'string',
    flag: 'encryption-provider-config',
    help: 'drill: the encryption configuration of the server that saved the file',
  },
})

type Flags = Values<typeof declared>

export const snapshot = command({
  usage: 'save FILE | status FILE | list DIR | restore FILE --data-dir D | drill [FILE] [flags]',
  description:
    'Saves all that a cluster stores, at one revision, while it is served; shows what a file holds; restores it into an empty data directory or etcd; proves that it can be restored, in a scratch folder. Encrypted values stay encrypted: keep their keys. A file whose name ends in .gz is compressed.',
  takesWords: true,
  settings: declared,
  async run({ values, words }, environment) {
    const [verb, given, ...more] = words
    const path = given ?? (verb === 'drill' ? values.snapshotDirectory : undefined)
    if (path === undefined || more.length > 0)
      throw new UsageError('expected: k8ts snapshot save, status, list, restore or drill, and one path')
    try {
      switch (verb) {
        case 'save':
          return await save(path, values, environment)
        case 'status':
          return await status(path, environment)
        case 'list':
          return await list(path, environment)
        case 'drill':
          if (given !== undefined && values.snapshotDirectory !== undefined)
            throw new UsageError('drill takes a file or --snapshot-dir, not both')
          return await drill(given ?? (await newestIn(path)), values, environment)
        case 'restore':
          return await restore(path, values, environment)
        default:
          throw new UsageError(`unknown command "${verb}" for "k8ts snapshot"`)
      }
    } catch (error) {
      if (error instanceof StoreUnavailable || error instanceof MigrationRefused || error instanceof TransportError)
        throw new OperatorError(`${error.message}`, { cause: error })
      const { code, path: at, syscall } = error as NodeJS.ErrnoException
      if (code === undefined || syscall === undefined) throw error
      throw new OperatorError(`cannot use ${at ?? path}: ${plainly(error)}`, { cause: error })
    }
  },
})

/** The file is there once it is whole, verified and on disk. */
async function save(file: string, values: Flags, environment: Environment): Promise<number> {
  if (existsSync(file)) throw new OperatorError(`${file} is there already: name a new file`)
  const unfinished = `${file}.unfinished`
  await rm(unfinished, { force: true })
  try {
    using held = values.dataDirectory === undefined ? undefined : holdDatabase(values.dataDirectory)
    const bytes = held ? writeHeldSnapshot(held) : await fetchSnapshot(kubeconfigOf(values, environment), environment)
    const found = await writeVerified(bytes, unfinished, { compressed: file.endsWith('.gz') })
    await rename(unfinished, file)
    await synced(dirname(resolve(file)))
    environment.out(`${found.entries} objects saved to ${file}, as of resourceVersion ${found.revision}.\n`)
    return 0
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

async function status(file: string, environment: Environment): Promise<number> {
  const { revision, entries, bytes, counts } = await examine(file)
  const rows = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `  ${String(count).padStart(8)}  ${name}\n`)
  environment.out(`resourceVersion ${revision}, ${entries} objects, ${bytes} bytes of values, whole\n${rows.join('')}`)
  return 0
}

async function list(directory: string, environment: Environment): Promise<number> {
  let allWhole = true
  for (const name of (await readdir(directory)).toSorted()) {
    const path = join(directory, name)
    const { size, mtime } = await stat(path)
    if (name.endsWith('.unfinished') || !(await stat(path)).isFile()) continue
    const said = await examine(path).then(
      (found) => `resourceVersion ${found.revision}, ${found.entries} objects`,
      (error: unknown) => {
        if (!(error instanceof StoreUnavailable)) throw error
        allWhole = false
        return error.message
      },
    )
    environment.out(`${name}   ${mtime.toISOString()}   ${size} bytes   ${said}\n`)
  }
  return allWhole ? 0 : 1
}

async function restore(file: string, values: Flags, environment: Environment): Promise<number> {
  const { datastore, dataDirectory, etcdServers } = values
  if (datastore === 'etcd') {
    if (etcdServers.length === 0 || dataDirectory !== undefined || values.replace)
      throw new UsageError(
        'restore --datastore etcd takes --etcd-servers, the endpoints of an empty etcd, and neither --data-dir nor --replace',
      )
    return restoreToEtcd(file, values, environment)
  }
  if (datastore !== 'sqlite')
    throw new UsageError(`invalid argument ${JSON.stringify(datastore)} for "--datastore" flag: must be sqlite or etcd`)
  if (dataDirectory === undefined) throw new UsageError('restore needs --data-dir, where the store is to be')
  const inside = existsSync(dataDirectory) ? (await readdir(dataDirectory)).filter((name) => name !== 'store.restoring') : []
  if (inside.length > 0 && !values.replace)
    throw new OperatorError(
      `${dataDirectory} is not empty: name an empty folder, or give --replace to move the store that is there aside and keep the keys beside it`,
    )
  const scratch = existsSync(databaseIn(dataDirectory)) ? await scratchIn(dataDirectory) : dataDirectory
  try {
    const revision = await restored(file, scratch, values.bumpRevision ?? BUMP_SQLITE, environment)
    const aside = scratch === dataDirectory ? undefined : await exchange(dataDirectory, scratch, environment)
    environment.out(
      `restored ${file} into ${dataDirectory}; resourceVersions go on above ${revision}.${aside === undefined ? '' : ` What was there is in ${aside}.`}\n`,
    )
    return 0
  } finally {
    if (scratch !== dataDirectory) await rm(scratch, { recursive: true, force: true })
  }
}

async function restoreToEtcd(file: string, values: Flags, environment: Environment): Promise<number> {
  const address = etcdAddress(values, 'etcd-servers')
  const scratch = await mkdtemp(`${resolve(file)}.restoring-`)
  try {
    await restored(file, scratch, values.bumpRevision ?? BUMP_ETCD, environment)
    using source = holdDatabase(scratch)
    using connection = await connectForMigration({ ...address, clock: systemClock, log: silentLog })
    const { entries, revision } = await migrateToEtcd({
      source,
      connection,
      prefix: etcdFolder(values.etcdPrefix),
      clock: systemClock,
      progress: progressTo(environment),
    })
    environment.out(`restored ${entries} objects of ${file} into etcd; resourceVersions go on above ${revision}.\n`)
    return 0
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function restored(file: string, directory: string, bumpRevision: number, environment: Environment): Promise<Revision> {
  return restoreToSqlite(await readSnapshot(createReadStream(file)), directory, { bumpRevision, now: environment.clock.now() })
}

async function scratchIn(directory: string): Promise<string> {
  for (const name of await readdir(directory)) if (name.startsWith('restored-')) await rm(join(directory, name), { recursive: true }) // of a restore that was cut off
  return mkdtemp(join(directory, 'restored-'))
}

/** At each moment the folder holds the whole old store or the whole new one; answers where the old one is. */
async function exchange(directory: string, scratch: string, environment: Environment): Promise<string> {
  try {
    holdDatabase(directory)[Symbol.dispose]() // nobody runs on it; what lay in its WAL is moved into the file
  } catch (error) {
    if (!(error instanceof StoreUnavailable) || error.reason !== 'damaged') throw error
  }
  const aside = join(directory, `replaced-${new Date(environment.clock.now()).toISOString().replaceAll(':', '')}`)
  await mkdir(aside, { mode: 0o700 })
  for (const name of STORE_FILES) if (existsSync(join(directory, name))) await link(join(directory, name), join(aside, name))
  await synced(aside)
  await rm(`${databaseIn(directory)}-wal`, { force: true }) // one of a damaged store is none of the new one's
  await rename(databaseIn(scratch), databaseIn(directory))
  await synced(directory)
  return aside
}

async function fetchSnapshot(kubeconfig: string, environment: Environment): Promise<AsyncIterable<Uint8Array>> {
  const transport = httpsTransport({ ...loadKubeconfig(kubeconfig), clock: systemClock, timeoutMs: SAVE_MS_MAX })
  const { status: code, body } = await transport.request({ method: 'GET', path: '/snapshot', signal: environment.signal })
  if (code === 200 && body.type === 'bytes') return body.stream
  if (code === 404) throw new OperatorError('the server of this cluster gives no snapshots: it is not of k8ts, or of an older release')
  const said = body.type === 'object' ? (body.object as { readonly message?: string }).message : undefined
  throw new OperatorError(said ?? `the server answered with status ${code}`)
}

function kubeconfigOf({ kubeconfig }: Flags, environment: Environment): string {
  const path =
    kubeconfig ?? (environment.variables['KUBECONFIG'] || undefined) ?? new ClusterRecords(environment.home).current()?.kubeconfig
  if (!path) throw new OperatorError(noCluster(undefined))
  return path
}
