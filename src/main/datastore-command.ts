/** `k8ts datastore migrate`: from the SQLite file of a data directory to etcd, resourceVersions and all. */

import { existsSync } from 'node:fs'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { settings, UsageError } from '#base/settings.ts'
import { command, OperatorError, type Environment } from '#cli/command.ts'
import { plainly } from '#cli/data-directory.ts'
import { writeSnapshotFile } from '#store/etcd/snapshot-file.ts'
import { connectForMigration, migrateToEtcd, MigrationRefused } from '#store/migrate/to-etcd.ts'
import { holdDatabase, type HeldDatabase } from '#store/sqlite/held-database.ts'
import { StoreUnavailable } from '#store/store.ts'
import { etcdAddress, etcdFolder, etcdSettings } from './datastore.ts'

const PROGRESS_EVERY_MS = 5000
const MINUTE_MS = 60_000 // what a lease has left at least, so that the server sees what it held go

export const datastore = command({
  usage: 'migrate --data-dir D --to-etcd ENDPOINTS [flags]',
  description:
    'Moves what the SQLite file of a data directory holds to an empty etcd. Every object keeps its resourceVersion. The server must be stopped; the file is not changed. What breaks off is gone on with when run again.',
  takesWords: true,
  settings: settings({
    dataDirectory: { type: 'string', flag: 'data-dir', help: 'Where the database lies', default: './k8ts-data' },
    toSnapshot: {
      type: 'string',
      flag: 'to-etcd-snapshot',
      help: 'Write a snapshot for etcdctl snapshot restore instead: the way for stores of millions of revisions',
      placeholder: 'FILE',
    },
    toEtcd: { type: 'list', flag: 'to-etcd', help: 'Endpoints of the etcd cluster, such as https://10.0.0.1:2379' },
    ...etcdSettings,
  }),
  async run({ values, words }, environment) {
    if (words.length !== 1 || words[0] !== 'migrate') throw new UsageError('expected: k8ts datastore migrate')
    if ((values.toEtcd.length === 0) === (values.toSnapshot === undefined))
      throw new UsageError('expected either --to-etcd, the endpoints of an empty etcd, or --to-etcd-snapshot')
    if (values.toSnapshot !== undefined)
      return toSnapshot(values.dataDirectory, values.toSnapshot, etcdFolder(values.etcdPrefix), environment)
    const address = etcdAddress({ ...values, etcdServers: values.toEtcd }, 'to-etcd')
    const started = environment.clock.monotonic()
    const progress = progressTo(environment)
    try {
      using source = hold(values.dataDirectory)
      using connection = await connectForMigration({ ...address, clock: systemClock, log: silentLog })
      const migrated = await migrateToEtcd({ source, connection, prefix: etcdFolder(values.etcdPrefix), clock: systemClock, progress })
      const seconds = ((environment.clock.monotonic() - started) / 1000).toFixed(1)
      environment.out(
        `${migrated.entries} objects moved and verified, up to resourceVersion ${migrated.revision}, in ${seconds} s. Start the server with --etcd-servers ${values.toEtcd.join(',')} and the same --data-dir, where its keys are.\n`,
      )
      return 0
    } catch (error) {
      if (error instanceof MigrationRefused) throw new OperatorError(error.message, { cause: error })
      if (error instanceof StoreUnavailable)
        throw new OperatorError(`${error.message}; nothing is lost, run it again to go on`, { cause: error })
      throw error
    }
  },
})

async function toSnapshot(directory: string, file: string, prefix: string, environment: Environment): Promise<number> {
  if (existsSync(file)) throw new OperatorError(`${file} is there already: name a new file with --to-etcd-snapshot`)
  using source = hold(directory)
  const now = environment.clock.now()
  let entries = 0
  function* counted() {
    for (const entry of source.entries()) {
      entries++
      yield entry
    }
  }
  const leases = source.leases.map(({ id, endsAt }) => ({ id, ttlSeconds: Math.ceil(Math.max(endsAt - now, MINUTE_MS) / 1000) }))
  try {
    await writeSnapshotFile(file, { revision: source.revision, leases, entries: counted() }, prefix)
  } catch (error) {
    if (error instanceof StoreUnavailable) throw new OperatorError(error.message, { cause: error })
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    throw new OperatorError(`cannot write ${file}: ${plainly(error)}`, { cause: error })
  }
  environment.out(
    `${entries} objects written to ${file}, up to resourceVersion ${source.revision}. Make each member of the new etcd of it with etcdctl snapshot restore.\n`,
  )
  return 0
}

/** Says now and then how far a replay into etcd has come, so that a slow disk is not taken for a standstill. */
export function progressTo({ clock, err }: Environment): (done: number, of: number) => void {
  let said = clock.monotonic()
  return (done, of) => {
    const now = clock.monotonic()
    if (now - said < PROGRESS_EVERY_MS && done < of) return
    said = now
    err(`revision ${done} of ${of}\n`)
  }
}

function hold(directory: string): HeldDatabase {
  try {
    return holdDatabase(directory)
  } catch (error) {
    if (error instanceof StoreUnavailable) throw new OperatorError(error.message, { cause: error })
    throw error
  }
}
