/** `--read-only --at`: the store as it stood at some moment, and a folder for what a server writes beside it. */

import { cpSync, existsSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { settings, UsageError, type Values } from '#base/settings.ts'
import { OperatorError } from '#cli/command.ts'
import { parseMoment, type Moment } from '#cli/moment.ts'
import { pastStore } from '#store/past.ts'
import { Compacted, FutureRevision, StoreUnavailable, type Revision, type Store } from '#store/store.ts'
import { databaseIn, datastoreOf, openDatastore, type DatastoreSettings } from './datastore.ts'

export const pastSettings = settings({
  readOnly: { type: 'bool', flag: 'read-only', help: 'Take no writes and run no controllers: look around in what a store holds' },
  at: {
    type: 'string',
    flag: 'at',
    help: 'With --read-only: the resourceVersion or time to look at, such as 4711, 2026-01-02T15:04:05Z or "10m ago"; by default the newest',
    placeholder: 'REV|TIME',
  },
})

export interface Past extends AsyncDisposable {
  readonly store: Store
  readonly revision: Revision
  /** The server's own, gone when disposed; keys and certificates in it are copies. */
  readonly directory: string
}

/** Undefined unless `--read-only` is given. Throws `UsageError` and `OperatorError`. */
export async function openPast(values: DatastoreSettings & Values<typeof pastSettings>, host: string, log: Log): Promise<Past | undefined> {
  if (!values.readOnly) {
    if (values.at !== undefined) throw new UsageError('--at goes with --read-only: the present cannot be changed back')
    return undefined
  }
  const datastore = datastoreOf(values)
  if (datastore === 'memory') throw new UsageError('--read-only reads a store that is there, which one in memory is not')
  if (values.clusterInit || values.join !== undefined)
    throw new UsageError('--read-only starts no etcd member: name one that runs with --etcd-servers')
  const moment = values.at === undefined ? undefined : parseMoment(values.at, 'at', systemClock.now())
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-past-'))
  try {
    const keys = join(values.dataDirectory, 'pki')
    if (existsSync(keys)) cpSync(keys, join(directory, 'pki'), { recursive: true })
    const copy = join(directory, 'store')
    // nobody but the owner compacts
    const from =
      datastore === 'sqlite'
        ? await openCopy(values.dataDirectory, copy, log)
        : await openDatastore({ ...values, historyInterval: '0' }, host, log)
    let store: Store
    try {
      store = await pastStore(from, await revisionOf(from, moment, values.at!))
    } catch (error) {
      throw await explained(error, from)
    } finally {
      await from[Symbol.asyncDispose]()
    }
    await rm(copy, { recursive: true, force: true })
    return {
      store,
      directory,
      revision: await store.revision(),
      [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
    }
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

async function openCopy(from: string, to: string, log: Log): Promise<Store> {
  if (!existsSync(databaseIn(from))) throw new OperatorError(`there is no store in ${from}, which --data-dir names`)
  const { copyDatabase } = await import('#store/sqlite/copy-beside.ts')
  const copied = await copyDatabase(from, to).catch((error: unknown) => {
    throw new OperatorError(`cannot copy the store of ${from} to ${to}: ${(error as Error).message}`, { cause: error })
  })
  if (!copied) throw new OperatorError(`the store of ${from} is written to so fast that it could not be read beside its owner: try again`)
  try {
    const { openSqliteStore } = await import('#store/sqlite/sqlite-store.ts')
    return await openSqliteStore({ directory: to, clock: systemClock, log, historyMs: 0 })
  } catch (error) {
    throw error instanceof StoreUnavailable ? new OperatorError(error.message, { cause: error }) : error
  }
}

async function revisionOf(store: Store, moment: Moment | undefined, said: string): Promise<Revision> {
  if (moment === undefined) return store.revision()
  if (moment.type === 'revision') return moment.revision
  if (store.times === undefined)
    throw new OperatorError(`etcd does not keep when revisions were made, so --at takes a resourceVersion there, not ${said}`)
  const found = await store.times.revisionAt(moment.time)
  if (found !== undefined) return found
  const oldest = await store.times.oldest()
  throw new OperatorError(
    oldest === undefined
      ? `when revisions were made is not known of this store, so --at takes a resourceVersion, not ${said}`
      : `${said} is before the history of this store, which begins at ${new Date(oldest).toISOString()}`,
  )
}

async function explained(error: unknown, store: Store): Promise<unknown> {
  if (error instanceof Compacted) {
    const time = await store.times?.oldest()
    const since = time === undefined ? '' : `, of ${new Date(time).toISOString()}`
    return new OperatorError(`that is before the history of this store: the oldest resourceVersion is ${error.compacted}${since}`, {
      cause: error,
    })
  }
  if (error instanceof FutureRevision)
    return new OperatorError(`resourceVersion ${error.asked} has not come yet: the newest is ${error.current}`, { cause: error })
  if (error instanceof StoreUnavailable) return new OperatorError(error.message, { cause: error })
  return error
}

/** Says where the past is served, until `signal` aborts. */
export async function lookBack(past: Past, port: number, log: Log, signal: AbortSignal): Promise<number> {
  log.info('serving the past', { port, resourceVersion: past.revision, kubeconfig: join(past.directory, 'admin.kubeconfig') })
  await aborted(signal)
  return 0
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))
}
