/** The thread that owns the database: answers requests in their order and sweeps old history while there are none. */

import { parentPort, workerData } from 'node:worker_threads'
import { Compacted, FutureRevision } from '../store.ts'
import { Engine } from './engine.ts'
import { passBy, type Reach } from './failpoints.ts'
import type { Reply, Request, WorkerData } from './protocol.ts'
import { openDatabase, unavailable } from './schema.ts'

const port = parentPort!
const { directory, volatilePrefixes, pagesMax, checkpointPages, killAt } = workerData as WorkerData

let left = killAt?.time ?? 0
const reach: Reach = killAt
  ? (point) => {
      if (point === killAt.point && --left === 0) process.kill(process.pid, 'SIGKILL')
    }
  : passBy

try {
  serve(open())
} catch (error) {
  port.postMessage(failed(error))
}

function open(): Engine {
  const database = openDatabase(directory, { reach, ...(checkpointPages !== undefined && { checkpointPages }) })
  if (pagesMax !== undefined) database.db.exec(`PRAGMA max_page_count = ${pagesMax}`)
  return new Engine(database, volatilePrefixes, reach)
}

function serve(engine: Engine): void {
  let sweeping = false
  let closed = false
  const sweep = () => {
    try {
      sweeping = !closed && engine.sweep()
    } catch {
      sweeping = false // no space, perhaps: the next compaction tries again
    }
    if (sweeping) setImmediate(sweep)
  }
  const startSweep = () => {
    if (!sweeping) {
      sweeping = true
      setImmediate(sweep)
    }
  }
  port.on('message', (request: Request) => {
    let reply: Reply
    try {
      reply = answer(engine, request)
    } catch (error) {
      reply = failed(error)
    }
    reach('before reply')
    port.postMessage(reply, 'bytes' in reply ? [reply.bytes.buffer as ArrayBuffer] : [])
    reach('after reply')
    if (request.type === 'compact') startSweep()
    if (request.type === 'close') {
      closed = true
      port.close()
    }
  })
  port.postMessage({ type: 'opened', revision: engine.revision, compacted: engine.compacted, leases: engine.leases() } satisfies Reply)
  startSweep() // what a predecessor did not get to
}

function answer(engine: Engine, request: Request): Reply {
  switch (request.type) {
    case 'commit':
      return engine.commitAll(request.commits, request.bytes, request.now)
    case 'get':
      return engine.get(request.key, request.at)
    case 'range':
      return engine.range(request.prefix, request.at, request.after, request.limit, request.counted)
    case 'history':
      return engine.history(request.prefix, request.from)
    case 'compact':
      return engine.compact(request.revision)
    case 'grant':
      return engine.grant(request.ttlMs, request.endsAt)
    case 'expire':
      return engine.expire(request.lease, request.now)
    case 'times':
      return engine.times(request.of)
    case 'revision-at':
      return engine.revisionAt(request.time)
    case 'oldest-time':
      return engine.oldestTime()
    case 'snapshot':
      return engine.snapshot(request.path)
    case 'close':
      return engine.close()
  }
}

function failed(error: unknown): Reply {
  if (error instanceof Compacted) return { type: 'compacted', compacted: error.compacted }
  if (error instanceof FutureRevision) return { type: 'future', asked: error.asked, current: error.current }
  const { reason, message } = unavailable(error)
  return { type: 'unavailable', reason, message }
}
