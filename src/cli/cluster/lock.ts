/** One command at a time may start or end a cluster; a command that dies lets go of it. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sleep } from '#base/clock.ts'
import { OperatorError, type Environment } from '../command.ts'
import { plainly } from '../data-directory.ts'

const POLL_MS = 50
const BUSY = 5 // SQLite's result code for a lock that another process holds

/** Waits until no other command is at work on the cluster. SQLite's lock is the system's own, so it ends with the process that holds it. */
export async function lockCluster(name: string, environment: Environment): Promise<Disposable> {
  const directory = join(environment.home, 'locks')
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new OperatorError(`cannot use ${environment.home}: ${plainly(error)}; name another folder with K8TS_HOME`, { cause: error })
  }
  const database = new DatabaseSync(join(directory, name), { timeout: 0 })
  try {
    for (let told = false; !tryLock(database); told = true) {
      if (!told) environment.err(`another command is at work on cluster ${name}: waiting for it\n`)
      await sleep(environment.clock, POLL_MS, environment.signal)
    }
  } catch (error) {
    database.close()
    throw error
  }
  return { [Symbol.dispose]: () => database.isOpen && database.close() }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if ((((error as { errcode?: number }).errcode ?? 0) & 0xff) === BUSY) return false
    throw error
  }
}
