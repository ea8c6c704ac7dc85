/** The etcd driver passes the suite on a real etcd, of one member and of three. */

import { suite } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { openEtcdStore } from '#store/etcd/etcd-store.ts'
import type { Store } from '#store/store.ts'
import { needsEtcd, startEtcd } from './etcd-under-test.ts'
import { storeSuite } from './store-suite.ts'

// etcd grants no lease shorter than its elections take, and looks for expired ones twice a second
const ownTime = { leaseMs: 4_000, noticedMs: 1_500 }

suite('one member', { skip: needsEtcd }, () => storeSuite(() => openOnEmptyEtcd(1), { ownTime }))
suite('three members', { skip: needsEtcd }, () => storeSuite(() => openOnEmptyEtcd(3), { ownTime }))

/** A store on a cluster of its own, which ends with it. */
async function openOnEmptyEtcd(members: number): Promise<Store> {
  const etcd = await startEtcd(members)
  const { endpoints } = etcd
  const store = await openEtcdStore({ endpoints, clock: systemClock, log: silentLog, historyMs: 0 })
  const close = store[Symbol.asyncDispose].bind(store)
  store[Symbol.asyncDispose] = async () => {
    await close()
    await etcd[Symbol.asyncDispose]()
  }
  return store
}
