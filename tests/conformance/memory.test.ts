/** The memory store passes the suite. */

import { openMemoryStore } from '#store/memory/memory-store.ts'
import { storeSuite } from './store-suite.ts'

storeSuite(async (clock) => openMemoryStore({ clock, historyMs: 0 }))
