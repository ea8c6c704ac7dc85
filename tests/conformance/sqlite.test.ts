/** The SQLite store passes the suite, with all keys on disk and with all of them volatile. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite } from 'node:test'
import { silentLog } from '#base/log.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { storeSuite } from './store-suite.ts'

const root = mkdtempSync(join(tmpdir(), 'k8ts-sqlite-'))
after(() => rmSync(root, { recursive: true }))
let stores = 0

suite('on disk', () =>
  storeSuite((clock) => openSqliteStore({ directory: join(root, `${stores++}`), clock, log: silentLog, historyMs: 0 })),
)
suite('a part volatile', () =>
  storeSuite((clock) =>
    openSqliteStore({
      directory: join(root, `${stores++}`),
      clock,
      log: silentLog,
      historyMs: 0,
      volatilePrefixes: ['/p/b', '/l/', '/b', '/w/1'],
    }),
  ),
)
