/** Which store keeps the cluster's objects: a file in the data directory, an etcd cluster, or memory. */

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import { PORT, settings, UsageError, type Values } from '#base/settings.ts'
import { OperatorError } from '#cli/command.ts'
import { unusable } from '#cli/data-directory.ts'
import { durationMs } from '#schema/duration.ts'
import type { EtcdAddress } from '#store/etcd/connection.ts'
import { openMemoryStore } from '#store/memory/memory-store.ts'
import { StoreUnavailable, type Store } from '#store/store.ts'
import type { EtcdMember } from './etcd-member.ts'
import { readPem } from './read-pem.ts'

/** How to get into an etcd cluster, and where to find our keys there. */
export const etcdSettings = settings({
  etcdPrefix: { type: 'string', flag: 'etcd-prefix', help: 'What keys in etcd begin with', default: '/registry' },
  etcdAuthority: { type: 'string', flag: 'etcd-cafile', help: 'Authorities, PEM, whose certificates etcd may show' },
  etcdCertificate: { type: 'string', flag: 'etcd-certfile', help: 'Certificate, PEM, to show to etcd' },
  etcdKey: { type: 'string', flag: 'etcd-keyfile', help: 'Private key, PEM, of that certificate' },
  etcdUser: { type: 'string', flag: 'etcd-username', help: 'User of etcd, where it has authentication by password' },
  etcdPasswordFile: { type: 'string', flag: 'etcd-password-file', help: 'File with the password of that user' },
})

export const datastoreSettings = settings({
  datastore: {
    type: 'string',
    flag: 'datastore',
    help: 'sqlite; etcd; or memory, which forgets everything at the end. By default etcd when --etcd-servers is given, else sqlite',
  },
  etcdServers: { type: 'list', flag: 'etcd-servers', help: 'Endpoints of the etcd cluster, such as https://10.0.0.1:2379' },
  ...etcdSettings,
  clusterInit: { type: 'bool', flag: 'cluster-init', help: 'Run an etcd member beside this server, the first of a new cluster' },
  join: {
    type: 'string',
    flag: 'join',
    help: 'Run an etcd member beside this server that joins the cluster of this endpoint, such as https://10.0.0.1:2379',
  },
  etcdClientPort: {
    type: 'int',
    flag: 'etcd-client-port',
    help: 'Port of the member beside this server for clients',
    default: 2379,
    ...PORT,
  },
  etcdPeerPort: { type: 'int', flag: 'etcd-peer-port', help: 'Port of that member for the others', default: 2380, ...PORT },
  historyInterval: {
    type: 'string',
    flag: 'etcd-compaction-interval',
    help: 'How long the past is kept for watches and lists of it; 0 keeps it for good',
    default: '5m',
  },
})

export type DatastoreSettings = Values<typeof datastoreSettings> & { readonly dataDirectory: string }

type Datastore = 'sqlite' | 'etcd' | 'memory'

const DATABASE_FILES = ['store.db', 'store.db-wal'] // of the SQLite store, which is only loaded where it is chosen

export function datastoreOf({ datastore, etcdServers, clusterInit, join }: DatastoreSettings): Datastore {
  const own = clusterInit === true || join !== undefined
  const chosen = datastore ?? (own || etcdServers.length > 0 ? 'etcd' : 'sqlite')
  if (chosen !== 'sqlite' && chosen !== 'etcd' && chosen !== 'memory')
    throw new UsageError(`invalid argument "${chosen}" for "--datastore" flag: must be sqlite, etcd or memory`)
  if (own && chosen !== 'etcd') throw new UsageError(`--cluster-init and --join go with --datastore etcd, not with ${chosen}`)
  if (clusterInit === true && join !== undefined) throw new UsageError('--cluster-init and --join exclude each other')
  if (own && etcdServers.length > 0) throw new UsageError('--etcd-servers names an etcd that is there, --cluster-init and --join start one')
  if (chosen === 'etcd' && !own && etcdServers.length === 0)
    throw new UsageError('--datastore etcd needs --etcd-servers, --cluster-init or --join')
  return chosen
}

/** `host`: where other masters reach this one. Throws `UsageError` and `OperatorError` for what the operator can mend. */
export async function openDatastore(values: DatastoreSettings, host: string, log: Log): Promise<Store> {
  const datastore = datastoreOf(values)
  const historyMs = durationMs(values.historyInterval)
  if (historyMs === undefined)
    throw new UsageError(
      `invalid argument ${JSON.stringify(values.historyInterval)} for "--etcd-compaction-interval" flag: expected a duration such as 5m`,
    )
  const parts = { clock: systemClock, log, historyMs }
  try {
    switch (datastore) {
      case 'memory':
        return openMemoryStore(parts)
      case 'etcd': {
        const member = await memberOf(values, host, log)
        const { openEtcdStore } = await import('#store/etcd/etcd-store.ts')
        try {
          const store = await openEtcdStore({
            ...parts,
            ...(member?.address ?? etcdAddress(values)),
            prefix: etcdFolder(values.etcdPrefix),
          })
          return member ? endingWith(store, member) : store
        } catch (error) {
          await member?.[Symbol.asyncDispose]()
          throw error
        }
      }
      case 'sqlite': {
        const { openSqliteStore } = await import('#store/sqlite/sqlite-store.ts')
        // Heartbeats come every few seconds from every node and are worth nothing after a restart.
        return await openSqliteStore({ ...parts, directory: values.dataDirectory, volatilePrefixes: ['/registry/leases/kube-node-lease/'] })
      }
    }
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    if (error.reason === 'no-space' && datastore === 'sqlite')
      throw unusable(values.dataDirectory, 'data-dir', 'no space is left on its device', error)
    throw new OperatorError(error.message, { cause: error })
  }
}

async function memberOf(values: DatastoreSettings, host: string, log: Log): Promise<EtcdMember | undefined> {
  if (values.clusterInit !== true && values.join === undefined) return undefined
  const { startEtcdMember } = await import('./etcd-member.ts')
  return startEtcdMember({
    directory: values.dataDirectory,
    host,
    clientPort: values.etcdClientPort,
    peerPort: values.etcdPeerPort,
    ...(values.join !== undefined && { join: values.join }),
    clock: systemClock,
    random: systemRandom,
    log: log.with({ component: 'etcd' }),
  })
}

/** The store goes first: its last writes need the member. */
function endingWith(store: Store, member: EtcdMember): Store {
  const close = store[Symbol.asyncDispose].bind(store)
  let closing: Promise<void> | undefined
  const closeBoth = async () => {
    try {
      await close()
    } finally {
      await member[Symbol.asyncDispose]()
    }
  }
  store[Symbol.asyncDispose] = () => (closing ??= closeBoth())
  return store
}

/** Where the database of a data directory lies. */
export function databaseIn(directory: string): string {
  return join(directory, DATABASE_FILES[0]!)
}

/** The size of the database, where it is a file of ours. */
export function databaseBytes(directory: string): number {
  const sizes = DATABASE_FILES.map((file) => statSync(join(directory, file), { throwIfNoEntry: false })?.size ?? 0)
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** What keys begin with, from `--etcd-prefix`. */
export function etcdFolder(prefix: string): string {
  return `/${prefix.replace(/^\/+|\/+$/g, '')}`
}

/** Throws `UsageError` and `OperatorError`; `flag` names the endpoints. */
export function etcdAddress(
  values: Values<typeof etcdSettings> & { readonly etcdServers: readonly string[] },
  flag = 'etcd-servers',
): EtcdAddress {
  const { etcdAuthority, etcdCertificate, etcdKey, etcdUser, etcdPasswordFile } = values
  if ((etcdCertificate === undefined) !== (etcdKey === undefined))
    throw new UsageError('--etcd-certfile and --etcd-keyfile must be given together')
  if ((etcdUser === undefined) !== (etcdPasswordFile === undefined))
    throw new UsageError('--etcd-username and --etcd-password-file must be given together')
  for (const endpoint of values.etcdServers)
    if (!/^(https?|unixs?):\/\/\S+$/.test(endpoint))
      throw new UsageError(`invalid argument "${endpoint}" for "--${flag}" flag: expected http://HOST:PORT or https://HOST:PORT`)
  return {
    endpoints: values.etcdServers,
    tls: () => ({
      ...(etcdAuthority !== undefined && { ca: readPem(etcdAuthority, 'etcd-cafile') }),
      ...(etcdCertificate !== undefined && { certificate: readPem(etcdCertificate, 'etcd-certfile') }),
      ...(etcdKey !== undefined && { key: readPem(etcdKey, 'etcd-keyfile') }),
    }),
    ...(etcdUser !== undefined && { login: { user: etcdUser, password: readPassword(etcdPasswordFile!) } }),
  }
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd()
  } catch (error) {
    throw new OperatorError(`cannot read ${file}, which --etcd-password-file names: ${(error as Error).message}`, { cause: error })
  }
}
