/** A process that restores a snapshot into a directory, and says when it is done. */

import { createReadStream, writeSync } from 'node:fs'
import { restoreSqliteStore } from '#store/sqlite/restore.ts'

const [directory, snapshot] = process.argv.slice(2) as [string, string]
await restoreSqliteStore(directory, createReadStream(snapshot) as AsyncIterable<Uint8Array>)
writeSync(1, 'restored\n')
