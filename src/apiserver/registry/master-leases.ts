/** Which API servers share the store: each keeps an entry under its address that runs out when it no longer does, as upstream's do. */

import type { AdvertisedAddress } from './default-objects.ts'
import { encodeStored } from './stored-form.ts'
import type { Stored } from './strategy.ts'
import type { Store } from '#store/store.ts'

const PREFIX = '/registry/masterleases/'
const LEASE_MS = 15_000 // upstream's; renewed every 10 s

/** Says for another while that this server is there; answers the addresses of all that are, in order. */
export async function renewMasterLease(store: Store, { address }: AdvertisedAddress): Promise<readonly string[]> {
  const lease = await store.grantLease(LEASE_MS)
  // upstream's servers read of it the address alone
  const object = { kind: 'Endpoints', apiVersion: 'v1', metadata: {}, subsets: [{ addresses: [{ ip: address }] }] }
  const value = encodeStored(object as unknown as Stored)
  await store.commit({ expect: [], writes: [{ type: 'put', key: PREFIX + address, value, lease }] })
  return masters(store)
}

/** For a server that ends; answers the addresses of those that go on. */
export async function dropMasterLease(store: Store, { address }: AdvertisedAddress): Promise<readonly string[]> {
  await store.commit({ expect: [], writes: [{ type: 'delete', key: PREFIX + address }] })
  return masters(store)
}

async function masters(store: Store): Promise<readonly string[]> {
  return (await store.range(PREFIX)).entries.map(({ key }) => key.slice(PREFIX.length))
}
