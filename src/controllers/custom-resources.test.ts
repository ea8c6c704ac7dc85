/** Which resources controllers look at while definitions and other servers come and go. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { customInformers } from './custom-resources.ts'
import { VirtualClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { seededRandom } from '#base/random.ts'
import { StatusError, type Client } from '#client/client.ts'
import type { Informers } from '#client/informer.ts'
import { groupResource, type KubeObject, type Resource } from '#schema/resource.ts'

/** What a server has, told to all that subscribe. */
class Copies {
  readonly #objects = new Map<string, KubeObject[]>()
  readonly #subscribers: (() => void)[] = []

  set(plural: string, ...objects: readonly object[]): void {
    this.#objects.set(plural, objects as KubeObject[])
    for (const tell of this.#subscribers) tell()
  }

  readonly informers = {
    for: (resource: Resource) => ({
      list: () => this.#objects.get(resource.plural) ?? [],
      subscribe: (tell: () => void) => {
        this.#subscribers.push(tell)
        return { [Symbol.dispose]: () => {} }
      },
    }),
    start() {},
    synced: async () => {},
  } as unknown as Informers
}

const definition = (plural: string, established = 'True') => ({
  metadata: { name: `${plural}.example.com` },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    versions: [
      { name: 'v1', served: true, storage: false },
      { name: 'v2', served: true, storage: true },
    ],
  },
  status: { acceptedNames: { plural, kind: 'Kind' }, conditions: [{ type: 'Established', status: established }] },
})
const service = {
  metadata: { name: 'v1.other.io' },
  spec: { group: 'other.io', version: 'v1', service: { namespace: 'default', name: 'other' } },
  status: { conditions: [{ type: 'Available', status: 'True' }] },
}
const served = (name: string, ...verbs: string[]) => ({ name, kind: 'Kind', namespaced: true, verbs })

test('controllers look anew whenever another set of resources is defined or served', async () => {
  const clock = new VirtualClock()
  const copies = new Copies()
  let answers = false
  const client = {
    list: async () => ({ items: [], metadata: { resourceVersion: '1' } }),
    watch: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
    async raw() {
      if (!answers) throw new StatusError({ code: 503 } as never)
      return { resources: [served('things', 'list', 'watch', 'delete'), served('things/status', 'get'), served('metrics', 'get', 'list')] }
    },
  } as unknown as Client
  const custom = customInformers({ client, informers: copies.informers, clock, random: seededRandom(1), log: silentLog })
  const stop = new AbortController()
  const seen: string[][] = []
  const running = Promise.all([
    custom.run(stop.signal),
    custom.over(async (defined, _, now) => {
      seen.push(defined.map((r) => `${groupResource(r)} ${r.version}`))
      await new Promise((done) => now.addEventListener('abort', done))
    }, stop.signal),
  ])
  await clock.advance(0)
  copies.set('customresourcedefinitions', definition('widgets'), definition('waiting', 'False'))
  await clock.advance(500)
  copies.set('apiservices', service)
  await clock.advance(500)
  answers = true
  await clock.advance(30_000)
  copies.set('customresourcedefinitions')
  await clock.advance(500)
  deepEqual(seen, [[], ['widgets.example.com v2'], ['widgets.example.com v2', 'things.other.io v1'], ['things.other.io v1']])
  stop.abort()
  await running
})
